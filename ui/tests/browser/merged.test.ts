// A note that two devices edited in the same lines: marked in the list and beside the text, settled in two clicks.
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { choose, hook, withWindow } from "./window";

const TITLE = "Bread that works";
const ROW = `${hook("note-row")}:has-text("${TITLE}")`;
const MET = {
  mine: "Mine, the oven at 240.",
  theirs: "Theirs, the oven at 250.",
  together: "Mine, Theirs, the oven at 240 250.",
};

/** Opens the note and lets both sides meet in its first line. Answers with that line as it was. */
async function meet(page: Page): Promise<string> {
  await choose(page, TITLE);
  const base = await page.evaluate(
    ([title, met]) => {
      const host = window.stetMemory;
      const note = [...(host?.library.notes.values() ?? [])].find((one) => one.title === title);
      const base = note?.body.split("\n")[0] ?? "";
      host?.mariaMeets(note?.id ?? "", { base, ...met });
      return base;
    },
    [TITLE, MET] as const,
  );
  await page.waitForSelector(`${hook("body-editor")} .merged-line`);
  return base;
}

const firstLine = (page: Page): Promise<string> =>
  page
    .locator(`${hook("body-editor")} .cm-line`)
    .first()
    .innerText();

it("marks it in the list, over the text and beside the passage", () =>
  withWindow("", async (page) => {
    await meet(page);
    await page.waitForSelector(`${ROW} ${hook("note-merged")}`);
    expect(await page.innerText(`${ROW} .marks`)).toContain("Edited in two places.");
    expect(await page.innerText(hook("merged-banner"))).toContain(
      "Edited here and on Maria's laptop at the same time. Both are kept.",
    );
    expect(await page.locator(".merged-line").count()).toBe(1);
    expect(await firstLine(page)).toContain(MET.together);
  }));

it.each([
  ["Use this device's", MET.mine],
  ["Use Maria's laptop's", MET.theirs],
  ["Keep both", MET.together],
  ["Done", MET.together],
])("shows what stood there and both sides, and two clicks settle it: %s", (button, line) =>
  withWindow("", async (page) => {
    const base = await meet(page);
    await page.click(hook("compare"));
    const panel = await page.innerText(hook("merged-panel"));
    for (const words of [base, MET.mine, MET.theirs, "Before", "This device", "Maria's laptop"])
      expect(panel).toContain(words);
    await page.click(`${hook("merged-panel")} button:has-text("${button}")`);
    await page.waitForSelector(".merged-line", { state: "detached" });
    await page.waitForSelector(hook("merged-banner"), { state: "detached" });
    await page.waitForSelector(`${ROW} ${hook("note-merged")}`, { state: "detached" });
    await expect.poll(() => firstLine(page)).toBe(line);
    await page.click('button:has-text("Undo")');
    await page.waitForSelector(".merged-line");
    await expect.poll(() => firstLine(page)).toContain(MET.together);
  }),
);

it("stays editable, and its mark moves with the text", () =>
  withWindow("", async (page) => {
    await meet(page);
    await page.click(hook("body-editor"));
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("A new line\n");
    await expect.poll(() => page.locator(".merged-line").allInnerTexts()).toEqual([expect.stringContaining("Mine")]);
    await page.keyboard.press("End");
    await page.keyboard.type(" and more\nbelow");
    await expect
      .poll(() => page.locator(".merged-line").allInnerTexts())
      .toEqual([expect.stringContaining("and more")]);
    expect(await firstLine(page)).toBe("A new line");
  }));

it("is reached by the keyboard alone, and Esc steps back into the text", () =>
  withWindow("", async (page) => {
    await meet(page);
    await page.click(hook("body-editor"));
    await page.keyboard.press("Control+Alt+M");
    await page.waitForSelector(hook("merged-panel"));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("Use this device's");
    await page.keyboard.press("Escape");
    await page.waitForSelector(hook("merged-panel"), { state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-test"))).toBe("body-editor");
  }));

it("the sign beside the passage opens the comparison, and another note has none of it", () =>
  withWindow("", async (page) => {
    await meet(page);
    await page.click(".merged-sign");
    await page.waitForSelector(hook("merged-panel"));
    const other = await page
      .locator(`${hook("note-row")} .words`)
      .last()
      .innerText();
    await choose(page, other);
    await page.waitForSelector(hook("merged-panel"), { state: "detached" });
    expect(await page.locator(".merged-line").count()).toBe(0);
    await choose(page, TITLE);
    await page.waitForSelector(".merged-line");
  }));
