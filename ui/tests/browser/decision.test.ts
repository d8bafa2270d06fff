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
    expect(await dialog.locator('li:has-text("Put both together")').textContent()).toContain("for good comes back");
    await page.click(`button[aria-label="Take the server's notes"]`);
    await dialog.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.querySelector('[data-test="note-row"]') === null);
  }));

it.each(["offline", "paused"])(
  "a question stays beside the pill and in the details while %s, with all else that can be done",
  (how) =>
    withWindow("mode=online", async (page) => {
      await page.evaluate(ask, REMOVALS);
      await page.click('button[aria-label="Decide later"]');
      if (how === "offline") await page.evaluate(() => window.stetMemory?.network.setMode("offline"));
      else await page.keyboard.press("Control+Alt+p");
      const first = how === "offline" ? "Reconnect" : "Resume";
      await page.waitForSelector(`footer button:has-text("${first}")`);
      expect(await page.locator('footer button:has-text("Decide…")').count()).toBe(1);
      await page.click(hook("pill"));
      const details = page.locator(hook("popover"));
      expect(await details.textContent()).toContain("34 notes were removed at once.");
      for (const verb of how === "offline" ? ["Reconnect", "What can I do?", "Dismiss"] : ["Resume"])
        expect(await details.locator(`button:has-text("${verb}") >> visible=true`).count()).toBeGreaterThan(0);
      await details.locator('button:has-text("Decide…")').click();
      await page.waitForSelector(hook("decision"));
    }),
);

it("the question about the log is asked once in the details, in the words of what happened", () =>
  withWindow("mode=online", async (page) => {
    await page.evaluate(ask, OTHER_STORE);
    await page.click('button[aria-label="Decide later"]');
    await page.evaluate(() => {
      const host = window.stetMemory;
      const error = { code: "diverged-log" as const, message: "Another database. Syncing is stopped.", noteId: null };
      if (host) host.emit("status", { ...host.network.status(), state: "error", error });
    });
    await page.click(hook("pill"));
    const alerts = page.locator(`${hook("popover")} [role="alert"]`);
    await expect.poll(() => alerts.allTextContents()).toEqual(["Another database. Syncing is stopped. Decide…"]);
  }));

it("a decision that fails says so where it was made, and can be made again", () =>
  withWindow("mode=online", async (page) => {
    await page.evaluate(ask, REMOVALS);
    const dialog = page.locator(hook("decision"));
    await dialog.waitFor();
    await page.evaluate(() => {
      const host = window.stetMemory;
      if (!host) throw new Error("no memory host");
      const call = host.call.bind(host);
      host.call = (command: never, args: never) => {
        if (command !== "decide") return call(command, args);
        host.call = call;
        return Promise.reject(
          Object.assign(new Error("No copy of the notes can be made: the disk is full."), { code: "storage" }),
        );
      };
    });
    await page.click('button[aria-label="Keep them"]');
    await dialog.locator('[role="alert"]:has-text("the disk is full")').waitFor();
    expect(await page.locator(hook("toast")).count()).toBe(0);
    await page.click('button[aria-label="Keep them"]');
    await dialog.waitFor({ state: "detached" });
    await page.waitForSelector(`${hook("toast")}:has-text("notes.sqlite.kept-1")`);
  }));
