// The host inside the desktop app. The only file that knows Tauri.
import { invoke } from "@tauri-apps/api/core";
import { getCurrentWebviewWindow } from "@tauri-apps/api/webviewWindow";
import { HostError, type Host } from "./host";

/** Whether this page runs inside the desktop app. */
export const insideTauri = (): boolean => "__TAURI_INTERNALS__" in globalThis;

/** The engine behind Tauri's commands and events. */
export function tauriHost(): Host {
  const here = getCurrentWebviewWindow();
  return {
    call: (command, args) =>
      invoke<never>(command, { args }).catch((thrown: unknown) => {
        throw HostError.from(thrown);
      }),
    listen(event, handler) {
      const listening = here.listen<Parameters<typeof handler>[0]>(event, (e) => handler(e.payload));
      return () => void listening.then((stop) => stop());
    },
  };
}
