// What waits to be sent, for its page: read while the page is shown, and again when the engine says that something changed.
import type { UnsentFolders } from "../../gen/UnsentFolders";
import type { UnsentNote } from "../../gen/UnsentNote";
import type { UnsentPage } from "../../gen/UnsentPage";
import type { Host } from "../../host/host";

/** Notes read at a time: each is read whole by the engine. */
const PAGE = 50;
/** Between two readings, however much changes. */
const REST_MS = 500;

/** The notes that wait, as far as they have been read. */
export class Unsent {
  notes = $state.raw<UnsentNote[]>([]);
  folders = $state.raw<UnsentFolders | null>(null);
  total = $state(0);
  ready = $state(false);
  /** More than these wait. */
  more = $state(false);
  readonly #host: Host;
  readonly #failed: (thrown: unknown) => void;
  #wanted = PAGE;
  #shown = false;
  #stale = false;
  #busy = false;

  constructor(host: Host, failed: (thrown: unknown) => void) {
    this.#host = host;
    this.#failed = failed;
  }

  /** The page is shown; answers with what ends it. */
  show(): () => void {
    this.#shown = true;
    this.#wanted = PAGE;
    this.refresh();
    return () => {
      this.#shown = false;
      this.ready = false;
    };
  }

  /** Something changed. */
  refresh(): void {
    this.#stale = true;
    void this.#settle();
  }

  /** Reads as many again. */
  readMore(): void {
    this.#wanted = this.notes.length + PAGE;
    this.refresh();
  }

  async #settle(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#stale && this.#shown) {
        this.#stale = false;
        await this.#read();
        await new Promise((rested) => setTimeout(rested, REST_MS));
      }
    } catch (thrown) {
      this.#stale = false;
      this.#failed(thrown);
    } finally {
      this.#busy = false;
    }
  }

  async #read(): Promise<void> {
    const notes: UnsentNote[] = [];
    let [after, folders, total]: [string | null, UnsentFolders | null, number] = [null, null, 0];
    do {
      const page: UnsentPage = await this.#host.call("list_unsent", { after, limit: PAGE });
      notes.push(...page.notes);
      if (after === null) folders = page.folders;
      [after, total] = [page.next, page.total];
    } while (after !== null && notes.length < this.#wanted);
    if (!this.#shown) return;
    const seen = new Set<string>();
    this.notes = notes.filter(({ row }) => !seen.has(row.id) && seen.add(row.id));
    this.folders = folders;
    this.total = total;
    this.more = after !== null;
    this.ready = true;
  }
}
