// What is to be settled in the note in view: which passages two sides changed, and whether they are being compared.
import type { MergedMark } from "../../gen/MergedMark";
import type { MergedPassage } from "../../gen/MergedPassage";
import type { Host } from "../../host/host";

/** The text in the editor is a moment ahead of the engine or behind it: asked again after this, and how often. */
const AGAIN_MS = 400;
const TRIES = 5;

/** The editors of the note in view. */
interface Editors {
  flush(): Promise<boolean>;
  /** Marks passages. Answers whether all were found. */
  mark(passages: MergedPassage[]): boolean;
}

/** The marks of the note in view. */
export class Marks {
  all = $state.raw<MergedMark[]>([]);
  /** Both sides are shown. */
  open = $state(false);
  readonly #host: Host;
  readonly #editors: Editors;
  #noteId: string | null = null;
  #turn = 0;

  constructor(host: Host, editors: Editors) {
    this.#host = host;
    this.#editors = editors;
  }

  /** Reads the marks of the note shown. `count` is how many its row says it has. */
  async read(noteId: string | null, count: number): Promise<void> {
    const turn = ++this.#turn;
    if (noteId !== this.#noteId) this.#show([]);
    this.#noteId = noteId;
    if (noteId === null || count === 0) return void this.#show([]);
    for (let tries = 0; tries < TRIES; tries++) {
      await this.#editors.flush();
      const { marks } = await this.#host.call("get_merged", { noteId });
      if (turn !== this.#turn || this.#show(marks)) return;
      await new Promise((later) => setTimeout(later, AGAIN_MS));
      if (turn !== this.#turn) return;
    }
  }

  /** Shows what both sides wrote, or no longer. */
  toggle(): void {
    this.open = !this.open && this.all.some(({ passages }) => passages.length > 0);
  }

  #show(marks: MergedMark[]): boolean {
    this.all = marks;
    if (!marks.some(({ passages }) => passages.length > 0)) this.open = false;
    return this.#editors.mark(marks.flatMap(({ passages }) => passages));
  }
}
