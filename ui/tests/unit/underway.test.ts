// Changes on their way: what the engine says meanwhile, and what it said before, doesn't undo them on the screen.
import { expect, it } from "vitest";
import type { NoteRow } from "../../src/gen/NoteRow";
import type { View } from "../../src/gen/View";
import { Underway, leaves } from "../../src/state/acts/underway";

const row = (id: string, starred = false): NoteRow =>
  ({ id, starred, archived: false, tags: [] }) as unknown as NoteRow;
const ALL: View = { kind: "all" };
const shown = (rows: NoteRow[]): string[] => rows.map(({ id, starred }) => (starred ? `${id}*` : id));

/** An answer that comes when it is told to. */
function later(): { answer: Promise<void>; come: (error?: Error) => void } {
  let come: (error?: Error) => void = () => undefined;
  const answer = new Promise<void>((took, refused) => {
    come = (error) => (error ? refused(error) : took());
  });
  return { answer, come };
}

it("a change is shown until the engine has answered, and not longer", async () => {
  const [underway, { answer, come }] = [new Underway(), later()];
  const over = underway.during("a", { kind: "starred", value: true }, () => answer);
  expect(underway.seen(row("a")).starred).toBe(true);
  expect(underway.seen(row("b")).starred).toBe(false);
  come();
  await over;
  expect(underway.seen(row("a")).starred).toBe(false);
});

it("a change is shown before it is asked for, so that what is on its way already goes first", async () => {
  const underway = new Underway();
  const seen = await underway.during("a", { kind: "starred", value: true }, () =>
    Promise.resolve(underway.seen(row("a"))),
  );
  expect(seen.starred).toBe(true);
});

it("a refused change is shown no longer", async () => {
  const [underway, { answer, come }] = [new Underway(), later()];
  const over = underway.during("a", { kind: "starred", value: true }, () => answer);
  come(new Error("no"));
  await expect(over).rejects.toThrow("no");
  expect(underway.seen(row("a")).starred).toBe(false);
});

it("the later of two changes wins, whichever is answered first", async () => {
  const [underway, first, second] = [new Underway(), later(), later()];
  const on = underway.during("a", { kind: "starred", value: true }, () => first.answer);
  const off = underway.during("a", { kind: "starred", value: false }, () => second.answer);
  first.come();
  await on;
  expect(underway.seen(row("a", true)).starred).toBe(false);
  second.come();
  await off;
});

it("a list that was asked for before the answer and comes after it has neither the old value nor what was put away", async () => {
  const [underway, star, archive] = [new Underway(), later(), later()];
  const changes = [
    underway.during("a", { kind: "starred", value: true }, () => star.answer),
    underway.during("b", { kind: "archived", value: true }, () => archive.answer),
    underway.during("c", "gone", () => archive.answer),
  ];
  const asked = underway.now;
  star.come();
  archive.come();
  await Promise.all(changes);
  const rows = ["a", "b", "c", "d"].map((id) => row(id));
  expect(shown(underway.listed(ALL, rows, asked))).toEqual(["a*", "d"]);
  expect(shown(underway.listed(ALL, rows, underway.now))).toEqual(["a", "b", "c", "d"]);
});

it("a note leaves the lists it is no longer part of, and no others", () => {
  const lists: [View, Parameters<typeof leaves>[1], boolean][] = [
    [ALL, { kind: "archived", value: true }, true],
    [{ kind: "archived" }, { kind: "archived", value: true }, false],
    [{ kind: "archived" }, { kind: "archived", value: false }, true],
    [{ kind: "starred" }, { kind: "starred", value: false }, true],
    [ALL, { kind: "starred", value: false }, false],
    [{ kind: "folder", folderId: "f" }, { kind: "folder", folderId: "g" }, true],
    [{ kind: "unfiled" }, { kind: "folder", folderId: null }, false],
    [{ kind: "tag", tag: "t" }, { kind: "removeTag", tag: "t" }, true],
    [{ kind: "tag", tag: "t" }, { kind: "removeTag", tag: "u" }, false],
    [ALL, "gone", true],
    [{ kind: "trash" }, "restored", true],
    [ALL, "restored", false],
  ];
  for (const [view, to, left] of lists) expect(leaves(view, to), JSON.stringify([view, to])).toBe(left);
});
