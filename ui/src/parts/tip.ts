// A line that explains what is pointed at or focused. One element for the whole window.
import type { Attachment } from "svelte/attachments";

const DELAY_MS = 350;
const GAP = 6;
/** Words, or how to make them once they are looked at. */
type Text = string | (() => string);

let bubble: HTMLElement | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

function hide(): void {
  clearTimeout(timer);
  bubble?.remove();
}

function show(anchor: Element, text: Text): void {
  bubble ??= Object.assign(document.createElement("div"), { className: "tip", role: "tooltip" });
  bubble.textContent = typeof text === "string" ? text : text();
  document.body.append(bubble);
  const [at, own] = [anchor.getBoundingClientRect(), bubble.getBoundingClientRect()];
  const below = at.bottom + GAP + own.height < innerHeight;
  bubble.style.top = `${below ? at.bottom + GAP : at.top - GAP - own.height}px`;
  bubble.style.left = `${Math.max(GAP, Math.min(at.left + at.width / 2 - own.width / 2, innerWidth - own.width - GAP))}px`;
}

/** Explains the element it is put on. */
export const tip =
  (text: Text): Attachment =>
  (element) => {
    const soon = (): void => {
      hide();
      timer = setTimeout(() => show(element, text), DELAY_MS);
    };
    const now = (): void => {
      if (element.matches(":focus-visible")) show(element, text);
    };
    const events: [string, () => void][] = [
      ["pointerenter", soon],
      ["pointerleave", hide],
      ["pointerdown", hide],
      ["focus", now],
      ["blur", hide],
      ["keydown", hide],
    ];
    for (const [event, handler] of events) element.addEventListener(event, handler);
    return () => {
      if (bubble?.isConnected) hide();
      clearTimeout(timer);
      for (const [event, handler] of events) element.removeEventListener(event, handler);
    };
  };
