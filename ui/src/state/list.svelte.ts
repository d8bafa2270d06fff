// The list of notes in view: read page by page ahead of the eye, read again when the engine says it changed.
import type { NoteRow } from "../gen/NoteRow";
import type { View } from "../gen/View";
import type { Host } from "../host/host";
import type { Underway } from "./acts/underway";

/** Rows of the first page: a window full. */
const FIRST = 60;
/** Rows of the following pages, the most the engine gives. */
const PAGE = 200;
/** Rows read ahead of the last one in view, so that no scrolling reaches a blank. */
const AHEAD = 400;
/** After a long re-reading the next one waits this many times as long. */
const REST = 4;

/** A list, as far as it has been read. */
export class NoteList {
  view = $state.raw<View>({ kind: "all" });
  search = $state("");
  rows = $state.raw<NoteRow[]>([]);
  total = $state(0);
  /** Rises when another list is shown: it then begins at its top. */
  turn = $state(0);
  ready = $state(false);
  /** Settles when there is a first row, however late. */
  readonly first: Promise<void>;
  #arrived: () => void = () => undefined;
  /** Settles when the first page was read, whatever is on it. */
  readonly read: Promise<void>;
  #tried: () => void = () => undefined;
  readonly #host: Host;
  readonly #underway: Underway;
  readonly #failed: (thrown: unknown) => void;
  #asked = 0;
  #next: string | null = null;
  #wanted = FIRST;
  #stale = true;
  #busy = false;

  constructor(host: Host, underway: Underway, failed: (thrown: unknown) => void) {
    this.#host = host;
    this.#underway = underway;
    this.#failed = failed;
    this.first = new Promise((arrived) => (this.#arrived = arrived));
    this.read = new Promise((tried) => (this.#tried = tried));
  }

  /** Shows another list. */
  show(view: View, search = ""): void {
    this.view = view;
    this.search = search;
    this.#restart();
  }

  find(search: string): void {
    if (search === this.search) return;
    this.search = search;
    this.#restart();
  }

  /** Something changed: what has been read is read again. */
  refresh(): void {
    this.#stale = true;
    void this.#settle();
  }

  /** The eye has come as far as this row. */
  reach(index: number): void {
    this.#wanted = Math.max(this.#wanted, index + AHEAD);
    if (this.rows.length < this.#wanted && this.#next !== null) void this.#settle();
  }

  /** A row says something else. */
  patch(row: NoteRow): void {
    if (this.indexOf(row.id) >= 0) this.rows = this.rows.map((old) => (old.id === row.id ? row : old));
  }

  /** A note has left the list; the engine will say so too. */
  remove(noteId: string): void {
    if (this.indexOf(noteId) < 0) return;
    this.rows = this.rows.filter((row) => row.id !== noteId);
    this.total--;
  }

  indexOf(noteId: string | null): number {
    return this.rows.findIndex((row) => row.id === noteId);
  }

  /** The note to turn to when this one goes: the one below, else the one above. */
  neighbour(noteId: string): string | null {
    const at = this.indexOf(noteId);
    return at < 0 ? null : ((this.rows[at + 1] ?? this.rows[at - 1])?.id ?? null);
  }

  #restart(): void {
    this.#asked++;
    this.#wanted = FIRST;
    this.#next = null;
    this.refresh();
  }

  /** Reads what is wanted, one page at a time; whatever changes meanwhile is done next. */
  async #settle(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#stale || (this.#next !== null && this.rows.length < this.#wanted))
        await (this.#stale ? this.#reload() : this.#more());
    } catch (thrown) {
      this.#stale = false;
      this.#next = null;
      this.#failed(thrown);
    } finally {
      this.#busy = false;
      this.#tried();
    }
  }

  async #reload(): Promise<void> {
    this.#stale = false;
    const [asked, began] = [this.#asked, performance.now()];
    const other = this.turn !== asked;
    const rows: NoteRow[] = [];
    let [next, total]: [string | null, number] = [null, 0];
    do {
      const page = await this.#page(next, rows.length === 0 && other ? FIRST : PAGE);
      if (asked !== this.#asked) return; // another list is wanted by now
      rows.push(...page.rows);
      [next, total] = [page.next, page.total];
    } while (next !== null && !other && rows.length < Math.min(this.#wanted, this.rows.length));
    this.rows = rows;
    this.total = total;
    this.#next = next;
    this.ready = true;
    if (rows.length > 0) this.#arrived();
    this.turn = asked;
    const took = performance.now() - began;
    if (took > 50 && this.#stale) await new Promise((done) => setTimeout(done, took * REST));
  }

  async #more(): Promise<void> {
    const asked = this.#asked;
    const page = await this.#page(this.#next, PAGE);
    if (asked !== this.#asked || this.#stale) return;
    const known = new Set(this.rows.map((row) => row.id));
    this.rows = [...this.rows, ...page.rows.filter((row) => !known.has(row.id))];
    this.#next = page.next;
    this.total = page.total;
  }

  async #page(after: string | null, limit: number) {
    const [view, asked] = [this.view, this.#underway.now];
    const page = await this.#host.call("list_notes", { view, search: this.search, after, limit });
    return { ...page, rows: this.#underway.listed(view, page.rows, asked) };
  }
}
