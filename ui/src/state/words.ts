// What the three dots and the status say. Values in, words out.
import type { Dots } from "../gen/Dots";
import type { Progress } from "../gen/Progress";
import type { RemoteChange } from "../gen/RemoteChange";
import type { Status } from "../gen/Status";
import { ago, atTime } from "./time.svelte";

/** One dot: it has arrived, not yet, or it can't go on. */
export type Dot = "filled" | "ring" | "stopped";

/** Dots with what they say. */
export interface DotWords {
  dots: Dot[];
  words: string;
}

/** Where syncing stands, in words. */
interface StatusWords extends DotWords {
  tone: "calm" | "busy" | "away" | "alarm";
  /** What a click beside it does. */
  action: "reconnect" | "resume" | null;
}

/** "12,345", without the system's language data, which is megabytes. */
export const number = (n: number): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, ",");

/** "1 note", "3 notes". */
export const notes = (count: number): string => `${number(count)} ${count === 1 ? "note" : "notes"}`;

/** "about 2 minutes left", of the steps in which a status says it. */
export function timeLeft(seconds: number): string {
  if (seconds <= 10) return "a few seconds left";
  if (seconds <= 30) return "about half a minute left";
  if (seconds <= 60) return "about a minute left";
  if (seconds < 3_600) return `about ${Math.floor(seconds / 60)} minutes left`;
  if (seconds < 7_200) return "about an hour left";
  return `about ${number(Math.floor(seconds / 3_600))} hours left`;
}

/** "1,240 of 4,812, about 2 minutes left". */
export const progressWords = ({ done, total, secondsLeft }: Progress): string =>
  `${number(done)} of ${number(total)}${secondsLeft === null ? "" : `, ${timeLeft(secondsLeft)}`}`;

/** A note's dots. `unsaved` is why the editor couldn't hand its text over, when it couldn't. */
export function noteDots(dots: Dots, unsaved: string | null = null): DotWords {
  const arrived = [
    dots.disk && unsaved === null,
    ...(dots.server === null ? [] : [dots.server]),
    ...(dots.other === null ? [] : [dots.other]),
  ];
  const reason = unsaved ?? dots.stopped?.message ?? null;
  const missing = arrived.indexOf(false);
  // Where all of this note has arrived, what can't go on is what came from the server.
  const stop = reason === null ? -1 : missing >= 0 ? missing : Math.min(1, arrived.length - 1);
  const shown = arrived.map((there, i): Dot => (i === stop ? "stopped" : there ? "filled" : "ring"));
  return { dots: shown, words: reason ?? arrivedWords(dots) };
}

function arrivedWords({ disk, server, other }: Dots): string {
  if (!disk) return "Being written to this device's disk.";
  if (server === null) return "On this device's disk.";
  if (!server) return "On this device's disk. Not on the server yet.";
  if (other === null) return "On this device and on the server.";
  return other
    ? "On this device, on the server and on another device of yours."
    : "On this device and on the server. No other device of yours has it yet.";
}

/** The dots of the whole library. */
function libraryDots(status: Status): Dot[] {
  const disk: Dot = status.unsaved === 0 ? "filled" : "ring";
  if (status.state === "local") return [disk];
  const stopped = status.held > 0 || status.state === "error" || status.decision !== null;
  const server: Dot = stopped ? "stopped" : status.isSynced ? "filled" : "ring";
  if (status.otherDevices.length === 0) return [disk, server];
  const other = status.isSynced && status.otherDevices.every((device) => device.caughtUp);
  return [disk, server, other ? "filled" : "ring"];
}

/** What becomes of what is unsent. What can't go on is promised to nobody, and some of it has nothing unsent. */
export function waiting({ unsent, held }: Pick<Status, "unsent" | "held">, then: string): string {
  const sent = unsent - held;
  const parts = [
    sent > 0 ? ` ${notes(sent)} will be sent ${then}.` : "",
    held > 0 ? ` ${notes(held)} ${held === 1 ? "needs" : "need"} you.` : "",
  ];
  return parts.join("");
}

