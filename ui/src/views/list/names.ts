// What lists are called, and what an empty one teaches.
import type { View } from "../../gen/View";
import { keysOf } from "../../state/acts/actions";

const NAMES = {
  all: "All notes",
  starred: "Starred",
  unfiled: "No folder",
  archived: "Archive",
  trash: "Trash",
  unsent: "Unsent",
} as const;

/** What people call a list. */
export function viewName(view: View, folderName: (id: string) => string): string {
  if (view.kind === "folder") return folderName(view.folderId);
  return view.kind === "tag" ? `#${view.tag}` : NAMES[view.kind];
}

interface Lesson {
  title: string;
  lesson: string;
  keys?: string | undefined;
}

/** One thing to know where nothing is. */
export function listEmpty(view: View, search: string): Lesson {
  if (search !== "")
    return {
      title: `Nothing says “${search.length > 40 ? `${search.slice(0, 39)}…` : search}”.`,
      lesson: view.kind === "all" ? "Titles and texts were searched." : "Only this list was searched.",
    };
  switch (view.kind) {
    case "all":
      return { title: "A blank page.", lesson: "Write your first note with", keys: keysOf("new") };
    case "starred":
      return { title: "No stars yet.", lesson: "Notes you want close by get one with", keys: keysOf("star") };
    case "unfiled":
      return { title: "Everything has its folder.", lesson: "Notes without one show up here." };
    case "archived":
      return { title: "The archive is empty.", lesson: "Put a note away, but keep it, with", keys: keysOf("archive") };
    case "trash":
      return { title: "The trash is empty.", lesson: "What you throw away stays here until you empty it." };
    case "unsent":
      return { title: "Everything is on the server.", lesson: "What still has to be sent shows up here." };
    case "folder":
      return { title: "An empty folder.", lesson: "Drag a note onto it, or write one here with", keys: keysOf("new") };
    case "tag":
      return { title: "No notes with this tag.", lesson: "Tag the open note with", keys: keysOf("tag") };
  }
}
