// What time it is, for words like "4 min". Moves once in half a minute, and only while someone can see it.

const TICK_MS = 30_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

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

// The words around them are English, so the months are too. The system's own formats would load its whole language data,
// megabytes, into a window that shows a date in every row.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;

/** When it was: relative until a week, then the date. */
export function when(at: number, now: number): string {
  const ago = now - at;
  if (ago < MINUTE) return "now";
  if (ago < HOUR) return `${Math.floor(ago / MINUTE)} min`;
  if (ago < DAY) return `${Math.floor(ago / HOUR)} h`;
  if (ago < WEEK) return plural(Math.floor(ago / DAY), "day");
  const date = new Date(at);
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === new Date(now).getFullYear() ? day : `${day} ${date.getFullYear()}`;
}

/** When it was, as part of a sentence: "just now", "4 min ago", "on 3 Mar". */
export function ago(at: number, now: number): string {
  if (now - at < MINUTE) return "just now";
  return now - at < WEEK ? `${when(at, now)} ago` : `on ${when(at, now)}`;
}

/** How long it goes on: "since just now", "for 4 min", "since 3 Mar". */
export function lasting(at: number, now: number): string {
  if (now - at < MINUTE) return "since just now";
  return now - at < WEEK ? `for ${when(at, now)}` : `since ${when(at, now)}`;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** The time of day: "14:03". */
export function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The day by name: "Today", "Yesterday", "3 Mar", "3 Mar 2025". */
export function day(at: number, now: number): string {
  const midnight = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now) - midnight(at)) / DAY);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const [date, today] = [new Date(at), new Date(now)];
  const name = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === today.getFullYear() ? name : `${name} ${date.getFullYear()}`;
}

/** The moment, as the end of a sentence: "at 14:03", "at 14:03 yesterday", "at 14:03 on 3 Mar". */
export function atTime(at: number, now: number): string {
  const name = day(at, now);
  const rest = name === "Today" ? "" : name === "Yesterday" ? " yesterday" : ` on ${name}`;
  return `at ${clock(at)}${rest}`;
}

/** Date and time in full, in the system's own format: for who looks closely. */
export const inFull = (at: number): string =>
  new Date(at).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
