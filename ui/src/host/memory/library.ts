// Notes, folders and tags in memory, listed the way the engine lists them.
import type { FolderRow } from "../../gen/FolderRow";
import type { ListNotes } from "../../gen/ListNotes";
import type { NotePage } from "../../gen/NotePage";
import type { NoteRow } from "../../gen/NoteRow";
import type { Outlived } from "../../gen/Outlived";
import type { Sidebar } from "../../gen/Sidebar";
import type { Stopped } from "../../gen/Stopped";
import type { View } from "../../gen/View";
import { HostError } from "../host";
import type { Met } from "./merged/marks";
import { FOLDERS, NOTES, madeUp, type SampleNote } from "./made-up/sample";

/** A note. `sent` and `other` are its second and third dot. */
export interface Note {
  id: string;
  title: string;
  body: string;
  folderId: string | null;
  starred: boolean;
  pinned: boolean;
  archived: boolean;
  trashed: boolean;
  tags: string[];
  createdAt: number;
  updatedAt: number;
  sent: boolean;
  other: boolean;
  held: Stopped | null;
  /** Since when something of it is unsent. */
  since: number | null;
  outlived: Outlived | null;
  merged: Met[];
}

interface Folder {
  id: string;
  name: string;
  color: string | null;
  parentId: string | null;
}

