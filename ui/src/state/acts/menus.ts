// The menus of a note: in the list, and over its text.
import type { EditorFont } from "../../gen/EditorFont";
import type { NoteRow } from "../../gen/NoteRow";
import type { App } from "../app.svelte";
import type { MenuItem } from "../overlay.svelte";
import { keysOf } from "./actions";
import { showHistory } from "../history/acts";
import { archive, pin, purge, restore, star, trash } from "./notes";

type Items = (MenuItem | null)[];

/** What can be done to a note. */
export function noteMenu(app: App, row: NoteRow): Items {
  const item = (id: string, label: string, run: () => unknown, danger = false): MenuItem => ({
    label,
    keys: keysOf(id),
    danger,
    run: () => void run(),
  });
  const history = item("history", "Earlier versions…", () => showHistory(app, row));
  if (row.trashed) {
    return [
      item("restore", "Restore", () => restore(app, row)),
      history,
      item("purge", "Delete for good…", () => purge(app, row), true),
    ];
  }
  return [
    item("star", row.starred ? "Take the star away" : "Star", () => star(app, row)),
    item("pin", row.pinned ? "Unpin" : "Pin to the top", () => pin(app, row)),
    item("move", "Move to a folder…", () => app.overlay.open({ kind: "move", noteId: row.id })),
    item("rename", "Rename", () => app.open(row.id, "title")),
    history,
    null,
    item("archive", row.archived ? "Take out of the archive" : "Archive", () => archive(app, row)),
    item("trash", "Move to the trash", () => trash(app, row), true),
  ];
}

const FACES: readonly (readonly [EditorFont, string])[] = [
  ["serif", "Serif face"],
  ["sans", "Plain face"],
  ["mono", "Typewriter face"],
];

/** The same, with what concerns the page. */
export const pageMenu = (app: App, row: NoteRow): Items => [
  ...FACES.map(([editorFont, label]) => ({
    label: `${app.settings.editorFont === editorFont ? "✓" : "\u2003"} ${label}`,
    run: () => void app.set({ editorFont }),
  })),
  null,
  { label: "Add a tag", keys: keysOf("tag"), run: () => app.focusTag() },
  ...noteMenu(app, row),
];
