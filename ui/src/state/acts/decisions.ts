// What only people can decide, in words, and saying what they did.
import type { Decision } from "../../gen/Decision";
import type { Way } from "../../gen/Way";
import { HostError } from "../../host/host";
import type { App } from "../app.svelte";
import { notes } from "../words";

/** A way on. */
interface WayOn {
  way: Way;
  verb: string;
  what: string;
  /** What its button says. */
  button: string;
}

/** A question with the ways on; the first is the one nothing is lost by. */
interface DecisionWords {
  title: string;
  text: string;
  ways: WayOn[];
  /** What comes of not deciding. */
  later: string;
}

/** What is the same of both questions about the log. */
const OF_THE_LOG: Pick<DecisionWords, "ways" | "later"> = {
  ways: [
    {
      way: "uploadAgain",
      verb: "Put both together",
      what: "Everything here is sent there, and everything there is fetched. Nothing is removed; what was removed for good comes back.",
      button: "Put together",
    },
    {
      way: "takeServers",
      verb: "Take the server's notes",
      what: "This device then has what the server has. What is here now stays in a copy in the data folder.",
      button: "Take",
    },
  ],
  later: "You can go on writing. Nothing is synced until then.",
};

export function decisionWords(decision: Decision): DecisionWords {
  switch (decision.kind) {
    case "otherStore":
      return {
        title: "This server has another database",
        text: "What answers at this address now isn't what these notes were synced with. Nothing was sent or removed.",
        ...OF_THE_LOG,
      };
    case "olderLog":
      return {
        title: "The server's notes are an older copy",
        text: "They were restored from a backup, and may lack what was written since. Everything on this device is untouched.",
        ...OF_THE_LOG,
      };
    case "removals":
      return {
        title: `${notes(decision.notes)} were removed at once`,
        text: `${decision.device ?? "Another device"} removed them for good. That is a lot, so they are still here. Everything else goes on syncing.`,
        ways: [
          {
            way: "keepNotes",
            verb: "Keep them",
            what: "They become new notes, here and on your other devices.",
            button: "Keep",
          },
          {
            way: "removeNotes",
            verb: "Remove them here, too",
            what: "A copy of all notes as they are now stays in the data folder.",
            button: "Remove",
          },
        ],
        later: "They wait here until you do.",
      };
  }
}

/** Says what people have decided. Answers why that couldn't be done, if it couldn't. */
export async function decide(app: App, way: Way): Promise<string | null> {
  try {
    const { copy } = await app.host.call("decide", { way });
    app.overlay.close();
    app.toasts.show(`A copy of all notes as they were is kept in the data folder: ${copy}.`, { key: "decided" });
    return null;
  } catch (thrown) {
    if (app.overlay.shown?.kind !== "decision") app.failed(thrown); // it was put off meanwhile, and can't show it
    return HostError.from(thrown).message;
  }
}
