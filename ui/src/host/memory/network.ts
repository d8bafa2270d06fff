// The simulated network and server: what arrives when, and the status that says so.
import type { Decision } from "../../gen/Decision";
import type { OtherDevice } from "../../gen/OtherDevice";
import type { HelpTopic } from "../../gen/HelpTopic";
import type { Status } from "../../gen/Status";
import type { Way } from "../../gen/Way";
import { BLANK } from "./blank";
import type { Clock } from "./clock";
import type { Library } from "./library";

/** How the world outside behaves. */
export const MODES = [
  "online",
  "slow",
  "offline",
  "failing",
  "signing-in",
  "signed-out",
  "catching-up",
  "local",
  "alone",
] as const;
export type Mode = (typeof MODES)[number];

const SERVER = "wss://notes.example.org";
const TO_SERVER_MS = 120;
const SLOW_MS = 3_000;
const TO_OTHER_MS = 350;
/** Sends notes to a server that isn't there. */
export class Network {
  mode: Mode;
  paused = false;
  recordingUntil: number | null = null;
  decision: Decision | null = null;
  serverUrl: string | null = SERVER;
  readonly joined = new Set<string>();
  #cursor = 4_812;
  #attempts = 0;
  #lastSync = Date.now() - 40_000;
  /** As the engine: held against the server's when a connection has caught up, and remembered. */
  #verified = { seq: this.#cursor, at: this.#lastSync };
  #dismissed = false;
  #sending = false;
  readonly #library: Library;
  readonly #clock: Clock;
  readonly #changed: (noteIds: string[]) => void;

  constructor(mode: Mode, library: Library, clock: Clock, changed: (noteIds: string[]) => void) {
    this.mode = mode;
    this.#library = library;
    this.#clock = clock;
    this.#changed = changed;
  }

  get live(): boolean {
    return !this.paused && ["online", "slow", "alone", "catching-up"].includes(this.mode);
  }

  get server(): boolean {
    return this.mode !== "local";
  }

  get other(): boolean {
    return this.mode !== "alone";
  }

  setMode(mode: Mode): void {
    this.mode = mode;
    this.#attempts = mode === "failing" ? 12 : mode === "offline" ? 3 : 0;
    this.#dismissed = false;
    this.serverUrl = mode === "local" ? null : (this.serverUrl ?? SERVER);
    this.#compare();
    this.send();
    this.#changed([]);
  }

  dismiss(): void {
    this.#dismissed = true;
    this.#changed([]);
  }

  /** A try to connect: fails while the mode says so. */
  reconnect(): void {
    this.#attempts++;
    this.#compare();
    this.send();
    this.#changed([]);
  }

  /** Something only people can decide. */
  ask(decision: Decision): void {
    this.decision = decision;
    this.#changed([]);
  }

  decide(way: Way): void {
    const before = [...this.#library.notes.keys()];
    if (way === "takeServers") this.#library.notes.clear();
    this.decision = null;
    this.#changed(before);
  }

  /** Something of this note is unsent now. */
  queue(): void {
    this.send();
  }

  send(): void {
    if (!this.live || this.#sending) return;
    const batch = this.#unsent().filter((note) => note.held === null);
    if (batch.length === 0) return;
    this.#sending = true;
    this.#clock.later(
      () => {
        this.#sending = false;
        if (!this.live) return;
        for (const note of batch) Object.assign(note, { sent: true, since: null });
        this.#cursor += batch.length;
        this.#lastSync = Date.now();
        const ids = batch.map((note) => note.id);
        this.#changed(ids);
        this.#clock.later(() => {
          for (const note of batch) note.other = note.sent;
          this.#changed(ids);
        }, TO_OTHER_MS);
        this.send();
      },
      this.mode === "slow" ? SLOW_MS : TO_SERVER_MS,
    );
  }

  status(): Status {
    const unsent = this.server ? this.#unsent().length : 0;
    const held = [...this.#library.notes.values()].filter((note) => note.held !== null).length;
    const common = {
      ...BLANK,
      unsent,
      held,
      paused: this.paused,
      decision: this.decision,
      recordingUntil: this.recordingUntil,
      joinedNotes: [...this.joined],
    };
    if (!this.server) return { ...common, state: "local" };
    const known = {
      ...common,
      serverUrl: this.serverUrl,
      lastSync: this.#lastSync,
      verified: this.#verified,
      cursor: this.#cursor,
      otherDevices: this.#others(),
      reconnectAttempts: this.#attempts,
    };
    if (this.paused) return { ...known, state: "disconnected" };
    return { ...known, ...this.#connection(unsent) };
  }

  #compare(): void {
    if (this.live && this.mode !== "catching-up") this.#verified = { seq: this.#cursor, at: Date.now() };
  }

  #connection(unsent: number): Partial<Status> {
    const level = { isConnected: true, level: 2, roundTripMs: this.mode === "slow" ? 840 : 24 };
    const signedIn = {
      ...level,
      state: "authenticated" as const,
      isAuthenticated: true,
      userId: "u_7Qm2xK",
      spaceId: "0190b2c4-6f1e-7c52-9d07-3f8f5a5a1c11",
    };
    const error = (help: HelpTopic, message: string): Pick<Status, "error" | "help"> =>
      this.#dismissed
        ? { error: null, help: null }
        : { error: { code: help === "signing-in-fails" ? "signed-out" : "offline", message, noteId: null }, help };
    switch (this.mode) {
      case "online":
      case "slow":
      case "alone":
        return { ...signedIn, isSynced: unsent === 0 };
      case "catching-up":
        return { ...signedIn, progress: { done: 1_240, total: 4_812, secondsLeft: 120 } };
      case "signing-in":
        return { ...level, state: "connected" };
      case "offline":
        return {
          state: "reconnecting",
          nextRetryAt: Date.now() + 8_000,
          ...error(
            "nothing-answers",
            `The server at ${SERVER} can't be reached: there is no way to it from this network. Check whether this device is online.`,
          ),
        };
      case "failing":
        return {
          state: "error",
          nextRetryAt: Date.now() + 60_000,
          ...error(
            "the-certificate-isnt-accepted",
            `The certificate of the server at ${SERVER} isn't valid yet, only from 01 Jan 2030. Check this device's clock.`,
          ),
        };
      case "signed-out":
        return {
          ...level,
          state: "error",
          ...error("signing-in-fails", "Your sign-in has run out. Get a new token; nothing unsent is lost."),
        };
      case "local":
        return { state: "local" };
    }
  }

  #others(): OtherDevice[] {
    if (!this.other) return [];
    return [
      {
        id: "0190b2c4-0000-7000-8000-000000000001",
        name: "Maria's laptop",
        unsent: 0,
        caughtUp: this.live,
        asOf: Date.now() - 20_000,
      },
      {
        id: "0190b2c4-0000-7000-8000-000000000002",
        name: "Kitchen tablet",
        unsent: this.live ? 0 : 2,
        caughtUp: this.live,
        asOf: Date.now() - 5_400_000,
      },
    ];
  }

  #unsent() {
    return [...this.#library.notes.values()].filter((note) => !note.sent);
  }
}
