// What every editor of ours has, and what makes one a title or a body.
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { LINE, wellFormed } from "./changes";
import { linkAt, markdown, toggleTask } from "./markdown";
import { marks } from "./marks";
import { boundAt } from "./revisions";

/** What an editor tells the note around it. */
export interface Surroundings {
  /** The caret leaves the title downwards or by Enter. */
  toBody: () => void;
  /** The caret leaves the body upwards. */
  toTitle: () => void;
  openLink: (url: string) => void;
  /** A sign beside a marked passage was clicked. */
  compare: () => void;
}

/** Foreign line ends and half characters never enter: the engine counts them differently, or refuses them. */
const clean = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged) return transaction;
  let foul = false;
  const changes: { from: number; to: number; insert: string }[] = [];
  transaction.changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    const text = inserted.sliceString(0, inserted.length, LINE);
    const insert = wellFormed(text);
    foul ||= insert !== text;
    changes.push({ from, to, insert });
  });
  return foul ? { changes, userEvent: "input", scrollIntoView: true } : transaction;
});

const oneLine = EditorState.transactionFilter.of((transaction) => {
  if (transaction.newDoc.lines < 2 || transaction.startState.doc.lines > 1) return transaction;
  const changes: { from: number; to: number; insert: string }[] = [];
  let end = 0;
  transaction.changes.iterChanges((from, to, _fromB, toB, inserted) => {
    changes.push({ from, to, insert: inserted.sliceString(0, inserted.length, " ") });
    end = toB;
  });
  return { changes, selection: { anchor: end }, userEvent: "input.paste", scrollIntoView: true };
});

const common: Extension = [
  EditorState.lineSeparator.of(LINE),
  EditorView.clipboardInputFilter.of((text) => wellFormed(text)),
  clean,
  history(),
  EditorView.lineWrapping,
];

/** Ours are for other things: Mod-/ shows the keys, Mod-i is italic. */
const OURS = ["Mod-/", "Alt-A", "Mod-i"];
const usual = keymap.of([
  ...historyKeymap,
  ...defaultKeymap.filter(({ key }) => key === undefined || !OURS.includes(key)),
]);

const named = (label: string, test: string): Extension =>
  EditorView.contentAttributes.of({
    "aria-label": label,
    "data-test": test,
    spellcheck: "true",
    autocapitalize: "sentences",
  });

/** The first line of a note. */
export const titleSetup = ({ toBody, compare }: Surroundings): Extension => [
  boundAt(),
  marks(compare),
  common,
  oneLine,
  named("Title", "title-editor"),
  placeholder("Untitled"),
  keymap.of([
    { key: "Enter", run: () => (toBody(), true) },
    {
      key: "ArrowDown",
      run: (view) => {
        const { main } = view.state.selection;
        if (
          view.moveVertically(main, true).head !== main.head &&
          view.coordsAtPos(main.head)?.top !== view.coordsAtPos(view.state.doc.length)?.top
        )
          return false;
        return (toBody(), true);
      },
    },
  ]),
  usual,
];

/** The text of a note. */
export const bodySetup = ({ toTitle, openLink, compare }: Surroundings): Extension => [
  boundAt(),
  marks(compare),
  common,
  named("Text", "body-editor"),
  placeholder("Write…"),
  EditorView.scrollMargins.of(() => ({ top: 24, bottom: 72 })),
  keymap.of([
    {
      key: "ArrowUp",
      run: (view) => {
        const { main } = view.state.selection;
        const first = view.coordsAtPos(0)?.top === view.coordsAtPos(main.head)?.top;
        return main.empty && first && (toTitle(), true);
      },
    },
    {
      key: "Tab",
      run: (view) =>
        /^\s*([-*+]|\d+[.)])\s/.test(view.state.doc.lineAt(view.state.selection.main.head).text) && indentMore(view),
      shift: indentLess,
    },
  ]),
  markdown,
  usual,
  EditorView.domEventHandlers({
    mousedown(event, view) {
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
      if (at === null || event.button !== 0) return false;
      if ((event.target as HTMLElement).closest(".md-task")) return toggleTask(view, at);
      const url = event.ctrlKey || event.metaKey ? linkAt(view, at) : null;
      if (url !== null) openLink(url);
      return url !== null;
    },
  }),
];
