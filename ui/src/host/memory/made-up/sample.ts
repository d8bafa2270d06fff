// The notes a developer sees in `npm run dev`: ordinary ones, and the awkward kinds (long titles, no title, other scripts).

/** A note to begin with. `age` is in minutes. */
export interface SampleNote {
  title: string;
  body: string;
  folder?: string;
  tags?: string[];
  age: number;
  starred?: boolean;
  pinned?: boolean;
  archived?: boolean;
  trashed?: boolean;
}

/** Folders by name with their parents', parents first. */
export const FOLDERS: readonly (readonly [name: string, parent: string | null, color: string | null])[] = [
  ["Garden", null, "#6b8f4e"],
  ["Seed box", "Garden", null],
  ["Reading", null, "#4a6fa5"],
  ["Work", null, "#b0803a"],
  ["Lantern", "Work", null],
  ["Meetings", "Lantern", null],
  ["Travel", null, null],
];

const WELCOME = `Write here. What you type is on this device's disk before you look up, and on your other devices a moment later.

## The three dots

Each note carries three dots:

1. filled: it is on **this device's disk**, safe to quit
2. filled: it is on **the server**, safe to leave the house
3. filled: **another device** of yours has it

A ring means *not yet*. A red ring means that something stands in the way; point at it and it says what.

## A little Markdown

Headings begin with \`#\`, lists with \`-\`, and a quotation looks like this:

> Stet, writes the proof-reader in the margin: let it stand.

- [x] Read this note
- [ ] Press **Ctrl N** and write one of your own
- [ ] Press **Ctrl /** to see every key
`;

const GARDEN = `The bed along the wall gets sun until four. Beans at the back, where the wire is.

## To sow before the 20th

- Runner beans, the *white* ones from Ada
- Chard, two rows
- Sweet peas by the gate, if the wire holds; last year it came down in the first storm and took the clematis with it
  - and the blue ones from the market

The frost chart says the **14th**, but the lilac is a week late this year, so wait for the lilac.

## Water

The butt leaks at the tap. A new washer is 3/4 inch. Until then fill the cans the evening before and leave them in the sun; cold water sets the beans back by days.

> A gardener's best tool is the knowledge from previous seasons.

Measured on Sunday: soil at 11 °C in the morning, 16 °C after noon.
`;

const LANTERN = `# What ships in spring

The reading lamp and the travel case. The wall model waits for the new switch.

| Part | Who | By |
| --- | --- | --- |
| Housing | Jonas | 3 March |
| Driver board | Ines | 17 March |

## Open questions

1. Does the case close with the cable wound on?
2. Who tells the shops about the delay?

\`\`\`
draw  = 4.8 W
light = 470 lm
\`\`\`

See the [test report](https://example.org/lantern/report) for the heat figures.
`;

/** The notes, newest first. */
export const NOTES: readonly SampleNote[] = [
  { title: "Welcome to Stet", body: WELCOME, age: 4, pinned: true },
  {
    title: "Spring in the long bed",
    body: GARDEN,
    folder: "Garden",
    tags: ["garden", "plans"],
    age: 12,
    starred: true,
  },
  { title: "Lantern: what ships in spring", body: LANTERN, folder: "Lantern", tags: ["work"], age: 95 },
  {
    title: "Call with the printers",
    body: "They can do the cover on the rough stock after all.\n\nAsk for a proof of *both* papers before Thursday.",
    folder: "Meetings",
    tags: ["work"],
    age: 190,
  },
  { title: "", body: "A line that came on the train and has no title yet", age: 320 },
  {
    title: "Books I was told to read",
    body: "- The Living Mountain\n- A Month in the Country\n- The Rings of Saturn\n",
    folder: "Reading",
    tags: ["books"],
    age: 1500,
    starred: true,
  },
  {
    title:
      "Lisbon, three days in October, with notes about trains, trams, where to eat and what to leave for next time",
    body: "Tram 28 before eight, or not at all.",
    folder: "Travel",
    tags: ["plans", "portugal"],
    age: 3100,
  },
  {
    title: "読書メモ",
    body: "山の音。静かな文章で、時間がゆっくり流れる。",
    folder: "Reading",
    tags: ["books"],
    age: 4400,
  },
  {
    title: "Bread that works",
    body: "500 g flour, 350 g water, 10 g salt, 80 g starter. Fold four times, *cold* overnight.",
    tags: ["kitchen"],
    age: 7300,
  },
  {
    title: "Seed swap list",
    body: "To give: chard, borage. To find: scarlet emperor.",
    folder: "Seed box",
    tags: ["garden"],
    age: 15800,
  },
  { title: "What the roof needs", body: "Slates on the north side, the flashing at the chimney.", age: 31000 },
  { title: "Old address list", body: "Moved to the address book.", age: 90000, archived: true },
  { title: "Draft that went nowhere", body: "It began well.", age: 2900, trashed: true },
];

/** What a note said before, this many minutes earlier. */
interface Earlier {
  age: number;
  /** Maria's laptop had it. */
  hers?: boolean;
  kind?: "restored" | "merged";
  title: string;
  body: string;
  tags: string[];
}

/** The past of the note about the garden, the oldest first. Other notes have none. */
export function earlier({ body }: { body: string }): Earlier[] {
  if (body !== GARDEN) return [];
  const step = (age: number, text: string, rest: Partial<Earlier> = {}): Earlier => ({
    ...{ age, title: "Spring in the long bed", body: text, tags: ["garden", "plans"] },
    ...rest,
  });
  const sown = GARDEN.slice(0, GARDEN.indexOf("## Water"));
  const hers = sown.replace(", the *white* ones from Ada", "").replace("20th", "17th");
  return [
    step(9_000, "The bed along the wall gets sun until four.\n", { title: "The long bed", tags: [] }),
    step(2_900, sown.slice(0, sown.indexOf("- Sweet peas")), { tags: ["garden"] }),
    step(1_500, hers, { hers: true, tags: ["garden"] }),
    step(1_410, sown.replace("two rows", "one row"), { tags: ["garden"] }),
    step(1_400, sown, { kind: "merged" }),
    step(190, "To sow: ask Ada.\n"),
    step(180, sown, { kind: "restored" }),
    step(60, GARDEN.replace("A new washer is 3/4 inch. ", "").replace("11 °C", "9 °C"), { hers: true }),
  ];
}

const WORDS =
  "river lamp window paper garden winter letter copper thread harbour ink apple stone morning margin kettle wool cedar".split(
    " ",
  );
const word = (seed: number): string => WORDS[seed % WORDS.length] ?? "ink";

/** The nth of many made-up notes. */
export function madeUp(n: number): SampleNote {
  const title = `${word(n)} ${word(n * 7 + 3)} ${n}`;
  const body = Array.from({ length: 24 }, (_, i) => word(n * 13 + i * 5)).join(" ");
  return { title: title.charAt(0).toUpperCase() + title.slice(1), body, age: 100_000 + n };
}
