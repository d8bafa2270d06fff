// Leaving the program.
import type { App } from "../app.svelte";
import { notes } from "../words";

/** Quits, after a question when something is unsent. */
export async function quit(app: App): Promise<void> {
  await app.note.flush();
  const answer = await app.attempt(app.host.call("quit", { force: false }));
  if (!answer || answer.unsent === 0) return;
  app.overlay.ask({
    title: `Quit with ${notes(answer.unsent)} unsent?`,
    text: "They are safe on this device's disk and will be sent next time.",
    verb: "Quit",
    danger: false,
    run: () => void app.attempt(app.host.call("quit", { force: true })),
  });
}
