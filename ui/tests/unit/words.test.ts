// What the dots, the pill and the toasts say.
import { describe, expect, it } from "vitest";
import type { Status } from "../../src/gen/Status";
import type { UnsentNote } from "../../src/gen/UnsentNote";
import { Library } from "../../src/host/memory/library";
import { Network, type Mode } from "../../src/host/memory/network";
import { Clock } from "../../src/host/memory/clock";
import { ago, when } from "../../src/state/time.svelte";
import {
  changedWords,
  haveOthersEdits,
  noteDots,
  number,
  safeToQuit,
  statusWords,
  timeLeft,
  verifiedWords,
} from "../../src/state/words";
import { waits } from "../../src/views/unsent/words";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

function status(mode: Mode, change: Partial<Status> = {}): Status {
  const network = new Network(mode, new Library(NOW, 0, true), new Clock(), () => undefined);
  network.setMode(mode);
  return { ...network.status(), lastSync: NOW - 2 * MINUTE, ...change };
}

describe("a note's dots", () => {
  it("say how far the note has come", () => {
    const at = (disk: boolean, server: boolean | null, other: boolean | null) =>
      noteDots({ disk, server, other, stopped: null });
    expect(at(true, null, null)).toEqual({ dots: ["filled"], words: "On this device's disk." });
    expect(at(true, false, false).dots).toEqual(["filled", "ring", "ring"]);
    expect(at(true, true, null).dots).toEqual(["filled", "filled"]);
    expect(at(true, true, true).words).toContain("another device");
  });

  it("turn red where the note stopped, with the reason as words", () => {
    const stopped = { kind: "refused" as const, message: "Larger than the server takes." };
    expect(noteDots({ disk: true, server: false, other: false, stopped })).toEqual({
      dots: ["filled", "stopped", "ring"],
      words: stopped.message,
    });
    // Rows from the server that can't be read: nothing of this device's is missing anywhere.
    expect(noteDots({ disk: true, server: true, other: true, stopped }).dots).toEqual(["filled", "stopped", "filled"]);
    expect(noteDots({ disk: true, server: true, other: true, stopped: null }, "Disk full.").dots).toEqual([
      "stopped",
      "filled",
      "filled",
    ]);
  });
});

describe("the pill", () => {
  it("says synced only when nothing is unsent and the cursor is the server's", () => {
    expect(statusWords(status("online"), NOW).words).toBe("Synced 2 min ago");
    for (const change of [
      { unsent: 1, isSynced: false },
      { isSynced: false },
      { progress: { done: 1, total: 2, secondsLeft: null } },
      { held: 1 },
      { level: 1 },
    ]) {
      expect(statusWords(status("online", change), NOW).words).not.toContain("Synced");
    }
    expect(statusWords(status("online"), NOW, true).words).not.toContain("Synced");
    expect(haveOthersEdits(status("online", { level: 1 }))).not.toContain("everything");
  });

  it("says how far a catch-up is, and how long it takes once that is known", () => {
    const at = (secondsLeft: number | null): string =>
      statusWords(status("online", { progress: { done: 1_240, total: 4_812, secondsLeft } }), NOW).words;
    expect(at(null)).toBe("Catching up: 1,240 of 4,812");
    expect(at(120)).toBe("Catching up: 1,240 of 4,812, about 2 minutes left");
    expect([10, 30, 60, 900, 3_600, 10_800].map(timeLeft)).toEqual([
      "a few seconds left",
      "about half a minute left",
      "about a minute left",
      "about 15 minutes left",
      "about an hour left",
      "about 3 hours left",
    ]);
  });

  it("has all dots filled only when the other devices have caught up too", () => {
    expect(statusWords(status("online"), NOW).dots).toEqual(["filled", "filled", "filled"]);
    const behind = status("online").otherDevices.map((device) => ({ ...device, caughtUp: false }));
    expect(statusWords(status("online", { otherDevices: behind }), NOW).dots).toEqual(["filled", "filled", "ring"]);
    expect(statusWords(status("alone"), NOW).dots).toEqual(["filled", "filled"]);
    expect(statusWords(status("offline"), NOW).dots).toEqual(["filled", "ring", "ring"]);
  });

  it("says in plain words how many notes wait, and offers the way on", () => {
    expect(statusWords(status("offline", { unsent: 3 }), NOW)).toMatchObject({
      words: "Offline. 3 notes will be sent when you're back.",
      action: "reconnect",
    });
    expect(statusWords({ ...status("online", { unsent: 1 }), state: "disconnected", paused: true }, NOW)).toMatchObject(
      {
        words: "Paused. 1 note will be sent when you resume.",
        action: "resume",
      },
    );
    const diverged = { code: "diverged-log", message: "…", noteId: null } as const;
    expect(statusWords(status("failing", { error: diverged }), NOW).words).toBe("Syncing stopped.");
    // Without a reason nobody knows whether it is the network.
    expect(statusWords(status("failing", { error: null, unsent: 1 }), NOW).words).toBe(
      "Syncing stopped. 1 note will be sent when it goes on.",
    );
  });
});

