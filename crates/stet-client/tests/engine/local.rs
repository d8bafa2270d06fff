//! Without a server: notes, folders, the trash, and what a restart finds.

use stet_client::api::ErrorCode;
use stet_client::api::command::{
    ChangeNote, CreateFolder, DeleteFolder, MoveFolder, PurgeNote, RestoreNote, SyncNow, TrashNote, UpdateSettings,
};
use stet_client::api::note::{NoteChange, Settings};
use stet_client::api::status::ConnectionState;
use stet_store::ListView;

use crate::desk::{Desk, typed};

#[test]
fn a_new_device_has_the_welcome_note_and_keeps_it_over_a_restart() {
    let desk = Desk::new();
    assert_eq!(desk.rows(ListView::All), ["Welcome to Stet"]);
    assert_eq!(desk.crash().rows(ListView::All), ["Welcome to Stet"]);
}

#[test]
fn a_removed_welcome_note_does_not_come_back() {
    let mut desk = Desk::new();
    let note_id = desk.events_note();
    desk.call(TrashNote { note_id });
    desk.call(PurgeNote { note_id });
    assert!(desk.rows(ListView::All).is_empty());
    assert!(desk.crash().rows(ListView::All).is_empty());
}

#[test]
fn without_a_server_nothing_is_unsent_and_nobody_connects() {
    let mut desk = Desk::new();
    desk.create("One", "text");
    desk.wait(120_000);
    let status = desk.status();
    assert_eq!((status.state, status.unsent, status.unsaved), (ConnectionState::Local, 0, 0));
    assert!(desk.opened.is_empty());
    let refused = desk.ask(SyncNow {}).expect("answered").expect_err("there is nothing to sync with");
    assert_eq!(refused.code, ErrorCode::Offline);
}

#[test]
fn fields_trash_and_restore_change_the_lists() {
    let mut desk = Desk::new();
    let note_id = desk.create("Garden", "beans");
    desk.call(ChangeNote { note_id, change: NoteChange::Starred { value: true } });
    assert_eq!(desk.rows(ListView::Starred), ["Garden"]);
    desk.call(ChangeNote { note_id, change: NoteChange::AddTag { tag: "#plants".into() } });
    assert_eq!(desk.rows(ListView::Tag("plants".into())), ["Garden"]);
    desk.call(TrashNote { note_id });
    assert_eq!(desk.rows(ListView::Trash), ["Garden"]);
    assert_eq!(desk.rows(ListView::All), ["Welcome to Stet"]);
    desk.call(RestoreNote { note_id });
    assert_eq!(desk.rows(ListView::All).len(), 2);
    desk.call(ChangeNote { note_id, change: NoteChange::Archived { value: true } });
    assert_eq!(desk.rows(ListView::Archived), ["Garden"]);
}

#[test]
fn typing_into_a_note_in_the_trash_takes_it_out() {
    let mut desk = Desk::new();
    let note_id = desk.create("Garden", "beans");
    desk.call(TrashNote { note_id });
    let opened = desk.open(note_id);
    desk.call(typed(&opened.body.session, 0, 0, 0, "more "));
    assert!(desk.rows(ListView::Trash).is_empty());
}

#[test]
fn folders_nest_and_a_removed_one_leaves_its_notes_and_lifts_its_folders() {
    let mut desk = Desk::new();
    let outer = desk.call(CreateFolder { name: "Work".into(), parent_id: None }).folder_id;
    let inner = desk.call(CreateFolder { name: "Plans".into(), parent_id: Some(outer) }).folder_id;
    let note_id = desk.create("Budget", "");
    desk.call(ChangeNote { note_id, change: NoteChange::Folder { folder_id: Some(outer) } });
    assert_eq!(desk.rows(ListView::Folder(outer)), ["Budget"]);
    desk.call(DeleteFolder { folder_id: outer });
    assert!(desk.rows(ListView::Unfiled).contains(&"Budget".to_owned()));
    let sidebar = desk.reader.sidebar(desk.engine.space()).expect("reads");
    let folders: Vec<_> = sidebar.folders.iter().map(|(folder, _)| (folder.id, folder.parent)).collect();
    assert_eq!(folders, [(inner, None)]);
    let unnamed = desk.ask(CreateFolder { name: "  ".into(), parent_id: None }).expect("answered");
    assert_eq!(unnamed.expect_err("a folder needs a name").code, ErrorCode::Invalid);
}

#[test]
fn a_folder_can_not_be_moved_into_itself() {
    let mut desk = Desk::new();
    let outer = desk.call(CreateFolder { name: "Work".into(), parent_id: None }).folder_id;
    let inner = desk.call(CreateFolder { name: "Plans".into(), parent_id: Some(outer) }).folder_id;
    let moved = desk.ask(MoveFolder { folder_id: outer, parent_id: Some(inner) }).expect("answered");
    assert_eq!(moved.expect_err("that would be a circle").code, ErrorCode::Invalid);
}

#[test]
fn a_server_address_that_can_not_be_used_is_refused_and_a_good_one_connects() {
    let mut desk = Desk::new();
    let wrong = Settings { server_url: Some("notes.example.org".into()), ..Settings::default() };
    let refused = desk.ask(UpdateSettings { settings: wrong }).expect("answered").expect_err("no address");
    assert_eq!(refused.code, ErrorCode::Invalid);
    assert!(refused.message.contains("notes.example.org"), "{}", refused.message);
    let good = Settings { server_url: Some("https://notes.example.org".into()), ..Settings::default() };
    let stored = desk.call(UpdateSettings { settings: good });
    assert_eq!(stored.server_url.as_deref(), Some("wss://notes.example.org"));
    assert_eq!(desk.opened, ["wss://notes.example.org"]);
    let desk = desk.crash();
    assert_eq!(desk.opened, ["wss://notes.example.org"], "the choice is kept");
}

#[test]
fn everything_written_with_a_server_out_of_reach_is_kept_and_counted() {
    let mut desk = Desk::with_server(Some("ws://localhost:1"));
    desk.create("One", "");
    desk.create("Two", "");
    desk.give(stet_client::engine::Input::Closed { code: None, reason: "nothing listens there".into() });
    let status = desk.status();
    assert_eq!((status.state, status.unsent), (ConnectionState::Reconnecting, 3));
    assert!(status.error.is_some_and(|error| error.code == ErrorCode::Offline));
    let mut desk = desk.crash();
    assert_eq!(desk.status().unsent, 3);
}

impl Desk {
    /// The only note of a new device.
    fn events_note(&self) -> stet_model::id::NoteId {
        let query = stet_store::ListQuery {
            space: self.engine.space(),
            view: ListView::All,
            search: String::new(),
            after: None,
            limit: 1,
        };
        self.reader.list(&query).expect("reads").rows[0].note
    }
}
