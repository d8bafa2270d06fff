// The versions of one note: which there are, which one is looked at, and what it says.
import type { NoteVersion } from "../../gen/NoteVersion";
import type { VersionRow } from "../../gen/VersionRow";
import { HostError, type Host } from "../../host/host";

/** What of a version is shown: its text alone, what changed in it, or what is different now. */
export type Look = "text" | "changes" | "now";

/** The next page is read when this many versions are left below. */
const AHEAD = 20;

/** The versions of a note, the newest first. Its text is read when it is looked at. */
export class Versions {
  rows = $state.raw<VersionRow[]>([]);
  chosen = $state.raw<VersionRow | null>(null);
  look = $state<Look>("changes");
  /** The first page is here. */
  ready = $state(false);
  /** Why the version looked at couldn't be read. */
  failure = $state.raw<string | null>(null);
  #last = $state.raw<{ id: string; look: Look; text: NoteVersion } | null>(null);
  readonly #host: Host;
  readonly #noteId: string;
  readonly #failed: (thrown: unknown) => void;
  #next: string | null = null;
  #reading: Promise<void> | null = null;
  #again = false;
  #asked = 0;

  constructor(host: Host, noteId: string, failed: (thrown: unknown) => void) {
    this.#host = host;
    this.#noteId = noteId;
    this.#failed = failed;
  }

  /** What the version looked at says, once that is read; never what another one says. */
  get text(): NoteVersion | null {
    return this.#last?.id === this.chosen?.id && this.#last?.look === this.look ? this.#last.text : null;
  }

  /** Reads the list, as far as it was read before. Several wishes at once are one reading, and one more after it. */
  refresh(): Promise<void> {
    this.#again = true;
    this.#reading ??= this.#readAll().finally(() => (this.#reading = null));
    return this.#reading;
  }

  /** The list is looked at down to here. */
  reach(index: number): void {
    if (this.#next !== null && index >= this.rows.length - AHEAD) this.#reading ??= this.#readMore();
  }

  choose(row: VersionRow): void {
    if (row.id === this.chosen?.id) return;
    this.chosen = row;
    void this.#read();
  }

  /** To the version so many places below, or above. */
  step(by: number): void {
    const at = this.rows.findIndex(({ id }) => id === this.chosen?.id);
    const row = this.rows[Math.max(0, Math.min(this.rows.length - 1, at + by))];
    if (row) this.choose(row);
  }

  show(look: Look): void {
    this.look = look;
    void this.#read();
  }

  /** Reads the version again; in the list, too, as it may be gone from there. */
  async again(): Promise<void> {
    this.failure = null;
    await this.refresh();
    if (!this.text) await this.#read();
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        const wanted = this.rows.length;
        let page = await this.#page(null);
        const rows = page.versions;
        while (page.next !== null && rows.length < wanted) {
          page = await this.#page(page.next);
          rows.push(...page.versions);
        }
        [this.rows, this.#next] = [rows, page.next];
        this.ready = true;
        this.#find();
      }
    } catch (thrown) {
      this.#again = false;
      this.#failed(thrown);
    }
  }

  async #readMore(): Promise<void> {
    try {
      const { versions, next } = await this.#page(this.#next);
      [this.rows, this.#next] = [[...this.rows, ...versions], next];
    } catch (thrown) {
      this.#failed(thrown);
    } finally {
      this.#reading = null;
    }
    if (this.#again) await this.refresh();
  }

  #page(after: string | null) {
    return this.#host.call("list_history", { noteId: this.#noteId, after });
  }

  /** What was looked at may have grown, and have another name by now. */
  #find(): void {
    const before = this.chosen;
    const now = before?.current === true ? this.rows[0] : this.rows.find(({ id }) => id === before?.id);
    const found = now ?? this.rows.find(({ at }) => at <= (before?.at ?? 0)) ?? this.rows[0] ?? null;
    this.chosen = found;
    if (found && (found.id !== before?.id || this.look === "now")) void this.#read();
  }

  async #read(): Promise<void> {
    const { chosen, look } = this;
    if (!chosen) return;
    const asked = ++this.#asked;
    this.failure = null;
    const over =
      look === "text"
        ? ({ kind: "none" } as const)
        : look === "now"
          ? ({ kind: "now" } as const)
          : ({ kind: "version", id: chosen.before } as const);
    try {
      const text = await this.#host.call("get_version", { noteId: this.#noteId, id: chosen.id, over });
      if (asked === this.#asked) this.#last = { id: chosen.id, look, text };
    } catch (thrown) {
      if (asked === this.#asked) this.failure = HostError.from(thrown).message;
    }
  }
}
