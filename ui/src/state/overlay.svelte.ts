// What lies over the panes: at most one menu, dialog or popover. Esc closes it, and the focus goes back to where it was.

import { tick } from "svelte";
import type { HelpTopic } from "../gen/HelpTopic";

/** A line of a menu. */
export interface MenuItem {
  label: string;
  keys?: string | undefined;
  danger?: boolean;
  run: () => void;
}

/** A question before something that can't be undone. */
export interface Question {
  title: string;
  text: string;
  verb: string;
  danger: boolean;
  run: () => void;
}

type Shown =
  | { kind: "menu"; label: string; x: number; y: number; items: (MenuItem | null)[] }
  | { kind: "question"; question: Question }
  | { kind: "move"; noteId?: string; folderId?: string }
  | { kind: "history"; noteId: string }
  | { kind: "help" }
  | { kind: "settings" }
  | { kind: "connection" }
  | { kind: "decision" }
  | { kind: "troubleshooting"; topic: HelpTopic | null };

/** The one thing that lies over the panes. */
export class Overlay {
  shown = $state.raw<Shown | null>(null);
  /** The dialog that is open: what lies outside it can't be reached. */
  dialog = $state.raw<HTMLDialogElement | null>(null);
  #before: Element | null = null;

  open(shown: Shown): void {
    this.#before ??= document.activeElement;
    this.shown = shown;
  }

  /** Closes it. `keep` leaves the focus where it is. */
  close(keep = false): void {
    if (!this.shown) return;
    this.shown = null;
    const before = this.#before;
    this.#before = null;
    if (keep || !(before instanceof HTMLElement)) return;
    // While a dialog is there, nothing outside it takes the focus.
    void tick().then(() => this.shown ?? before.focus());
  }

  toggle(kind: "help" | "settings" | "connection"): void {
    if (this.shown?.kind === kind) this.close();
    else this.open({ kind });
  }

  /** Opens a menu at the pointer, or under what was clicked by key. */
  menu(label: string, event: MouseEvent, items: (MenuItem | null)[]): void {
    event.preventDefault();
    const box = event.currentTarget instanceof Element ? event.currentTarget.getBoundingClientRect() : new DOMRect();
    const pointed = event.type === "contextmenu" && (event.clientX !== 0 || event.clientY !== 0);
    const [x, y] = pointed ? [event.clientX, event.clientY] : [box.left + 4, box.bottom + 2];
    this.open({ kind: "menu", label, x, y, items });
  }

  ask(question: Question): void {
    this.open({ kind: "question", question });
  }
}
