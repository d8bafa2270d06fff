// What waits to be sent, note by note; what was deleted elsewhere; notes that are nearly full.
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { choose, hook, titles, withWindow } from "./window";

const items = (page: Page): Promise<string[]> => page.locator(`${hook("unsent-note")} .title`).allTextContents();
const item = (title: string): string => `${hook("unsent-note")}:has-text("${title}")`;

async function openPage(page: Page): Promise<void> {
  await page.keyboard.press("Control+6");
  await page.waitForSelector(hook("unsent-page"));
}

it("lists each note that waits with since when, how much and why, those that can't go on first", () =>
  withWindow("stranded=some", async (page) => {
    await openPage(page);
    await page.waitForSelector(item("Untitled"));
    expect((await items(page)).at(-1)).toBe("Untitled");
    expect(await page.textContent(`${item("Spring in")} .waits`)).toMatch(/Waiting for 3 h · \d+ bytes to send/);
    expect(await page.textContent(`${item("Spring in")} ${hook("unsent-reason")}`)).toContain("Split it into two");
    expect(await page.locator('[data-pane="note"]').isVisible()).toBe(false);
  }));

it("the details don't call waiting to be sent what can't go on", () =>
  withWindow("stranded=some&mode=offline", async (page) => {
    await page.click(hook("pill"));
    const said = (name: string) => page.textContent(`${hook("popover")} dt:text-is("${name}") + dd`);
    expect([await said("Unsent"), await said("Can't go on")]).toEqual(["5 notes", "4 notes"]);
  }));

it("retries one note, and all of them", () =>
  withWindow("stranded=some", async (page) => {
    await openPage(page);
    await page.click(`${item("Spring in")} button:has-text("Retry")`);
    await page.waitForSelector(item("Spring in"), { state: "detached" });
    await page.click('button:has-text("Retry all")');
    await page.waitForFunction(() => document.querySelectorAll('[data-test="unsent-note"]').length === 1);
    expect(await items(page)).toEqual(["Books I was told to read"]); // that one can't be sent
  }));

it("folders that wait alone can be tried again, too", () =>
  withWindow("mode=offline", async (page) => {
    await page.evaluate(() => {
      const host = window.stetMemory;
      if (!host) throw new Error("no memory host");
      const call = host.call.bind(host);
      const asked: string[] = [];
      host.call = async (command: never, args: never) => {
        asked.push(command);
        const answer = await call(command, args);
        return command === "list_unsent" ? { ...(answer as object), folders: { stopped: null } } : answer;
      };
      Object.assign(window, { asked });
    });
    await openPage(page);
    await page.waitForSelector('text="Changes to your folders wait to be sent."');
    expect(await page.locator('button:has-text("Export all…")').count()).toBe(0);
    await page.click('button:has-text("Retry all")');
    await page.waitForFunction(() => (window as unknown as { asked: string[] }).asked.includes("sync_now"));
  }));

it("restores a note that was deleted elsewhere as a new one", () =>
  withWindow("stranded=some&mode=offline", async (page) => {
    await choose(page, "Books I was told");
    await page.click(`${hook("banner")} button:has-text("Restore as new note")`);
    await page.waitForSelector(hook("banner"), { state: "detached" });
    await page.waitForSelector(`${hook("toast")}:has-text("Restored “Books I was told to read” as a new note.")`);
    expect((await titles(page)).filter((title) => title.startsWith("Books")).length).toBe(1);
    expect(await page.textContent(hook("body-editor"))).toContain("The Living Mountain");
  }));

it("asks before it discards the only copy of a text", () =>
  withWindow("stranded=some", async (page) => {
    await openPage(page);
    await page.click(`${item("Books")} button:has-text("Discard…")`);
    expect(await page.textContent(hook("question"))).toContain("only copy");
    await page.keyboard.press("Escape");
    expect(await items(page)).toContain("Books I was told to read");
    await page.click(`${item("Books")} button:has-text("Discard…")`);
    await page.click(`${hook("question")} button:has-text("Discard")`);
    await page.waitForSelector(item("Books"), { state: "detached" });
  }));

it("exports offline and says where to", () =>
  withWindow("stranded=some&mode=offline", async (page) => {
    await openPage(page);
    await page.click('button:has-text("Export all…")');
    await page.waitForSelector(`${hook("toast")}:has-text("Wrote 5 files to /home/anna/Documents/Stet.")`);
    await page.waitForSelector(`${hook("toast")} button:has-text("Show")`);
    await page.click(`${item("Lisbon")} button:has-text("Export…")`);
    await page.waitForSelector(`${hook("toast")}:has-text("Wrote 1 file to")`);
  }));

