// Real keys in real editors, with another device writing in the same note.
import { expect, it } from "vitest";
import { asked, choose, hook, openText, quiet, record, titles, withWindow } from "./window";

it("keeps typed text whole and the caret in place while another device edits every 60 ms", () =>
  withWindow("latency=30", async (page) => {
    await choose(page, "Spring in");
    await page.click(`${hook("body-editor")} .cm-line >> nth=0`);
    await page.keyboard.press("End");
    await page.evaluate(() => {
      const host = window.stetMemory;
      const noteId = [...(host?.network.joined ?? [])][0] ?? "";
      const robot = setInterval(
        () => host?.mariaEdits(noteId, { from: 0, to: 0, insert: Math.random() < 0.3 ? "\n" : "~" }),
        60,
      );
      Object.assign(window, { stopRobot: () => clearInterval(robot) });
    });
    const typed = " The quick brown fox, seventy-seven times, jumps over the lazy dog";
    await page.keyboard.type(typed, { delay: 25 });
    await page.evaluate(() => (window as unknown as { stopRobot: () => void }).stopRobot());
    await expect.poll(() => openText(page)).toContain(typed);
    await quiet(page);
    const engine = await openText(page);
    expect(engine.match(/~/g)?.length ?? 0).toBeGreaterThan(10);
    expect(engine.split(typed)).toHaveLength(2);
    await page.keyboard.type("|");
    await expect.poll(() => openText(page)).toContain(`${typed}|`);
  }));

it("undoes one's own typing only", () =>
  withWindow("", async (page) => {
    await choose(page, "Bread that works");
    const before = await openText(page);
    await page.click(hook("body-editor"));
    await page.keyboard.type("mine ");
    await page.evaluate(() =>
      window.stetMemory?.mariaEdits([...window.stetMemory.network.joined][0] ?? "", {
        from: 0,
        to: 0,
        insert: "hers ",
      }),
    );
    await page.waitForSelector(`${hook("body-editor")} .cm-line:has-text("hers ")`);
    await expect.poll(() => openText(page)).toContain("mine ");
    for (let i = 0; i < 5; i++) await page.keyboard.press("Control+z");
    expect(await page.textContent(hook("body-editor"))).toMatch(/^hers /);
    await expect.poll(() => openText(page)).toBe(`hers ${before}`);
  }));

it("sends a note's last keys before it goes to the trash, however slow the engine is", () =>
  withWindow("latency=300", async (page) => {
    await choose(page, "Bread that works");
    const noteId = await page.evaluate(async () => {
      const host = window.stetMemory;
      const note = [...(host?.library.notes.values() ?? [])].find(({ title }) => title.startsWith("Bread that works"));
      if (!host || !note) throw new Error("no such note");
      while (!host.network.joined.has(note.id)) await new Promise((done) => setTimeout(done));
      return note.id;
    });
    await record(page);
    await page.click(hook("body-editor"));
    await page.keyboard.type("last words", { delay: 30 });
    await page.keyboard.press("Control+Shift+Backspace");
    await page.waitForFunction(() => (window as unknown as { asked: string[] }).asked.includes("trash_note"));
    const commands = await asked(page);
    expect(commands.lastIndexOf("edit_note")).toBeLessThan(commands.indexOf("trash_note"));
    const body = await page.evaluate((id) => window.stetMemory?.library.note(id).body, noteId);
    expect(body).toContain("last words");
  }));

it("goes from the title into the text with Enter, and pastes lines into a title as one", () =>
  withWindow("", async (page) => {
    await page.keyboard.press("Control+n");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-test") === "title-editor");
    await page.keyboard.insertText("One\nline");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Text");
    expect(await page.textContent(hook("title-editor"))).toBe("One line");
    await expect.poll(() => openText(page)).toBe("Text");
    await expect.poll(() => titles(page)).toContain("One line");
    expect(await page.textContent(`${hook("note-row")} .words`)).toContain("Welcome"); // pinned stays first
  }));

it("never lets a foreign line end in", () =>
  withWindow("", async (page) => {
    await page.keyboard.press("Control+n");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-test") === "title-editor");
    await page.keyboard.press("Enter");
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData("text/plain", "a\r\nb\rc");
      document.activeElement?.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
      );
    });
    await expect.poll(() => openText(page)).toBe("a\nb\nc");
  }));

it("tells of an edit of another device in the note in view, once and where, and of none of one's own", () =>
  withWindow("", async (page) => {
    await choose(page, "Spring in");
    await page.click(hook("body-editor"));
    await page.keyboard.type("own ");
    await expect.poll(() => openText(page)).toContain("own ");
    await quiet(page);
    expect(await page.locator(hook("toast")).count()).toBe(0);
    for (let i = 0; i < 4; i++) {
      await page.evaluate(() =>
        window.stetMemory?.mariaEdits([...window.stetMemory.network.joined][0] ?? "", {
          from: 90,
          to: 90,
          insert: "x",
        }),
      );
    }
    await page.waitForSelector(hook("toast"));
    expect(await page.locator(hook("toast")).allTextContents()).toHaveLength(1);
    expect(await page.textContent(hook("toast"))).toMatch(/^Maria's laptop changed the \w+ paragraph\./);
  }));

it("a full disk says so, keeps the text, and holds on to the note until it is saved", () =>
  withWindow("disk=full", async (page) => {
    await choose(page, "Bread that works");
    await page.click(hook("body-editor"));
    await page.keyboard.type("kept ");
    await page.waitForSelector(hook("banner"));
    expect(await page.textContent(hook("pill"))).toContain("isn't saved");
    await page.click(`${hook("note-row")}:has-text("Spring in")`);
    await page.waitForSelector(hook("toast"));
    expect(await page.textContent(hook("title-editor"))).toBe("Bread that works");
    await page.evaluate(() => window.stetMemory && (window.stetMemory.diskFull = false));
    await page.waitForSelector(hook("banner"), { state: "detached" });
    expect(await openText(page)).toContain("kept ");
  }));

it("a note removed elsewhere while something is unsent leaves that in a note of its own", () =>
  withWindow("disk=full", async (page) => {
    await choose(page, "Bread that works");
    await page.click(hook("body-editor"));
    await page.keyboard.type("unsent ");
    await page.waitForSelector(hook("banner"));
    await page.evaluate(() => {
      const host = window.stetMemory;
      if (!host) return;
      host.diskFull = false;
      host.mariaTrashes([...host.network.joined][0] ?? "", true);
    });
    await page.waitForSelector(`${hook("note-row")}:has-text("Recovered: Bread that works")`);
    await choose(page, "Recovered:");
    expect(await page.textContent(hook("body-editor"))).toContain("unsent ");
  }));
