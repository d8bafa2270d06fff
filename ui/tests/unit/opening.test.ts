// A note read ahead of its editors: what comes meanwhile isn't lost, and what isn't shown is closed.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { NotePane } from "../../src/editor/pane";
import type { NoteUpdates } from "../../src/gen/NoteUpdates";
import type { Host } from "../../src/host/host";
import { OpenNote } from "../../src/state/note.svelte";

beforeEach(() => vi.stubGlobal("localStorage", { setItem: () => undefined, getItem: () => null }));
afterEach(() => vi.unstubAllGlobals());

const calls: [string, unknown][] = [];

function opened(noteId: string): unknown {
  const text = (name: string): unknown => ({ session: `${noteId} ${name}`, revision: 0, text: "" });
  return { row: { id: noteId, trashed: false }, title: text("title"), body: text("body") };
}

function note(): OpenNote {
  calls.length = 0;
  const call = (command: string, args: { noteId: string }): Promise<unknown> => {
    calls.push([command, args]);
    return Promise.resolve(command === "open_note" ? opened(args.noteId) : {});
  };
  const unexpected = (thrown: unknown): never => {
    throw thrown;
  };
  return new OpenNote({ call } as unknown as Host, {
    seen: (row) => row,
    failed: unexpected,
    recovered: unexpected,
    stuck: unexpected,
  });
}

function pane(): { pane: NotePane; heard: NoteUpdates[] } {
  const heard: NoteUpdates[] = [];
  let shown = false;
  const fake = {
    show: () => (shown = true),
    clear: () => undefined,
    focus: () => undefined,
    flush: () => Promise.resolve(true),
    sessions: [],
    receive: (updates: NoteUpdates) => shown && heard.push(updates), // without a note there is nobody to hear
  };
  return { pane: fake as unknown as NotePane, heard };
}

const news = (from: number): NoteUpdates => ({ session: "a body", from, updates: [] });

it("what is told of a note read ahead reaches its editors, however late they are", async () => {
  const open = note();
  await open.prefetch("a");
  open.receive(news(0));
  const { pane: editors, heard } = pane();
  open.attach(editors);
  await open.attached;
  open.receive(news(1)); // attached, and the note isn't chosen yet
  await open.select("a");
  expect(heard).toEqual([news(0), news(1)]);
  heard.length = 0;
  open.receive(news(2));
  expect(heard).toEqual([news(2)]);
  expect(calls.filter(([command]) => command === "open_note")).toHaveLength(1);
});

it("of more than can be kept the newest are, so that the editor sees the hole", async () => {
  const open = note();
  await open.prefetch("a");
  for (let from = 0; from < 2_000; from++) open.receive(news(from));
  const { pane: editors, heard } = pane();
  open.attach(editors);
  await open.select("a");
  expect(heard.at(-1)?.from).toBe(1_999);
  expect(heard.length).toBeLessThan(2_000);
});

it.each(["another note", "none"])("a note read ahead is closed when %s is shown", async (shown) => {
  const open = note();
  await open.prefetch("a");
  open.attach(pane().pane);
  if (shown === "none") open.forgetPrefetched();
  else await open.select("b");
  await vi.waitFor(() => expect(calls).toContainEqual(["close_note", { sessions: ["a title", "a body"] }]));
});