/** The line in the status bar. `stuck`: what stands in the editor can't be saved. */
export function statusWords(status: Status, now: number, stuck = false): StatusWords {
  const say = (tone: StatusWords["tone"], words: string, action: StatusWords["action"] = null): StatusWords => ({
    dots: libraryDots(status),
    tone,
    words,
    action,
  });
  if (stuck)
    return {
      dots: libraryDots(status).with(0, "stopped"),
      tone: "alarm",
      words: "The open note isn't saved yet",
      action: null,
    };
  if (status.decision && status.decision.kind !== "removals")
    return say("alarm", `Syncing waits for you.${waiting(status, "then")}`);
  switch (status.state) {
    case "local":
      return say("calm", "On this device only");
    case "disconnected":
      return status.paused
        ? say("away", `Paused.${waiting(status, "when you resume")}`, "resume")
        : say("away", `Not connected.${waiting(status, "when you are")}`, "reconnect");
    case "connecting":
      return say("busy", "Connecting…");
    case "connected":
      return say("busy", "Connected, signing in…");
    case "reconnecting":
      return say("away", `Offline.${waiting(status, "when you're back")}`, "reconnect");
    case "error":
      return say("alarm", errorWords(status), "reconnect");
    case "authenticated":
      return signedInWords(status, now, say);
  }
}

function errorWords(status: Status): string {
  const code = status.error?.code;
  if (code === "signed-out") return "Signed out. Your notes stay here.";
  if (code === "offline" || code === "busy") return `Can't reach the server.${waiting(status, "when it answers")}`;
  return `Syncing stopped.${waiting(status, "when it goes on")}`;
}

function signedInWords(
  status: Status,
  now: number,
  say: (tone: StatusWords["tone"], words: string, action?: StatusWords["action"]) => StatusWords,
): StatusWords {
  const { progress } = status;
  if (progress && progress.total > 0) return say("busy", `Catching up: ${progressWords(progress)}`);
  if (status.decision?.kind === "removals")
    return say("alarm", `${notes(status.decision.notes)} removed elsewhere wait for you`);
  if (status.held > 0) return say("alarm", `${notes(status.held)} can't go on`);
  if (status.unsent > 0) return say("busy", `Sending ${notes(status.unsent)}…`);
  if (!status.isSynced) return say("busy", "Looking for changes…");
  if (status.level === 1) return say("calm", "All sent. This server can't catch up.");
  return say("calm", status.lastSync === null ? "Synced" : `Synced ${ago(status.lastSync, now)}`);
}

/** Whether one may quit, or leave the house. */
export function safeToQuit(status: Status, stuck = false): string {
  if (stuck) return "No. What you wrote last in the open note isn't on the disk.";
  if (status.unsaved > 0) return `Not yet: ${notes(status.unsaved)} being written to the disk.`;
  if (status.state === "local") return "Yes. Everything is on this device's disk.";
  const left = waiting(status, "next time");
  return status.isSynced && left === ""
    ? "Yes. Everything is on the server."
    : `Yes. Everything is on this device's disk.${left}`;
}

/** Whether this device has what the others wrote. */
export function haveOthersEdits(status: Status): string {
  const behind = status.otherDevices.filter((device) => device.unsent > 0);
  if (status.level === 1) return "Those sent while this device was connected. This server can't say what came before.";
  if (!status.isSynced) return "Not known until this device is synced.";
  if (behind.length === 0) return "Yes, everything they have sent.";
  return behind.map((device) => `${device.name} had ${notes(device.unsent)} unsent.`).join(" ");
}

/**
 * When this device and the server were last found identical, and what that is called. Only what still holds is called
 * verified: not while something is unsent or out of step, or a note can't go on. The place is the one in the log.
 */
export function verifiedWords({ verified, isSynced, held, cursor }: Status, now: number): [string, string] {
  if (verified === null) return ["Verified", "not yet"];
  const words = `identical ${atTime(verified.at, now)}, place ${number(verified.seq)}`;
  if (!isSynced || held > 0) return ["Last compared", words];
  return ["Verified", verified.seq === cursor ? words : `${words}; not compared since`];
}

const ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/** "Maria's laptop changed the third paragraph." */
export function changedWords({ device, paragraph }: RemoteChange): string {
  const who = device ?? "Another device";
  if (paragraph === null) return `${who} changed this note.`;
  const ordinal = ORDINALS[paragraph - 1];
  return `${who} changed ${ordinal === undefined ? `paragraph ${paragraph}` : `the ${ordinal} paragraph`}.`;
}
