// The interface and the engine mean the same commands and events.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

it("CommandMap has the engine's commands with their types", () => {
  const rust = [
    ...read("../../../crates/stet-client/src/api/command.rs").matchAll(
      /^ {4}(?:Query|Change|Trigger) (\w+): (\w+) => (\w+),$/gm,
    ),
  ];
  const map = /interface CommandMap \{(.*?)\n\}/s.exec(read("../../src/host/commands.ts"))?.[1] ?? "";
  const ours = [...map.matchAll(/^ {2}(\w+): \[(\w+), (\w+)\];$/gm)];
  expect(rust.length).toBeGreaterThan(20);
  expect(ours.map((found) => found.slice(1))).toEqual(rust.map((found) => found.slice(1)));
});

it("only the host's files name Tauri, only the editor names CodeMirror", () => {
  const config = read("../../eslint.config.js");
  expect(config).toContain('files: ["src/**"], rules: restrict(TAURI, CODEMIRROR)');
});
