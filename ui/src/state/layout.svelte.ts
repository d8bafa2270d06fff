// Which panes are in view: by the window's width and by the user's wish.

/** Below this the sidebar hides; it comes as a drawer. */
const MEDIUM = "(max-width: 900px)";
/** Below this there is one pane at a time. */
const NARROW = "(max-width: 620px)";
const KEPT = "stet.panes";

/** A pane, from the outside in. */
export type PaneName = "sidebar" | "list" | "note";

interface Wish {
  sidebar: boolean;
  list: boolean;
}

function kept(): Wish {
  try {
    return { sidebar: true, list: true, ...(JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Wish>) };
  } catch {
    return { sidebar: true, list: true };
  }
}

/** The panes of the window. */
export class Layout {
  width = $state<"wide" | "medium" | "narrow">("wide");
  /** The pane in view when there is only one. */
  pane = $state<PaneName>("list");
  drawer = $state(false);
  #wish = $state.raw(kept());

  sidebar = $derived(
    this.width === "wide" ? this.#wish.sidebar : this.width === "medium" ? this.drawer : this.pane === "sidebar",
  );
  list = $derived(this.width === "narrow" ? this.pane === "list" : this.#wish.list);
  note = $derived(this.width !== "narrow" || this.pane === "note");

  /** Follows the window's width; answers with what ends it. */
  start(): () => void {
    const queries = [matchMedia(MEDIUM), matchMedia(NARROW)];
    const read = (): void => {
      this.width = queries[1]?.matches === true ? "narrow" : queries[0]?.matches === true ? "medium" : "wide";
      this.drawer = false;
    };
    read();
    queries.forEach((query) => query.addEventListener("change", read));
    return () => queries.forEach((query) => query.removeEventListener("change", read));
  }

  toggleSidebar(): void {
    if (this.width === "narrow") this.pane = this.pane === "sidebar" ? "list" : "sidebar";
    else if (this.width === "medium") this.drawer = !this.drawer;
    else this.#keep({ ...this.#wish, sidebar: !this.#wish.sidebar });
  }

  toggleList(): void {
    if (this.width === "narrow") this.pane = this.pane === "list" ? "note" : "list";
    else this.#keep({ ...this.#wish, list: !this.#wish.list });
  }

  /** Brings a pane into view where there is room for one. */
  show(pane: PaneName): void {
    this.pane = pane;
    this.drawer = false;
    if (pane === "list" && this.width !== "narrow" && !this.#wish.list) this.#keep({ ...this.#wish, list: true });
  }

  /** One step back. Answers whether there was one. */
  back(): boolean {
    if (this.drawer) this.drawer = false;
    else if (this.width === "narrow" && this.pane !== "sidebar") this.pane = this.pane === "note" ? "list" : "sidebar";
    else return false;
    return true;
  }

  #keep(wish: Wish): void {
    this.#wish = wish;
    localStorage.setItem(KEPT, JSON.stringify(wish));
  }
}
