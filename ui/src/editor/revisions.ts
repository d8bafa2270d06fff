// One text's place in the engine's line of revisions: what is confirmed, what came in early, what is still unsent.
// No requests and no timers: binding.ts has those.
import { collab, getSyncedVersion, receiveUpdates, sendableUpdates, type Update } from "@codemirror/collab";
import {
  ChangeSet,
  StateField,
  type EditorState,
  type Extension,
  type Text,
  type Transaction,
} from "@codemirror/state";
import type { OpenedText } from "../gen/OpenedText";
import type { TextUpdate } from "../gen/TextUpdate";
import { difference, textOf, toChanges, toReplaces } from "./changes";

/** The editor worked on; an EditorView is one. */
export interface Surface {
  readonly state: EditorState;
  /** An input method is composing: foreign changes wait. */
  readonly composing: boolean;
  dispatch(transaction: Transaction): void;
}

const ME = "me";
const OTHER = "other";

/**
 * An unsent change remembers the transaction it began as. That holds the state before it, whose syntax tree holds the state
 * it was parsed in, whose unsent changes hold theirs: every state since the first key, for good. Nobody asks for it.
 */
const unchained = StateField.define<null>({
  create: () => null,
  update(value, { state }) {
    const newest = sendableUpdates(state).at(-1);
    if (newest) Object.assign(newest, { origin: undefined });
    return value;
  },
});

/** What an editor's state needs to be bound. Revisions are counted from 0; the engine's number is added here. */
export const boundAt = (): Extension => [collab({ startVersion: 0, clientID: ME }), unchained];

/** A batch on its way. */
interface Outgoing {
  session: string;
  baseRevision: number;
  updates: TextUpdate[];
}

/** Keeps an editor and the engine on the same text. */
export class Revisions {
  session: string;
  /** The engine's revision less the editor's: they part when a text is opened anew or a batch goes as one. */
  #skew: number;
  #confirmed: Text;
  /** The revision at which several changes went as one, and how many they were. */
  #folded: { at: number; count: number } | null = null;
  readonly #inbox = new Map<number, TextUpdate>();
  readonly #surface: Surface;

  constructor(opened: OpenedText, surface: Surface) {
    this.session = opened.session;
    this.#skew = opened.revision;
    this.#confirmed = surface.state.doc;
    this.#surface = surface;
  }

  /** The engine's revision the editor has confirmed. */
  get current(): number {
    return getSyncedVersion(this.#surface.state) + this.#skew;
  }

  get unsent(): boolean {
    return this.#own.length > 0;
  }

  /** Something has come in that isn't applied: it waits for an earlier one or for the input method. */
  get waiting(): boolean {
    return this.#inbox.size > 0;
  }

  /** The next revision is here; what is sent before it is taken in would come too late. */
  get behind(): boolean {
    return this.#inbox.has(this.current);
  }

  get #own(): readonly Update[] {
    return sendableUpdates(this.#surface.state);
  }

  /** Everything unsent, one revision a keystroke. */
  outgoing(): Outgoing {
    this.#folded = null;
    const updates = this.#own.map(({ changes }) => ({ session: this.session, changes: toReplaces(changes) }));
    return { session: this.session, baseRevision: this.current, updates };
  }

  /** Everything unsent as one revision, or `null` when it cancels out (it then counts as confirmed). */
  folded(): Outgoing | null {
    const own = this.#own;
    const all = own.reduce((sum, update) => sum.compose(update.changes), ChangeSet.empty(this.#confirmed.length));
    if (all.apply(this.#confirmed).eq(this.#confirmed)) {
      this.#confirm(own.length);
      this.#skew -= own.length;
      return null;
    }
    this.#folded = { at: this.current, count: own.length };
    const updates = [{ session: this.session, changes: toReplaces(all) }];
    return { session: this.session, baseRevision: this.current, updates };
  }

  /** Revisions from the engine, in any order, any number of times. */
  put(from: number, updates: TextUpdate[]): void {
    updates.forEach((update, i) => from + i >= this.current && this.#inbox.set(from + i, update));
  }

  /** Takes in every revision that follows on the last. Throws a RangeError when one doesn't fit. */
  drain(composing: boolean): void {
    const own = [...this.#own];
    const batch: Update[] = [];
    let [revision, length, skew] = [this.current, this.#confirmed.length, this.#skew];
    for (let update = this.#inbox.get(revision); update; update = this.#inbox.get(revision)) {
      const mine = update.session === this.session && own.length > 0;
      if (!mine && composing) break;
      const count = mine && this.#folded?.at === revision ? this.#folded.count : 1;
      const taken: Update[] = mine
        ? own.splice(0, count).map(({ changes }) => ({ changes, clientID: ME }))
        : [{ changes: toChanges(update.changes, length), clientID: OTHER }];
      skew -= count - 1;
      batch.push(...taken);
      length = taken.at(-1)?.changes.newLength ?? length;
      this.#inbox.delete(revision++);
    }
    this.#skew = skew;
    this.#take(batch);
  }

  /** Goes on from a text opened anew: what it has different comes in like any foreign change. */
  adopt(opened: OpenedText): void {
    this.#inbox.clear();
    const text = textOf(opened.text);
    const known = this.#ownIn(text);
    if (known > 0) {
      this.#confirm(known); // the engine had these: only its answer was lost
    } else {
      const changes = difference(this.#confirmed, text);
      if (!changes.empty) this.#take([{ changes, clientID: OTHER }]);
    }
    this.session = opened.session;
    this.#skew = opened.revision - getSyncedVersion(this.#surface.state);
  }

  /** What came in and wasn't taken yet is let go. */
  clear(): void {
    this.#inbox.clear();
  }

  /** How many of the unsent changes a text has, from the first on. */
  #ownIn(text: Text): number {
    let [mine, known] = [this.#confirmed, 0];
    this.#own.forEach(({ changes }, i) => {
      mine = changes.apply(mine);
      if (mine.eq(text)) known = i + 1;
    });
    return known;
  }

  #confirm(count: number): void {
    this.#take(this.#own.slice(0, count).map(({ changes }) => ({ changes, clientID: ME })));
  }

  #take(batch: Update[]): void {
    if (batch.length === 0) return;
    this.#confirmed = batch.reduce((text, { changes }) => changes.apply(text), this.#confirmed);
    this.#surface.dispatch(receiveUpdates(this.#surface.state, batch));
  }
}
