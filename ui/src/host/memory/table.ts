// What each command does in memory.
import type { NoteChange } from "../../gen/NoteChange";
import type { Restored } from "../../gen/Restored";
import type { RestoreVersion } from "../../gen/RestoreVersion";
import type { Calls } from "../commands";
import { HostError } from "../host";
import { HERE } from "./history";
import { bytesOf, type Note } from "./library";
import type { MemoryHost } from "./memory";
import type { Sessions } from "./sessions";
import { difference } from "./text";
import { unsentCommands } from "./unsent";

/** Every command with what it does. */
export type Commands = { [C in keyof Calls]: (args: Calls[C][0]) => Calls[C][1] };

function changeNote(host: MemoryHost, sessions: Sessions, note: Note, to: NoteChange): Record<string, never> {
  switch (to.kind) {
    case "title":
      sessions.remote(note, "title", { from: 0, to: note.title.length, insert: to.text });
      break;
    case "folder":
      if (to.folderId !== null) host.library.folder(to.folderId);
      note.folderId = to.folderId;
      break;
    case "addTag":
      note.tags = [...new Set([...note.tags, to.tag])].sort();
      break;
    case "removeTag":
      note.tags = note.tags.filter((tag) => tag !== to.tag);
      break;
    default:
      note[to.kind] = to.value;
  }
  return host.touch(note);
}

/** Goes back, text by text and as little as possible. What was written since it was seen goes too: it is only a model. */
function restoreVersion(host: MemoryHost, sessions: Sessions, { noteId, id }: RestoreVersion): Restored {
  const note = host.library.note(noteId);
  if (note.trashed) throw new HostError("invalid", "This note is in the trash. Restore it from there first.");
  const [to, before] = [host.histories.said(note, id), host.histories.last(note)];
  for (const field of ["title", "body"] as const) {
    const change = difference(note[field], to[field]);
    if (change) sessions.remote(note, field, change);
  }
  note.tags = to.tags;
  note.updatedAt = Date.now();
  host.histories.wrote(note, HERE, "restored");
  host.touch(note);
  return { before, after: host.histories.last(note) };
}

/** All of them, for one host. */
export function commands(host: MemoryHost, sessions: Sessions): Commands {
  const { library, network } = host;
  const onNote =
    (act: (note: Note) => void) =>
    ({ noteId }: { noteId: string }) => {
      const note = library.note(noteId);
      act(note);
      return host.touch(note);
    };
  const folders = (): Record<string, never> => (host.changed([]), {});
  const done = (): Record<string, never> => ({});
  return {
    ...unsentCommands(host),
    get_start: () => ({
      ...{ status: network.status(), settings: host.settings, sidebar: library.sidebar() },
      ...{
        deviceId: "0190b2c4-0000-7000-8000-000000000000",
        deviceName: "This browser",
        version: "0.1.0",
        debug: true,
      },
    }),
    list_notes: (query) => library.list(query, host.row),
    get_sidebar: () => library.sidebar(),
    get_note: ({ noteId }) => host.row(library.note(noteId)),
    get_diagnostics: () => ({ text: `Stet 0.1.0 in a browser\nmode ${network.mode}\n${library.notes.size} notes` }),
    list_history: ({ noteId, after }) => host.histories.list(library.note(noteId), after),
    get_version: ({ noteId, id, over }) => host.histories.version(library.note(noteId), id, over),
    restore_version: (args) => restoreVersion(host, sessions, args),
    pull_note: ({ session, baseRevision }) => sessions.pull(session, baseRevision),
    get_merged: (args) => host.marks.get(args),
    settle_merged: ({ noteId, key, choice }) => {
      const note = library.note(noteId);
      host.marks.settle(note, key, choice);
      return host.touch(note);
    },
    undo_settle: onNote((note) => host.marks.undo(note)),
    open_note: ({ noteId }) => {
      const note = library.note(noteId);
      host.histories.begin(note);
      return { row: host.row(note), ...sessions.begin(note), outlived: note.trashed ? null : note.outlived };
    },
    edit_note: (args) => {
      host.write();
      const { note, bytes } = sessions.sizeAfter(args);
      host.fits(note.title, bytes);
      return sessions.edit(args);
    },
    close_note: (args) => (args.sessions.forEach((session) => sessions.close(session)), {}),
    create_note: ({ folderId, title, body }) => {
      host.write();
      host.fits(title, bytesOf(title, body));
      const note = library.add({ folderId, title, body }, Date.now());
      host.touch(note);
      return { noteId: note.id };
    },
    change_note: ({ noteId, change }) => changeNote(host, sessions, library.note(noteId), change),
    trash_note: onNote((note) => (note.trashed = true)),
    restore_note: onNote((note) => {
      note.trashed = false;
      note.outlived = null;
    }),
    purge_note: ({ noteId }) => (host.purge(library.note(noteId)), {}),
    empty_trash: () => (
      [...library.notes.values()].filter((note) => note.trashed).forEach((note) => host.purge(note)),
      {}
    ),
    create_folder: ({ name, parentId }) => (folders(), { folderId: library.addFolder(name, parentId) }),
    rename_folder: ({ folderId, name }) => ((library.folder(folderId).name = name), folders()),
    move_folder: ({ folderId, parentId }) => {
      if (library.isWithin(parentId, folderId)) throw new HostError("invalid", "A folder can't lie in itself.");
      library.folder(folderId).parentId = parentId;
      return folders();
    },
    delete_folder: ({ folderId }) => {
      const { parentId } = library.folder(folderId);
      for (const folder of library.folders.values()) if (folder.parentId === folderId) folder.parentId = parentId;
      library.folders.delete(folderId);
      return folders();
    },
    update_settings: ({ settings }) => {
      host.settings = settings;
      if (settings.serverUrl === "") network.setMode("local");
      else if (settings.serverUrl !== null && network.mode === "local") network.setMode("online");
      network.serverUrl = settings.serverUrl === "" ? null : (settings.serverUrl ?? network.serverUrl);
      host.changed([]);
      return settings;
    },
    decide: ({ way }) => (network.decide(way), { copy: "notes.sqlite.kept-1" }),
    join_note: ({ noteId }) => (network.joined.add(noteId), folders()),
    leave_note: ({ noteId }) => (network.joined.delete(noteId), folders()),
    reconnect: () => (network.reconnect(), {}),
    clear_error: () => (network.dismiss(), {}),
    pause: ({ paused }) => ((network.paused = paused), network.send(), folders()),
    record_details: ({ on }) => ((network.recordingUntil = on ? Date.now() + 900_000 : null), folders()),
    set_focus: done,
    open_link: ({ url }) => (window.open(url, "_blank", "noopener"), {}),
    copy_text: ({ text }) => (void navigator.clipboard.writeText(text), {}),
    quit: ({ force }) => ({ unsent: force ? 0 : network.status().unsent }),
    window_ready: done,
  };
}
