//! Notes that came through a level-1 server and meet a level-2 one: its document counts, and what was written here is
//! applied to it. Every line is there once.

use stet_client::api::Event;
use stet_client::api::command::{ChangeNote, EditAnswer};
use stet_client::api::note::NoteChange;
use stet_client::engine::Input;
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{NoteId, PeerId};

use crate::desk::{Desk, typed};
use crate::level1::{confirm, sent, signed_in};
use crate::level2::{complete, connect as connect_at_level_2, rows, updates};

/// The server's own document of a note, made of what level 1 told it.
fn server_document(body: &str) -> NoteDocument {
    let mut document = NoteDocument::new(PeerId(77));
    let edits = [NoteEdit::CreatedAt(5), NoteEdit::SetTitle("T".into()), NoteEdit::SetBody(body.into())];
    document.edit_all(&edits, 1_700_000_000_000).expect("fits");
    document
}

/// A device with one note that a level-1 server confirmed, and a line written after that.
fn written_offline() -> (Desk, NoteId) {
    let mut desk = signed_in();
    let id = desk.create("T", "one\ntwo\n");
    confirm(&mut desk, id, "one\ntwo\n");
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    let session = desk.open(id).body.session;
    desk.call(typed(&session, 0, 8, 8, "mine\n"));
    sent(&mut desk);
    (desk, id)
}

#[test]
fn the_servers_document_is_taken_with_what_was_written_here_since_and_only_that_goes_out() {
    let (mut desk, id) = written_offline();
    let mut server = server_document("zero\none\ntwo\n");
    connect_at_level_2(&mut desk, 1);
    rows(&mut desk, &[(1, id, server.export(&Version::default()))]);
    assert_eq!(desk.body(id), "one\ntwo\nmine\n", "the rest of the log may hold more of it");
    assert!(updates(&mut desk).iter().all(|update| update.note_id != id), "two histories must not meet");
    assert!(!desk.status().is_synced);
    complete(&mut desk, 1);
    assert_eq!(desk.body(id), "zero\none\ntwo\nmine\n");
    let update = updates(&mut desk).into_iter().find(|update| update.note_id == id).expect("the line goes out");
    assert_eq!(update.after, 1);
    let ops: Vec<&[u8]> = update.ops.iter().map(|ops| ops.0.as_slice()).collect();
    server.import(&ops).expect("it builds on what the server has");
    assert_eq!(server.body(), "zero\none\ntwo\nmine\n");
    let mut desk = desk.crash();
    assert_eq!(desk.body(id), "zero\none\ntwo\nmine\n");
}

#[test]
fn what_was_confirmed_and_not_touched_since_is_what_the_server_has_and_nothing_goes_out() {
    let mut desk = signed_in();
    let id = desk.create("T", "one\ntwo\n");
    confirm(&mut desk, id, "one\ntwo\n");
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    sent(&mut desk);
    let server = server_document("one\n");
    connect_at_level_2(&mut desk, 1);
    rows(&mut desk, &[(1, id, server.export(&Version::default()))]);
    complete(&mut desk, 1);
    assert_eq!(desk.body(id), "one\n", "somebody deleted a line meanwhile");
    assert!(updates(&mut desk).iter().all(|update| update.note_id != id));
}

#[test]
fn a_note_whose_making_was_never_confirmed_is_not_doubled_and_keeps_what_others_added() {
    let mut desk = signed_in();
    let id = desk.create("T", "mine\n");
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    sent(&mut desk);
    let mut server = server_document("mine\n");
    let made = server.export(&Version::default());
    let before = server.head();
    server.set_peer(PeerId(78));
    server.edit(&NoteEdit::SetBody("mine\ntheirs\n".into()), 1_700_000_000_000).expect("fits");
    let mut desk = desk.crash();
    connect_at_level_2(&mut desk, 2);
    rows(&mut desk, &[(1, id, made), (2, id, server.export(&before))]);
    complete(&mut desk, 2);
    assert_eq!(desk.body(id), "mine\ntheirs\n");
}

