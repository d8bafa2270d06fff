// Names of what the connection is made of.

/** "wss://notes.example.org/sync" as "notes.example.org". */
export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
