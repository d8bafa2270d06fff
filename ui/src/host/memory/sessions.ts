// Editing sessions: which texts are open, and what becomes of an edit.
import type { EditAnswer } from "../../gen/EditAnswer";
import type { EditNote } from "../../gen/EditNote";
import type { OpenedText } from "../../gen/OpenedText";
import type { Pulled } from "../../gen/Pulled";
import type { Replace } from "../../gen/Replace";
import type { TextUpdate } from "../../gen/TextUpdate";
import { HostError } from "../host";
import { bytesOf, type Note } from "./library";
import { Text } from "./text";

type Field = "title" | "body";
interface Open {
  note: Note;
  field: Field;
  text: Text;
}

const TITLE_LIMIT = 2_000;

/** The open texts of all notes. */
export class Sessions {
  readonly #texts = new Map<string, Record<Field, Text>>();
  readonly #open = new Map<string, Open>();
  readonly #tell: (session: string, from: number, updates: TextUpdate[]) => void;
  readonly #edited: (note: Note) => void;
  #next = 1;

  constructor(tell: (session: string, from: number, updates: TextUpdate[]) => void, edited: (note: Note) => void) {
    this.#tell = tell;
    this.#edited = edited;
  }

  get size(): number {
    return this.#open.size;
  }

  begin(note: Note): { title: OpenedText; body: OpenedText } {
    return { title: this.#begin(note, "title"), body: this.#begin(note, "body") };
  }

  edit({ session, baseRevision, updates }: EditNote): EditAnswer {
    const open = this.#session(session);
    const answer = open.text.edit(session, baseRevision, updates, (from, made) => this.#applied(open, from, made));
    if (answer.kind === "ok") this.#edited(open.note);
    if (answer.kind !== "refused") return answer;
    open.text.sessions.delete(session);
    this.#open.delete(session);
    return { kind: "reopen", opened: this.#begin(open.note, open.field), message: answer.message };
  }

  /** The note an edit is of, and how large it would be after it; one that only takes away always fits. */
  sizeAfter({ session, updates }: EditNote): { note: Note; bytes: number } {
    const { note } = this.#session(session);
    const changes = updates.flatMap((update) => update.changes);
    const grows = changes.reduce((sum, { from, to, insert }) => sum + bytesOf("", insert) - (to - from), 0);
    return { note, bytes: grows > 0 ? bytesOf(note.title, note.body) + grows : 0 };
  }

  pull(session: string, base: number): Pulled {
    return this.#session(session).text.pull(base);
  }

  /** A change from elsewhere. */
  remote(note: Note, field: Field, change: Replace): void {
    const text = this.#textsOf(note)[field];
    text.remote([change], (from, made) => this.#applied({ note, field, text }, from, made));
  }

  close(session: string): void {
    const open = this.#open.get(session);
    if (!open) return;
    open.text.sessions.delete(session);
    this.#open.delete(session);
    if (![...this.#open.values()].some((other) => other.note === open.note)) this.#texts.delete(open.note.id);
  }

  forget(note: Note): void {
    this.#texts.delete(note.id);
    for (const [session, open] of this.#open) if (open.note === note) this.#open.delete(session);
  }

  #session(session: string): Open {
    const open = this.#open.get(session);
    if (!open) throw new HostError("not-found", "This note isn't open any more.");
    return open;
  }

  #textsOf(note: Note): Record<Field, Text> {
    const known = this.#texts.get(note.id);
    if (known) return known;
    const made = { title: new Text(note.title, TITLE_LIMIT), body: new Text(note.body) };
    this.#texts.set(note.id, made);
    return made;
  }

  #begin(note: Note, field: Field): OpenedText {
    const session = `s${this.#next++}`;
    const text = this.#textsOf(note)[field];
    this.#open.set(session, { note, field, text });
    return text.open(session);
  }

  #applied({ note, field, text }: Open, from: number, updates: TextUpdate[]): void {
    note[field] = text.value;
    note.updatedAt = Date.now();
    for (const session of text.sessions) this.#tell(session, from, updates);
  }
}
