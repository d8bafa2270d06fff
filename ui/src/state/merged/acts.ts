// What can be done where two sides changed the same passages, and how it is said.
import type { MergedChoice } from "../../gen/MergedChoice";
import type { MergedMark } from "../../gen/MergedMark";
import type { MergedSide } from "../../gen/MergedSide";
import type { App } from "../app.svelte";

const list = (names: string[]): string =>
  names.length < 3 ? names.join(" and ") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/** Who wrote a side: "This device", "Maria's laptop". */
export function sideName({ here, devices }: MergedSide): string {
  if (here) return list(["This device", ...devices]);
  return devices.length > 0 ? list(devices) : "Another app";
}

/** "this device's", "Maria's laptop's". */
export const whose = (side: MergedSide): string => `${sideName(side).replace(/^(?=This |Another )./, lower)}'s`;

const lower = (letter: string): string => letter.toLowerCase();
const place = (side: MergedSide): string =>
  side.here && side.devices.length === 0
    ? "here"
    : `on ${side.here ? list(["this device", ...side.devices]) : sideName(side)}`;

/** "Edited here and on Maria's laptop at the same time. Both are kept." */
export function metWords({ mine, theirs }: MergedMark): string {
  const [one, other] = [place(mine), place(theirs)];
  const where = one === other ? "in two places" : `${one} and ${other}`.replace("on Another app", "in another app");
  return `Edited ${where} at the same time. Both are kept.`;
}

const said = (mark: MergedMark | undefined, choice: MergedChoice): string => {
  if (mark === undefined || choice === "keepBoth") return "Kept both.";
  if (choice === "done") return "Settled.";
  return `Took ${whose(mark[choice])}.`;
};

/** Settles a mark, or all of the note in view, on all devices. */
export async function settle(app: App, mark: MergedMark | undefined, choice: MergedChoice): Promise<void> {
  const noteId = app.note.row?.id;
  if (noteId === undefined) return;
  await app.note.flush();
  const key = mark?.key ?? null;
  if (!(await app.attempt(app.host.call("settle_merged", { noteId, key, choice })))) return;
  const undo = (): void => void app.attempt(app.host.call("undo_settle", { noteId }));
  app.toasts.show(said(mark, choice), { key: noteId, action: { label: "Undo", run: undo } });
}

/** A text in three parts: what both have at the beginning, what only `text` has, what both have at the end. */
export function changedPart(base: string, text: string): [string, string, string] {
  const words = (whole: string): string[] => whole.match(/[\p{L}\p{N}\p{M}]+|[^\p{L}\p{N}\p{M}]/gu) ?? [];
  const [a, b] = [words(base), words(text)];
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return [b.slice(0, start), b.slice(start, b.length - end), b.slice(b.length - end)].map((part) => part.join("")) as [
    string,
    string,
    string,
  ];
}
