// A note's versions: showing them, and going back to one.
import type { NoteRow } from "../../gen/NoteRow";
import type { VersionRow } from "../../gen/VersionRow";
import type { App } from "../app.svelte";
import { moment } from "./words";

/** Shows the versions of a note; its last keys are in the newest one. */
export async function showHistory(app: App, row: NoteRow): Promise<void> {
  if (app.note.noteId === row.id) await app.note.flush();
  app.overlay.open({ kind: "history", noteId: row.id });
}

/** Makes a note say what a version says. A toast offers to take that back; what others wrote meanwhile stays. */
export async function restoreVersion(app: App, noteId: string, version: VersionRow): Promise<void> {
  await app.note.flush(); // keys that are still on their way belong to what is there before
  const restored = await app.attempt(app.host.call("restore_version", { noteId, id: version.id, seen: null }));
  if (!restored) return;
  app.overlay.close();
  const back = { noteId, id: restored.before, seen: restored.after };
  app.toasts.show(`Restored the version of ${moment(version, Date.now())}.`, {
    key: noteId,
    action: { label: "Undo", run: () => void app.attempt(app.host.call("restore_version", back)) },
  });
}
