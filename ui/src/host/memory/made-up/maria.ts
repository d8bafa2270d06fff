// A second device: Maria's laptop. She types into notes, makes some, and throws some away.
import type { Replace } from "../../../gen/Replace";

const SENTENCES = [
  "The wind turned in the afternoon.",
  "I'd leave this part as it is.",
  "Two more, and then it's done.",
  "Ask Jonas before Thursday.",
];

/** Her name, as the server tells it. */
export const MARIA = "Maria's laptop";

/** Where she'd write next: the end of a paragraph in the middle of the text. */
function spot(text: string, random: () => number): number {
  const ends = [...text.matchAll(/\n\n/g)].map((match) => match.index);
  return ends[Math.floor(random() * ends.length)] ?? text.length;
}

/** One change of hers: mostly words added, now and then a word taken away. */
export function herChange(text: string, random: () => number): Replace {
  const at = spot(text, random);
  const word = /\s\w+$/.exec(text.slice(0, at));
  if (word && random() < 0.25) return { from: word.index, to: at, insert: "" };
  const sentence = SENTENCES[Math.floor(random() * SENTENCES.length)] ?? "";
  return { from: at, to: at, insert: ` ${sentence}` };
}

/** Which paragraph an offset lies in, counted from 1. */
export const paragraphAt = (text: string, offset: number): number => text.slice(0, offset).split(/\n{2,}/).length;
