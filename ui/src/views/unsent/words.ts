// What the page of waiting notes says.
import type { UnsentNote } from "../../gen/UnsentNote";
import { lasting } from "../../state/time.svelte";

const KB = 1024;

/** A size for people: "830 bytes", "1.2 KB", "12 KB", "3.4 MB". */
function size(bytes: number): string {
  if (bytes < KB) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  const [value, unit] = bytes < KB * KB ? [bytes / KB, "KB"] : [bytes / KB / KB, "MB"];
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${unit}`;
}

/** Since when it waits, and how much of it. */
export function waits({ since, bytes, removal }: UnsentNote, now: number): string {
  if (removal) return "Waits to be deleted for good on your other devices";
  const parts = [
    since === null ? null : `Waiting ${lasting(since, now)}`,
    bytes === null ? "can't be read" : bytes > 0 ? `${size(bytes)} to send` : null,
  ];
  return parts.filter((part) => part !== null).join(" · ");
}

/** What still fits into a note that is nearly full. */
export const room = (bytes: number): string =>
  bytes > 0
    ? `This note is nearly full: ${size(bytes)} of text still fit.`
    : "This note is full. Split it into two notes, or take something out.";
