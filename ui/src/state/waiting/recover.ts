// Text that can't be saved in its note is kept in a new one, or in several when it is too long for one.
import { HostError, type Host } from "../../host/host";

/** A shorter text is not what makes a note too large. */
const SPLIT = 64;

/** Makes a note of this text, split between lines where it is too long. Answers with the note that has the beginning. */
export async function recover(host: Host, title: string, body: string): Promise<string> {
  try {
    return (await host.call("create_note", { folderId: null, title, body })).noteId;
  } catch (thrown) {
    if (HostError.from(thrown).code !== "too-large" || body.length < SPLIT) throw thrown;
    const at = cut(body);
    await recover(host, title, body.slice(at));
    return recover(host, title, body.slice(0, at));
  }
}

/** After the last line end before the middle, unless that lies far ahead; never inside a character. */
function cut(body: string): number {
  const middle = body.length >> 1;
  const line = body.lastIndexOf("\n", middle) + 1;
  if (line > middle >> 1) return line;
  return /[\uDC00-\uDFFF]/.test(body.charAt(middle)) ? middle + 1 : middle;
}
