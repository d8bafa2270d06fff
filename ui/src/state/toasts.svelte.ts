// Short messages that come and go by themselves. One for each thing: a later one takes the place of the earlier.

/** A message at the foot of the window. */
interface Toast {
  /** What it is about. */
  key: string;
  text: string;
  tone: "plain" | "danger";
  action?: { label: string; run: () => void } | undefined;
}

const STAYS_MS = 5_000;
const WITH_ACTION_MS = 8_000;
const AT_ONCE = 3;

/** The messages shown now. */
export class Toasts {
  all = $state.raw<Toast[]>([]);
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  show(text: string, options: Partial<Omit<Toast, "text">> = {}): void {
    const toast: Toast = { key: text, tone: "plain", ...options, text };
    this.all = [...this.all.filter(({ key }) => key !== toast.key), toast].slice(-AT_ONCE);
    this.hold(toast.key);
    this.release(toast);
  }

  /** Stays while someone points at it. */
  hold(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
  }

  release({ key, action, tone }: Toast): void {
    this.hold(key);
    const stays = action || tone === "danger" ? WITH_ACTION_MS : STAYS_MS;
    this.#timers.set(
      key,
      setTimeout(() => this.close(key), stays),
    );
  }

  close(key: string): void {
    this.hold(key);
    this.all = this.all.filter((toast) => toast.key !== key);
  }
}
