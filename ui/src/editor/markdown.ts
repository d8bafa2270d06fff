// Markdown as one writes it: marks stay where they are, muted; headings, quotes, code and lists are set in place.
import { deleteMarkupBackward, insertNewlineContinueMarkup, markdownLanguage } from "@codemirror/lang-markdown";
import { HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { RangeSetBuilder, type Extension } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { Decoration, ViewPlugin, keymap, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";
import { hangingLists } from "./hang";

const style = HighlightStyle.define([
  { tag: t.heading, class: "md-heading" },
  { tag: t.strong, class: "md-strong" },
  { tag: t.emphasis, class: "md-emphasis" },
  { tag: t.strikethrough, class: "md-strike" },
  { tag: t.monospace, class: "md-code" },
  { tag: t.link, class: "md-link" },
  { tag: t.url, class: "md-url" },
  { tag: [t.processingInstruction, t.contentSeparator, t.labelName, t.string], class: "md-mark" },
  { tag: t.atom, class: "md-task" },
]);

/** Lines that are set apart, by the name of the block they are in. */
const LINES: Record<string, string> = {
  ATXHeading1: "md-h1 md-hang-1",
  SetextHeading1: "md-h1",
  ATXHeading2: "md-h2 md-hang-2",
  SetextHeading2: "md-h2",
  ATXHeading3: "md-h3 md-hang-3",
  ATXHeading4: "md-h3",
  ATXHeading5: "md-h3",
  ATXHeading6: "md-h3",
  Blockquote: "md-quote",
  FencedCode: "md-block",
  CodeBlock: "md-block",
  Table: "md-table",
  HorizontalRule: "md-rule",
};

function lineClasses(view: EditorView): DecorationSet {
  const classes = new Map<number, Set<string>>();
  const { doc } = view.state;
  const mark = (at: number, name: string): void => void classes.set(at, (classes.get(at) ?? new Set()).add(name));
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from,
      to,
      enter(node) {
        if (node.name === "TaskMarker" && /x/i.test(doc.sliceString(node.from, node.to)))
          mark(doc.lineAt(node.from).from, "md-done");
        const name = LINES[node.name];
        if (name === undefined) return;
        const [first, last] = [doc.lineAt(Math.max(node.from, from)), doc.lineAt(Math.min(node.to, to))];
        for (let n = first.number; n <= last.number; n++) mark(doc.line(n).from, name);
        if (node.name === "FencedCode") {
          mark(doc.lineAt(node.from).from, "md-block-first");
          mark(doc.lineAt(node.to).from, "md-block-last");
        }
      },
    });
  }
  const builder = new RangeSetBuilder<Decoration>();
  for (const at of [...classes.keys()].sort((a, b) => a - b)) {
    builder.add(at, at, Decoration.line({ class: [...(classes.get(at) ?? [])].join(" ") }));
  }
  return builder.finish();
}

const lines = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = lineClasses(view);
    }

    update(update: ViewUpdate): void {
      const parsed = syntaxTree(update.startState) !== syntaxTree(update.state);
      if (update.docChanged || update.viewportChanged || parsed) this.decorations = lineClasses(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

/** Puts a mark around every selection, or takes it away. */
const wrap =
  (mark: string) =>
  (view: EditorView): boolean => {
    const { state } = view;
    if (state.readOnly) return false;
    const width = mark.length;
    const changed = state.changeByRange((range) => {
      const [before, after] = [
        state.sliceDoc(range.from - width, range.from),
        state.sliceDoc(range.to, range.to + width),
      ];
      if (before === mark && after === mark) {
        const changes = [
          { from: range.from - width, to: range.from },
          { from: range.to, to: range.to + width },
        ];
        return { changes, range: range.extend(range.from - width, range.to - width) };
      }
      const changes = [
        { from: range.from, insert: mark },
        { from: range.to, insert: mark },
      ];
      return { changes, range: range.extend(range.from + width, range.to + width) };
    });
    view.dispatch(state.update(changed, { userEvent: "input.format", scrollIntoView: true }));
    return true;
  };

/** The address of the link at a place, or `null`. */
export function linkAt(view: EditorView, at: number): string | null {
  for (let node = syntaxTree(view.state).resolveInner(at, 1); ;) {
    if (node.name === "URL") return view.state.sliceDoc(node.from, node.to);
    const url = node.name === "Link" ? node.getChild("URL") : null;
    if (url) return view.state.sliceDoc(url.from, url.to);
    if (!node.parent) return null;
    node = node.parent;
  }
}

/** Ticks or unticks the task whose box is at a place. */
export function toggleTask(view: EditorView, at: number): boolean {
  const node = syntaxTree(view.state).resolveInner(at, 1);
  if (node.name !== "TaskMarker" || view.state.readOnly) return false;
  const done = /x/i.test(view.state.sliceDoc(node.from, node.to));
  view.dispatch({
    changes: { from: node.from + 1, to: node.from + 2, insert: done ? " " : "x" },
    userEvent: "input.task",
  });
  return true;
}

/** Everything that makes an editor a Markdown editor. */
export const markdown: Extension = [
  markdownLanguage,
  syntaxHighlighting(style),
  lines,
  hangingLists,
  keymap.of([
    { key: "Enter", run: insertNewlineContinueMarkup },
    { key: "Backspace", run: deleteMarkupBackward },
    { key: "Mod-b", run: wrap("**") },
    { key: "Mod-i", run: wrap("*") },
    { key: "Mod-Alt-c", run: wrap("`") },
  ]),
];
