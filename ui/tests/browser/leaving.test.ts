// Leaving the program while the open note's text is refused: the words come along, or the program stays.
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { asked, choose, hook, record, withWindow } from "./window";

/** What is kept of the refused text in notes of its own. */
const recovered = (page: Page): Promise<string> =>
  page.evaluate(() =>
    [...(window.stetMemory?.library.notes.values() ?? [])]
      .filter(({ title }) => title.startsWith("Recovered: Spring"))
      .map(({ body }) => body)
      .join(""),
  );

async function overfill(page: Page): Promise<void> {
  await choose(page, "Spring in");
  await page.click(hook("body-editor"));
  await page.keyboard.insertText("PASTED ".repeat(100));
}

it("quitting keeps what a full note refuses in a note of its own first, once, however often one quits", () =>
  withWindow("limit=820&mode=offline", async (page) => {
    await overfill(page);
    await page.waitForSelector(`${hook("banner")}:has-text("This change can't be saved.")`);
    await record(page);
    await page.keyboard.press("Control+q");
    await page.waitForSelector(`${hook("question")}:has-text("unsent?")`);
    const commands = await asked(page);
    expect(commands.lastIndexOf("create_note")).toBeLessThan(commands.indexOf("quit"));
    expect((await recovered(page)).split("PASTED")).toHaveLength(101);
    await page.keyboard.press("Escape");
    await page.waitForSelector(`${hook("toast")}:has-text("kept in a note of its own")`);
    await page.keyboard.press("Control+q");
    await page.waitForSelector(hook("question"));
    expect((await recovered(page)).split("PASTED")).toHaveLength(101);
  }));

it("quitting is off, with the reason, while what was typed can be kept nowhere", () =>
  withWindow("disk=full", async (page) => {
    await choose(page, "Bread that works");
    await page.click(hook("body-editor"));
    await page.keyboard.type("kept ");
    await page.waitForSelector(hook("banner"));
    await record(page);
    await page.keyboard.press("Control+q");
    await page.waitForSelector(`${hook("toast")}:has-text("This note stays open: The disk is full")`);
    expect(await page.textContent(hook("body-editor"))).toContain("kept ");
    expect(await asked(page)).not.toContain("quit");
  }));

it.each(["is told", "is not told yet"])("a page that goes keeps what a full note refuses, where that %s", (told) =>
  withWindow("limit=820", async (page) => {
    await overfill(page);
    if (told === "is told") await page.waitForSelector(hook("banner"));
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
    await expect.poll(async () => (await recovered(page)).split("PASTED").length - 1).toBe(100);
  }),
);

it("the question before quitting promises only what can be sent", () =>
  withWindow("stranded=some&mode=offline", async (page) => {
    await page.keyboard.press("Control+q");
    await page.waitForSelector(`${hook("question")}:has-text("Quit with 5 notes unsent?")`);
    const text = await page.textContent(`${hook("question")} p`);
    expect(text).toBe("Everything is safe on this device's disk. 1 note will be sent next time. 4 notes need you.");
  }));