it("only what can go on is promised to be sent; the rest needs people", () => {
  const some = { unsent: 5, held: 2 };
  expect(statusWords(status("offline", some), NOW).words).toBe(
    "Offline. 3 notes will be sent when you're back. 2 notes need you.",
  );
  expect(statusWords(status("offline", { unsent: 1, held: 1 }), NOW).words).toBe("Offline. 1 note needs you.");
  expect(statusWords(status("failing", some), NOW).words).toBe(
    "Can't reach the server. 3 notes will be sent when it answers. 2 notes need you.",
  );
  expect(statusWords({ ...status("online", some), state: "disconnected", paused: true }, NOW).words).toBe(
    "Paused. 3 notes will be sent when you resume. 2 notes need you.",
  );
  expect(safeToQuit(status("offline", some))).toBe(
    "Yes. Everything is on this device's disk. 3 notes will be sent next time. 2 notes need you.",
  );
  // What came and can't be read needs people too, and isn't unsent.
  expect(statusWords(status("offline", { unsent: 1, held: 3 }), NOW).words).toBe("Offline. 3 notes need you.");
});

it("the two questions are answered honestly", () => {
  expect(safeToQuit(status("online"))).toBe("Yes. Everything is on the server.");
  expect(safeToQuit(status("online", { unsaved: 1 }))).toMatch(/^Not yet/);
  expect(safeToQuit(status("online"), true)).toMatch(/^No\./);
  const removals = { kind: "removals", notes: 34, device: null } as const;
  expect(safeToQuit(status("online", { held: 34, decision: removals }))).toBe(
    "Yes. Everything is on this device's disk. 34 notes need you.",
  );
  expect(haveOthersEdits(status("offline"))).toContain("Not known");
  expect(
    haveOthersEdits(
      status("online", { otherDevices: status("online").otherDevices.map((device) => ({ ...device, unsent: 2 })) }),
    ),
  ).toContain("Kitchen tablet had 2 notes unsent.");
});

it("verified is said only of what still holds, and a comparison only of its moment", () => {
  const now = new Date(2026, 2, 3, 15).getTime();
  const verified = (day: number): Status["verified"] => ({ seq: 4_812, at: new Date(2026, 2, day, 14, 3).getTime() });
  const said = (change: Partial<Status>) =>
    verifiedWords(status("online", { verified: verified(3), cursor: 4_812, ...change }), now);
  expect(said({})).toEqual(["Verified", "identical at 14:03, place 4,812"]);
  expect(said({ verified: verified(2) })[1]).toBe("identical at 14:03 yesterday, place 4,812");
  expect(said({ verified: verified(1) })[1]).toBe("identical at 14:03 on 1 Mar, place 4,812");
  expect(said({ cursor: 4_813 })).toEqual(["Verified", "identical at 14:03, place 4,812; not compared since"]);
  for (const change of [{ isSynced: false, unsent: 1 }, { isSynced: false }, { held: 1 }])
    expect(said(change)).toEqual(["Last compared", "identical at 14:03, place 4,812"]);
  expect(verifiedWords({ ...status("offline"), verified: verified(3) }, now)[0]).toBe("Last compared");
  expect(said({ verified: null })).toEqual(["Verified", "not yet"]);
});

it("a remote edit is told with its place", () => {
  const change = {
    noteId: "n",
    title: "T",
    device: "Maria's laptop",
    paragraph: 3,
    at: NOW,
    purged: false,
    catchingUp: false,
  };
  expect(changedWords(change)).toBe("Maria's laptop changed the third paragraph.");
  expect(changedWords({ ...change, device: null, paragraph: 14 })).toBe("Another device changed paragraph 14.");
  expect(changedWords({ ...change, paragraph: null })).toBe("Maria's laptop changed this note.");
});

it("large numbers are grouped", () => {
  expect([0, 999, 1_000, 12_345, 1_234_567].map(number)).toEqual(["0", "999", "1,000", "12,345", "1,234,567"]);
});

it("times are relative until a week, then absolute", () => {
  expect([when(NOW - 5_000, NOW), when(NOW - 4 * MINUTE, NOW), when(NOW - 25 * 60 * MINUTE, NOW)]).toEqual([
    "now",
    "4 min",
    "1 day",
  ]);
  const march = new Date(2026, 2, 3, 12).getTime();
  expect(when(march, new Date(2026, 10, 1).getTime())).toBe("3 Mar");
  expect(ago(march, new Date(2027, 0, 1).getTime())).toBe("on 3 Mar 2026");
  expect(ago(NOW, NOW)).toBe("just now");
});

it("a note waits for a while, and from a week on since a day", () => {
  const now = new Date(2026, 10, 10, 12).getTime();
  const after = (days: number): string =>
    waits({ since: now - days * 24 * 60 * MINUTE, bytes: 0, removal: false } as UnsentNote, now);
  expect([0, 1, 6.9, 7].map(after)).toEqual([
    "Waiting since just now",
    "Waiting for 1 day",
    "Waiting for 6 days",
    "Waiting since 3 Nov",
  ]);
});
