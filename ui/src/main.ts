// Where it begins: picks the host, starts the state, shows the window.
import { mount } from "svelte";
import type { Host } from "./host/host";
import { insideTauri, tauriHost } from "./host/tauri";
import { App } from "./state/app.svelte";
import "./style/base.css";
import Window from "./views/Window.svelte";

void import("./editor/pane"); // on its way while the engine answers

const target = document.getElementById("app") ?? document.body;

function show(host: Host): void {
  const app = new App(host);
  app.start();
  mount(Window, { target, props: { app } });
  addEventListener("unhandledrejection", ({ reason }) => app.failed(reason));
}

if (insideTauri()) show(tauriHost);
else if (__MEMORY_HOST__) void import("./host/memory/start").then(({ startInMemory }) => show(startInMemory()));
else target.textContent = "This page is Stet's window. Start the app to use it.";
