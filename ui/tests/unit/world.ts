// A small world for bindings: one engine text, editors without a page, answers and events that come late and in any
// order. Time is simulated.
import { history, undo } from "@codemirror/commands";
import { markdown } from "@codemirror/lang-markdown";
import { EditorState, type Transaction, Transaction as Tr } from "@codemirror/state";
import { Binding, type Authority, type Trouble } from "../../src/editor/binding";
import { LINE, textOf } from "../../src/editor/changes";
import { boundAt } from "../../src/editor/revisions";
import type { OpenedText } from "../../src/gen/OpenedText";
import { HostError } from "../../src/host/host";
import { Text } from "../../src/host/memory/text";

/** Numbers from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The engine's side: one text, events to every session, waits up to `latencyMs`. */
export class Engine {
  readonly text: Text;
  readonly random: () => number;
  readonly latencyMs: number;
  readonly editors = new Set<Editor>();
  /** What the next edits are answered with instead. */
  faults: (() => never)[] = [];
  stale = 0;
  edits = 0;
  #session = 0;

  constructor(text: string, random: () => number, latencyMs: number, limit?: number) {
    this.text = new Text(text, limit);
    this.random = random;
    this.latencyMs = latencyMs;
  }

  open(): OpenedText {
    return this.text.open(`s${this.#session++}`);
  }

  wait(): Promise<void> {
    return new Promise((done) => setTimeout(done, this.random() * this.latencyMs));
  }

  remote(from: number, to: number, insert: string): void {
    this.text.remote([{ from, to, insert }], (at, updates) => this.#tell(at, updates));
  }

  authority(): Authority {
    return {
      edit: async ({ session, baseRevision, updates }) => {
        await this.wait();
        this.faults.shift()?.();
        this.edits++;
        if (!this.text.sessions.has(session)) throw new HostError("not-found", "No such session.");
        const answer = this.text.edit(session, baseRevision, updates, (at, made) => this.#tell(at, made));
        if (answer.kind === "stale") this.stale++;
        await this.wait();
        if (answer.kind === "refused") return { kind: "reopen", opened: this.open(), message: answer.message };
        return structuredClone(answer);
      },
      pull: async ({ baseRevision }) => {
        await this.wait();
        return structuredClone(this.text.pull(baseRevision));
      },
      reopen: async () => {
        await this.wait();
        return this.open();
      },
    };
  }

  #tell(from: number, updates: Parameters<Binding["receive"]>[1]): void {
    for (const editor of this.editors)
      void this.wait().then(() => editor.binding.receive(from, structuredClone(updates)));
  }
}

/** An editor without a page. */
export class Editor {
  state: EditorState;
  composing = false;
  troubles: (Trouble | null)[] = [];
  readonly binding: Binding;
  readonly onRemote: ((before: EditorState, after: EditorState) => void)[] = [];

  constructor(engine: Engine, opened = engine.open()) {
    this.state = EditorState.create({
      doc: textOf(opened.text),
      extensions: [boundAt(), history(), markdown(), EditorState.lineSeparator.of(LINE)],
    });
    this.binding = new Binding(opened, this, engine.authority(), (trouble) => this.troubles.push(trouble));
    engine.editors.add(this);
  }

  dispatch(transaction: Transaction): void {
    const before = this.state;
    this.state = transaction.state;
    const remote = transaction.annotation(Tr.remote) === true;
    if (transaction.docChanged && !remote) this.binding.changed();
    if (transaction.docChanged && remote) this.onRemote.forEach((check) => check(before, this.state));
  }

  get text(): string {
    return this.state.sliceDoc();
  }

  /** How many states of the editor the present one keeps alive, itself among them. */
  get statesKept(): number {
    const seen = new Set<object>();
    const queue: unknown[] = [this.state];
    for (const next of queue) {
      if (typeof next !== "object" || next === null || seen.has(next)) continue;
      seen.add(next);
      queue.push(...(Object.values(next) as unknown[]));
    }
    return [...seen].filter((object) => object instanceof EditorState).length;
  }

  /** Types at the caret. */
  type(text: string): void {
    const at = this.state.selection.main.head;
    this.dispatch(
      this.state.update({
        changes: { from: at, insert: text },
        selection: { anchor: at + text.length },
        userEvent: "input.type",
      }),
    );
  }

  backspace(): void {
    const at = this.state.selection.main.head;
    if (at > 0)
      this.dispatch(
        this.state.update({
          changes: { from: at - 1, to: at },
          selection: { anchor: at - 1 },
          userEvent: "delete.backward",
        }),
      );
  }

  caret(at: number): void {
    this.dispatch(this.state.update({ selection: { anchor: at } }));
  }

  undo(): void {
    undo({ state: this.state, dispatch: (transaction) => this.dispatch(transaction) });
  }
}
