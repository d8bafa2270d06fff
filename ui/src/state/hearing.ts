// What the engine tells of its own accord, and what the window makes of it.
import type { RemoteChange } from "../gen/RemoteChange";
import type { StatusError } from "../gen/StatusError";
import { restore } from "./acts/notes";
import { paged } from "./acts/page";
import type { App } from "./app.svelte";
import { changedWords } from "./words";

/** The same device going on in the same paragraph is told of once in this time. */
const SAME_PLACE_MS = 30_000;

/** Listens to everything but the status. Answers with what ends it. */
export function hear(app: App): (() => void)[] {
  const { host } = app;
  let told: { place: string; at: number } | null = null;

  /** Another device changed the note in view: says where, once for each place. */
  function synced(change: RemoteChange): void {
    if (change.noteId !== app.note.noteId) return;
    const [place, at] = [`${change.noteId} ${change.device ?? ""} ${change.paragraph ?? 0}`, Date.now()];
    const same = told?.place === place && at - told.at < SAME_PLACE_MS;
    told = { place, at };
    if (!same) app.toasts.show(changedWords(change), { key: "remote" });
  }

  function deleted(change: RemoteChange): void {
    if (change.noteId !== app.note.noteId) return;
    const who = change.device ?? "Another device";
    if (change.purged) {
      void app.note.select(null);
      return app.toasts.show(`${who} deleted “${change.title}” for good.`, { key: "remote" });
    }
    const { row } = app.note;
    const action = row ? { label: "Restore", run: () => void restore(app, row) } : undefined;
    app.toasts.show(`${who} moved this note to the trash.`, { key: "remote", action });
  }

  /** What the status bar says already is not said twice. */
  function error({ code, message, noteId }: StatusError): void {
    if (code === "offline" || code === "busy") return;
    const action = noteId === null ? undefined : { label: "Show", run: () => app.open(noteId) };
    app.toasts.show(message, { key: `${code} ${noteId ?? ""}`, tone: "danger", action });
  }

  return [
    host.listen("notes_changed", ({ lists, sidebar }) => {
      if (lists) app.list.refresh();
      if (lists && paged(app)) app.unsent.refresh();
      if (sidebar) void app.readSidebar();
    }),
    host.listen("note_row", (row) => app.changedRow(row)),
    host.listen("note_updates", (updates) => app.note.receive(updates)),
    host.listen("note_synced", synced),
    host.listen("note_deleted", deleted),
    host.listen("note_outlived", ({ noteId, outlived }) => app.note.changedOutlived(noteId, outlived)),
    host.listen("error", error),
    host.listen("show_note", ({ noteId }) => app.open(noteId)),
  ];
}
