// The state of the window: what the engine last said, what is shown of it. With the acts the only part that calls the host.
import type { NoteRow } from "../gen/NoteRow";
import type { Settings } from "../gen/Settings";
import type { Start } from "../gen/Start";
import type { View } from "../gen/View";
import type { Calls } from "../host/commands";
import { HostError, type Host } from "../host/host";
import { named } from "./acts/notes";
import { leavePage, paged } from "./acts/page";
import { Underway } from "./acts/underway";
import { Folders } from "./folders.svelte";
import { hear } from "./hearing";
import { Layout } from "./layout.svelte";
import { NoteList } from "./list.svelte";
import { OpenNote } from "./note.svelte";
import { Overlay } from "./overlay.svelte";
import { Places } from "./places";
import { Now } from "./time.svelte";
import { Toasts } from "./toasts.svelte";
import { Unsent } from "./waiting/unsent.svelte";

/** Who starts Stet wants to write: the text comes first, and the rest waits for it no longer than this. */
const LATE_MS = 1_000;

/** Commands without arguments. */
type Plain = "reconnect" | "clear_error" | "sync_now";

/** The state of the window. */
export class App {
  readonly host: Host;
  readonly toasts = new Toasts();
  readonly overlay = new Overlay();
  readonly layout = new Layout();
  readonly folders = new Folders();
  readonly places = new Places(this.layout);
  readonly now = new Now();
  readonly underway = new Underway();
  readonly list: NoteList;
  readonly note: OpenNote;
  readonly unsent: Unsent;
  #start = $state.raw<Start | null>(null);
  /** Why the engine didn't answer at the start. */
  broken = $state<string | null>(null);
  /** The editors take keys (or are late): time to make what stands around them. */
  settled = $state(false);
  /** Whether what stands around the text is made; a narrow window has nothing else to show. */
  readonly framed = $derived.by(() => this.settled || this.layout.width === "narrow");
  #reading: Promise<void> | null = null;
  #again = false;

  constructor(host: Host) {
    this.host = host;
    this.list = new NoteList(host, this.underway, (thrown) => this.failed(thrown));
    this.unsent = new Unsent(host, (thrown) => this.failed(thrown));
    this.note = new OpenNote(host, {
      seen: this.underway.seen,
      failed: (thrown, noteId) => this.failed(named(thrown, this.row(noteId))),
      recovered: (noteId) =>
        this.toasts.show("What you wrote last couldn't be saved in its note. It is kept in a note of its own.", {
          action: { label: "Show", run: () => this.open(noteId) },
        }),
      stuck: ({ message }, text) =>
        this.toasts.show(`This note stays open: ${message}`, {
          tone: "danger",
          action: { label: "Copy text", run: () => this.copy(text) },
        }),
    });
  }

  /** What the engine said of itself. The interface is shown once it is there. */
  get about(): Start | null {
    return this.#start;
  }
  get status() {
    return this.#said.status;
  }
  get settings() {
    return this.#said.settings;
  }
  get sidebar() {
    return this.#said.sidebar;
  }

  /** Begins to listen, then asks once for everything. Answers with what ends it. */
  start(): () => void {
    const { host } = this;
    const status = host.listen("status", (status) => this.#set({ status }));
    const late = setTimeout(() => (this.settled = true), LATE_MS);
    const ends = [status, ...hear(this), this.now.start(), this.layout.start(), () => clearTimeout(late)];
    // Only once attached can a clicked notification's note be shown: it is listened for, and no first choice follows.
    const attached = this.#ask().then(() => (this.broken === null ? this.note.attached : undefined));
    void attached.finally(() => (this.settled = true));
    void attached.finally(() => void host.call("window_ready", {}).catch(() => undefined));
    return () => ends.forEach((end) => end());
  }

  async #ask(): Promise<void> {
    const { last } = OpenNote;
    const prefetched = last === null ? null : this.note.prefetch(last);
    prefetched?.catch(() => undefined); // the note may be gone; then the first of the list opens
    this.list.refresh();
    try {
      this.#start = await this.host.call("get_start", {});
    } catch (thrown) {
      this.broken = HostError.from(thrown).message;
      this.note.forgetPrefetched();
      return;
    }
    const kept = prefetched
      ? await prefetched.then(
          ({ row }) => !row.trashed,
          () => false,
        )
      : false;
    if (last !== null && kept) return this.note.select(last, "body");
    this.note.forgetPrefetched();
    await this.list.read;
    const chosen = this.list.first.then(() => this.#choose()); // the engine may still be writing its welcome
    if (this.list.rows.length > 0) await chosen;
  }

  async #choose(): Promise<void> {
    const idle = document.activeElement === document.body;
    if (this.note.noteId === null) await this.note.select(this.list.rows[0]?.id ?? null, idle ? "body" : null);
  }

