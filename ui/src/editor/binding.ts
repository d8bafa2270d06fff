// Binds one CodeMirror text to the engine, which is its authority: sends what is typed, one request in flight and one
// revision a keystroke; takes in what others changed; rebases when it was late. Never replaces the whole text.
import type { EditAnswer } from "../gen/EditAnswer";
import type { EditNote } from "../gen/EditNote";
import type { OpenedText } from "../gen/OpenedText";
import type { PullNote } from "../gen/PullNote";
import type { Pulled } from "../gen/Pulled";
import type { TextUpdate } from "../gen/TextUpdate";
import { Revisions, type Surface } from "./revisions";

/** What the binding asks of the engine. A rejection carries `code` and `message`. */
export interface Authority {
  edit(args: EditNote): Promise<EditAnswer>;
  pull(args: PullNote): Promise<Pulled>;
  /** A new editing session of the same text. */
  reopen(): Promise<OpenedText>;
}

/** Why a text isn't on its way: it waits for the disk, the engine refuses it, or the note is gone. */
export interface Trouble {
  kind: "waiting" | "refused" | "gone";
  message: string;
}

interface Failure {
  code: string;
  message: string;
}

/** Keystrokes that come within this time leave together; under two frames, so nobody can tell. */
const GATHER_MS = 25;
/** A hole in the revisions is mostly an answer still on its way; after this it is asked for. */
const GAP_MS = 60;
/** Between attempts while the disk refuses. */
const RETRY_MS = 1_500;

/** One text being edited. Made on opening, `stop`ped on leaving. */
export class Binding {
  trouble: Trouble | null = null;
  readonly #revisions: Revisions;
  #inFlight: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #refusals = 0;
  #flushing = false;
  #stopped = false;
  readonly #surface: Surface;
  readonly #authority: Authority;
  readonly #troubled: (trouble: Trouble | null) => void;

  constructor(opened: OpenedText, surface: Surface, authority: Authority, troubled: (trouble: Trouble | null) => void) {
    this.#revisions = new Revisions(opened, surface);
    this.#surface = surface;
    this.#authority = authority;
    this.#troubled = troubled;
  }

  get session(): string {
    return this.#revisions.session;
  }

  get unsent(): boolean {
    return !this.#stopped && this.#revisions.unsent;
  }

  /** The user changed the text. */
  changed(): void {
    this.#later(GATHER_MS, () => this.#send());
  }

  /** Revisions from the engine, in any order, any number of times. */
  receive(from: number, updates: TextUpdate[]): void {
    if (this.#stopped) return;
    this.#revisions.put(from, updates);
    this.#drain();
  }

  /** An input method has finished: what waited comes in, what was typed goes out. */
  settled(): void {
    this.#drain();
    this.changed();
  }

  /** Sends everything. Answers whether nothing is left unsent. */
  async flush(): Promise<boolean> {
    this.#flushing = true;
    this.#drain();
    while (this.unsent) {
      const hopeless = this.trouble !== null;
      if (!this.#inFlight) this.#send();
      if (!this.#inFlight && this.unsent) break;
      await this.#inFlight;
      if (hopeless && this.trouble) break;
    }
    this.#flushing = false;
    return !this.unsent;
  }

  /** The page is going: sends all that isn't confirmed, whatever is in flight. The engine skips what it already has. */
  flushNow(): void {
    if (!this.unsent || this.#refusals > 0) return;
    void this.#authority.edit(this.#revisions.outgoing()).catch(() => undefined);
  }

  /** Ends it; what is still in flight is ignored. */
  stop(): void {
    this.#stopped = true;
    this.#revisions.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #later(ms: number, task: () => void): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      task();
    }, ms);
  }

  #send(): void {
    if (this.#inFlight || !this.unsent || this.#revisions.behind) return;
    // What was refused goes as one change: a mistake that was undone then leaves nothing to refuse.
    const folded = this.#refusals > 0 || this.trouble !== null;
    const batch = folded ? this.#revisions.folded() : this.#revisions.outgoing();
    if (batch) this.#fly(this.#request(batch));
    else this.#succeeded();
  }

  #fly(request: Promise<void>): void {
    const flight = request.finally(() => {
      if (this.#inFlight !== flight) return;
      this.#inFlight = null;
      if (this.#stopped) return;
      if (this.unsent && !this.trouble) this.#later(0, () => this.#send());
      else if (this.#revisions.waiting) this.#gap();
    });
    this.#inFlight = flight;
  }

  async #request(batch: EditNote): Promise<void> {
    try {
      const answer = await this.#authority.edit(batch);
      if (this.#stopped) return;
      if (answer.kind === "reopen") {
        this.#reopened(answer.opened, answer.message);
        return;
      }
      if (answer.kind === "stale") {
        this.receive(answer.from, answer.updates);
        return;
      }
      this.receive(batch.baseRevision, batch.updates);
      this.#succeeded();
    } catch (thrown) {
      await this.#failed(thrown as Failure);
    }
  }

  /** Any failure but a full or busy disk begins a new session and tries the same text again. */
  async #failed({ code, message }: Failure): Promise<void> {
    if (this.#stopped) return;
    if (code === "storage" || code === "busy") {
      this.#wait(message);
      return;
    }
    try {
      const opened = await this.#authority.reopen();
      if (!this.#stopped) this.#reopened(opened, message);
    } catch (thrown) {
      const failure = thrown as Failure;
      if (failure.code === "not-found") this.#report({ kind: "gone", message: failure.message });
      else this.#wait(failure.message);
    }
  }

  #wait(message: string): void {
    this.#report({ kind: "waiting", message });
    this.#later(RETRY_MS, () => this.#send());
  }

  /** The first refusal is tried again in silence; the next is told, and then it waits for a change of the user's. */
  #reopened(opened: OpenedText, message: string): void {
    this.#revisions.adopt(opened);
    if (!this.unsent) return this.#succeeded();
    this.#refusals++;
    if (this.#refusals > 1) this.#report({ kind: "refused", message });
  }

  #succeeded(): void {
    this.#refusals = 0;
    this.#report(null);
  }

  #report(trouble: Trouble | null): void {
    if (this.#stopped || (this.trouble === null && trouble === null)) return;
    this.trouble = trouble;
    this.#troubled(trouble);
  }

  #drain(): void {
    try {
      this.#revisions.drain(this.#surface.composing && !this.#flushing);
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      this.#revisions.clear();
      const before = this.#inFlight ?? Promise.resolve();
      return this.#fly(before.then(() => this.#failed({ code: "invalid", message: thrown.message })));
    }
    if (this.#revisions.waiting) this.#gap();
    else if (this.unsent && !this.trouble) this.changed();
  }

  /** Asks for missing revisions, once they are late. */
  #gap(): void {
    if (this.#inFlight || this.#revisions.behind) return;
    this.#later(GAP_MS, () => {
      if (this.#inFlight) return;
      if (this.#revisions.waiting && !this.#revisions.behind) this.#fly(this.#pull());
      else this.#send();
    });
  }

  async #pull(): Promise<void> {
    try {
      const pulled = await this.#authority.pull({ session: this.session, baseRevision: this.#revisions.current });
      this.receive(pulled.from, pulled.updates);
    } catch (thrown) {
      await this.#failed(thrown as Failure);
    }
  }
}
