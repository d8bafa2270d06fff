// A status in which nothing is said yet.
import type { Status } from "../../gen/Status";

/** What every status of this host begins with. */
export const BLANK: Status = {
  state: "authenticated",
  paused: false,
  isConnected: false,
  isAuthenticated: false,
  userId: null,
  reconnectAttempts: 0,
  nextRetryAt: null,
  lastSync: null,
  isSynced: false,
  joinedNotes: [],
  unsent: 0,
  unsaved: 0,
  held: 0,
  progress: null,
  error: null,
  help: null,
  serverUrl: null,
  proxy: null,
  level: null,
  roundTripMs: null,
  verified: null,
  spaceId: null,
  cursor: 0,
  otherDevices: [],
  recordingUntil: null,
  sendsAgainAt: null,
  report: null,
  decision: null,
};
