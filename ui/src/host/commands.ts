// Every command and event by name, with the types that cross. The names are those of `Command::ALL` in
// crates/stet-client/src/api/command.rs (a test compares them); the types are generated from Rust. No behaviour.
import type { ChangeNote } from "../gen/ChangeNote";
import type { ClearError } from "../gen/ClearError";
import type { CloseNote } from "../gen/CloseNote";
import type { CreateFolder } from "../gen/CreateFolder";
import type { CreateNote } from "../gen/CreateNote";
import type { Created } from "../gen/Created";
import type { CreatedFolder } from "../gen/CreatedFolder";
import type { Decide } from "../gen/Decide";
import type { Decided } from "../gen/Decided";
import type { DeleteFolder } from "../gen/DeleteFolder";
import type { Diagnostics } from "../gen/Diagnostics";
import type { DiscardNote } from "../gen/DiscardNote";
import type { Done } from "../gen/Done";
import type { EditAnswer } from "../gen/EditAnswer";
import type { EditNote } from "../gen/EditNote";
import type { EmptyTrash } from "../gen/EmptyTrash";
import type { Event } from "../gen/Event";
import type { GetDiagnostics } from "../gen/GetDiagnostics";
import type { GetMerged } from "../gen/GetMerged";
import type { GetNote } from "../gen/GetNote";
import type { GetSidebar } from "../gen/GetSidebar";
import type { GetStart } from "../gen/GetStart";
import type { GetVersion } from "../gen/GetVersion";
import type { HistoryPage } from "../gen/HistoryPage";
import type { GetText } from "../gen/GetText";
import type { JoinNote } from "../gen/JoinNote";
import type { LeaveNote } from "../gen/LeaveNote";
import type { ListHistory } from "../gen/ListHistory";
import type { ListNotes } from "../gen/ListNotes";
import type { ListUnsent } from "../gen/ListUnsent";
import type { MoveFolder } from "../gen/MoveFolder";
import type { MergedNote } from "../gen/MergedNote";
import type { NotePage } from "../gen/NotePage";
import type { NoteRow } from "../gen/NoteRow";
import type { NoteVersion } from "../gen/NoteVersion";
import type { NoteText } from "../gen/NoteText";
import type { OpenNote } from "../gen/OpenNote";
import type { OpenedNote } from "../gen/OpenedNote";
import type { Pause } from "../gen/Pause";
import type { PullNote } from "../gen/PullNote";
import type { Pulled } from "../gen/Pulled";
import type { PurgeNote } from "../gen/PurgeNote";
import type { Reconnect } from "../gen/Reconnect";
import type { RecordDetails } from "../gen/RecordDetails";
import type { RenameFolder } from "../gen/RenameFolder";
import type { RestoreAsNew } from "../gen/RestoreAsNew";
import type { RestoreNote } from "../gen/RestoreNote";
import type { RestoreVersion } from "../gen/RestoreVersion";
import type { Restored } from "../gen/Restored";
import type { RetryNote } from "../gen/RetryNote";
import type { SetFocus } from "../gen/SetFocus";
import type { SettleMerged } from "../gen/SettleMerged";
import type { Settings } from "../gen/Settings";
import type { Sidebar } from "../gen/Sidebar";
import type { Start } from "../gen/Start";
import type { SyncNow } from "../gen/SyncNow";
import type { TrashNote } from "../gen/TrashNote";
import type { UndoSettle } from "../gen/UndoSettle";
import type { UnsentPage } from "../gen/UnsentPage";
import type { UpdateSettings } from "../gen/UpdateSettings";

/** The engine's commands: `name: [arguments, answer]`. */
export interface CommandMap {
  get_start: [GetStart, Start];
  list_notes: [ListNotes, NotePage];
  get_sidebar: [GetSidebar, Sidebar];
  get_note: [GetNote, NoteRow];
  get_diagnostics: [GetDiagnostics, Diagnostics];
  list_unsent: [ListUnsent, UnsentPage];
  get_text: [GetText, NoteText];
  pull_note: [PullNote, Pulled];
  list_history: [ListHistory, HistoryPage];
  get_version: [GetVersion, NoteVersion];
  get_merged: [GetMerged, MergedNote];
  open_note: [OpenNote, OpenedNote];
  edit_note: [EditNote, EditAnswer];
  close_note: [CloseNote, Done];
  create_note: [CreateNote, Created];
  change_note: [ChangeNote, Done];
  trash_note: [TrashNote, Done];
  restore_note: [RestoreNote, Done];
  restore_version: [RestoreVersion, Restored];
  purge_note: [PurgeNote, Done];
  empty_trash: [EmptyTrash, Done];
  restore_as_new: [RestoreAsNew, Created];
  discard_note: [DiscardNote, Done];
  settle_merged: [SettleMerged, Done];
  undo_settle: [UndoSettle, Done];
  create_folder: [CreateFolder, CreatedFolder];
  rename_folder: [RenameFolder, Done];
  move_folder: [MoveFolder, Done];
  delete_folder: [DeleteFolder, Done];
  update_settings: [UpdateSettings, Settings];
  decide: [Decide, Decided];
  join_note: [JoinNote, Done];
  leave_note: [LeaveNote, Done];
  reconnect: [Reconnect, Done];
  clear_error: [ClearError, Done];
  pause: [Pause, Done];
  sync_now: [SyncNow, Done];
  retry_note: [RetryNote, Done];
  record_details: [RecordDetails, Done];
  set_focus: [SetFocus, Done];
}

/** What came of an export; without a folder, none was chosen. */
interface Exported {
  folder: string | null;
  files: number;
  missed: number;
  reasons: string[];
}

/** The shell's own commands, which the engine doesn't know. */
export interface ShellMap {
  open_link: [{ url: string }, unknown];
  copy_text: [{ text: string }, unknown];
  export_notes: [{ noteIds: string[] | null }, Exported];
  show_export: [Record<string, never>, unknown];
  quit: [{ force: boolean }, { unsent: number }];
  window_ready: [Record<string, never>, unknown];
  next_events: [Record<string, never>, { events: ShellEvent[]; lost: boolean }];
}

/** Everything that can be called. Events are listened to instead. */
export type Calls = CommandMap & Omit<ShellMap, "next_events">;

/** What the shell hands on, and its own: say your last words. */
export type ShellEvent = Event | { event: "leave"; payload: null };

/** Every event by name, with its payload. */
export type EventMap = { [E in Event as E["event"]]: E["payload"] };
