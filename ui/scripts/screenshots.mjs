// Pictures of the interface with the memory host, for judging how it looks: `npm run screenshots [-- name…]`.
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { createServer } from "vite";

const wide = { width: 1280, height: 800 };
const open = (name) => async (page) => {
  await page.click(`[data-test="${name}"]`);
};
const choose = (title) => async (page) => {
  await page.click(`[data-test="note-row"]:has-text("${title}")`);
  await page.waitForTimeout(150);
};
const ask = (decision) => async (page) => {
  await page.evaluate((asked) => window.stetMemory.network.ask(asked), decision);
  await page.waitForSelector('[data-test="decision"]');
};

const history = (down, look) => async (page) => {
  await choose("Spring in")(page);
  await page.keyboard.press("Control+Shift+H");
  await page.waitForSelector('[data-test="version-body"]');
  for (let i = 0; i < down; i++) await page.keyboard.press("ArrowDown");
  if (look) await page.click(`[data-option="${look}"]`);
  await page.waitForTimeout(200);
};

/** name: [query, size, dark, what to do first] */
const SHOTS = {
  light: ["", wide, false, choose("Spring in")],
  dark: ["", wide, true, choose("Spring in")],
  code: ["", wide, false, choose("Lantern:")],
  "code-dark": ["", wide, true, choose("Lantern:")],
  900: ["", { width: 900, height: 700 }, false, null],
  drawer: ["", { width: 880, height: 700 }, false, async (page) => page.click('[aria-label="Show the sidebar"]')],
  "600-list": ["", { width: 600, height: 760 }, false, null],
  "600-note": ["", { width: 600, height: 760 }, true, choose("Spring in")],
  offline: [
    "?mode=offline",
    wide,
    false,
    async (page) => {
      await choose("Spring in")(page);
      await page.keyboard.press("Enter");
      await page.keyboard.type("Written on the train. ");
      await page.waitForTimeout(400);
      await open("pill")(page);
    },
  ],
  popover: ["", wide, true, open("pill")],
  local: ["?mode=local", wide, false, open("pill")],
  failing: ["?mode=failing", wide, false, null],
  decision: ["", wide, false, ask({ kind: "otherStore" })],
  removals: ["", wide, true, ask({ kind: "removals", notes: 34, device: "Kitchen tablet" })],
  empty: ["?empty", wide, false, null],
  long: ["", wide, false, choose("Lisbon")],
  search: [
    "",
    wide,
    false,
    async (page) => {
      await page.fill('[data-test="search"]', "bea");
      await page.waitForTimeout(150);
    },
  ],
  nothing: [
    "",
    wide,
    true,
    async (page) => {
      await page.fill('[data-test="search"]', "zeppelin");
      await page.waitForTimeout(150);
    },
  ],
  full: [
    "?disk=full",
    wide,
    false,
    async (page) => {
      await choose("Bread")(page);
      await page.keyboard.press("Enter");
      await page.keyboard.type("More ");
      await page.waitForTimeout(300);
    },
  ],
  help: ["", wide, false, async (page) => page.keyboard.press("Control+/")],
  settings: ["", wide, true, async (page) => page.keyboard.press("Control+,")],
  menu: ["", wide, false, async (page) => page.click('[data-test="note-row"]:has-text("Bread")', { button: "right" })],
  move: ["", wide, false, async (page) => page.keyboard.press("Control+Shift+M")],
  history: ["", wide, false, history(1)],
  "history-dark": ["", wide, true, history(3)],
  "history-now": ["", wide, false, history(4, "now")],
  "history-now-dark": ["", wide, true, history(7, "now")],
  "history-600": ["", { width: 600, height: 760 }, false, history(3, "text")],
  "history-empty": [
    "",
    wide,
    false,
    async (page) => {
      await page.keyboard.press("Control+N");
      await page.waitForTimeout(200);
      await page.keyboard.press("Control+Shift+H");
      await page.waitForTimeout(200);
    },
  ],
  toast: [
    "",
    wide,
    false,
    async (page) => {
      await choose("Spring in")(page);
      await page.evaluate(() => window.stetMemory.mariaEdits([...window.stetMemory.network.joined][0]));
      await page.waitForTimeout(300);
    },
  ],
  trash: [
    "",
    wide,
    true,
    async (page) => {
      await page.keyboard.press("Control+5");
      await page.waitForTimeout(100);
      await page.click('[data-test="note-row"]');
      await page.waitForTimeout(200);
    },
  ],
  "unsent-empty": ["", wide, false, async (page) => page.keyboard.press("Control+6")],
  "unsent-one": ["?mode=offline&stranded=one", wide, false, async (page) => page.keyboard.press("Control+6")],
  "unsent-some": ["?stranded=some", wide, false, async (page) => page.keyboard.press("Control+6")],
  "unsent-some-dark": ["?stranded=some", wide, true, async (page) => page.keyboard.press("Control+6")],
  "unsent-many-dark": [
    "?mode=offline&stranded=many&notes=400",
    { width: 900, height: 700 },
    true,
    async (page) => page.keyboard.press("Control+6"),
  ],
  "unsent-600": [
    "?stranded=some",
    { width: 600, height: 760 },
    false,
    async (page) => page.keyboard.press("Control+6"),
  ],
  "deleted-elsewhere": ["?stranded=some", wide, false, choose("Books")],
  "deleted-elsewhere-dark": ["?stranded=some", wide, true, choose("Books")],
  outlived: [
    "",
    wide,
    false,
    async (page) => {
      await choose("Bread")(page);
      await page.evaluate(() => window.stetMemory.mariaKeeps([...window.stetMemory.network.joined][0]));
      await page.waitForTimeout(300);
    },
  ],
  "full-note": [
    "?limit=820",
    wide,
    true,
    async (page) => {
      await choose("Spring in")(page);
      await page.waitForTimeout(300);
    },
  ],
  question: [
    "",
    wide,
    false,
    async (page) => {
      await page.keyboard.press("Control+5");
      await page.waitForTimeout(100);
      await page.keyboard.press("Control+Alt+E");
      await page.waitForTimeout(100);
    },
  ],
};

const wanted = process.argv.slice(2);
const server = await createServer({ mode: "memory", logLevel: "error", server: { port: 5199 } });
await server.listen();
const base = server.resolvedUrls.local[0];
const browser = await chromium.launch({
  executablePath: process.env.STET_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
mkdirSync("shots", { recursive: true });
for (const [name, [query, viewport, dark, act]] of Object.entries(SHOTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const page = await browser.newPage({ viewport, colorScheme: dark ? "dark" : "light", deviceScaleFactor: 1.5 });
  page.on("pageerror", (error) => console.error(name, error.message));
  page.on("console", (message) => message.type() === "error" && console.error(name, message.text()));
  await page.goto(`${base}${query}${query === "" ? "?" : "&"}bare`);
  await page.waitForSelector('[data-test="pill"]');
  await page.waitForTimeout(500);
  if (act) await act(page);
  await page.waitForTimeout(200);
  await page.screenshot({ path: `shots/${name}.png` });
  await page.close();
}
await browser.close();
await server.close();
