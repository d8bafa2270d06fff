// What time it is, for words like "4 min". Moves once in half a minute, and only while someone can see it.

const TICK_MS = 30_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The time words are made with. */
export class Now {
  ms = $state(Date.now());

  /** Starts it; answers with what stops it. */
  start(): () => void {
    const tick = (): void => {
      if (document.visibilityState === "visible") this.ms = Date.now();
    };
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }
}

/** Makes a format when it is first needed, and once a time zone: it takes longer than a whole row of the list. */
function format(options: Intl.DateTimeFormatOptions): () => Intl.DateTimeFormat {
  let made: [number, Intl.DateTimeFormat] | undefined;
  return () => {
    const offset = new Date().getTimezoneOffset();
    if (made?.[0] !== offset) made = [offset, new Intl.DateTimeFormat(undefined, options)];
    return made[1];
  };
}
const dayFormat = format({ day: "numeric", month: "short" });
const yearFormat = format({ day: "numeric", month: "short", year: "numeric" });
const fullFormat = format({ dateStyle: "long", timeStyle: "short" });

const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;

/** When it was: relative until a week, then the date. */
export function when(at: number, now: number): string {
  const ago = now - at;
  if (ago < MINUTE) return "now";
  if (ago < HOUR) return `${Math.floor(ago / MINUTE)} min`;
  if (ago < DAY) return `${Math.floor(ago / HOUR)} h`;
  if (ago < 7 * DAY) return plural(Math.floor(ago / DAY), "day");
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayFormat : yearFormat)().format(at);
}

/** When it was, as part of a sentence: "just now", "4 min ago", "on 3 Mar". */
export function ago(at: number, now: number): string {
  if (now - at < MINUTE) return "just now";
  return now - at < 7 * DAY ? `${when(at, now)} ago` : `on ${when(at, now)}`;
}

/** Date and time in full. */
export const inFull = (at: number): string => fullFormat().format(at);
