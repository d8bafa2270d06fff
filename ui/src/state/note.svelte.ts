// The note in view: opening it, following it live, leaving it with nothing lost.
import { tick } from "svelte";
import type { Trouble } from "../editor/binding";
import type { Field, NotePane, PaneHost } from "../editor/pane";
import type { NoteRow } from "../gen/NoteRow";
import type { NoteUpdates } from "../gen/NoteUpdates";
import type { OpenedNote } from "../gen/OpenedNote";
import type { Outlived } from "../gen/Outlived";
import { HostError, type Host } from "../host/host";
import { Marks } from "./merged/marks.svelte";
import { recover } from "./waiting/recover";

/** A wait shorter than this shows nothing. */
const QUICK_MS = 250;
/** Revisions that are kept until there is an editor for them: they come before the answer they belong to, too. */
const EARLY = 1_000;
const LAST = "stet.note";

/** What the note in view asks of those around it. */
interface NoteCallbacks {
  /** A row of the engine's as the user has it. */
  seen: (row: NoteRow) => NoteRow;
  /** Something was refused; of a note that isn't in view, which one. */
  failed: (thrown: unknown, noteId?: string) => void;
  /** Text that couldn't be saved in its note is in a note of its own. */
  recovered: (noteId: string) => void;
  /** Text can be saved nowhere, so the note stays open. */
  stuck: (trouble: Trouble, text: string) => void;
}

/** The note in view. */
export class OpenNote {
  /** The note chosen; its text may still be on its way. */
  noteId = $state<string | null>(null);
  row = $state.raw<NoteRow | null>(null);
  trouble = $state.raw<Trouble | null>(null);
  /** Why it isn't in the trash although somebody put it there. */
  outlived = $state.raw<Outlived | null>(null);
  slow = $state(false);
  readonly marks: Marks;
  /** Settles once the editors are there and show what was chosen by then. */
  readonly attached: Promise<void>;
  #arrived: () => void = () => undefined;
  readonly #host: Host;
  readonly #callbacks: NoteCallbacks;
  #pane: NotePane | null = null;
  #shown: string | null = null;
  #focus: Field | null = null;
  #settling = Promise.resolve();
  #busy = false;
  #early: NoteUpdates[] = [];
  #prefetched: { noteId: string; opened: Promise<OpenedNote> } | null = null;

