// Passages that two sides changed: a double line at their side, and a sign that opens the comparison. They move with the
// text, so nothing is asked again while somebody types.
import { StateEffect, StateField, type EditorState, type Extension, type Range } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";

/** A stretch of a text, UTF-16 code units. */
interface Stretch {
  from: number;
  to: number;
}

/** A passage as the engine has it: where it is, and what stands there. */
interface Passage extends Stretch {
  now: string;
}

const set = StateEffect.define<Stretch[]>();
const LINE = Decoration.line({ class: "merged-line" });
const SIGN = "M3 3.500h2.200c2 0 3 4.500 5 4.500H13M3 12.500h2.200c2 0 3-4.500 5-4.500M11 6l2 2-2 2";

class Sign extends WidgetType {
  readonly #compare: () => void;

  constructor(compare: () => void) {
    super();
    this.#compare = compare;
  }

  override eq(): boolean {
    return true;
  }

  toDOM(): HTMLElement {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "merged-sign", title: "Edited in two places: compare" });
    // The keyboard has the banner and a key of its own: in the text, Tab belongs to lists.
    button.tabIndex = -1;
    button.setAttribute("aria-label", "Edited in two places: compare");
    button.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${SIGN}"/></svg>`;
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => this.#compare());
    return button;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

function drawn(state: EditorState, stretches: Stretch[], sign: Decoration): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  let last = -1;
  for (const { from, to } of stretches) {
    const [first, end] = [state.doc.lineAt(from), state.doc.lineAt(to)];
    if (first.from > last) ranges.push(sign.range(first.from));
    for (let n = first.number; n <= end.number; n++) {
      const line = state.doc.line(n);
      if (line.from > last) ranges.push(LINE.range(line.from));
      last = Math.max(last, line.from);
    }
  }
  return Decoration.set(ranges, true);
}

/** Shows marked passages; `compare` opens what both sides wrote. */
export function marks(compare: () => void): Extension {
  const sign = Decoration.widget({ widget: new Sign(compare), side: -1 });
  return StateField.define<{ stretches: Stretch[]; drawn: DecorationSet }>({
    create: () => ({ stretches: [], drawn: Decoration.none }),
    update(value, { changes, docChanged, effects, state }) {
      let { stretches } = value;
      if (docChanged) {
        // What is written at its ends on the same line is part of it, a line above or below isn't.
        const moved = ({ from, to }: Stretch): Stretch => {
          const start = changes.mapPos(from, 1);
          return { from: start, to: Math.max(start, changes.mapPos(to, -1)) };
        };
        stretches = stretches.map(moved);
      }
      for (const effect of effects) if (effect.is(set)) stretches = effect.value;
      if (stretches === value.stretches) return value;
      return { stretches, drawn: drawn(state, stretches, sign) };
    },
    provide: (field) => EditorView.decorations.from(field, ({ drawn }) => drawn),
  });
}

/** Marks these passages and no others. Answers whether all of them stand in the text. */
export function mark(view: EditorView, passages: readonly Passage[]): boolean {
  const text = view.state.doc.toString();
  const found = passages.map((passage) => placed(text, passage)).filter((stretch) => stretch !== null);
  found.sort((a, b) => a.from - b.from);
  view.dispatch({ effects: set.of(found) });
  return found.length === passages.length;
}

/** Where a passage stands in a text that may be a few keys ahead of the engine's. */
function placed(text: string, { from, to, now }: Passage): Stretch | null {
  if (text.slice(from, to) === now) return { from, to };
  if (now === "") return null;
  const [before, after] = [text.lastIndexOf(now, from), text.indexOf(now, from)];
  const near = before < 0 || (after >= 0 && after - from < from - before) ? after : before;
  return near < 0 ? null : { from: near, to: near + now.length };
}
