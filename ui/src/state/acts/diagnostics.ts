// A report for those who help.
import type { App } from "../app.svelte";

/** Copies it: it holds neither what was written nor the sign-in. */
export async function copyDiagnostics(app: App): Promise<void> {
  const report = await app.attempt(app.host.call("get_diagnostics", {}));
  if (report) app.copy(report.text);
}