  constructor(host: Host, callbacks: NoteCallbacks) {
    this.#host = host;
    this.#callbacks = callbacks;
    this.marks = new Marks(host, { flush: () => this.flush(), mark: (found) => this.#pane?.mark(found) ?? true });
    this.attached = new Promise((arrived) => (this.#arrived = arrived));
  }

  /** The note of the last time. */
  static get last(): string | null {
    return localStorage.getItem(LAST);
  }

  /** Begins to read a note before there is an editor to show it. */
  prefetch(noteId: string): Promise<OpenedNote> {
    const opened = this.#host.call("open_note", { noteId });
    this.#prefetched = { noteId, opened };
    return opened;
  }

  /** What was read ahead isn't shown: its sessions end. */
  forgetPrefetched(): void {
    if (this.#prefetched) this.#close(this.#prefetched.opened);
    this.#prefetched = null;
    if (!this.#busy) this.#early = [];
  }

  /** The editors are there. */
  attach(pane: NotePane): void {
    this.#pane = pane;
    void this.#settle().finally(this.#arrived);
  }

  /** Turns to another note, or to none. */
  select(noteId: string | null, focus: Field | null = null): Promise<void> {
    this.#focus = focus;
    if (noteId === this.noteId && noteId === this.#shown) this.#takeFocus();
    this.noteId = noteId;
    return this.#settle();
  }

  focus(field: Field): void {
    this.#pane?.focus(field);
  }

  receive(updates: NoteUpdates): void {
    this.#pane?.receive(updates);
    if (!this.#busy && !this.#prefetched) return;
    // Without its oldest an editor sees a hole, and asks for what is in it.
    if (this.#early.length === EARLY) this.#early.shift();
    this.#early.push(updates);
  }

  changedRow(row: NoteRow): void {
    if (row.id !== this.#shown) return;
    if (this.row && row.trashed !== this.row.trashed) this.#pane?.lock(row.trashed);
    this.row = row;
  }

  changedOutlived(noteId: string, outlived: Outlived | null): void {
    if (noteId === this.#shown) this.outlived = outlived;
  }

  flush(): Promise<boolean> {
    return this.#pane?.flush() ?? Promise.resolve(true);
  }

  readonly flushNow = (): void => this.#pane?.flushNow();

  get text(): string {
    return this.#pane?.text("body") ?? "";
  }

  /** What the editors ask. */
  paneHost(): PaneHost {
    return {
      authority: (noteId, field) => ({
        edit: (args) => this.#host.call("edit_note", args),
        pull: (args) => this.#host.call("pull_note", args),
        reopen: async () => {
          const opened = await this.#host.call("open_note", { noteId });
          await this.#host.call("close_note", { sessions: [opened[field === "title" ? "body" : "title"].session] });
          return opened[field];
        },
      }),
      troubled: (trouble) => (this.trouble = trouble),
      compare: () => this.marks.toggle(),
      openLink: (url) => void this.#host.call("open_link", { url }).catch(this.#callbacks.failed),
    };
  }

  /** Keeps the text of the note in view in a new note, or in several when it is too long for one. Answers whether it could. */
  async #recover(): Promise<boolean> {
    if (!this.#pane) return true;
    const title = `Recovered: ${this.#pane.text("title")}`.slice(0, 200);
    try {
      this.#callbacks.recovered(await recover(this.#host, title, this.#pane.text("body")));
      return true;
    } catch {
      return false;
    }
  }

  /** One at a time, and at the end the note wanted last is the one shown. */
  #settle(): Promise<void> {
    if (!this.#busy) this.#settling = this.#run();
    return this.#settling;
  }

  async #run(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#pane && this.noteId !== this.#shown) await this.#turn(this.#pane);
    } finally {
      this.#busy = false;
      if (!this.#prefetched) this.#early = [];
    }
  }

  /** Turns to the note wanted now; when the one shown can't be left, that is wanted again. */
  async #turn(pane: NotePane): Promise<void> {
    const wanted = this.noteId;
    const timer = setTimeout(() => (this.slow = true), QUICK_MS);
    try {
      const opening = wanted === null ? null : this.#open(wanted);
      opening?.catch(() => undefined); // awaited below, after the former note is left
      if (!(await this.#leave(pane))) {
        if (opening) this.#close(opening);
        this.noteId = this.#shown;
        return;
      }
      if (wanted !== null && opening) await this.#show(pane, wanted, await opening);
      else this.row = null;
    } catch (thrown) {
      this.row = null;
      if (this.noteId === wanted) this.noteId = null;
      this.#callbacks.failed(thrown, wanted ?? undefined);
    } finally {
      clearTimeout(timer);
      this.slow = false;
    }
  }

  #open(noteId: string): Promise<OpenedNote> {
    if (this.#prefetched?.noteId !== noteId) {
      this.forgetPrefetched();
      return this.#host.call("open_note", { noteId });
    }
    const { opened } = this.#prefetched;
    this.#prefetched = null;
    return opened;
  }

  /** Ends the sessions of a note that isn't shown after all. */
  #close(opening: Promise<OpenedNote>): void {
    void opening
      .then(({ title, body }) => this.#host.call("close_note", { sessions: [title.session, body.session] }))
      .catch(() => undefined);
  }

  async #show(pane: NotePane, noteId: string, opened: OpenedNote): Promise<void> {
    this.#shown = noteId;
    this.row = this.#callbacks.seen(opened.row);
    this.outlived = opened.outlived;
    pane.show(noteId, opened);
    for (const updates of this.#early) pane.receive(updates);
    localStorage.setItem(LAST, noteId);
    void this.#host.call("join_note", { noteId }).catch(this.#callbacks.failed);
    await tick(); // what is hidden can't take the focus
    this.#takeFocus();
  }

  #takeFocus(): void {
    if (this.#focus) this.#pane?.focus(this.#focus);
    this.#focus = null;
  }

  /** Leaves the note shown. Answers whether it could be left without losing anything. */
  async #leave(pane: NotePane): Promise<boolean> {
    if (this.#shown === null) return true;
    if (!(await pane.flush()) && !(await this.#recover())) {
      this.#callbacks.stuck(
        this.trouble ?? { kind: "waiting", message: "The text isn't saved yet." },
        pane.text("body"),
      );
      return false;
    }
    const [noteId, sessions] = [this.#shown, pane.sessions];
    pane.clear();
    [this.#shown, this.trouble, this.outlived] = [null, null, null];
    const gone = (thrown: unknown): void => {
      if (HostError.from(thrown).code !== "not-found") this.#callbacks.failed(thrown);
    };
    const calls = [this.#host.call("close_note", { sessions }), this.#host.call("leave_note", { noteId })];
    calls.forEach((call) => void call.catch(gone));
    return true;
  }
}
