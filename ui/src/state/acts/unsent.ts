// What can be done about notes that wait, or can't go on.
import type { NoteRow } from "../../gen/NoteRow";
import type { App } from "../app.svelte";
import { number } from "../words";
import { name } from "./notes";

/** Tries one note again. */
export async function retry(app: App, row: NoteRow): Promise<void> {
  await app.attempt(app.host.call("retry_note", { noteId: row.id }));
  app.unsent.refresh();
}

/** Copies a note's text, open or not. */
export async function copyText(app: App, row: NoteRow): Promise<void> {
  await flushed(app, row);
  const text = await app.attempt(app.host.call("get_text", { noteId: row.id }));
  if (text) app.copy(text.title === "" ? text.body : `${text.title}\n\n${text.body}`);
}

/** Writes notes as Markdown files into a folder the user chooses: this one, or all that wait. */
export async function exportNotes(app: App, row: NoteRow | null): Promise<void> {
  if (row) await flushed(app, row);
  else await app.note.flush();
  const done = await app.attempt(app.host.call("export_notes", { noteIds: row ? [row.id] : null }));
  if (!done || done.folder === null) return;
  const files = `${number(done.files)} ${done.files === 1 ? "file" : "files"}`;
  const show = { label: "Show", run: () => void app.attempt(app.host.call("show_export", {})) };
  if (done.missed === 0) {
    app.toasts.show(`Wrote ${files} to ${done.folder}.`, { key: "export", action: show });
    return;
  }
  const missed = done.missed === 1 ? "One note couldn't be read" : `${number(done.missed)} notes couldn't be read`;
  app.toasts.show(`Wrote ${files} to ${done.folder}. ${missed}: ${done.reasons[0] ?? ""}`, {
    key: "export",
    tone: "danger",
    action: show,
  });
}

/** Makes a new note of one that was deleted elsewhere, and opens it where the old one was open. */
export async function restoreAsNew(app: App, row: NoteRow): Promise<void> {
  await flushed(app, row);
  const made = await app.attempt(app.host.call("restore_as_new", { noteId: row.id }));
  if (!made) return;
  if (app.note.noteId === row.id) await app.note.select(made.noteId, "body");
  app.unsent.refresh();
  app.toasts.show(`Restored ${name(row)} as a new note.`, {
    key: row.id,
    action: { label: "Show", run: () => app.open(made.noteId) },
  });
}

/** A note that was edited after it was put in the trash stays, and nothing more is to be said of it. */
export async function keep(app: App, row: NoteRow): Promise<void> {
  if (await app.attempt(app.host.call("restore_note", { noteId: row.id }))) app.note.changedOutlived(row.id, null);
}

/** Lets go of the text of a note that was deleted elsewhere, after a question. */
export function discard(app: App, row: NoteRow): void {
  const run = async (): Promise<void> => {
    if (app.note.noteId === row.id) await app.note.select(app.list.neighbour(row.id));
    await app.attempt(app.host.call("discard_note", { noteId: row.id }));
    app.list.refresh();
    app.unsent.refresh();
  };
  app.overlay.ask({
    title: `Discard ${name(row)}?`,
    text: "It was deleted on another device, and this is the only copy of what was written here. It can't be brought back.",
    verb: "Discard",
    danger: true,
    run: () => void run(),
  });
}

/** What is typed in the open note goes to the disk first. */
async function flushed(app: App, row: NoteRow): Promise<void> {
  if (app.note.noteId === row.id) await app.note.flush();
}
