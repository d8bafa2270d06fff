// The host inside the desktop app. The only file that knows Tauri.
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { EventMap } from "./commands";
import { HostError, type Host } from "./host";

/** Whether this page runs inside the desktop app. */
export const insideTauri = (): boolean => "__TAURI_INTERNALS__" in globalThis;

/** The engine behind Tauri's commands and events. */
export const tauriHost: Host = {
  call: (command, args) =>
    invoke<never>(command, { args }).catch((thrown: unknown) => {
      throw HostError.from(thrown);
    }),
  listen(event, handler) {
    const listening = listen<EventMap[typeof event]>(event, (e) => handler(e.payload));
    return () => void listening.then((stop) => stop());
  },
};
