import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { docs } from "./docs";

// Mode "memory" keeps the in-memory host in the bundle; a production build leaves it out.
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), docs()],
  define: { __MEMORY_HOST__: JSON.stringify(mode !== "production") },
  clearScreen: false,
  server: { port: 5173, strictPort: false },
  build: {
    target: "es2022",
    outDir: mode === "memory" ? "dist-memory" : "dist",
    assetsInlineLimit: 0, // the content security policy allows no data: fonts
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["tests/unit/**/*.test.ts"], environment: "node" },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          environment: "node",
          globalSetup: ["tests/browser/server.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 30_000 } }, // as long as the page's own waiting
          fileParallelism: false,
        },
      },
    ],
  },
}));
