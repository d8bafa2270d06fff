// A believable engine in memory: notes, folders, a second device, and a network that can be made worse. For
// `npm run dev` and the tests; never part of a production build.
import type { Settings } from "../../gen/Settings";
import type { Calls, EventMap } from "../commands";
import { HostError, type Handler, type Host } from "../host";
import { Clock } from "./clock";
import { Histories, HERE, HERS } from "./history";
import { Library, rowOf, type Note } from "./library";
import { Marks, type Met } from "./merged/marks";
import { MARIA, herChange, paragraphAt } from "./made-up/maria";
import { Network, type Mode } from "./network";
import { Sessions } from "./sessions";
import { commands, type Commands } from "./table";

/** How a simulation begins. */
interface MemoryOptions {
  mode?: Mode;
  /** Made-up notes beyond the sample. */
  extra?: number;
  empty?: boolean;
  /** Longest wait for an answer, milliseconds. */
  latencyMs?: number;
  /** Every edit is refused as if the disk were full. */
  diskFull?: boolean;
  /** Largest note. */
  noteBytes?: number;
  random?: () => number;
}

const EVENT_EVERY_MS = 100;
const DEFAULTS: Settings = {
  connectAtStart: true,
  maxAttempts: 10,
  backoffBaseMs: 1_000,
  backoffCapMs: 30_000,
  showDetails: true,
  closeToTray: true,
  notifications: true,
  editorFont: "serif",
  serverUrl: null,
};

/** The host, with handles for tests and the developer's panel. */
export class MemoryHost implements Host {
  readonly clock = new Clock();
  readonly library: Library;
  readonly network: Network;
  readonly histories = new Histories();
  readonly marks: Marks;
  diskFull: boolean;
  /** Largest note, bytes of title and body. */
  readonly noteBytes: number;
  settings = { ...DEFAULTS };
  readonly #sessions: Sessions;
  readonly #listeners = new Map<string, Set<(payload: never) => void>>();
  readonly #latencyMs: number;
  readonly #random: () => number;
  readonly #pending = { rows: new Set<string>(), due: false };
  readonly #commands: Commands;

  constructor(options: MemoryOptions = {}) {
    this.library = new Library(Date.now(), options.extra ?? 0, options.empty ?? false);
    this.network = new Network(options.mode ?? "online", this.library, this.clock, (ids) => this.changed(ids));
    this.network.setMode(options.mode ?? "online");
    this.diskFull = options.diskFull ?? false;
    this.noteBytes = options.noteBytes ?? 10 * 1024 * 1024;
    this.#latencyMs = options.latencyMs ?? 4;
    this.#random = options.random ?? Math.random;
    this.#sessions = new Sessions(
      (session, from, updates) => {
        this.clock.later(
          () => this.emit("note_updates", { session, from, updates }),
          this.#random() * this.#latencyMs * 3,
        );
      },
      (note) => this.touch(note),
    );
    this.marks = new Marks(this.library, this.#sessions);
    this.#commands = commands(this, this.#sessions);
  }

  async call<C extends keyof Calls>(command: C, args: Calls[C][0]): Promise<Calls[C][1]> {
    if (this.#latencyMs > 0) await this.clock.wait(this.#random() * this.#latencyMs);
    return structuredClone(this.#commands[command](structuredClone(args)));
  }

  listen<E extends keyof EventMap>(event: E, handler: Handler<E>): () => void {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all.add(handler));
    return () => void all.delete(handler);
  }

  /** What is held open: a closed note leaves none of it behind. */
  counts(): { sessions: number; listeners: number; timers: number; joined: number } {
    const listeners = [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
    return { sessions: this.#sessions.size, listeners, timers: this.clock.waiting, joined: this.network.joined.size };
  }

  /** Maria changes a note's body; without a change given she writes what comes to her mind. */
  mariaEdits(noteId: string, change?: { from: number; to: number; insert: string }): void {
    const note = this.library.note(noteId);
    const made = change ?? herChange(note.body, this.#random);
    const paragraph = paragraphAt(note.body, made.from);
    this.histories.begin(note);
    this.#sessions.remote(note, "body", made);
    this.histories.wrote(note, HERS);
    this.changed([noteId]);
    this.emit("note_synced", {
      noteId,
      title: note.title,
      device: MARIA,
      paragraph,
      at: note.updatedAt,
      purged: false,
      catchingUp: false,
    });
  }

  /** This device comes back, and what it and Maria wrote in the same lines is put together. */
  mariaMeets(noteId: string, met: Pick<Met, "base" | "mine" | "theirs" | "together">): void {
    this.marks.meet(noteId, met);
    this.changed([noteId]);
  }

  /** Maria makes a note, or throws one away. */
  mariaMakes(title: string, body: string): string {
    const note = this.library.add({ title, body }, Date.now());
    this.changed([note.id]);
    this.emit("note_created", {
      noteId: note.id,
      title,
      device: MARIA,
      paragraph: null,
      at: note.updatedAt,
      purged: false,
      catchingUp: false,
    });
    return note.id;
  }

  /** Maria writes in a note that was put in the trash here, without knowing of it. */
  mariaKeeps(noteId: string): void {
    const note = this.library.note(noteId);
    note.trashed = false;
    note.outlived = { here: false, device: MARIA };
    this.mariaEdits(noteId);
    this.emit("note_outlived", { noteId, outlived: note.outlived });
  }

  mariaTrashes(noteId: string, purged = false): void {
    const note = this.library.note(noteId);
    if (purged) this.purge(note);
    else note.trashed = true;
    this.changed([noteId]);
    this.emit("note_deleted", {
      noteId,
      title: note.title,
      device: MARIA,
      paragraph: null,
      at: Date.now(),
      purged,
      catchingUp: false,
    });
  }

  emit<E extends keyof EventMap>(event: E, payload: EventMap[E]): void {
    for (const handler of this.#listeners.get(event) ?? []) (handler as Handler<E>)(structuredClone(payload));
  }

  row = (note: Note) => rowOf(note, this.network, this.noteBytes);

  /** Tells of changes, at most every 100 ms. */
  changed(noteIds: string[]): void {
    this.library.touch();
    for (const id of noteIds) this.#pending.rows.add(id);
    if (this.#pending.due) return;
    this.#pending.due = true;
    this.clock.later(() => {
      this.#pending.due = false;
      this.emit("status", this.network.status());
      const ids = [...this.#pending.rows];
      this.#pending.rows.clear();
      for (const id of ids) {
        const note = this.library.notes.get(id);
        if (note) this.emit("note_row", this.row(note));
      }
      this.emit("notes_changed", { lists: ids.length > 0, sidebar: true });
    }, EVENT_EVERY_MS);
  }

  write(): void {
    if (this.diskFull)
      throw new HostError("storage", "The disk is full. Make some room; what you type is kept until then.");
  }

  /** A note of this size would be too large. */
  fits(title: string, bytes: number): void {
    if (bytes <= this.noteBytes) return;
    const over = bytes - this.noteBytes;
    throw new HostError("too-large", `“${title}” is full: this is ${over} bytes too much. Split it into two notes.`);
  }

  touch(note: Note): Record<string, never> {
    this.write();
    note.updatedAt = Date.now();
    this.histories.wrote(note, HERE);
    note.sent = !this.network.server;
    note.since ??= note.updatedAt;
    note.other = false;
    this.network.queue();
    this.changed([note.id]);
    return {};
  }

  purge(note: Note): void {
    this.library.notes.delete(note.id);
    this.#sessions.forget(note);
    this.changed([]);
  }
}
