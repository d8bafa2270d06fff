// How it is said that two sides met, and which part of a wording is new.
import { expect, it } from "vitest";
import type { MergedSide } from "../../src/gen/MergedSide";
import { changedPart, metWords, sideName, whose } from "../../src/state/merged/acts";

const side = (here: boolean, ...devices: string[]): MergedSide => ({ here, devices, at: null });
const met = (mine: MergedSide, theirs: MergedSide): string => metWords({ key: "k", mine, theirs, passages: [] });

it("says where both sides were written", () => {
  expect(met(side(true), side(false, "Phone"))).toBe("Edited here and on Phone at the same time. Both are kept.");
  expect(met(side(false, "Desk"), side(false, "Phone", "Pad"))).toBe(
    "Edited on Desk and on Phone and Pad at the same time. Both are kept.",
  );
  expect(met(side(true), side(false))).toBe("Edited here and in another app at the same time. Both are kept.");
  expect(met(side(true), side(true))).toBe("Edited in two places at the same time. Both are kept.");
  expect([side(true), side(false, "A", "B", "C"), side(false)].map(sideName)).toEqual([
    "This device",
    "A, B and C",
    "Another app",
  ]);
  expect([side(true), side(false, "Thisbe"), side(false)].map(whose)).toEqual([
    "this device's",
    "Thisbe's",
    "another app's",
  ]);
});

it("tells the changed words, never half a word or half a character", () => {
  expect(changedPart("feed the dog", "feed the old dog")).toEqual(["feed the ", "old ", "dog"]);
  expect(changedPart("milk", "milky 👩‍👩‍👧")).toEqual(["", "milky 👩‍👩‍👧", ""]);
  expect(changedPart("same", "same")).toEqual(["same", "", ""]);
  expect(changedPart("gone", "")).toEqual(["", "", ""]);
  expect(changedPart("a a", "a a a").join("")).toBe("a a a");
});
