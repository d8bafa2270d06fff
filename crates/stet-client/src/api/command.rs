//! Every command: its arguments, its answer and its kind, in one list.

use serde::{Deserialize, Serialize};
use stet_model::id::{DeviceId, FolderId, NoteId};
use ts_rs::TS;

use super::history::{Comparison, HistoryPage, NoteVersion};
use super::merged::{MergedChoice, MergedNote};
use super::note::{NoteChange, NotePage, NoteRow, OpenedNote, OpenedText, Settings, Sidebar, TextUpdate, View};
use super::status::{Status, Way};
use super::unsent::UnsentPage;

/// What a command is to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads; may be asked again at any time.
    Query,
    /// Writes; the answer says that it was applied.
    Change,
    /// Asks for something to happen; what comes of it arrives as events.
    Trigger,
}

/// A command with the type of its answer.
pub trait Call: Into<Command> + Send + 'static {
    /// What comes back.
    type Answer: TryFrom<Answer> + Send + 'static;
}

macro_rules! commands {
    ($($kind:ident $name:ident: $args:ident => $answer:ident,)*) => {
        /// Any command.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is its arguments' type")]
        pub enum Command { $($args($args),)* }

        $(
            impl From<$args> for Command {
                fn from(args: $args) -> Self { Self::$args(args) }
            }
            impl Call for $args { type Answer = $answer; }
        )*

        impl Command {
            /// Every command by name, with its kind, and the names of its TypeScript types.
            pub const ALL: &'static [(&'static str, Kind, &'static str, &'static str)] =
                &[$((stringify!($name), Kind::$kind, stringify!($args), stringify!($answer)),)*];

            /// The name a user interface calls it by.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$args(_) => stringify!($name),)* }
            }
        }
    };
}

macro_rules! answers {
    ($($answer:ident,)*) => {
        /// Any answer.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is its own type")]
        #[expect(clippy::large_enum_variant, reason = "one is alive a call; the largest is asked for once")]
        pub enum Answer { $($answer($answer),)* }

        $(
            impl From<$answer> for Answer {
                fn from(answer: $answer) -> Self { Self::$answer(answer) }
            }
            impl TryFrom<Answer> for $answer {
                type Error = &'static str;
                fn try_from(answer: Answer) -> Result<Self, Self::Error> {
                    match answer {
                        Answer::$answer(answer) => Ok(answer),
                        _ => Err(stringify!($answer)),
                    }
                }
            }
        )*
    };
}

answers! {
    Start, NotePage, Sidebar, NoteRow, OpenedNote, EditAnswer, Pulled, MergedNote, Created, CreatedFolder, Settings,
    Diagnostics, Decided, HistoryPage, NoteVersion, Restored, UnsentPage, NoteText, Done,
}

commands! {
    Query get_start: GetStart => Start,
    Query list_notes: ListNotes => NotePage,
    Query get_sidebar: GetSidebar => Sidebar,
    Query get_note: GetNote => NoteRow,
    Query get_diagnostics: GetDiagnostics => Diagnostics,
    Query list_unsent: ListUnsent => UnsentPage,
    Query get_text: GetText => NoteText,
    Query pull_note: PullNote => Pulled,
    Query list_history: ListHistory => HistoryPage,
    Query get_version: GetVersion => NoteVersion,
    Query get_merged: GetMerged => MergedNote,
    Change open_note: OpenNote => OpenedNote,
    Change edit_note: EditNote => EditAnswer,
    Change close_note: CloseNote => Done,
    Change create_note: CreateNote => Created,
    Change change_note: ChangeNote => Done,
    Change trash_note: TrashNote => Done,
    Change restore_note: RestoreNote => Done,
    Change restore_version: RestoreVersion => Restored,
    Change purge_note: PurgeNote => Done,
    Change empty_trash: EmptyTrash => Done,
    Change restore_as_new: RestoreAsNew => Created,
    Change discard_note: DiscardNote => Done,
    Change settle_merged: SettleMerged => Done,
    Change undo_settle: UndoSettle => Done,
    Change create_folder: CreateFolder => CreatedFolder,
    Change rename_folder: RenameFolder => Done,
    Change move_folder: MoveFolder => Done,
    Change delete_folder: DeleteFolder => Done,
    Change update_settings: UpdateSettings => Settings,
    Change decide: Decide => Decided,
    Trigger join_note: JoinNote => Done,
    Trigger leave_note: LeaveNote => Done,
    Trigger reconnect: Reconnect => Done,
    Trigger clear_error: ClearError => Done,
    Trigger pause: Pause => Done,
    Trigger sync_now: SyncNow => Done,
    Trigger retry_note: RetryNote => Done,
    Trigger record_details: RecordDetails => Done,
    Trigger set_focus: SetFocus => Done,
}

macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
            #[serde(rename_all = "camelCase")]
            #[ts(export)]
            pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }
        )*
    };
}

arguments! {
    /// Asks once for everything an interface starts with.
    GetStart {}
    /// What an interface starts with.
    Start {
        /// Where syncing stands.
        status: Status,
        /// The user's choices.
        settings: Settings,
        /// The sidebar.
        sidebar: Sidebar,
        /// This installation.
        #[ts(type = "string")]
        device_id: DeviceId,
        /// What people call this device.
        device_name: String,
        /// Version of the program.
        version: String,
        /// A debug build.
        debug: bool,
    }
    /// Asks for a page of a list. With a search: titles that match first, then newest first.
    ListNotes {
        /// Which list.
        view: View,
        /// Words to look for; empty for none.
        search: String,
        /// `next` of the page before.
        after: Option<String>,
        /// Rows wanted, at most 200.
        limit: u32,
    }
    /// Asks for the sidebar.
    GetSidebar {}
    /// Asks for one note's row.
    GetNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Asks for a page of the notes that wait to be sent or can't go on, with what is to be known of each.
    ListUnsent {
        /// `next` of the page before.
        after: Option<String>,
        /// Notes wanted, at most 50: each is read from the disk.
        limit: u32,
    }
    /// Asks for a note's text as it is on the disk.
    GetText {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// A note's text.
    NoteText {
        /// One line.
        title: String,
        /// Markdown.
        body: String,
    }
    /// Asks for a text that may be sent to people who help: no tokens, no note text.
    GetDiagnostics {}
    /// A report without tokens and note text.
    Diagnostics {
        /// Plain text.
        text: String,
    }
    /// Asks for the revisions after one.
    PullNote {
        /// The editing session.
        session: String,
        /// The revision the editor is at.
        base_revision: u32,
    }
    /// Revisions after the one asked for.
    Pulled {
        /// The revision the first update applies to.
        from: u32,
        /// The updates, one revision each.
        updates: Vec<TextUpdate>,
    }
    /// Opens a note for editing. Each call begins new sessions.
    OpenNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Changes an opened text: one update a keystroke, one revision each.
    EditNote {
        /// The editing session.
        session: String,
        /// The revision the first update applies to.
        base_revision: u32,
        /// The updates in order; each counts its offsets after the ones before it.
        updates: Vec<TextUpdate>,
    }
    /// Ends editing sessions.
    CloseNote {
        /// The sessions.
        sessions: Vec<String>,
    }
    /// Makes a note.
    CreateNote {
        /// In this folder.
        #[ts(type = "string | null")]
        folder_id: Option<FolderId>,
        /// Its title.
        title: String,
        /// Its body.
        body: String,
    }
    /// The note made.
    Created {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Changes a note's fields.
    ChangeNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
        /// What changes.
        change: NoteChange,
    }
    /// Moves a note to the trash.
    TrashNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Takes a note out of the trash.
    RestoreNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Asks for a page of a note's versions.
    ListHistory {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Asks what a version says.
    GetVersion {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
        /// The version.
        id: String,
        /// What to lay it over.
        over: Comparison,
    }
    /// Goes back to what a version says, by an edit like any other.
    RestoreVersion {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
        /// The version.
        id: String,
        /// The version that was before the user's eyes: what was written since then stays. `null`: everything becomes
        /// as it was.
        seen: Option<String>,
    }
    /// Two versions: to take the change back, go back to `before`, with `after` as what was seen.
    Restored {
        /// Before the change.
        before: String,
        /// After it.
        after: String,
    }
    /// Removes a note for good, here and everywhere.
    PurgeNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Removes every note in the trash for good.
    EmptyTrash {}
    /// Makes a new note of one that was removed for good elsewhere while it had text nobody else has. The kept one goes
    /// once the new one is on the disk.
    RestoreAsNew {
        /// The note that was kept.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Lets go of a note that was removed for good elsewhere and kept for its text.
    DiscardNote {
        /// The note that was kept.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Asks what of a note is to be settled.
    GetMerged {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Settles what two sides made of the same passages, on all devices.
    SettleMerged {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
        /// The mark; `null` for all of the note.
        key: Option<String>,
        /// What becomes of its passages.
        choice: MergedChoice,
    }
    /// Takes back the last settling, if it was of this note.
    UndoSettle {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Makes a folder.
    CreateFolder {
        /// What people call it.
        name: String,
        /// In this folder.
        #[ts(type = "string | null")]
        parent_id: Option<FolderId>,
    }
    /// The folder made.
    CreatedFolder {
        /// The folder.
        #[ts(type = "string")]
        folder_id: FolderId,
    }
    /// Gives a folder another name.
    RenameFolder {
        /// The folder.
        #[ts(type = "string")]
        folder_id: FolderId,
        /// The new name.
        name: String,
    }
    /// Moves a folder into another, or to the top.
    MoveFolder {
        /// The folder.
        #[ts(type = "string")]
        folder_id: FolderId,
        /// Where to.
        #[ts(type = "string | null")]
        parent_id: Option<FolderId>,
    }
    /// Removes a folder; its notes stay, under no folder.
    DeleteFolder {
        /// The folder.
        #[ts(type = "string")]
        folder_id: FolderId,
    }
    /// Sets the user's choices. A changed server URL reconnects.
    UpdateSettings {
        /// All of them.
        settings: Settings,
    }
    /// Says what people have decided (`decision` of the status). First a copy of all notes is made.
    Decide {
        /// What.
        way: Way,
    }
    /// It is being done.
    Decided {
        /// The copy's file, in the data folder.
        copy: String,
    }
    /// Follows a note live.
    JoinNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Ends following a note.
    LeaveNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Tries to connect now.
    Reconnect {}
    /// Dismisses the last error.
    ClearError {}
    /// Stops or resumes syncing.
    Pause {
        /// Whether to stop.
        paused: bool,
    }
    /// Sends and fetches now; reconnects when offline.
    SyncNow {}
    /// Tries one note again that can't go on, and connects when offline.
    RetryNote {
        /// The note.
        #[ts(type = "string")]
        note_id: NoteId,
    }
    /// Records frames (without tokens and note text) for 15 minutes, or stops.
    RecordDetails {
        /// Whether to record.
        on: bool,
    }
    /// Says what the user looks at: no notification is shown for it.
    SetFocus {
        /// The note in view, when the window has the focus.
        #[ts(type = "string | null")]
        note_id: Option<NoteId>,
    }
    /// Nothing to say.
    Done {}
}

/// The answer to an edit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum EditAnswer {
    /// Applied; the text is at this revision.
    Ok {
        /// The revision after the last update.
        revision: u32,
    },
    /// Others came first: rebase over these and send again.
    Stale {
        /// The revision the first update applies to.
        from: u32,
        /// The updates that came in between.
        updates: Vec<TextUpdate>,
    },
    /// The session or the change can't go on: begin again from this text.
    Reopen {
        /// The text as it is.
        opened: OpenedText,
        /// Why, for people.
        message: String,
    },
}
