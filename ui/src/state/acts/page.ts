// The page of what waits takes the place of the list, and where there is room also of the note.
import type { App } from "../app.svelte";

/** Whether that page is what the user turned to. */
export const paged = (app: App): boolean => app.list.view.kind === "unsent";

/** Back from the page to the panes, before something in them is shown. */
export function leavePage(app: App): void {
  if (paged(app) && app.layout.width !== "narrow") app.list.show({ kind: "all" });
}
