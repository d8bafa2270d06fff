// What is said of a note's versions. Values in, words out.
import type { Author } from "../../gen/Author";
import type { NoteVersion } from "../../gen/NoteVersion";
import type { TextPiece } from "../../gen/TextPiece";
import type { VersionRow } from "../../gen/VersionRow";
import { clock, day } from "../time.svelte";
import { number } from "../words";
import type { Look } from "./versions.svelte";

const device = (author: Author): string => {
  if (author.kind === "here") return "This device";
  return author.kind === "device" ? (author.name ?? "Another device") : "Another app";
};

/** Who had it, and how it came to be. */
export function origin({ author, kind }: VersionRow): string {
  switch (kind) {
    case "written":
      return device(author);
    case "restored":
      return `${device(author)}, restored`;
    case "merged":
      if (author.kind === "unknown") return "Merged";
      return author.kind === "here" ? "Merged, on this device" : `Merged, on ${device(author)}`;
    case "side":
      return "One side of a merge";
  }
}

/** "Today, 14:03": names a version in a sentence, and over its text. */
export const moment = ({ at }: VersionRow, now: number): string => `${day(at, now)}, ${clock(at)}`;

/** How much is different, in words: in the version, or in the note once it is restored. */
export function difference({ added, removed, tags }: NoteVersion, look: Look): string {
  if (look === "text") return "";
  const characters = (n: number): string => `${number(n)} ${n === 1 ? "character" : "characters"}`;
  const parts = [
    ...(added > 0 ? [`${characters(added)} added`] : []),
    ...(removed > 0 ? [`${characters(removed)} removed`] : []),
    ...(tags.some(({ kind }) => kind !== "same") ? ["other tags"] : []),
  ];
  if (parts.length === 0) return "No difference";
  return look === "now" ? `If restored: ${parts.join(", ")}` : parts.join(", ");
}

const kept = (pieces: TextPiece[]): string =>
  pieces
    .filter(({ kind }) => kind !== "removed")
    .map(({ text }) => text)
    .join("");

/** The text of a version, to be copied. */
export function plain({ title, body }: NoteVersion): string {
  const heading = kept(title);
  return heading === "" ? kept(body) : `${heading}\n\n${kept(body)}`;
}
