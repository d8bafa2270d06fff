// One text as the engine keeps it for editors: revisions, sessions, edits refused or answered as stale.
import type { EditAnswer } from "../../gen/EditAnswer";
import type { OpenedText } from "../../gen/OpenedText";
import type { Pulled } from "../../gen/Pulled";
import type { Replace } from "../../gen/Replace";
import type { TextUpdate } from "../../gen/TextUpdate";
import { HostError } from "../host";

/** Hears what became new revisions. */
type Applied = (from: number, made: TextUpdate[]) => void;
type Edited = Exclude<EditAnswer, { kind: "reopen" }> | { kind: "refused"; message: string };

/** Applies one revision's replacements to a text. */
function applyUpdate(text: string, changes: Replace[]): string {
  let out = "";
  let at = 0;
  for (const { from, to, insert } of changes) {
    out += text.slice(at, from) + insert;
    at = to;
  }
  return out + text.slice(at);
}

/** What turns one text into another, with everything equal at both ends left alone. */
export function difference(old: string, now: string): Replace | null {
  if (old === now) return null;
  const shorter = Math.min(old.length, now.length);
  let start = 0;
  while (start < shorter && old[start] === now[start]) start++;
  let end = 0;
  while (end < shorter - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  return { from: start, to: old.length - end, insert: now.slice(start, now.length - end) };
}

const splitsPair = (text: string, at: number): boolean =>
  at > 0 && at < text.length && /[\ud800-\udbff]/.test(text[at - 1] ?? "") && /[\udc00-\udfff]/.test(text[at] ?? "");

/** Why a batch can't be applied, or `null`. */
function fault(text: string, updates: TextUpdate[], limit: number): string | null {
  for (const { changes } of updates) {
    let at = 0;
    for (const { from, to, insert } of changes) {
      if (from < at || to < from || to > text.length) return "The change lies outside the text.";
      if (splitsPair(text, from) || splitsPair(text, to) || !insert.isWellFormed())
        return "The change splits a character.";
      if (insert.includes("\r")) return "The change brings a foreign line end.";
      at = to;
    }
    text = applyUpdate(text, changes);
    if (text.length > limit) return "The note would be larger than the server takes (1 MB).";
  }
  return null;
}

/** A text with the revisions since it was first opened. */
export class Text {
  value: string;
  readonly sessions = new Set<string>();
  #log: TextUpdate[] = [];
  readonly #limit: number;

  constructor(value: string, limit = 4_000_000) {
    this.value = value;
    this.#limit = limit;
  }

  get revision(): number {
    return this.#log.length;
  }

  open(session: string): OpenedText {
    this.sessions.add(session);
    return { session, revision: this.revision, text: this.value };
  }

  /** Applies, or answers why not. */
  edit(session: string, base: number, updates: TextUpdate[], applied: Applied): Edited {
    const since = this.#log.slice(base);
    const own = since.every((update) => update.session === session);
    if (!own) return { kind: "stale", from: base, updates: since };
    const fresh = updates.slice(since.length);
    const wrong = fault(this.value, fresh, this.#limit);
    if (wrong !== null) return { kind: "refused", message: wrong };
    this.#append(
      fresh.map((update) => ({ ...update, session })),
      applied,
    );
    return { kind: "ok", revision: base + updates.length };
  }

  pull(base: number): Pulled {
    if (base > this.revision) throw new HostError("invalid", "This revision doesn't exist yet.");
    return { from: base, updates: this.#log.slice(base) };
  }

  /** Another device's change. */
  remote(changes: Replace[], applied: Applied): void {
    this.#append([{ session: "remote", changes }], applied);
  }

  #append(updates: TextUpdate[], applied: Applied): void {
    if (updates.length === 0) return;
    const from = this.revision;
    for (const update of updates) this.value = applyUpdate(this.value, update.changes);
    this.#log.push(...updates);
    applied(from, updates);
  }
}
