// Changes of notes that the engine hasn't answered yet. What it says of a note meanwhile may be older: it is shown with
// them, so that nothing a user changed jumps back for a moment, and nothing put away comes back.
import type { NoteChange } from "../../gen/NoteChange";
import type { NoteRow } from "../../gen/NoteRow";
import type { View } from "../../gen/View";

/** What happens to a note; "gone" takes it out of every list, "restored" out of the trash. */
interface Change {
  noteId: string;
  to: NoteChange | "gone" | "restored";
}

/** Whether a note that was changed so leaves a list. */
export function leaves(view: View, to: Change["to"]): boolean {
  if (to === "gone") return true;
  if (to === "restored") return view.kind === "trash";
  if (to.kind === "archived")
    return view.kind !== "trash" && view.kind !== "unsent" && (view.kind === "archived") !== to.value;
  if (to.kind === "starred") return view.kind === "starred" && !to.value;
  if (to.kind === "folder")
    return view.kind === "folder" ? to.folderId !== view.folderId : view.kind === "unfiled" && to.folderId !== null;
  return to.kind === "removeTag" && view.kind === "tag" && view.tag === to.tag;
}

/** The row as it will be. */
function changed(row: NoteRow, to: Change["to"]): NoteRow {
  if (to === "gone" || to === "restored") return row;
  switch (to.kind) {
    case "title":
      return { ...row, title: to.text };
    case "folder":
      return { ...row, folderId: to.folderId };
    case "addTag":
      return { ...row, tags: [...new Set([...row.tags, to.tag])].sort() };
    case "removeTag":
      return { ...row, tags: row.tags.filter((tag) => tag !== to.tag) };
    default:
      return { ...row, [to.kind]: to.value };
  }
}

/** The changes on their way, in the order they were made. */
export class Underway {
  #changes: readonly Change[] = [];

  /** Those there are now. */
  get now(): readonly Change[] {
    return this.#changes;
  }

  /** Holds on to a change from before it is asked for until the engine has answered it. */
  async during<T>(noteId: string, to: Change["to"], ask: () => Promise<T>): Promise<T> {
    const change = { noteId, to };
    this.#changes = [...this.#changes, change];
    try {
      return await ask();
    } finally {
      this.#changes = this.#changes.filter((other) => other !== change);
    }
  }

  /** A row of the engine's as the user has it. */
  seen = (row: NoteRow): NoteRow => over(row, this.#changes);

  /** A list's rows, asked for when `asked` was on its way, as the user has them. */
  listed(view: View, rows: NoteRow[], asked: readonly Change[]): NoteRow[] {
    const changes = [...new Set([...asked, ...this.#changes])];
    const left = (row: NoteRow): boolean => changes.some(({ noteId, to }) => noteId === row.id && leaves(view, to));
    return rows.filter((row) => !left(row)).map((row) => over(row, changes));
  }
}

const over = (row: NoteRow, changes: readonly Change[]): NoteRow =>
  changes.reduce((seen, { noteId, to }) => (noteId === row.id ? changed(seen, to) : seen), row);
