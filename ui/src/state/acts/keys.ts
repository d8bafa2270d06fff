// Keys by name ("Mod+Shift+M"; Mod is Ctrl, on a Mac the command key): matching them and showing them.

const mac = /Mac|iP(hone|ad)/.test(navigator.userAgent);
const MODIFIERS = ["Mod", "Alt", "Shift"] as const;
const SIGNS: Record<string, string> = mac
  ? { Mod: "⌘", Alt: "⌥", Shift: "⇧", Backspace: "⌫", Enter: "↩", ArrowUp: "↑", ArrowDown: "↓" }
  : { Mod: "Ctrl", Backspace: "⌫", ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page ↑", PageDown: "Page ↓", Delete: "Del" };

/** The name of a pressed key. */
export function keyName(event: KeyboardEvent): string {
  // With Shift or Alt held, a letter or digit is named by its place: "%" is "5" with Shift.
  const plain = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
  const key = (event.shiftKey || event.altKey) && plain !== undefined ? plain : event.key;
  const held = { Mod: mac ? event.metaKey : event.ctrlKey, Alt: event.altKey, Shift: event.shiftKey && key !== "?" };
  return [...MODIFIERS.filter((name) => held[name]), key.length === 1 ? key.toUpperCase() : key].join("+");
}

/** A key for people, part by part: `["Ctrl", "N"]`. */
export const keyParts = (name: string): string[] => name.split(/\+(?=.)/).map((part) => SIGNS[part] ?? part);

/** Whether plain letters typed there are text. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
