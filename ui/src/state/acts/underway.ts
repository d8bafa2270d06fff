// Changes of notes that the engine hasn't answered yet. What it says of a note meanwhile may be older: it is shown with
// them, so that nothing a user changed jumps back for a moment.
import type { NoteChange } from "../../gen/NoteChange";
import type { NoteRow } from "../../gen/NoteRow";

/** The row as it will be. */
function changed(row: NoteRow, to: NoteChange): NoteRow {
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
  readonly #changes = new Set<{ noteId: string; to: NoteChange }>();

  /** Holds on to a change until the engine has answered it. */
  async during<T>(noteId: string, to: NoteChange, answer: Promise<T>): Promise<T> {
    const change = { noteId, to };
    this.#changes.add(change);
    try {
      return await answer;
    } finally {
      this.#changes.delete(change);
    }
  }

  /** A row of the engine's as the user has it. */
  seen = (row: NoteRow): NoteRow =>
    [...this.#changes].reduce((seen, { noteId, to }) => (noteId === row.id ? changed(seen, to) : seen), row);
}
