// What only people can decide: it is asked once, can be put off, and what was decided is carried out.
import { expect, it } from "vitest";
import type { Decision } from "../../src/gen/Decision";
import { hook, titles, withWindow } from "./window";

const REMOVALS: Decision = { kind: "removals", notes: 34, device: "Kitchen tablet" };
const OTHER_STORE: Decision = { kind: "otherStore" };
const ask = (decision: Decision): void => window.stetMemory?.network.ask(decision);

it("asks what to do with many removals at once, and goes on when that is decided", () =>
  withWindow("mode=online", async (page) => {
    await page.evaluate(ask, REMOVALS);
    const dialog = page.locator(hook("decision"));
    await dialog.waitFor();
    expect(await dialog.textContent()).toContain("34 notes were removed at once");
    expect(await dialog.textContent()).toContain("Kitchen tablet");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Decide later");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.waitForSelector(`${hook("pill")}:has-text("wait for you")`);
    await page.click('footer button:has-text("Decide")');
    await page.click('button[aria-label="Keep them"]');
    await dialog.waitFor({ state: "detached" });
    await page.waitForSelector(':text("notes.sqlite.kept-1")');
    await page.waitForSelector(`${hook("pill")}:has-text("Synced")`);
  }));

it("another database can be taken as it is, and an open question isn't asked twice", () =>
  withWindow("mode=online", async (page) => {
    expect((await titles(page)).length).toBeGreaterThan(0);
    await page.evaluate(ask, OTHER_STORE);
    const dialog = page.locator(hook("decision"));
    await dialog.waitFor();
    await page.click('button[aria-label="Decide later"]');
    await page.evaluate(() => window.stetMemory?.network.reconnect());
    await page.waitForSelector(`${hook("pill")}:has-text("Syncing waits for you")`);
    expect(await dialog.count()).toBe(0);
    await page.keyboard.press("Control+Shift+O");
    await page.keyboard.press("Escape");
    await page.click('footer button:has-text("Decide")');
    await page.click(`button[aria-label="Take the server's notes"]`);
    await dialog.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.querySelector('[data-test="note-row"]') === null);
  }));
