// Hands the state down to the views.
import { getContext, setContext } from "svelte";
import type { App } from "./app.svelte";

const KEY = Symbol("app");

/** Gives the views below the state. */
export const provideApp = (app: App): App => setContext(KEY, app);

/** The state, inside a view. */
export const useApp = (): App => getContext<App>(KEY);
