// Leaving the program, with what was typed kept.
import type { App } from "../app.svelte";
import { notes, waiting } from "../words";

/** Quits, after a question when something is unsent. */
export async function quit(app: App): Promise<void> {
  if (!(await keepTyped(app))) return; // a message says why the note stays open, and with it the window
  const answer = await app.attempt(app.host.call("quit", { force: false }));
  if (!answer || answer.unsent === 0) return;
  app.overlay.ask({
    title: `Quit with ${notes(answer.unsent)} unsent?`,
    text: `Everything is safe on this device's disk.${waiting({ ...app.status, ...answer }, "next time")}`,
    verb: "Quit",
    danger: false,
    run: () => void app.attempt(app.host.call("quit", { force: true })),
  });
}

/** The page is going, and can't be kept from it: what was typed leaves at once, what is refused is kept if there is time. */
export function lastWords(app: App): void {
  app.note.flushNow();
  void keepTyped(app);
}

/** Answers whether what was typed is kept: in its note, or in one of its own where it is refused. */
async function keepTyped({ note }: App): Promise<boolean> {
  if (await note.flush()) return true;
  await note.select(null); // no note is left before its text is kept
  return note.noteId === null;
}
