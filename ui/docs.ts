// The troubleshooting page of docs/ as HTML inside the app: made when the app is built, so that nothing has to be read from a
// server that can't be reached.
import { readFile } from "node:fs/promises";
import { marked } from "marked";
import type { Plugin } from "vite";

const PAGE = new URL("../docs/troubleshooting.md", import.meta.url);
const ID = "virtual:troubleshooting";

/** The anchor of a heading, as Markdown viewers make it; tests of the engine hold its topics to the same rule. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");

marked.use({
  renderer: {
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${anchor(text)}">${this.parser.parseInline(tokens)}</h${depth}>`;
    },
    // The other pages aren't in the app: they are named.
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens);
      return href.includes("://") ? text : `${text} (docs/${href.split("#")[0]})`;
    },
  },
});

/** `import page from "virtual:troubleshooting"` gives the page. */
export function docs(): Plugin {
  return {
    name: "stet-docs",
    resolveId: (id) => (id === ID ? `\0${ID}` : null),
    async load(id) {
      if (id !== `\0${ID}`) return null;
      this.addWatchFile(PAGE.pathname);
      return `export default ${JSON.stringify(await marked.parse(await readFile(PAGE, "utf8")))};`;
    },
  };
}
