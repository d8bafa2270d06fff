// Serves the page with the memory host and starts one Chromium for all browser tests.
import { chromium } from "playwright-core";
import { createServer } from "vite";
import type { TestProject } from "vitest/node";

const EXECUTABLE = process.env.STET_CHROMIUM ?? "/usr/bin/chromium";

declare module "vitest" {
  interface ProvidedContext {
    page: string;
    browser: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await createServer({ mode: "memory", logLevel: "error", server: { port: 5299 } });
  await server.listen();
  const browser = await chromium
    .launchServer({
      executablePath: EXECUTABLE,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    })
    .catch((error: unknown) => {
      throw new Error(
        `No Chromium at ${EXECUTABLE}: install Debian's package "chromium", or name another in STET_CHROMIUM.`,
        { cause: error },
      );
    });
  project.provide("page", server.resolvedUrls?.local[0] ?? "");
  project.provide("browser", browser.wsEndpoint());
  return async () => {
    await browser.close();
    await server.close();
  };
}
