// The status bar and its popover, panes by width, and that keys reach everything.
import { expect, it } from "vitest";
import type { HelpTopic } from "../../src/gen/HelpTopic";
import { choose, frames, hook, quiet, withWindow } from "./window";

it.each([
  ["online", "Synced"],
  ["offline", "Offline."],
  ["signing-in", "Connected, signing in…"],
  ["signed-out", "Signed out."],
  ["failing", "Can't reach the server."],
  ["catching-up", "Catching up: 1,240 of 4,812, about 2 minutes left"],
  ["local", "On this device only"],
])("says where syncing stands: %s", (mode, words) =>
  withWindow(`mode=${mode}`, async (page) => {
    expect(await page.textContent(hook("pill"))).toContain(words);
  }),
);

it("says how many notes wait while offline, and sends them when the network is back", () =>
  withWindow("mode=offline", async (page) => {
    await choose(page, "Bread that works");
    await page.click(hook("body-editor"));
    await page.keyboard.type("offline ");
    await page.waitForSelector(`${hook("pill")}:has-text("1 note will be sent when you're back")`);
    expect(await page.getAttribute(`[data-pane="note"] ${hook("note-dots")} svg`, "data-dots")).toBe(
      "filled ring ring",
    );
    await page.evaluate(() => window.stetMemory?.network.setMode("online"));
    await page.waitForSelector(`${hook("pill")}:has-text("Synced")`);
    await page.waitForSelector(`[data-pane="note"] ${hook("note-dots")} svg[data-dots="filled filled filled"]`);
  }));

it("never says synced while something is unsent", () =>
  withWindow("mode=slow", async (page) => {
    await choose(page, "Bread that works");
    await page.click(hook("body-editor"));
    await page.keyboard.type("x");
    await page.waitForSelector(`${hook("pill")}:has-text("Sending 1 note")`);
    expect(await page.getAttribute(hook("pill"), "data-synced")).toBe("false");
  }));

it("the popover answers the two questions and gives the focus back", () =>
  withWindow("mode=offline", async (page) => {
    await page.focus(hook("pill"));
    await page.keyboard.press("Enter");
    const text = await page.textContent(hook("popover"));
    for (const words of [
      "Is it safe to quit?",
      "Do I have my other devices' edits?",
      "Maria's laptop",
      "Followed live",
      "Reconnect",
      "Dismiss",
      "Record details",
      "Copy diagnostics",
      "Pause",
    ]) {
      expect(text).toContain(words);
    }
    await page.click(`${hook("popover")} button:has-text("Dismiss")`);
    await page.waitForSelector(`${hook("popover")} [role="alert"]`, { state: "detached" });
    await page.keyboard.press("Escape");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-test"))).toBe("pill");
  }));

it("what stops syncing can't be dismissed before it is over: it is the reason for what the pill says", () =>
  withWindow("mode=signed-out", async (page) => {
    await page.click(hook("pill"));
    const alert = page.locator(`${hook("popover")} [role="alert"]`);
    await alert.locator('button:has-text("Reconnect")').waitFor();
    expect(await alert.locator('button:has-text("Dismiss")').count()).toBe(0);
  }));

it("the popover says verified while everything is sent, and when that was found", () =>
  withWindow("mode=online", async (page) => {
    const said = (name: string) => page.textContent(`${hook("popover")} dt:text-is("${name}") + dd`);
    await page.click(hook("pill"));
    expect(await said("Verified")).toMatch(/^identical at \d\d:\d\d, place 4,812$/);
    await page.keyboard.press("Escape");
    await page.evaluate(() => window.stetMemory?.network.setMode("offline"));
    await page.click(hook("body-editor"));
    await page.keyboard.type("x");
    await page.waitForSelector(`${hook("pill")}:has-text("1 note will be sent")`);
    await page.click(hook("pill"));
    expect(await said("Last compared")).toMatch(/^identical at \d\d:\d\d, place 4,812$/);
    expect(await page.textContent(hook("popover"))).not.toContain("Verified");
  }));

it("a local library can be given a server", () =>
  withWindow("mode=local", async (page) => {
    await page.click(hook("pill"));
    await page.click('button:has-text("Connect to a server")');
    await page.keyboard.type("wss://home.example.org");
    await page.keyboard.press("Enter");
    await page.waitForSelector(`${hook("pill")}:has-text("Synced")`);
  }));

it("the settings name the number of tries by what is said after them", () =>
  withWindow("", async (page) => {
    await page.keyboard.press("Control+,");
    const tries = page.locator(hook("settings")).getByLabel("Say “Can't reach the server” after");
    expect(await tries.inputValue()).toBe("10");
    await tries.fill("3");
    await tries.press("Tab");
    await expect.poll(() => page.evaluate(() => window.stetMemory?.settings.maxAttempts)).toBe(3);
  }));

