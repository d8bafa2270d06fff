/// <reference types="vite/client" />
/// <reference types="svelte" />

/** Whether this build carries the in-memory host. */
declare const __MEMORY_HOST__: boolean;

declare module "virtual:troubleshooting" {
  /** docs/troubleshooting.md as HTML. */
  const page: string;
  export default page;
}