const preview = (body: string): string =>
  body
    .slice(0, 400)
    .replace(/^#+\s+|^>\s?|^[-*]\s(\[.\]\s)?|[*_`|]|\[([^\]]*)\]\([^)]*\)/gm, "$2")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 160);

/** What a note belongs to, view by view. */
function belongs(note: Note, view: View, folders: Map<string, Folder>): boolean {
  if (view.kind === "trash") return note.trashed;
  if (view.kind === "unsent") return !note.sent || note.held !== null;
  if (note.trashed) return false;
  if (view.kind === "archived") return note.archived;
  if (note.archived) return false;
  switch (view.kind) {
    case "all":
      return true;
    case "starred":
      return note.starred;
    case "unfiled":
      return note.folderId === null || !folders.has(note.folderId);
    case "folder":
      return note.folderId === view.folderId;
    case "tag":
      return note.tags.includes(view.tag);
  }
}

/** Everything a device holds. */
export class Library {
  readonly notes = new Map<string, Note>();
  readonly folders = new Map<string, Folder>();
  #sorted: { key: string; notes: Note[] } | null = null;

  constructor(now: number, extra: number, empty: boolean) {
    if (empty) return;
    const ids = new Map<string, string>();
    for (const [name, parent, color] of FOLDERS) {
      ids.set(name, this.addFolder(name, (parent !== null ? ids.get(parent) : undefined) ?? null, color));
    }
    const add = (sample: SampleNote): void => {
      const { age, folder, ...rest } = sample;
      this.add(
        {
          ...rest,
          folderId: (folder !== undefined ? ids.get(folder) : undefined) ?? null,
          createdAt: now - age * 60_000 - 86_400_000,
        },
        now - age * 60_000,
      );
    };
    NOTES.forEach(add);
    for (let n = 0; n < extra; n++) add(madeUp(n));
  }

  add(given: Partial<Note>, updatedAt: number): Note {
    const note: Note = {
      id: crypto.randomUUID(),
      title: "",
      body: "",
      folderId: null,
      starred: false,
      pinned: false,
      archived: false,
      trashed: false,
      createdAt: updatedAt,
      updatedAt,
      sent: true,
      other: true,
      held: null,
      since: null,
      outlived: null,
      merged: [],
      ...given,
      tags: [...(given.tags ?? [])].sort(),
    };
    this.notes.set(note.id, note);
    this.touch();
    return note;
  }

  addFolder(name: string, parentId: string | null, color: string | null = null): string {
    const id = crypto.randomUUID();
    this.folders.set(id, { id, name, color, parentId });
    return id;
  }

  note(id: string): Note {
    const note = this.notes.get(id);
    if (note === undefined) throw new HostError("not-found", "This note isn't here any more.");
    return note;
  }

  folder(id: string): Folder {
    const folder = this.folders.get(id);
    if (folder === undefined) throw new HostError("not-found", "This folder isn't here any more.");
    return folder;
  }

  /** Whether `inner` is `outer` or lies in it. */
  isWithin(inner: string | null, outer: string): boolean {
    for (let id = inner; id !== null; id = this.folders.get(id)?.parentId ?? null) if (id === outer) return true;
    return false;
  }

  /** Lists are sorted anew after this. */
  touch(): void {
    this.#sorted = null;
  }

  list(query: ListNotes, row: (note: Note) => NoteRow): NotePage {
    const all = this.#matching(query.view, query.search.trim().toLowerCase());
    const start = query.after === null ? 0 : all.findIndex((note) => note.id === query.after) + 1;
    const page = all.slice(start, start + Math.min(query.limit, 200));
    const more = start + page.length < all.length;
    return { rows: page.map(row), next: more ? (page.at(-1)?.id ?? null) : null, total: all.length };
  }

  sidebar(): Sidebar {
    const counts = { all: 0, starred: 0, unfiled: 0, archived: 0, trash: 0, unsent: 0 };
    const kinds = Object.keys(counts) as (keyof typeof counts)[];
    const inFolder = new Map<string, number>();
    const tags = new Map<string, number>();
    for (const note of this.notes.values()) {
      for (const kind of kinds) if (belongs(note, { kind }, this.folders)) counts[kind]++;
      if (note.trashed || note.archived) continue;
      if (note.folderId !== null) inFolder.set(note.folderId, (inFolder.get(note.folderId) ?? 0) + 1);
      for (const tag of note.tags) tags.set(tag, (tags.get(tag) ?? 0) + 1);
    }
    const folders: FolderRow[] = [];
    const walk = (parentId: string | null, depth: number): void => {
      for (const folder of this.folders.values()) {
        if (folder.parentId !== parentId) continue;
        folders.push({ ...folder, depth, count: inFolder.get(folder.id) ?? 0 });
        walk(folder.id, depth + 1);
      }
    };
    walk(null, 0);
    return {
      counts,
      folders,
      tags: [...tags].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => ({ name, count })),
    };
  }

  #matching(view: View, search: string): Note[] {
    const key = JSON.stringify([view, search]);
    if (this.#sorted?.key === key) return this.#sorted.notes;
    const found = [...this.notes.values()].filter(
      (note) =>
        belongs(note, view, this.folders) &&
        (search === "" || `${note.title}\n${note.body}`.toLowerCase().includes(search)),
    );
    const rank = (note: Note): number =>
      search !== "" ? Number(note.title.toLowerCase().includes(search)) : Number(note.pinned);
    found.sort((a, b) => rank(b) - rank(a) || b.updatedAt - a.updatedAt);
    this.#sorted = { key, notes: found };
    return found;
  }
}

/** The size of a note, as its limit counts it. */
export const bytesOf = (title: string, body: string): number => new TextEncoder().encode(title + body).length;

/** A note as a list shows it. `network` says whether there is a server and another device. */
export function rowOf(note: Note, network: { server: boolean; other: boolean }, noteBytes: number): NoteRow {
  const bytes = bytesOf(note.title, note.body);
  const { id, title, folderId, starred, pinned, archived, trashed, tags, createdAt, updatedAt } = note;
  return {
    ...{ id, title, folderId, starred, pinned, archived, trashed, tags: [...tags], createdAt, updatedAt },
    preview: preview(note.body),
    room: bytes >= noteBytes * 0.9 ? Math.max(0, noteBytes - bytes) : null,
    merged: note.merged.length,
    dots: {
      disk: true,
      server: network.server ? note.sent && note.held === null : null,
      other: network.server && network.other ? note.sent && note.other : null,
      stopped: note.held,
    },
  };
}
