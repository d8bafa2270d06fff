// Colours can be read: AAA for text, AA for everything else that says something, in light and dark.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("../../src/style/tokens.css", import.meta.url), "utf8");
const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");
const colours = (part: string): Record<string, string> =>
  Object.fromEntries(
    [...part.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]),
  );

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["surface", "surface-list", "surface-sunken", "surface-raised", "selected", "code-surface", "added"];

describe.each([
  ["light", colours(light)],
  ["dark", { ...colours(light), ...colours(dark) }],
])("%s", (_name, colour) => {
  it.each(GROUNDS)("text on %s is AAA, and the quieter colours are AA", (ground) => {
    const on = (name: string): number => contrast(colour[name] ?? "", colour[ground] ?? "");
    expect(on("text")).toBeGreaterThanOrEqual(7);
    for (const name of ["text-muted", "accent", "danger", "merged"])
      expect({ name, ratio: on(name) >= 4.5 }).toEqual({ name, ratio: true });
  });

  it("text on the accent, on the selection and on the strong selection is AA at least", () => {
    expect(contrast(colour["on-accent"] ?? "", colour.accent ?? "")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colour.text ?? "", colour.selection ?? "")).toBeGreaterThanOrEqual(7);
    expect(contrast(colour["text-muted"] ?? "", colour["selected-strong"] ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  it("the edge of a control stands out 3 to 1", () => {
    expect(contrast(colour["control-line"] ?? "", colour["surface-raised"] ?? "")).toBeGreaterThanOrEqual(3);
  });
});
