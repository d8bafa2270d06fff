// Starts the memory host from the page's address (?mode=offline&notes=100000&robot=200&disk=full&stranded=some&limit=2000&empty) and shows
// the developer's panel.
import { mount } from "svelte";
import { MemoryHost } from "./memory";
import { MODES, type Mode } from "./network";
import Panel from "./Panel.svelte";
import { strand } from "./unsent";

declare global {
  interface Window {
    /** The memory host, for tests and the console. */
    stetMemory?: MemoryHost;
  }
}

/** A host as the address wants it. */
export function startInMemory(): MemoryHost {
  const wish = new URLSearchParams(location.search);
  const mode = MODES.find((name) => name === wish.get("mode")) ?? ("online" satisfies Mode);
  const host = new MemoryHost({
    mode,
    extra: Number(wish.get("notes") ?? 0),
    empty: wish.has("empty"),
    diskFull: wish.get("disk") === "full",
    noteBytes: Number(wish.get("limit") ?? 10 * 1024 * 1024),
    latencyMs: Number(wish.get("latency") ?? 4),
  });
  const stranded = wish.get("stranded");
  if (stranded !== null) strand(host, stranded);
  window.stetMemory = host;
  if (!wish.has("bare"))
    mount(Panel, { target: document.body, props: { host, robot: Number(wish.get("robot") ?? 0) } });
  return host;
}