it("shows one pane at a time in a narrow window, with a way back", () =>
  withWindow(
    "",
    async (page) => {
      expect(await page.locator('[data-pane="note"]').isVisible()).toBe(false);
      await page.click(`${hook("note-row")}:has-text("Spring in")`);
      expect(await page.locator('[data-pane="list"]').count()).toBe(0);
      await page.click('[aria-label="Back to the list"]');
      await page.click('[aria-label="Places"]');
      expect(await page.locator(hook("sidebar")).isVisible()).toBe(true);
    },
    { width: 600, height: 700 },
  ));

it("hides the sidebar at 900 px and brings it as a drawer that Esc closes", () =>
  withWindow(
    "",
    async (page) => {
      expect(await page.locator(hook("sidebar")).count()).toBe(0);
      await page.keyboard.press("Control+\\");
      await page.waitForSelector(hook("sidebar"));
      await page.keyboard.press("Escape");
      await page.waitForSelector(hook("sidebar"), { state: "detached" });
    },
    { width: 900, height: 700 },
  ));

it("every action has a key, and no key has two actions", () =>
  withWindow("", async (page) => {
    await page.click(hook("body-editor"));
    const text = await page.textContent(hook("body-editor"));
    await page.keyboard.press("Control+/");
    await page.waitForSelector(hook("help"));
    expect(await page.textContent(hook("body-editor"))).toBe(text); // the editor has no other use for that key
    expect(await page.locator(`${hook("help")} .line`).count()).toBeGreaterThan(35);
    await page.keyboard.press("Escape");
    await page.waitForSelector(hook("help"), { state: "detached" });
    const keys: string[][] = await page.evaluate(
      "import('/src/state/acts/actions.ts').then(({ ACTIONS }) => ACTIONS.map(({ keys }) => keys))",
    );
    expect(keys.every((own) => own.length > 0)).toBe(true);
    expect(new Set(keys.flat()).size).toBe(keys.flat().length);
  }));

it("F6 goes round the panes and the focus is never lost", () =>
  withWindow("", async (page) => {
    const pane = () => page.evaluate(() => document.activeElement?.closest("[data-pane]")?.getAttribute("data-pane"));
    await page.click(hook("body-editor"));
    for (const next of ["sidebar", "list", "note"]) {
      await page.keyboard.press("F6");
      await expect.poll(pane).toBe(next);
    }
  }));

it("nothing moves while nothing happens", () =>
  withWindow("", async (page) => {
    await quiet(page);
    await page.evaluate(() => {
      const stirred = { changes: 0 };
      const observer = new MutationObserver((all) => (stirred.changes += all.length));
      observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      Object.assign(window, { stirred });
    });
    await frames(page, 120);
    const stirred = await page.evaluate(
      () => (window as unknown as { stirred: { changes: number } }).stirred.changes + document.getAnimations().length,
    );
    expect(stirred).toBe(0);
  }));

it("what can be done about an error is one click away, at its place in the page", () =>
  withWindow("mode=failing", async (page) => {
    await page.click(hook("pill"));
    await page.click(`${hook("popover")} button:has-text("What can I do?")`);
    const heading = page.locator(`${hook("troubleshooting")} h3.meant`);
    await heading.waitFor();
    expect(await heading.textContent()).toBe("The certificate isn't accepted");
    const box = await page.locator(hook("troubleshooting")).boundingBox();
    const at = await heading.boundingBox();
    expect(at && box && at.y - box.y).toBeLessThan(60);
    expect(await page.textContent(hook("troubleshooting"))).toContain("only from 01 Jan 2030");
    expect(await page.locator(`${hook("troubleshooting")} a`).count()).toBe(0);
    await page.keyboard.press("Escape");
    await page.waitForSelector(hook("troubleshooting"), { state: "detached" });
  }));

it("every place the app may point to is in the page", () =>
  withWindow("mode=online", async (page) => {
    await page.click(hook("pill"));
    await page.click(`${hook("popover")} button:has-text("Troubleshooting")`);
    await page.waitForSelector(`${hook("troubleshooting")} h1`);
    const topics: Record<HelpTopic, true> = {
      "nothing-answers": true,
      "something-else-answers": true,
      "the-certificate-isnt-accepted": true,
      "a-proxy-is-in-the-way": true,
      "signing-in-fails": true,
      "notes-dont-arrive": true,
      "it-reconnects-again-and-again": true,
    };
    for (const topic of Object.keys(topics))
      expect(await page.locator(`${hook("troubleshooting")} #${topic}`).count()).toBe(1);
  }));
