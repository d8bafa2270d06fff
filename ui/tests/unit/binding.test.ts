// The editor's binding against an engine whose answers come late, out of order, or not as hoped. Seeds are in the names.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HostError } from "../../src/host/host";
import { Editor, Engine, seeded } from "./world";

const START = "First paragraph.\n\nSecond paragraph.\n\nThird paragraph.";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function quiet(...editors: Editor[]): Promise<void> {
  for (let i = 0; i < 400 && (i < 5 || editors.some((editor) => editor.binding.unsent)); i++)
    await vi.advanceTimersByTimeAsync(100);
}

/** Two people and a third device on one text, typing at once. */
async function together(seed: number): Promise<{ engine: Engine; editors: Editor[]; typed: string[]; jumps: number }> {
  const random = seeded(seed);
  const engine = new Engine(START, random, 5 + random() * 120);
  const editors = [new Editor(engine), new Editor(engine)];
  const typed = ["", ""];
  let jumps = 0;
  editors.forEach((editor, i) => {
    editor.caret(i === 0 ? 16 : 35);
    editor.onRemote.push((before, after) => {
      const [a, b] = [before.selection.main.head, after.selection.main.head];
      const width = typed[i]?.length ?? 0;
      if (before.sliceDoc(a - width, a) !== after.sliceDoc(b - width, b)) jumps++;
    });
  });
  for (let step = 0; step < 120; step++) {
    editors.forEach((editor, i) => {
      if (random() < 0.6) {
        const key = String.fromCodePoint((i === 0 ? 0x61 : 0x41) + (step % 26)) + (random() < 0.05 ? "😀" : "");
        editor.type(key);
        typed[i] = (typed[i] ?? "") + key;
      }
    });
    if (random() < 0.3) {
      const at = random() < 0.5 ? 0 : engine.text.value.length;
      engine.remote(at, at, random() < 0.3 ? "\n" : "~");
    }
    await vi.advanceTimersByTimeAsync(random() * 60);
  }
  await quiet(...editors);
  return { engine, editors, typed, jumps };
}

describe("two editors and another device on one text", () => {
  it.each(Array.from({ length: 60 }, (_, i) => i + 1))(
    "keep every key and every caret in place, seed %i",
    async (seed) => {
      const { engine, editors, typed, jumps } = await together(seed);
      for (const [i, editor] of editors.entries()) {
        expect(editor.text).toBe(engine.text.value);
        expect(editor.text.split(typed[i] ?? "?")).toHaveLength(2); // whole, and once
      }
      expect(jumps).toBe(0);
    },
  );

  it("are really late now and then, or the test above shows nothing", async () => {
    const { engine } = await together(7);
    expect(engine.stale).toBeGreaterThan(5);
  });

  it.each([3, 14, 15])("undo takes back one's own edits only, seed %i", async (seed) => {
    const random = seeded(seed);
    const engine = new Engine(START, random, 60);
    const [one, two] = [new Editor(engine), new Editor(engine)];
    one.caret(16);
    two.caret(0);
    for (let i = 0; i < 20; i++) {
      one.type("x");
      two.type("y");
      engine.remote(engine.text.value.length, engine.text.value.length, "z");
      await vi.advanceTimersByTimeAsync(40);
    }
    for (let i = 0; i < 40; i++) one.undo();
    await quiet(one, two);
    expect(one.text).toBe(`${"y".repeat(20)}${START}${"z".repeat(20)}`);
    expect([engine.text.value, two.text]).toEqual([one.text, one.text]);
  });
});

