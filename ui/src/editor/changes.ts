// Changes as they cross the boundary, and as CodeMirror knows them. Offsets are UTF-16 code units on both sides.
import { ChangeSet, Text } from "@codemirror/state";
import type { Replace } from "../gen/Replace";

/** The only line separator there is: anything else would count differently in the engine. */
export const LINE = "\n";

/** A text from the engine as CodeMirror keeps it. */
export const textOf = (text: string): Text => Text.of(text.split(LINE));

/** Stands for a revision that others have left nothing of: it counts, and changes nothing. */
const NOTHING: Replace = { from: 0, to: 0, insert: "" };

/** One revision, for the engine. */
export function toReplaces(changes: ChangeSet): Replace[] {
  const out: Replace[] = [];
  changes.iterChanges((from, to, _fromB, _toB, insert) => {
    out.push({ from, to, insert: insert.sliceString(0, insert.length, LINE) });
  });
  return out.length > 0 ? out : [NOTHING];
}

/** One revision, from the engine. Throws a RangeError when it doesn't fit the length. */
export const toChanges = (replaces: Replace[], length: number): ChangeSet => ChangeSet.of(replaces, length, LINE);

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

/** The change from one text to another with everything equal at both ends left alone. */
export function difference(before: Text, after: Text): ChangeSet {
  const [a, b] = [before.sliceString(0, before.length, LINE), after.sliceString(0, after.length, LINE)];
  if (a === b) return ChangeSet.empty(a.length);
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a.charCodeAt(start) === b.charCodeAt(start)) start++;
  if (start > 0 && (isLowSurrogate(a.charCodeAt(start)) || isLowSurrogate(b.charCodeAt(start)))) start--;
  let end = 0;
  while (end < shorter - start && a.charCodeAt(a.length - 1 - end) === b.charCodeAt(b.length - 1 - end)) end++;
  if (end > 0 && isLowSurrogate(a.charCodeAt(a.length - end))) end--;
  return toChanges([{ from: start, to: a.length - end, insert: b.slice(start, b.length - end) }], a.length);
}

/** Text as the engine takes it: lines end in `\n` only, no half characters. */
export const wellFormed = (text: string): string => text.replace(/\r\n?/g, LINE).toWellFormed();
