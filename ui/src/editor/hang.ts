// The later lines of a list item hang under its first word, not under its mark. Widths are measured, since faces differ.
import { syntaxTree } from "@codemirror/language";
import { RangeSetBuilder, StateEffect } from "@codemirror/state";
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from "@codemirror/view";

const MARK = /^(\s*(?:[-*+]|\d{1,9}[.)])\s+)(\[[ xX]\]\s+)?/;
/** A task's box is set in the typewriter face, a little smaller (see editor.css). */
const BOX_SIZE = 0.85;
const BOX_FACE = "JetBrains Mono Variable";

const measured = StateEffect.define();
const pencil = document.createElement("canvas").getContext("2d");

/** The width of a list mark in pixels, in the text's own face. */
function width(mark: string, box: string | undefined, style: CSSStyleDeclaration): number {
  if (!pencil) return 0;
  pencil.font = `${style.fontSize} ${style.fontFamily}`;
  const plain = pencil.measureText(mark.replaceAll("\t", "    ")).width;
  if (box === undefined) return plain;
  const gap = pencil.measureText(" ").width * (box.length - 3);
  pencil.font = `600 ${parseFloat(style.fontSize) * BOX_SIZE}px "${BOX_FACE}"`;
  return plain + pencil.measureText(box.slice(0, 3)).width + gap;
}

function hangs(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const style = getComputedStyle(view.contentDOM);
  let last = -1;
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from,
      to,
      enter(node) {
        if (node.name !== "ListItem") return;
        const line = view.state.doc.lineAt(node.from);
        const [found, mark, box] = MARK.exec(line.text) ?? [];
        if (found === undefined || mark === undefined || line.from <= last) return;
        last = line.from;
        const by = width(mark, box, style).toFixed(1);
        const attributes = { style: `padding-left: ${by}px; text-indent: -${by}px` };
        builder.add(line.from, line.from, Decoration.line({ attributes }));
      },
    });
  }
  return builder.finish();
}

/** Hanging list items. */
export const hangingLists = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    readonly #view: EditorView;
    /** A face that has just arrived is wider or narrower than the one that stood in. */
    readonly #again = (): void => this.#view.dispatch({ effects: measured.of(null) });

    constructor(view: EditorView) {
      this.#view = view;
      this.decorations = hangs(view);
      document.fonts.addEventListener("loadingdone", this.#again);
    }

    update(update: ViewUpdate): void {
      const parsed = syntaxTree(update.startState) !== syntaxTree(update.state);
      const faces = update.transactions.some(({ effects }) => effects.some((effect) => effect.is(measured)));
      if (update.docChanged || update.viewportChanged || update.geometryChanged || parsed || faces) {
        this.decorations = hangs(update.view);
      }
    }

    destroy(): void {
      document.fonts.removeEventListener("loadingdone", this.#again);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
