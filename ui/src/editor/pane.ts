// The two editors of the note in view, and their bindings. One pair for the whole life of the window: another note
// gives them another state, so that opening notes leaves nothing behind.
import { Compartment, EditorSelection, EditorState, Transaction, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import type { MergedPassage } from "../gen/MergedPassage";
import type { NoteUpdates } from "../gen/NoteUpdates";
import type { OpenedNote } from "../gen/OpenedNote";
import { Binding, type Authority, type Trouble } from "./binding";
import { textOf } from "./changes";
import { mark } from "./marks";
import { bodySetup, titleSetup, type Surroundings } from "./setup";
import "./editor.css";

/** One of a note's two texts. */
export type Field = "title" | "body";

/** What the editors ask of those who show them. */
export interface PaneHost {
  authority(noteId: string, field: Field): Authority;
  troubled(trouble: Trouble | null): void;
  openLink(url: string): void;
  /** Shows what both sides made of a marked passage. */
  compare(): void;
}

/** Input methods end a little after they say so. */
const COMPOSED_MS = 60;
/** Carets remembered for notes come back to. */
const CARETS = 200;

/** Title and body of a note, being edited. */
export class NotePane {
  readonly #views: Record<Field, EditorView>;
  readonly #setup: Record<Field, Extension>;
  readonly #locked = new Compartment();
  readonly #host: PaneHost;
  readonly #carets = new Map<string, number>();
  #bindings: Record<Field, Binding> | null = null;
  #noteId: string | null = null;

  constructor(parents: Record<Field, HTMLElement>, host: PaneHost) {
    this.#host = host;
    const around: Surroundings = {
      toBody: () => this.focus("body"),
      toTitle: () => this.focus("title"),
      openLink: (url) => host.openLink(url),
      compare: () => host.compare(),
    };
    this.#setup = { title: this.#common("title", titleSetup(around)), body: this.#common("body", bodySetup(around)) };
    this.#views = { title: new EditorView({ parent: parents.title }), body: new EditorView({ parent: parents.body }) };
  }

  /** Sessions being edited. */
  get sessions(): string[] {
    return this.#bindings ? [this.#bindings.title.session, this.#bindings.body.session] : [];
  }

  get unsent(): boolean {
    return this.#bindings !== null && (this.#bindings.title.unsent || this.#bindings.body.unsent);
  }

  /** Shows another note. What the former had unsent must have been flushed. */
  show(noteId: string, opened: OpenedNote): void {
    this.#forget();
    this.#noteId = noteId;
    const bind = (field: Field): Binding => {
      const view = this.#views[field];
      const caret = field === "body" ? Math.min(this.#carets.get(noteId) ?? 0, opened.body.text.length) : 0;
      const locked = this.#locked.of(this.#lock(opened.row.trashed));
      const state = EditorState.create({
        doc: textOf(opened[field].text),
        selection: EditorSelection.cursor(caret),
        extensions: [locked, this.#setup[field]],
      });
      view.setState(state);
      return new Binding(opened[field], view, this.#host.authority(noteId, field), () => this.#troubled());
    };
    this.#bindings = { title: bind("title"), body: bind("body") };
  }

  /** A note in the trash is read, not written. */
  lock(locked: boolean): void {
    for (const view of Object.values(this.#views))
      view.dispatch({ effects: this.#locked.reconfigure(this.#lock(locked)) });
  }

  /** Shows nothing. */
  clear(): void {
    this.#forget();
    for (const view of Object.values(this.#views)) view.setState(EditorState.create({}));
  }

  receive({ session, from, updates }: NoteUpdates): void {
    for (const binding of Object.values(this.#bindings ?? {}))
      if (binding.session === session) binding.receive(from, updates);
  }

  /** Marks passages that two sides changed. Answers whether all of them stand in the text. */
  mark(passages: MergedPassage[]): boolean {
    const marked = (field: Field): boolean =>
      mark(
        this.#views[field],
        passages.filter(({ title }) => title === (field === "title")),
      );
    return [marked("title"), marked("body")].every(Boolean);
  }

  async flush(): Promise<boolean> {
    const done = await Promise.all(Object.values(this.#bindings ?? {}).map((binding) => binding.flush()));
    return done.every(Boolean);
  }

  flushNow(): void {
    for (const binding of Object.values(this.#bindings ?? {})) binding.flushNow();
  }

  text(field: Field): string {
    return this.#views[field].state.doc.toString();
  }

  focus(field: Field): void {
    const view = this.#views[field];
    view.focus();
    if (field === "title") view.dispatch({ selection: { anchor: view.state.doc.length }, scrollIntoView: true });
    if (performance.getEntriesByName("caret").length === 0) performance.mark("caret");
  }

  destroy(): void {
    this.#forget();
    for (const view of Object.values(this.#views)) view.destroy();
  }

  #lock(locked: boolean): Extension {
    return [EditorState.readOnly.of(locked), EditorView.editable.of(!locked)];
  }

  #forget(): void {
    if (this.#noteId !== null) {
      this.#carets.delete(this.#noteId);
      this.#carets.set(this.#noteId, this.#views.body.state.selection.main.head);
      const oldest = this.#carets.size > CARETS ? this.#carets.keys().next().value : undefined;
      if (oldest !== undefined) this.#carets.delete(oldest);
    }
    for (const binding of Object.values(this.#bindings ?? {})) binding.stop();
    this.#bindings = null;
    this.#noteId = null;
  }

  #troubled(): void {
    this.#host.troubled(this.#bindings?.title.trouble ?? this.#bindings?.body.trouble ?? null);
  }

  #common(field: Field, setup: Extension): Extension {
    return [
      setup,
      EditorView.updateListener.of((update) => {
        const mine = update.transactions.some(
          (transaction) => transaction.docChanged && transaction.annotation(Transaction.remote) !== true,
        );
        if (mine) this.#bindings?.[field].changed();
      }),
      EditorView.domEventHandlers({
        compositionend: () => void setTimeout(() => this.#bindings?.[field].settled(), COMPOSED_MS),
      }),
    ];
  }
}