#[test]
fn a_note_the_server_has_never_heard_of_is_sent_whole() {
    let (mut desk, id) = written_offline();
    connect_at_level_2(&mut desk, 0);
    complete(&mut desk, 0);
    let update = updates(&mut desk).into_iter().find(|update| update.note_id == id).expect("it goes out");
    assert_eq!(update.after, 0);
    let mut server = NoteDocument::new(PeerId(77));
    let ops: Vec<&[u8]> = update.ops.iter().map(|ops| ops.0.as_slice()).collect();
    server.import(&ops).expect("whole");
    assert_eq!((server.title(), server.body()), ("T".to_owned(), "one\ntwo\nmine\n".to_owned()));
}

#[test]
fn tags_and_flags_of_both_sides_stay() {
    let mut desk = signed_in();
    let id = desk.create("T", "one\n");
    desk.call(ChangeNote { note_id: id, change: NoteChange::AddTag { tag: "both".into() } });
    confirm(&mut desk, id, "one\n");
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    desk.call(ChangeNote { note_id: id, change: NoteChange::AddTag { tag: "mine".into() } });
    let mut server = server_document("one\n");
    let edits = ["both", "theirs"].map(|tag| NoteEdit::AddTag(tag.into()));
    server.edit_all(&edits, 1_700_000_000_000).expect("fits");
    server.edit(&NoteEdit::Starred(true), 1_700_000_000_000).expect("fits");
    connect_at_level_2(&mut desk, 1);
    rows(&mut desk, &[(1, id, server.export(&Version::default()))]);
    complete(&mut desk, 1);
    let row = desk.open(id).row;
    assert_eq!(row.tags, ["both", "mine", "theirs"]);
    assert!(row.starred, "nobody here took the star away");
}

#[test]
fn an_open_editor_goes_on_from_the_text_as_it_is_now() {
    let (mut desk, id) = written_offline();
    let session = desk.open(id).body.session;
    let server = server_document("zero\none\ntwo\n");
    connect_at_level_2(&mut desk, 1);
    rows(&mut desk, &[(1, id, server.export(&Version::default()))]);
    desk.events.clear();
    complete(&mut desk, 1);
    let told = desk.events.iter().any(|event| matches!(event, Event::NoteUpdates(told) if told.session == session));
    assert!(told, "the editor hears what changed");
    let late = desk.call(typed(&session, 0, 13, 13, "more\n"));
    let EditAnswer::Stale { from: 0, updates } = late else { panic!("the server came first: {late:?}") };
    assert_eq!(updates[0].changes.len(), 1);
    assert_eq!(desk.call(typed(&session, 1, 18, 18, "more\n")), EditAnswer::Ok { revision: 2 });
    assert_eq!(desk.body(id), "zero\none\ntwo\nmine\nmore\n");
}

#[test]
fn what_could_not_be_written_is_written_again_with_what_was_typed_meanwhile() {
    let (mut desk, id) = written_offline();
    let session = desk.open(id).body.session;
    let server = server_document("zero\none\ntwo\n");
    connect_at_level_2(&mut desk, 1);
    rows(&mut desk, &[(1, id, server.export(&Version::default()))]);
    desk.slow_disk = true;
    complete(&mut desk, 1);
    desk.call(typed(&session, 1, 18, 18, "more\n"));
    desk.failures = u32::try_from(desk.jobs.len()).expect("few");
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    desk.slow_disk = false;
    assert_eq!(desk.body(id), "zero\none\ntwo\nmine\nmore\n");
    desk.wait(120_000);
    assert_eq!(desk.status().unsaved, 0);
    let mut desk = desk.crash();
    assert_eq!(desk.body(id), "zero\none\ntwo\nmine\nmore\n");
}

#[test]
fn nothing_is_taken_before_a_copy_of_it_is_made() {
    let (mut desk, id) = written_offline();
    desk.no_room = true;
    let server = server_document("zero\none\ntwo\n");
    connect_at_level_2(&mut desk, 1);
    rows(&mut desk, &[(1, id, server.export(&Version::default()))]);
    complete(&mut desk, 1);
    assert_eq!((desk.body(id).as_str(), desk.copies), ("one\ntwo\nmine\n", 1));
    assert!(desk.status().error.is_some_and(|error| error.message.contains("copy")));
    desk.no_room = false;
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    connect_at_level_2(&mut desk, 1);
    complete(&mut desk, 1);
    assert_eq!(desk.body(id), "zero\none\ntwo\nmine\n");
}
