// What can be given the focus by name. Views say how; keys and actions say when.
import type { Layout, PaneName } from "./layout.svelte";

type Place = PaneName | "search" | "tag";
const PANES: readonly PaneName[] = ["sidebar", "list", "note"];

/** The places of the window that take the focus. */
export class Places {
  readonly #known = new Map<Place, () => void>();
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** A view says how it takes the focus; answers with what ends that. */
  register(name: Place, focus: () => void): () => void {
    this.#known.set(name, focus);
    return () => void this.#known.delete(name);
  }

  /** Gives the focus, once what was just shown is there. */
  focus(name: Place): void {
    requestAnimationFrame(() => this.#known.get(name)?.());
  }

  /** Goes round the panes in view. */
  next(by: 1 | -1): void {
    const one = this.#layout.width === "narrow";
    const here = PANES.find((name) => document.activeElement?.closest(`[data-pane="${name}"]`)) ?? "note";
    const shown = PANES.filter((name) => one || this.#layout[name]);
    const next = shown.at((shown.indexOf(here) + by) % shown.length) ?? "note";
    if (one) this.#layout.show(next);
    this.focus(next);
  }
}
