// The host inside the desktop app. The only file that knows Tauri.
import { invoke } from "@tauri-apps/api/core";
import type { EventMap, ShellEvent, ShellMap } from "./commands";
import { HostError, type Handler, type Host } from "./host";

/** Before asking again for events when the app gave no answer, which it always should. */
const PAUSE_MS = 1_000;

/** Whether this page runs inside the desktop app. */
export const insideTauri = (): boolean => "__TAURI_INTERNALS__" in globalThis;

const handlers = new Map<keyof EventMap, Set<Handler<never>>>();
let asking = false;

/** Asks for the next events for as long as there is a page. Asking again says that the ones before are handled. */
async function ask(): Promise<never> {
  for (;;) {
    try {
      const { events, lost } = await invoke<ShellMap["next_events"][1]>("next_events", { args: {} });
      if (lost) location.reload();
      events.forEach(handle);
    } catch (thrown) {
      reportError(thrown);
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
  }
}

function handle({ event, payload }: ShellEvent): void {
  if (event === "leave") {
    dispatchEvent(new PageTransitionEvent("pagehide"));
    return;
  }
  for (const handler of handlers.get(event) ?? []) {
    try {
      handler(payload as never);
    } catch (thrown) {
      reportError(thrown); // one that fails keeps no event from the others
    }
  }
}

/** The engine behind Tauri's commands. */
export const tauriHost: Host = {
  call: (command, args) =>
    invoke<never>(command, { args }).catch((thrown: unknown) => {
      throw HostError.from(thrown);
    }),
  listen(event, handler) {
    const listening = handlers.get(event) ?? new Set();
    handlers.set(event, listening.add(handler));
    if (!asking) {
      asking = true;
      void ask();
    }
    return () => void listening.delete(handler);
  },
};
