// What can be done to notes. Shown at once, taken back when the engine refuses.
import type { NoteChange } from "../../gen/NoteChange";
import type { NoteRow } from "../../gen/NoteRow";
import { HostError } from "../../host/host";
import type { App } from "../app.svelte";
import { notes } from "../words";
import { leaves } from "./underway";

/** A note for sentences. */
export const name = (row: NoteRow): string =>
  row.title === "" ? "Untitled note" : `“${row.title.length > 40 ? `${row.title.slice(0, 39)}…` : row.title}”`;

/** A refusal that speaks of "this note", said of one that isn't before the user's eyes. */
export function named(thrown: unknown, row: NoteRow | undefined): HostError {
  const { code, message } = HostError.from(thrown);
  return new HostError(code, row ? message.replace(/^This note\b/, () => name(row)) : message);
}

/** Makes a note where the user is looking, and lets them write its title. */
export async function newNote(app: App): Promise<void> {
  const { view } = app.list;
  const folderId = view.kind === "folder" ? view.folderId : null;
  const made = await app.attempt(app.host.call("create_note", { folderId, title: "", body: "" }));
  if (!made) return;
  const { noteId } = made;
  if (view.kind === "tag")
    await app.attempt(app.host.call("change_note", { noteId, change: { kind: "addTag", tag: view.tag } }));
  else if (view.kind === "starred")
    await app.attempt(app.host.call("change_note", { noteId, change: { kind: "starred", value: true } }));
  else if (view.kind === "archived" || view.kind === "trash" || view.kind === "unsent") app.showView({ kind: "all" });
  if (app.list.search !== "") app.showView(app.list.view);
  app.layout.show("note");
  await app.note.select(noteId, "title");
}

/** Changes a field. With `undo` a toast offers to change it back. */
export async function change(
  app: App,
  row: NoteRow,
  to: NoteChange,
  undo?: { said: string; back: NoteChange },
): Promise<void> {
  const answer = app.underway.during(row.id, to, () => {
    app.changedRow(app.row(row.id) ?? row);
    if (leaves(app.list.view, to)) stepOff(app, row);
    return app.host.call("change_note", { noteId: row.id, change: to });
  });
  if (!(await app.attempt(answer))) {
    await app.readRow(row.id);
    return;
  }
  if (undo)
    app.toasts.show(undo.said, { key: row.id, action: { label: "Undo", run: () => void change(app, row, undo.back) } });
}

export const star = (app: App, row: NoteRow): Promise<void> =>
  change(app, row, { kind: "starred", value: !row.starred });

export const pin = (app: App, row: NoteRow): Promise<void> => change(app, row, { kind: "pinned", value: !row.pinned });

export function archive(app: App, row: NoteRow): Promise<void> {
  const said = row.archived ? `Took ${name(row)} out of the archive.` : `Archived ${name(row)}.`;
  return change(
    app,
    row,
    { kind: "archived", value: !row.archived },
    { said, back: { kind: "archived", value: row.archived } },
  );
}

export function move(app: App, row: NoteRow, folderId: string | null): Promise<void> {
  if (folderId === row.folderId) return Promise.resolve();
  const said = `Moved ${name(row)} to ${app.folderName(folderId)}.`;
  return change(app, row, { kind: "folder", folderId }, { said, back: { kind: "folder", folderId: row.folderId } });
}

export async function trash(app: App, row: NoteRow): Promise<void> {
  if (!(await putAway(app, row, "gone", "trash_note"))) return;
  app.toasts.show(`Moved ${name(row)} to the trash.`, {
    key: row.id,
    action: { label: "Undo", run: () => void restore(app, row) },
  });
}

export async function restore(app: App, row: NoteRow): Promise<void> {
  if (!(await putAway(app, row, "restored", "restore_note"))) return;
  app.toasts.show(`Restored ${name(row)}.`, { key: row.id });
}

export function purge(app: App, row: NoteRow): void {
  app.overlay.ask({
    title: `Delete ${name(row)} for good?`,
    text: "It goes from all your devices and can't be brought back.",
    verb: "Delete for good",
    danger: true,
    run: () => void putAway(app, row, "gone", "purge_note"),
  });
}

export function emptyTrash(app: App): void {
  const count = app.sidebar.counts.trash;
  if (count === 0) return app.toasts.show("The trash is empty.");
  const run = async (): Promise<void> => {
    if (app.note.row?.trashed === true) await app.note.select(null);
    await app.attempt(app.host.call("empty_trash", {}));
  };
  app.overlay.ask({
    title: `Delete ${notes(count)} for good?`,
    text: "Everything in the trash goes from all your devices and can't be brought back.",
    verb: "Empty the trash",
    danger: true,
    run: () => void run(),
  });
}

/** The note leaves the list at once, and is back when the engine refuses. Its last keys go out before. */
async function putAway(
  app: App,
  row: NoteRow,
  to: "gone" | "restored",
  command: "trash_note" | "restore_note" | "purge_note",
): Promise<boolean> {
  const answer = app.underway.during(row.id, to, async () => {
    const written = app.note.flush();
    if (leaves(app.list.view, to)) stepOff(app, row);
    await written; // keys that came after would take it out of the trash again
    return app.host.call(command, { noteId: row.id });
  });
  const done = (await app.attempt(answer)) !== undefined;
  if (done) app.note.changedOutlived(row.id, null); // whoever put it there or took it out has settled it
  if (!done) app.list.refresh();
  return done;
}

/** The note goes from the list; when it was open, the next one opens. */
function stepOff(app: App, row: NoteRow): void {
  const next = app.list.neighbour(row.id);
  app.list.remove(row.id);
  if (app.note.noteId !== row.id) return;
  void app.note.select(next);
  if (next === null || app.layout.width === "narrow") app.layout.show("list");
}
