/// <reference types="vite/client" />
/// <reference types="svelte" />

/** Whether this build carries the in-memory host. */
declare const __MEMORY_HOST__: boolean;
