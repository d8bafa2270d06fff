// Timers that are counted, so that a test can see whether one was left behind.

/** setTimeout with a count of what is still to come. */
export class Clock {
  readonly #waiting = new Set<ReturnType<typeof setTimeout>>();

  get waiting(): number {
    return this.#waiting.size;
  }

  later(task: () => void, ms: number): () => void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      task();
    }, ms);
    this.#waiting.add(timer);
    return () => {
      clearTimeout(timer);
      this.#waiting.delete(timer);
    };
  }

  wait(ms: number): Promise<void> {
    return new Promise((done) => this.later(done, ms));
  }

  stop(): void {
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
  }
}
