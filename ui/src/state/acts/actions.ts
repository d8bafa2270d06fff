// Every action with its name and keys: the keyboard, the menus and the sheet of keys all read from here.
import type { NoteRow } from "../../gen/NoteRow";
import type { View } from "../../gen/View";
import type { App } from "../app.svelte";
import * as folders from "./folders";
import { showHistory } from "../history/acts";
import * as acts from "./notes";
import { quit } from "./quit";

/** Something one can do. */
interface Action {
  id: string;
  group: "Notes" | "This note" | "Places" | "Syncing" | "Window";
  label: string;
  keys: string[];
  /** Only while focus is in the list of notes. */
  inList?: boolean;
  run: (app: App) => void;
}

/** Acts on the note in view. */
const onNote =
  (act: (app: App, row: NoteRow) => unknown, when: (row: NoteRow) => boolean = () => true) =>
  (app: App): void => {
    const { row } = app.note;
    if (row && when(row)) void act(app, row);
  };
const go =
  (kind: Exclude<View["kind"], "folder" | "tag">) =>
  (app: App): void =>
    app.showView({ kind });
const alive = (row: NoteRow): boolean => !row.trashed;
const dead = (row: NoteRow): boolean => row.trashed;

/** All actions, as the sheet of keys shows them. */
export const ACTIONS: readonly Action[] = [
  { id: "new", group: "Notes", label: "New note", keys: ["Mod+N"], run: (app) => void acts.newNote(app) },
  { id: "search", group: "Notes", label: "Search", keys: ["Mod+F", "Mod+K"], run: (app) => app.focusSearch() },
  { id: "next", group: "Notes", label: "Next note", keys: ["Mod+PageDown"], run: (app) => app.step(1) },
  { id: "previous", group: "Notes", label: "Previous note", keys: ["Mod+PageUp"], run: (app) => app.step(-1) },
  {
    id: "new-folder",
    group: "Notes",
    label: "New folder",
    keys: ["Mod+Shift+N"],
    run: (app) => void folders.newFolder(app, null),
  },
  { id: "empty-trash", group: "Notes", label: "Empty the trash", keys: ["Mod+Alt+E"], run: acts.emptyTrash },
  { id: "rename", group: "This note", label: "Rename", keys: ["F2"], run: onNote((app) => app.editNote("title")) },
  { id: "star", group: "This note", label: "Star", keys: ["Mod+D"], run: onNote(acts.star) },
  { id: "pin", group: "This note", label: "Pin to the top", keys: ["Mod+Shift+P"], run: onNote(acts.pin) },
  { id: "tag", group: "This note", label: "Add a tag", keys: ["Mod+T"], run: onNote((app) => app.focusTag()) },
  {
    id: "move",
    group: "This note",
    label: "Move to a folder",
    keys: ["Mod+Shift+M"],
    run: onNote((app, row) => app.overlay.open({ kind: "move", noteId: row.id })),
  },
  { id: "history", group: "This note", label: "Earlier versions", keys: ["Mod+Shift+H"], run: onNote(showHistory) },
  {
    id: "compare",
    group: "This note",
    label: "Compare what was edited in two places",
    keys: ["Mod+Alt+M"],
    run: onNote((app) => app.note.marks.toggle()),
  },
  { id: "archive", group: "This note", label: "Archive", keys: ["Mod+E"], run: onNote(acts.archive, alive) },
  {
    id: "trash",
    group: "This note",
    label: "Move to the trash",
    keys: ["Mod+Shift+Backspace"],
    run: onNote(acts.trash, alive),
  },
  {
    id: "trash-in-list",
    group: "This note",
    label: "Move to the trash, in the list",
    keys: ["Delete"],
    inList: true,
    run: onNote(acts.trash, alive),
  },
  {
    id: "restore",
    group: "This note",
    label: "Restore from the trash",
    keys: ["Mod+Alt+R"],
    run: onNote(acts.restore, dead),
  },
  {
    id: "purge",
    group: "This note",
    label: "Delete for good",
    keys: ["Mod+Alt+Backspace"],
    run: onNote(acts.purge, dead),
  },
  { id: "all", group: "Places", label: "All notes", keys: ["Mod+1"], run: go("all") },
  { id: "starred", group: "Places", label: "Starred", keys: ["Mod+2"], run: go("starred") },
  { id: "unfiled", group: "Places", label: "No folder", keys: ["Mod+3"], run: go("unfiled") },
  { id: "archived", group: "Places", label: "Archive", keys: ["Mod+4"], run: go("archived") },
  { id: "bin", group: "Places", label: "Trash", keys: ["Mod+5"], run: go("trash") },
  { id: "unsent", group: "Places", label: "Unsent", keys: ["Mod+6"], run: go("unsent") },
  {
    id: "sync",
    group: "Syncing",
    label: "Sync now, or reconnect",
    keys: ["Mod+Shift+Y"],
    run: (app) => app.trigger("sync_now"),
  },
  { id: "pause", group: "Syncing", label: "Pause or resume syncing", keys: ["Mod+Alt+P"], run: (app) => app.pause() },
  {
    id: "connection",
    group: "Syncing",
    label: "Connection",
    keys: ["Mod+Shift+O"],
    run: (app) => app.overlay.toggle("connection"),
  },
  { id: "pane", group: "Window", label: "Next pane", keys: ["F6"], run: (app) => app.places.next(1) },
  { id: "pane-back", group: "Window", label: "Pane before", keys: ["Shift+F6"], run: (app) => app.places.next(-1) },
  {
    id: "sidebar",
    group: "Window",
    label: "Show or hide the sidebar",
    keys: ["Mod+\\"],
    run: (app) => app.layout.toggleSidebar(),
  },
  {
    id: "list",
    group: "Window",
    label: "Show or hide the list",
    keys: ["Mod+Shift+L"],
    run: (app) => app.layout.toggleList(),
  },
  { id: "settings", group: "Window", label: "Settings", keys: ["Mod+,"], run: (app) => app.overlay.toggle("settings") },
  { id: "help", group: "Window", label: "All keys", keys: ["Mod+/", "?"], run: (app) => app.overlay.toggle("help") },
  { id: "quit", group: "Window", label: "Quit", keys: ["Mod+Q"], run: (app) => void quit(app) },
];

/** The first key of an action, for menus and hints. */
export const keysOf = (id: string): string | undefined => ACTIONS.find((action) => action.id === id)?.keys[0];
