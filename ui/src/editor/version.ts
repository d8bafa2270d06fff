// A text that is only read, with what was added to it and what was taken out of it marked. As long as it likes: only
// what is in view is drawn.
import { EditorState, RangeSetBuilder, type Extension } from "@codemirror/state";
import { Decoration, EditorView } from "@codemirror/view";
import type { TextPiece } from "../gen/TextPiece";
import { textOf } from "./changes";
import { markdown } from "./markdown";
import "./editor.css";

const marks = {
  added: Decoration.mark({ class: "version-added", tagName: "ins" }),
  removed: Decoration.mark({ class: "version-removed", tagName: "del" }),
};

const reading: Extension = [
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ "aria-label": "Text of the version", "data-test": "version-body", tabindex: "0" }),
  markdown,
];

/** Shows one text after the other. */
export class VersionText {
  readonly #view: EditorView;

  constructor(parent: HTMLElement) {
    this.#view = new EditorView({ parent });
  }

  show(pieces: readonly TextPiece[]): void {
    const ranges = new RangeSetBuilder<Decoration>();
    let at = 0;
    for (const { kind, text } of pieces) {
      if (kind !== "same") ranges.add(at, at + text.length, marks[kind]);
      at += text.length;
    }
    const doc = textOf(pieces.map(({ text }) => text).join(""));
    const extensions = [reading, EditorView.decorations.of(ranges.finish())];
    this.#view.setState(EditorState.create({ doc, extensions }));
  }

  destroy(): void {
    this.#view.destroy();
  }
}
