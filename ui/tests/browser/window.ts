// A window of the app in Chromium, on the memory host.
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, inject } from "vitest";

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.connect(inject("browser"));
});
afterAll(() => browser.close());

/** Opens a window and hands it to the test; fails on any error of the page's own. */
export async function withWindow(
  query: string,
  test: (page: Page) => Promise<void>,
  size = { width: 1280, height: 800 },
): Promise<void> {
  const page = await browser.newPage({ viewport: size });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  try {
    await page.goto(`${inject("page")}?bare&${query}`);
    await page.waitForSelector('[data-test="pill"]');
    await page.waitForFunction(
      () =>
        performance.getEntriesByName("caret").length > 0 || document.querySelector('[data-test="note-row"]') === null,
    );
    await test(page);
    if (errors.length > 0) throw new Error(errors.join("\n"));
  } finally {
    await page.close();
  }
}

/** Finds something by its hook. */
export const hook = (name: string): string => `[data-test="${name}"]`;

/** Opens a note by its title. */
export async function choose(page: Page, title: string): Promise<void> {
  await page.click(`${hook("note-row")}:has-text("${title}")`);
  await page.waitForFunction(
    (wanted) => document.querySelector('[data-test="title-editor"]')?.textContent?.startsWith(wanted),
    title,
  );
}

/** What the engine has as the body of the note in view. */
export const openText = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const host = window.stetMemory;
    return host?.library.note([...host.network.joined][0] ?? "").body ?? "";
  });

/** Waits until nothing is on its way in the engine, the network or another device, and the page shows what came of it. */
export async function quiet(page: Page): Promise<void> {
  await page.waitForFunction(() => window.stetMemory?.counts().timers === 0);
  await frames(page, 2);
}

/** Waits until the page was painted so many times. */
export const frames = (page: Page, count: number): Promise<void> =>
  page.evaluate(async (times) => {
    for (let i = 0; i < times; i++) await new Promise((done) => requestAnimationFrame(done));
  }, count);

/** The titles in the list, from the top. */
export const titles = (page: Page): Promise<string[]> => page.locator(`${hook("note-row")} .words`).allTextContents();

/** Writes down the commands from now on. */
export const record = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const host = window.stetMemory;
    if (!host) throw new Error("no memory host");
    const asked: string[] = [];
    const call = host.call.bind(host);
    host.call = (command: never, args: never) => {
      asked.push(command);
      return call(command, args);
    };
    Object.assign(window, { asked });
  });

/** What was asked of the engine since then. */
export const asked = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { asked: string[] }).asked);
