// The versions of a note: looking at them, going back, taking that back.
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { choose, hook, openText, quiet, withWindow } from "./window";

const rows = (page: Page): Promise<string[]> =>
  page.locator(`${hook("version")} span`).evaluateAll((all) => all.map((row) => row.textContent.trim()));

async function openHistory(page: Page, title: string): Promise<void> {
  await choose(page, title);
  await page.keyboard.press("Control+Shift+h");
  await page.waitForSelector(hook("version-body"));
}

/** Goes to a version by keys, and waits until it is shown. */
async function down(page: Page, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await page.keyboard.press("ArrowDown");
  await quiet(page);
}

it("opens from the menu and by key, moves by arrows, and Escape closes it with the focus where it was", () =>
  withWindow("", async (page) => {
    await choose(page, "Spring in");
    await page.click(hook("note-menu"));
    await page.click(`${hook("menu")} >> text=Earlier versions`);
    await page.waitForSelector(hook("version-body"));
    await page.keyboard.press("Escape");
    await page.waitForSelector(hook("history"), { state: "detached" });
    await page.click(hook("body-editor"));
    await page.keyboard.press("Control+Shift+h");
    await page.waitForSelector(hook("version-body"));
    expect(await page.getAttribute(`${hook("version")} >> nth=0`, "aria-selected")).toBe("true");
    expect((await rows(page)).slice(0, 4)).toEqual([
      "This device",
      "Maria's laptop",
      "This device, restored",
      "This device",
    ]);
    expect(await rows(page)).toContain("Merged, on this device");
    await down(page, 3);
    expect(await page.locator(`${hook("version")} >> nth=3`).getAttribute("aria-selected")).toBe("true");
    expect(await page.textContent(hook("version-moment"))).toContain(", ");
    expect(await page.locator(`${hook("version-body")} del`).count()).toBeGreaterThan(0);
    await page.keyboard.press("Escape");
    await page.waitForSelector(hook("history"), { state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-test"))).toBe("body-editor");
  }));

it("shows what changed, what is different now, or the text alone", () =>
  withWindow("", async (page) => {
    await openHistory(page, "Spring in");
    await down(page, 1);
    expect(await page.locator(`${hook("version-body")} ins`).count()).toBeGreaterThan(0);
    await page.click('[data-option="now"]');
    await page.waitForSelector(`${hook("version-body")} del:has-text("A new washer")`);
    await page.click('[data-option="text"]');
    await page.waitForSelector(`${hook("version-body")} del`, { state: "detached" });
    expect(await page.locator(`${hook("version-body")} ins`).count()).toBe(0);
    expect(await page.textContent(hook("version-body"))).toContain("9 °C");
  }));

it("restores a version into the open editor, and Undo in the message takes that back", () =>
  withWindow("", async (page) => {
    await openHistory(page, "Spring in");
    const before = await openText(page);
    expect(await page.isDisabled(hook("restore-version"))).toBe(true);
    await down(page, 3);
    await page.click(hook("restore-version"));
    await page.waitForSelector(hook("history"), { state: "detached" });
    await page.waitForFunction(
      () => document.querySelector('[data-test="body-editor"]')?.textContent === "To sow: ask Ada.",
    );
    expect(await openText(page)).toBe("To sow: ask Ada.\n");
    await page.click(`${hook("toast")} >> text=Undo`);
    await page.waitForFunction(() =>
      document.querySelector('[data-test="body-editor"]')?.textContent?.includes("washer"),
    );
    expect(await openText(page)).toBe(before);
  }));

it("goes on with what is written meanwhile, here and elsewhere", () =>
  withWindow("", async (page) => {
    await choose(page, "Bread that works");
    await page.click(hook("body-editor"));
    await page.keyboard.type("typed just now ");
    await page.keyboard.press("Control+Shift+h");
    await page.waitForSelector(hook("version-body"));
    expect(await page.textContent(hook("version-body"))).toContain("typed just now");
    const count = (await rows(page)).length;
    await page.evaluate(() =>
      window.stetMemory?.mariaEdits([...window.stetMemory.network.joined][0] ?? "", {
        from: 0,
        to: 0,
        insert: "hers ",
      }),
    );
    await page.waitForFunction(
      (wanted) => document.querySelectorAll('[data-test="version"]').length === wanted,
      count + 1,
    );
    expect((await rows(page))[0]).toBe("Maria's laptop");
    await page.waitForSelector(`${hook("version-body")} ins:has-text("hers")`);
  }));

it("a new note says that nothing was written yet, and one in the trash is read, not restored", () =>
  withWindow("", async (page) => {
    await page.keyboard.press("Control+n");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-test") === "title-editor");
    await page.keyboard.press("Control+Shift+h");
    await page.waitForSelector(`${hook("history")} >> text=Nothing was written yet.`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+5");
    await page.waitForSelector(`${hook("note-row")}:has-text("Draft that")`);
    await openHistory(page, "Draft that");
    expect(await page.isDisabled(hook("restore-version"))).toBe(true);
    expect(await page.textContent(hook("restore-version"))).toBe("In the trash");
  }));

it("reads a long list as one goes down it", () =>
  withWindow("", async (page) => {
    await choose(page, "Bread that works");
    await page.evaluate(() => {
      const host = window.stetMemory;
      const note = host?.library.note([...host.network.joined][0] ?? "");
      if (!host || !note) throw new Error("no note");
      const now = note.updatedAt;
      for (let n = 1; n <= 250; n++) {
        note.updatedAt = now + n * 660_000;
        note.body = `Version ${n}`;
        host.histories.wrote(note, { kind: "here" });
      }
    });
    await page.keyboard.press("Control+Shift+h");
    await page.waitForSelector(hook("version-body"));
    expect((await rows(page)).length).toBeLessThan(200);
    for (let pages = 0; pages < 3; pages++) {
      await page.keyboard.press("End");
      await quiet(page);
    }
    expect((await rows(page)).length).toBe(251);
    await page.waitForFunction(() =>
      document.querySelector('[data-test="version-body"]')?.textContent?.startsWith("500 g"),
    );
  }));

it("a version that can't be read says so with a way on, and nothing of another one is copied or restored", () =>
  withWindow("", async (page) => {
    await openHistory(page, "Spring in");
    await page.evaluate(() => {
      const host = window.stetMemory;
      if (!host) throw new Error("no memory host");
      const call = host.call.bind(host);
      host.call = (command: never, args: never) => {
        if (command !== "get_version") return call(command, args);
        host.call = call;
        return Promise.reject(Object.assign(new Error("The file with your notes is locked."), { code: "storage" }));
      };
    });
    await page.keyboard.press("ArrowDown");
    await page.waitForSelector(`${hook("version-failure")}:has-text("is locked")`);
    expect(await page.isVisible(hook("version-body"))).toBe(false);
    expect(await page.isDisabled('button:has-text("Copy text")')).toBe(true);
    expect(await page.isDisabled(hook("restore-version"))).toBe(true);
    await page.click(`${hook("version-failure")} button:has-text("Try again")`);
    await page.waitForSelector(`${hook("version-body")} ins`);
    expect(await page.isEnabled(hook("restore-version"))).toBe(true);
  }));

it("a message over an open sheet can be read, heard and clicked, and stays when the sheet is closed", () =>
  withWindow("", async (page) => {
    await openHistory(page, "Spring in");
    const region = page.locator(`${hook("history")} [aria-label="Messages"]`);
    expect(await region.count()).toBe(1); // there before the message is, or nobody announces it
    await page.click(`${hook("history")} button:has-text("Copy text")`);
    await region.locator(`${hook("toast")}:has-text("Copied.")`).waitFor();
    await page.evaluate(() =>
      window.stetMemory?.emit("error", { code: "refused", message: "The server refused it.", noteId: null }),
    );
    await region.locator('[role="alert"]:has-text("The server refused it.")').waitFor();
    await page.click(`${hook("toast")}:has-text("Copied.") [aria-label="Close the message"]`);
    await page.waitForSelector(`${hook("toast")}:has-text("Copied.")`, { state: "detached" });
    await page.keyboard.press("Escape");
    await page.waitForSelector(hook("history"), { state: "detached" });
    await page.click(`${hook("toast")}:has-text("The server refused it.") [aria-label="Close the message"]`);
    await page.waitForSelector(hook("toast"), { state: "detached" });
  }));

it("a note shown from a message over an open sheet can be seen", () =>
  withWindow("", async (page) => {
    await openHistory(page, "Spring in");
    await page.evaluate(() => {
      const host = window.stetMemory;
      const bread = [...(host?.library.notes.values() ?? [])].find(({ title }) => title.startsWith("Bread"));
      host?.emit("error", { code: "refused", message: "Too large.", noteId: bread?.id ?? null });
    });
    await page.click(`${hook("toast")}:has-text("Too large.") >> text=Show`);
    await page.waitForSelector(hook("history"), { state: "detached" });
    await page.waitForFunction(() =>
      document.querySelector('[data-test="title-editor"]')?.textContent?.startsWith("Bread"),
    );
  }));
