// Notes that wait or can't go on, in memory: how they come to be so, and what the commands about them do.
import type { Stopped } from "../../gen/Stopped";
import { HostError } from "../host";
import { bytesOf, type Note } from "./library";
import type { MemoryHost } from "./memory";
import type { Commands } from "./table";

const HOUR = 3_600_000;
const FOLDER = "/home/anna/Documents/Stet";
const LONG =
  "The server can't take “Lisbon, three days in October”: the update names operations that its log doesn't hold, and the whole document was refused as well, " +
  "because one of its parts is larger than the part before it may be. Export it, and try again later. If that doesn't help, ask whoever runs the server, and give them the diagnostics.";

const refused = (message: string): Stopped => ({ kind: "refused", message });

/** Why notes can't go on, by the title they begin with. */
const REASONS: readonly (readonly [string, Stopped])[] = [
  ["Spring in", refused("“Spring in the long bed” is too large for the server. Split it into two notes.")],
  ["Lisbon", refused(LONG)],
  [
    "Books",
    {
      kind: "deletedElsewhere",
      message: "“Books I was told to read” was deleted for good on another device while this one had edits to it.",
    },
  ],
  [
    "Call with",
    {
      kind: "unreadable",
      message:
        "“Call with the printers” can't be brought up to date: a part of it hasn't arrived yet. What is here can be exported. Try again; if that doesn't help, update Stet.",
    },
  ],
];

/** Has notes wait: `one` (a single one), `some` (each kind of reason), `many` (every note there is). */
export function strand(host: MemoryHost, how: string): void {
  const notes = [...host.library.notes.values()].filter((note) => !note.trashed);
  const wait = (note: Note, hours: number): void => {
    note.sent = false;
    note.other = false;
    note.since = Date.now() - hours * HOUR;
  };
  if (how === "many") notes.forEach((note, n) => wait(note, n));
  for (const [title, stopped] of how === "one" ? REASONS.slice(0, 1) : REASONS) {
    const note = notes.find((one) => one.title.startsWith(title));
    if (!note) continue;
    wait(note, 3);
    note.held = stopped;
  }
  if (how === "some") notes.filter((note) => note.title === "").forEach((note) => wait(note, 30));
  host.changed([]);
}

/** What these commands do in memory. */
export function unsentCommands(
  host: MemoryHost,
): Pick<
  Commands,
  | "list_unsent"
  | "get_text"
  | "restore_as_new"
  | "discard_note"
  | "retry_note"
  | "sync_now"
  | "export_notes"
  | "show_export"
> {
  const { library, network } = host;
  const waiting = (): Note[] =>
    [...library.notes.values()]
      .filter((note) => !note.sent || note.held !== null)
      .sort((a, b) => Number(b.held !== null) - Number(a.held !== null) || b.updatedAt - a.updatedAt);
  const kept = (id: string): Note => {
    const note = library.note(id);
    if (note.held?.kind !== "deletedElsewhere") throw new HostError("invalid", "This note wasn't removed elsewhere.");
    return note;
  };
  const retry = (note: Note): void => {
    if (note.held?.kind !== "deletedElsewhere") note.held = null;
  };
  const connect = (): Record<string, never> => (network.reconnect(), host.changed([...library.notes.keys()]), {});
  return {
    list_unsent: ({ after, limit }) => {
      const all = network.server ? waiting() : [];
      const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
      const page = all.slice(start, start + Math.min(limit, 50));
      const notes = page.map((note) => ({
        row: host.row(note),
        since: note.since,
        bytes: note.sent ? 0 : bytesOf(note.title, note.body) + 90,
        removal: false,
      }));
      const next = start + page.length < all.length ? (page.at(-1)?.id ?? null) : null;
      return { notes, folders: null, next, total: all.length };
    },
    get_text: ({ noteId }) => {
      const { title, body } = library.note(noteId);
      return { title, body };
    },
    restore_as_new: ({ noteId }) => {
      const { id, held, ...rest } = kept(noteId);
      const made = library.add(rest, Date.now());
      host.purge(library.note(id));
      host.touch(made);
      return { noteId: held ? made.id : id };
    },
    discard_note: ({ noteId }) => (host.purge(kept(noteId)), {}),
    retry_note: ({ noteId }) => (retry(library.note(noteId)), connect()),
    sync_now: () => (waiting().forEach(retry), connect()),
    export_notes: ({ noteIds }) => ({
      folder: FOLDER,
      files: noteIds?.length ?? waiting().length,
      missed: 0,
      reasons: [],
    }),
    show_export: () => ({}),
  };
}