  /** Waits for a command; a refusal is told to the user and answered with `undefined`. */
  async attempt<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      return await call;
    } catch (thrown) {
      this.failed(thrown);
      return undefined;
    }
  }

  failed(thrown: unknown): void {
    const { code, message } = HostError.from(thrown);
    this.toasts.show(message, { key: `${code} ${message}`, tone: "danger" });
  }

  trigger(command: Plain): void {
    void this.attempt(this.host.call(command, {}));
  }

  send<C extends "record_details" | "pause" | "open_link">(command: C, args: Calls[C][0]): void {
    void this.attempt(this.host.call(command, args));
  }

  /** The note the user has before their eyes, if any. */
  lookAt = (noteId: string | null): void => void this.attempt(this.host.call("set_focus", { noteId }));

  pause = (): void => this.send("pause", { paused: !this.status.paused });

  async set(change: Partial<Settings>): Promise<boolean> {
    const settings = await this.attempt(
      this.host.call("update_settings", { settings: { ...this.settings, ...change } }),
    );
    if (settings) this.#set({ settings });
    return settings !== undefined;
  }

  copy(text: string): void {
    void this.attempt(this.host.call("copy_text", { text }).then(() => this.toasts.show("Copied.", { key: "copied" })));
  }

  /** What is shown of a note, if anything is. */
  row(noteId: string | undefined): NoteRow | undefined {
    return this.note.row?.id === noteId ? (this.note.row ?? undefined) : this.list.rows.find(({ id }) => id === noteId);
  }

  /** Shows what the engine has of a note, after it refused something. */
  async readRow(noteId: string): Promise<void> {
    const row = await this.attempt(this.host.call("get_note", { noteId }));
    if (row) this.changedRow(row);
    this.list.refresh();
  }

  /** A note says something else of itself. */
  changedRow(row: NoteRow): void {
    const seen = this.underway.seen(row);
    this.list.patch(seen);
    this.note.changedRow(seen);
  }

  showView(view: View): void {
    this.list.show(view);
    this.layout.show("list");
  }

  /** Opens a note where one can see it. */
  open(noteId: string, focus: "title" | "body" | null = null): void {
    this.overlay.close();
    leavePage(this);
    this.layout.show("note");
    void this.note.select(noteId, focus);
  }

  editNote(field: "title" | "body"): void {
    leavePage(this);
    this.layout.show("note");
    this.note.focus(field);
  }

  step(by: 1 | -1): void {
    if (paged(this)) return;
    const row = this.list.rows[this.list.indexOf(this.note.noteId) + by];
    if (row) void this.note.select(row.id);
  }

  folderName(folderId: string | null): string {
    return this.sidebar.folders.find(({ id }) => id === folderId)?.name ?? "No folder";
  }

  focusSearch(): void {
    leavePage(this);
    this.layout.show("list");
    this.places.focus("search");
  }

  focusTag(): void {
    leavePage(this);
    this.layout.show("note");
    this.places.focus("tag");
  }

  /** Reads the sidebar again; several wishes at once are one reading. */
  readSidebar(): Promise<void> {
    this.#again = true;
    const read = async (): Promise<void> => {
      while (this.#again) {
        this.#again = false;
        const sidebar = await this.attempt(this.host.call("get_sidebar", {}));
        if (sidebar) this.#set({ sidebar });
      }
    };
    this.#reading ??= read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  get #said(): Start {
    if (!this.#start) throw new Error("The engine hasn't answered yet.");
    return this.#start;
  }

  #set(part: Partial<Start>): void {
    if (this.#start) this.#start = { ...this.#start, ...part };
  }
}
