// What is said of versions, and how the list of them is read.
import { expect, it } from "vitest";
import type { NoteVersion } from "../../src/gen/NoteVersion";
import type { VersionRow } from "../../src/gen/VersionRow";
import type { Host } from "../../src/host/host";
import { Versions } from "../../src/state/history/versions.svelte";
import { difference, moment, origin, plain } from "../../src/state/history/words";

const row = (part: Partial<VersionRow> = {}): VersionRow => ({
  ...{ id: "a", before: "", at: 0, author: { kind: "here" }, kind: "written", current: false },
  ...part,
});
const version = (part: Partial<NoteVersion> = {}): NoteVersion => ({
  ...{ title: [], body: [], tags: [], added: 0, removed: 0 },
  ...part,
});

it("says who had a version and how it came to be", () => {
  const maria = { kind: "device", name: "Maria's laptop" } as const;
  expect(
    [
      row(),
      row({ author: maria }),
      row({ author: { kind: "device", name: null } }),
      row({ author: { kind: "unknown" } }),
      row({ author: maria, kind: "restored" }),
      row({ kind: "merged" }),
      row({ author: maria, kind: "merged" }),
      row({ author: { kind: "unknown" }, kind: "merged" }),
      row({ kind: "side" }),
    ].map(origin),
  ).toEqual([
    "This device",
    "Maria's laptop",
    "Another device",
    "Another app",
    "Maria's laptop, restored",
    "Merged, on this device",
    "Merged, on Maria's laptop",
    "Merged",
    "One side of a merge",
  ]);
});

it("names the day and the time", () => {
  const now = new Date(2026, 2, 10, 15, 0).getTime();
  const at = (...when: [number, number, number, number, number]): string =>
    moment(row({ at: new Date(...when).getTime() }), now);
  expect(at(2026, 2, 10, 0, 1)).toBe("Today, 00:01");
  expect(at(2026, 2, 9, 23, 59)).toBe("Yesterday, 23:59");
  expect(at(2026, 2, 8, 9, 5)).toBe("8 Mar, 09:05");
  expect(at(2025, 11, 31, 12, 0)).toBe("31 Dec 2025, 12:00");
});

it("says how much is different", () => {
  expect(difference(version(), "changes")).toBe("No difference");
  expect(difference(version({ added: 1, removed: 1_200 }), "changes")).toBe(
    "1 character added, 1,200 characters removed",
  );
  const tags = [{ kind: "added" as const, text: "x" }];
  expect(difference(version({ removed: 2, tags }), "now")).toBe("If restored: 2 characters removed, other tags");
  expect(difference(version({ added: 2 }), "text")).toBe("");
});

it("copies what a version says, and nothing that isn't in it any more", () => {
  const body = [
    { kind: "same" as const, text: "beans " },
    { kind: "removed" as const, text: "peas" },
    { kind: "added" as const, text: "chard" },
  ];
  expect(plain(version({ body }))).toBe("beans chard");
  expect(plain(version({ body, title: [{ kind: "same", text: "Beds" }] }))).toBe("Beds\n\nbeans chard");
});

/** A host with these versions; texts are answered by hand. */
function stage(rows: VersionRow[]) {
  const asked: { id: string; answer: () => void; refuse: (message: string) => void }[] = [];
  const call = (command: string, args: { after: string | null; id: string }): Promise<unknown> => {
    if (command === "list_history") {
      const start = args.after === null ? 0 : rows.findIndex(({ id }) => id === args.after) + 1;
      const versions = rows.slice(start, start + 2);
      const next = start + 2 < rows.length ? (versions.at(-1)?.id ?? null) : null;
      return Promise.resolve({ versions, next });
    }
    return new Promise((done, refused) => {
      const answer = (): void => done(version({ body: [{ kind: "same", text: args.id }] }));
      asked.push({ id: args.id, answer, refuse: (message) => refused(new Error(message)) });
    });
  };
  const failed = (thrown: unknown): never => {
    throw thrown;
  };
  return { asked, versions: new Versions({ call } as unknown as Host, "note", failed) };
}

const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

it("shows the version chosen last, whichever text comes first", async () => {
  const { asked, versions } = stage([row({ id: "c", current: true }), row({ id: "b" })]);
  await versions.refresh();
  versions.step(1);
  expect(asked.map(({ id }) => id)).toEqual(["c", "b"]);
  asked[1]?.answer();
  await settled();
  asked[0]?.answer();
  await settled();
  expect(versions.text?.body[0]?.text).toBe("b");
});

it("has no text of another version, or of another comparison, while the one chosen is read", async () => {
  const { asked, versions } = stage([row({ id: "c", current: true }), row({ id: "b" })]);
  await versions.refresh();
  asked[0]?.answer();
  await settled();
  expect(versions.text?.body[0]?.text).toBe("c");
  versions.step(1);
  expect(versions.text).toBeNull();
  asked[1]?.answer();
  await settled();
  versions.show("now");
  expect(versions.text).toBeNull();
  asked[2]?.answer();
  await settled();
  expect(versions.text?.body[0]?.text).toBe("b");
});

it("says why a version can't be read, and reads it when told to try again", async () => {
  const { asked, versions } = stage([row({ id: "c", current: true }), row({ id: "b" })]);
  await versions.refresh();
  asked[0]?.answer();
  versions.step(1);
  asked[1]?.refuse("It can't be read.");
  await settled();
  expect([versions.text, versions.failure]).toEqual([null, "It can't be read."]);
  void versions.again();
  await settled();
  expect(versions.failure).toBeNull();
  asked[2]?.answer();
  await settled();
  expect(versions.text?.body[0]?.text).toBe("b");
});

it("reads on when the end comes near, and again as far as it was read", async () => {
  const rows = ["e", "d", "c", "b", "a"].map((id, i) => row({ id, at: 5 - i, current: i === 0 }));
  const { versions } = stage(rows);
  await versions.refresh();
  expect(versions.rows.map(({ id }) => id)).toEqual(["e", "d"]);
  versions.reach(1);
  versions.reach(1); // two wishes are one page
  await settled();
  expect(versions.rows.map(({ id }) => id)).toEqual(["e", "d", "c", "b"]);
  rows.unshift(row({ id: "f", at: 6, current: true }));
  Object.assign(rows[1] ?? {}, { current: false });
  await versions.refresh();
  expect(versions.rows.map(({ id }) => id)).toEqual(["f", "e", "d", "c"]);
});

it("stays with the newest version as it grows, and with an older one where it is", async () => {
  const rows = [row({ id: "new", at: 9, current: true }), row({ id: "old", at: 1 })];
  const { versions } = stage(rows);
  await versions.refresh();
  expect(versions.chosen?.id).toBe("new");
  rows[0] = row({ id: "grown", at: 10, current: true });
  await versions.refresh();
  expect(versions.chosen?.id).toBe("grown");
  versions.step(1);
  rows[0] = row({ id: "grown again", at: 11, current: true });
  await versions.refresh();
  expect(versions.chosen?.id).toBe("old");
});
