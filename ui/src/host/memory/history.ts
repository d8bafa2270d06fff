// The versions of the notes in memory: what was written without a pause is one, and what another device wrote another.
import type { Author } from "../../gen/Author";
import type { Comparison } from "../../gen/Comparison";
import type { HistoryPage } from "../../gen/HistoryPage";
import type { NoteVersion } from "../../gen/NoteVersion";
import type { TextPiece } from "../../gen/TextPiece";
import type { VersionKind } from "../../gen/VersionKind";
import { HostError } from "../host";
import type { Note } from "./library";
import { MARIA } from "./made-up/maria";
import { earlier } from "./made-up/sample";

/** What a version says. */
type Said = Pick<Note, "title" | "body" | "tags">;
interface Version extends Said {
  id: string;
  at: number;
  author: Author;
  kind: VersionKind;
}

export const HERE: Author = { kind: "here" };
export const HERS: Author = { kind: "device", name: MARIA };
const NOTHING: Said = { title: "", body: "", tags: [] };
const PAUSE_MS = 600_000;
const PAGE = 100;
/** Words compared with all others; more are replaced as a whole. */
const WORDS = 1_500;

const said = ({ title, body, tags }: Said): Said => ({ title, body, tags: [...tags] });
const same = (a: Said, b: Said): boolean => JSON.stringify(said(a)) === JSON.stringify(said(b));

/** All versions there are. */
export class Histories {
  readonly #of = new Map<string, Version[]>();

  /** A note is about to be changed. */
  begin(note: Note): void {
    this.#versions(note);
  }

  /** A note was changed, or is there as it is. */
  wrote(note: Note, author: Author, kind: VersionKind = "written"): void {
    const versions = this.#versions(note);
    const last = versions.at(-1);
    if (same(last ?? NOTHING, note)) return;
    const goesOn =
      last?.kind === "written" &&
      kind === "written" &&
      JSON.stringify(last.author) === JSON.stringify(author) &&
      note.updatedAt - last.at < PAUSE_MS;
    if (goesOn) versions.pop();
    versions.push({ id: crypto.randomUUID(), at: note.updatedAt, author, kind, ...said(note) });
  }

  list(note: Note, after: string | null): HistoryPage {
    const all = this.#versions(note);
    const rows = all.map(({ id, at, author, kind }, i) => {
      return { id, at, author, kind, before: all[i - 1]?.id ?? "", current: i === all.length - 1 };
    });
    rows.reverse();
    const start = after === null ? 0 : rows.findIndex(({ id }) => id === after) + 1;
    const versions = rows.slice(start, start + PAGE);
    const more = start + versions.length < rows.length;
    return { versions, next: more ? (versions.at(-1)?.id ?? null) : null };
  }

  version(note: Note, id: string, over: Comparison): NoteVersion {
    const version = this.said(note, id);
    const other =
      over.kind === "none"
        ? version
        : over.kind === "now"
          ? said(note)
          : over.id === ""
            ? NOTHING
            : this.said(note, over.id);
    const [title, body] = [pieces(other.title, version.title), pieces(other.body, version.body)];
    const count = (kind: string): number =>
      [...title, ...body].reduce((sum, piece) => sum + (piece.kind === kind ? piece.text.length : 0), 0);
    const tags: TextPiece[] = [
      ...version.tags.map((text) => ({
        kind: other.tags.includes(text) ? ("same" as const) : ("added" as const),
        text,
      })),
      ...other.tags.filter((tag) => !version.tags.includes(tag)).map((text) => ({ kind: "removed" as const, text })),
    ];
    return { title, body, tags, added: count("added"), removed: count("removed") };
  }

  said(note: Note, id: string): Said {
    const version = this.#versions(note).find((version) => version.id === id);
    if (!version) throw new HostError("not-found", "This version isn't in the note's history any more.");
    return said(version);
  }

  /** The version the note is at. */
  last(note: Note): string {
    return this.#versions(note).at(-1)?.id ?? "";
  }

  #versions(note: Note): Version[] {
    const known = this.#of.get(note.id);
    if (known) return known;
    const made: Version[] = [];
    this.#of.set(note.id, made);
    for (const { age, hers, kind, ...text } of earlier(note))
      made.push({
        ...{ id: crypto.randomUUID(), at: note.updatedAt - age * 60_000, kind: kind ?? "written" },
        ...{ author: hers === true ? HERS : HERE, ...text },
      });
    this.wrote(note, HERE);
    return made;
  }
}

/** Two texts laid over each other, word by word. */
function pieces(old: string, now: string): TextPiece[] {
  const cut = (text: string): string[] => text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]/gu) ?? [];
  const [a, b] = [cut(old), cut(now)];
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const out: TextPiece[] = [];
  const add = (kind: TextPiece["kind"], text: string): void => {
    const last = out.at(-1);
    if (text === "") return;
    if (last?.kind === kind) last.text += text;
    else out.push({ kind, text });
  };
  add("same", a.slice(0, start).join(""));
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (x.length > WORDS || y.length > WORDS) {
    add("removed", x.join(""));
    add("added", y.join(""));
  } else {
    // The longest words both have in their order, counted from the end.
    const long = Array.from({ length: x.length + 1 }, () => new Uint16Array(y.length + 1));
    const at = (i: number, j: number): number => long[i]?.[j] ?? 0;
    for (let i = x.length - 1; i >= 0; i--)
      for (let j = y.length - 1; j >= 0; j--)
        (long[i] ?? [])[j] = x[i] === y[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    for (let [i, j] = [0, 0]; i < x.length || j < y.length;) {
      if (i < x.length && x[i] === y[j]) add("same", `${x[i++] ?? ""}${(j++, "")}`);
      else if (i < x.length && (j >= y.length || at(i + 1, j) >= at(i, j + 1))) add("removed", x[i++] ?? "");
      else add("added", y[j++] ?? "");
    }
  }
  add("same", a.slice(a.length - end).join(""));
  return out;
}
