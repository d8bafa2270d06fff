// The one door to the engine. Views never see it: only main.ts and state/ do.
import type { CommandError } from "../gen/CommandError";
import type { ErrorCode } from "../gen/ErrorCode";
import type { Calls, EventMap } from "./commands";

/** Takes an event's payload. */
export type Handler<E extends keyof EventMap> = (payload: EventMap[E]) => void;

/** What runs the notes: the Tauri app, or a simulation in memory. */
export interface Host {
  /** Rejects with a {@link HostError}, never with anything else. */
  call<C extends keyof Calls>(command: C, args: Calls[C][0]): Promise<Calls[C][1]>;
  /** Answers with what ends the listening. */
  listen<E extends keyof EventMap>(event: E, handler: Handler<E>): () => void;
}

/** A refused command: branch on `code`, show `message`. */
export class HostError extends Error implements CommandError {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** Whatever was thrown, as an error to show. */
  static from(thrown: unknown): HostError {
    if (thrown instanceof HostError) return thrown;
    if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown) {
      return new HostError(thrown.code as ErrorCode, String(thrown.message));
    }
    return new HostError("internal", thrown instanceof Error ? thrown.message : String(thrown));
  }
}