describe("when something stands in the way", () => {
  it("an edit whose answer was lost is not doubled", async () => {
    const engine = new Engine(START, seeded(1), 10);
    const editor = new Editor(engine);
    const real = editor.binding;
    const edit = vi.spyOn(engine.text, "edit").mockImplementationOnce((...args) => {
      edit.mockRestore();
      engine.text.edit(...args);
      throw new HostError("internal", "The answer was lost.");
    });
    editor.type("once ");
    await quiet(editor);
    expect(engine.text.value).toBe(`once ${START}`);
    expect(editor.text).toBe(engine.text.value);
    expect(real.trouble).toBeNull();
  });

  it("a batch that was applied in part is neither doubled nor lost", async () => {
    const engine = new Engine(START, seeded(9), 10);
    const editor = new Editor(engine);
    const edit = vi.spyOn(engine.text, "edit").mockImplementationOnce((session, base, updates, applied) => {
      edit.mockRestore();
      engine.text.edit(session, base, updates.slice(0, 1), applied);
      throw new HostError("internal", "It broke off.");
    });
    editor.type("one ");
    editor.type("two ");
    await quiet(editor);
    expect(engine.text.value).toBe(`one two ${START}`);
    expect(editor.text).toBe(engine.text.value);
  });

  it("a change that others left nothing of still counts as a revision", async () => {
    const engine = new Engine("abc", seeded(10), 40);
    const editor = new Editor(engine);
    editor.caret(2);
    editor.backspace();
    engine.remote(1, 2, "");
    await quiet(editor);
    editor.type("x");
    await quiet(editor);
    expect(editor.text).toBe(engine.text.value);
    expect(engine.text.value).toBe("axc");
    expect(editor.troubles).toEqual([]);
  });

  it("a full disk keeps the text waiting and sends it when there is room", async () => {
    const engine = new Engine(START, seeded(2), 10);
    const editor = new Editor(engine);
    const full = (): never => {
      throw new HostError("storage", "The disk is full.");
    };
    engine.faults = [full, full];
    editor.type("kept ");
    await vi.advanceTimersByTimeAsync(200);
    expect(editor.binding.trouble).toEqual({ kind: "waiting", message: "The disk is full." });
    await quiet(editor);
    expect(editor.binding.trouble).toBeNull();
    expect(engine.text.value).toBe(`kept ${START}`);
  });

  it("a session that ended goes on in a new one with what others wrote meanwhile", async () => {
    const engine = new Engine(START, seeded(3), 10);
    const editor = new Editor(engine);
    engine.editors.delete(editor);
    engine.text.sessions.clear();
    engine.remote(0, 5, "1st");
    editor.caret(16);
    editor.type(" Mine.");
    engine.editors.add(editor);
    await quiet(editor);
    expect(engine.text.value).toBe("1st paragraph. Mine.\n\nSecond paragraph.\n\nThird paragraph.");
    expect(editor.text).toBe(engine.text.value);
    editor.type(" More.");
    await quiet(editor);
    expect(engine.text.value).toContain("Mine. More.");
  });

  it("a refused change stays in the editor, is told, and undoing it frees the note", async () => {
    const engine = new Engine(START, seeded(4), 10, 80);
    const editor = new Editor(engine);
    editor.type("x".repeat(100));
    await quiet(editor);
    expect(editor.binding.trouble?.kind).toBe("refused");
    expect(engine.text.value).toBe(START);
    expect(editor.text).toContain("xxx");
    const flushed = editor.binding.flush();
    await vi.advanceTimersByTimeAsync(200);
    expect(await flushed).toBe(false);
    engine.remote(0, 0, "Theirs. ");
    await vi.advanceTimersByTimeAsync(500);
    editor.undo();
    await quiet(editor);
    expect(editor.binding.trouble).toBeNull();
    expect(editor.text).toBe(`Theirs. ${START}`);
    editor.type("Fine. ");
    await quiet(editor);
    expect(engine.text.value).toBe(editor.text);
    expect(engine.text.value).toContain("Fine. ");
  });

  it("foreign changes wait while an input method composes", async () => {
    const engine = new Engine(START, seeded(5), 10);
    const editor = new Editor(engine);
    editor.composing = true;
    editor.caret(16);
    editor.type("に");
    engine.remote(0, 0, "Theirs. ");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(editor.text.startsWith("Theirs")).toBe(false);
    editor.composing = false;
    editor.binding.settled();
    await quiet(editor);
    expect(editor.text).toBe(engine.text.value);
    expect(editor.text).toContain("Theirs. First paragraph.に");
  });

  it("flushing on the way out sends what was typed this very moment, once", async () => {
    const engine = new Engine(START, seeded(6), 40);
    const editor = new Editor(engine);
    editor.type("a");
    await vi.advanceTimersByTimeAsync(30);
    editor.type("b");
    editor.binding.flushNow();
    await quiet(editor);
    expect(engine.text.value).toBe(`ab${START}`);
    expect(editor.text).toBe(engine.text.value);
  });

  it.each([0, 400])("a state keeps none of those before it, with %i ms between two keys", async (ms) => {
    const engine = new Engine(START, seeded(9), 10);
    const editor = new Editor(engine);
    for (let i = 0; i < 50; i++) {
      editor.type("x");
      if (i % 7 === 0) engine.remote(0, 0, "~");
      await vi.advanceTimersByTimeAsync(ms);
    }
    expect(editor.statesKept).toBeLessThan(5);
    await quiet(editor);
    expect(editor.statesKept).toBeLessThan(5);
  });

  it("a stopped binding leaves no timer behind", async () => {
    const engine = new Engine(START, seeded(8), 10);
    const editor = new Editor(engine);
    editor.type("x");
    const flushed = editor.binding.flush();
    await vi.advanceTimersByTimeAsync(200);
    expect(await flushed).toBe(true);
    editor.binding.stop();
    await vi.advanceTimersByTimeAsync(100);
    expect(vi.getTimerCount()).toBe(0);
  });
});
