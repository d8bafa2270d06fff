// Passages that Maria changed while this device was away and wrote in the same lines.
import type { MergedChoice } from "../../../gen/MergedChoice";
import type { MergedNote } from "../../../gen/MergedNote";
import { HostError } from "../../host";
import type { Library, Note } from "../library";
import { MARIA } from "../made-up/maria";
import type { Sessions } from "../sessions";

/** A passage of the body: what both made of it, and the lines around it, by which it is found again. */
export interface Met {
  key: string;
  base: string;
  mine: string;
  theirs: string;
  together: string;
  above: string;
  below: string;
  at: number;
}

/** What was settled last. */
interface Settled {
  note: Note;
  marks: Met[];
  replaced: { mark: Met; before: string; after: string }[];
}

/** The marks of all notes. */
export class Marks {
  #settled: Settled | null = null;
  #next = 1;
  readonly #library: Library;
  readonly #sessions: Sessions;

  constructor(library: Library, sessions: Sessions) {
    this.#library = library;
    this.#sessions = sessions;
  }

  /** Both changed these lines of a note: `together` is what stands there afterwards. */
  meet(noteId: string, { base, mine, theirs, together }: Pick<Met, "base" | "mine" | "theirs" | "together">): void {
    const note = this.#library.note(noteId);
    const from = note.body.indexOf(base);
    if (from < 0) throw new HostError("invalid", "That isn't in the text.");
    const [above, below] = [note.body.slice(0, from), note.body.slice(from + base.length)];
    const met = { base, mine, theirs, together, above: above.slice(-40), below: below.slice(0, 40) };
    note.merged = [...note.merged, { ...met, key: `m${this.#next++}`, at: Date.now() }];
    this.#sessions.remote(note, "body", { from, to: from + base.length, insert: together });
  }

  get({ noteId }: { noteId: string }): MergedNote {
    const note = this.#library.note(noteId);
    const marks = note.merged.map((mark) => {
      const { from, to } = placed(note, mark);
      const now = note.body.slice(from, to);
      const { key, base, mine, theirs, at } = mark;
      return {
        key,
        mine: { here: true, devices: [], at: at - 3_600_000 },
        theirs: { here: false, devices: [MARIA], at: at - 900_000 },
        passages: [{ title: false, base, mine, theirs, now, from, to, edited: now !== mark.together }],
      };
    });
    return { marks };
  }

  settle(note: Note, key: string | null, choice: MergedChoice): void {
    const marks = note.merged.filter((mark) => key === null || mark.key === key);
    if (marks.length === 0) return;
    const chosen = choice === "mine" || choice === "theirs" ? marks.slice(0, 1) : [];
    const replaced = chosen.map((mark) => {
      const after = choice === "mine" ? mark.mine : mark.theirs;
      return { mark, before: this.#put(note, mark, after), after };
    });
    note.merged = note.merged.filter((mark) => !(replaced.length > 0 ? chosen : marks).includes(mark));
    this.#settled = { note, marks: replaced.length > 0 ? chosen : marks, replaced };
  }

  undo(note: Note): void {
    const settled = this.#settled;
    if (settled?.note !== note) throw new HostError("invalid", "This can't be undone any more.");
    this.#settled = null;
    for (const { mark, before } of settled.replaced) this.#put(note, mark, before);
    note.merged = [...note.merged, ...settled.marks];
  }

  /** Puts a wording in place of a passage. Answers with what stood there. */
  #put(note: Note, mark: Met, insert: string): string {
    const { from, to } = placed(note, mark);
    const before = note.body.slice(from, to);
    this.#sessions.remote(note, "body", { from, to, insert });
    return before;
  }
}

function placed({ body }: Note, { above, below }: Met): { from: number; to: number } {
  const from = Math.max(0, body.indexOf(above)) + above.length;
  const end = below === "" ? body.length : body.indexOf(below, from);
  return { from, to: end < 0 ? body.length : end };
}