it("a title opens its note, Esc goes back to the notes, and more than a page can be read", () =>
  withWindow("stranded=many&mode=offline&notes=120", async (page) => {
    await openPage(page);
    await page.waitForFunction(() => document.querySelectorAll('[data-test="unsent-note"]').length === 50);
    await page.click('button:has-text("Show more of")');
    await page.waitForFunction(() => document.querySelectorAll('[data-test="unsent-note"]').length === 100);
    await page.keyboard.press("Escape");
    await page.waitForSelector(hook("note-list"));
    await openPage(page);
    await page.click(`${item("Lisbon")} .title`);
    await page.waitForFunction(() =>
      document.querySelector('[data-test="title-editor"]')?.textContent?.startsWith("Lisbon"),
    );
    expect(await page.locator('[data-pane="note"]').isVisible()).toBe(true);
  }));

it("says that everything is on the server, or that there is none", () =>
  withWindow("", async (page) => {
    await openPage(page);
    await page.waitForSelector('text="Everything is on the server."');
    await page.evaluate(() => window.stetMemory?.network.setMode("local"));
    await page.waitForSelector('text="Nothing waits."');
  }));

it("a note edited elsewhere after it was put in the trash says why it is still there, until that is settled", () =>
  withWindow("", async (page) => {
    await choose(page, "Bread that works");
    await page.evaluate(() => {
      const memory = window.stetMemory;
      memory?.mariaKeeps([...memory.network.joined][0] ?? "");
    });
    await page.waitForSelector(`${hook("banner")}:has-text("Edited on Maria's laptop after it was put in the trash")`);
    await choose(page, "Spring in");
    await choose(page, "Bread that works");
    await page.click(`${hook("banner")} button:has-text("Keep it")`);
    await page.waitForSelector(hook("banner"), { state: "detached" });
    await choose(page, "Spring in");
    await choose(page, "Bread that works");
    expect(await page.locator(hook("banner")).count()).toBe(0);
  }));

it("a nearly full note says what still fits, a full one refuses, and nothing typed is lost", () =>
  withWindow("limit=820", async (page) => {
    await choose(page, "Spring in");
    await page.waitForSelector(`${hook("room")}:has-text("bytes of text still fit")`);
    await page.click(hook("body-editor"));
    await page.keyboard.press("Control+Home");
    await page.keyboard.insertText(`${"PASTED ".repeat(100)}\n`);
    await page.waitForSelector(`${hook("banner")}:has-text("is full")`);
    expect(await page.textContent(hook("body-editor"))).toContain("PASTED PASTED");
    // Leaving it keeps the text, in as many notes as it needs.
    await choose(page, "Bread that works");
    await page.waitForSelector(`${hook("toast")}:has-text("kept in a note of its own")`);
    const kept: string = await page.evaluate(() =>
      [...(window.stetMemory?.library.notes.values() ?? [])]
        .filter(({ title }) => title.startsWith("Recovered: Spring"))
        .map(({ body }) => body)
        .reverse()
        .join(""),
    );
    expect(kept.split("PASTED").length - 1).toBe(100);
    expect(kept).toContain("Measured on Sunday");
    expect(await page.evaluate(() => window.stetMemory?.library.notes.size)).toBeGreaterThan(13);
  }));

it("a note that can't be opened is told of by its name, with what can be done", () =>
  withWindow("", async (page) => {
    await page.evaluate(() => {
      const host = window.stetMemory;
      if (!host) throw new Error("no memory host");
      const note = [...host.library.notes.values()].find(({ title }) => title.startsWith("Bread that works"));
      const call = host.call.bind(host);
      const message = "This note can't be opened: what is on this device's disk of it can't be read. Update Stet.";
      host.call = (command: never, args: { noteId?: string }) =>
        command === "open_note" && args.noteId === note?.id
          ? Promise.reject(Object.assign(new Error(message), { code: "not-found" }))
          : call(command, args as never);
    });
    await page.click(`${hook("note-row")}:has-text("Bread that works")`);
    await page.waitForSelector(`${hook("toast")}:has-text("“Bread that works” can't be opened: what is on")`);
  }));
