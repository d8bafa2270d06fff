// Which folders are folded in the sidebar, and which one is being named.
import type { FolderRow } from "../gen/FolderRow";

const KEPT = "stet.folded";

function kept(): string[] {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "[]") as string[];
  } catch {
    return [];
  }
}

/** Whether a folder is another one, or lies in it. */
export function isWithin(all: FolderRow[], inner: string | null, outer: string | undefined): boolean {
  for (let id = inner; id !== null;) {
    if (id === outer) return true;
    id = all.find((folder) => folder.id === id)?.parentId ?? null;
  }
  return false;
}

/** The folder tree as this window shows it. */
export class Folders {
  naming = $state<string | null>(null);
  folded = $state.raw<ReadonlySet<string>>(new Set(kept()));

  toggle(id: string): void {
    const folded = new Set(this.folded);
    if (!folded.delete(id)) folded.add(id);
    this.#keep(folded);
  }

  open(id: string): void {
    if (this.folded.has(id)) this.toggle(id);
  }

  /** Folders that no folded one hides. */
  visible(all: FolderRow[]): FolderRow[] {
    const hidden = new Set<string>();
    return all.filter(({ id, parentId }) => {
      const inside = parentId !== null && (hidden.has(parentId) || this.folded.has(parentId));
      if (inside) hidden.add(id);
      return !inside;
    });
  }

  #keep(folded: Set<string>): void {
    this.folded = folded;
    localStorage.setItem(KEPT, JSON.stringify([...folded]));
  }
}
