//! Notes at which former processes ended while they read what the server has of them.

use stet_client::api::command::RetryNote;
use stet_client::engine::Ended;
use stet_model::id::{DocKey, NoteId};
use stet_store::{RemoteRow, Write};

use crate::desk::{Desk, typed};
use crate::level2::{complete, connect, rows, three_parts, updates};

/// A device with one part of a note, and another stored that the process before didn't come to read.
fn interrupted(again: bool) -> (Desk, NoteId, Vec<u8>) {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    let (note, [first, second, third]) = three_parts();
    connect(&mut desk, 1);
    rows(&mut desk, &[(1, note, first)]);
    complete(&mut desk, 1);
    desk.wait(2_000);
    let space = desk.engine.space();
    let row = RemoteRow { note, seq: 2, ops: vec![second], timestamp: 1, device: None };
    desk.tamper(&[Write::Remote { space, rows: vec![row], cursor: None }]);
    desk.ended = Some(Ended { doc: DocKey { space, note }, again });
    (desk.crash(), note, third)
}

#[test]
fn once_is_read_again_and_twice_is_left_alone_with_what_was_here_before() {
    let (mut desk, note, _) = interrupted(false);
    assert_eq!((desk.body(note).as_str(), desk.status().held), ("one\ntwo\n", 0));
    let (mut desk, note, _) = interrupted(true);
    assert_eq!((desk.body(note).as_str(), desk.status().held), ("one\n", 1));
    let mut desk = desk.crash();
    assert_eq!((desk.body(note).as_str(), desk.status().held), ("one\n", 1), "on disk, too");
}

#[test]
fn what_still_comes_for_it_is_kept_and_all_is_read_when_people_try_again() {
    let (mut desk, note, third) = interrupted(true);
    let opened = desk.open(note);
    connect(&mut desk, 3);
    rows(&mut desk, &[(3, note, third)]);
    complete(&mut desk, 3);
    assert_eq!(desk.body(note), "one\n");
    let other = desk.create("Another", "");
    assert!(updates(&mut desk).iter().any(|update| update.note_id == other), "everything else goes on");
    desk.call(typed(&opened.body.session, opened.body.revision, 0, 0, "mine "));
    desk.call(RetryNote { note_id: note });
    assert_eq!((desk.body(note).as_str(), desk.status().held), ("mine one\ntwo\nthree\n", 0));
    desk.wait(500);
    assert!(updates(&mut desk).iter().any(|update| update.note_id == note), "and what was written here is sent");
}

#[test]
fn a_disk_that_refuses_is_told_again_what_is_left_alone() {
    let (mut desk, note, _) = interrupted(true);
    desk = desk.crash();
    desk.call(RetryNote { note_id: note });
    assert_eq!(desk.status().held, 0);
    desk.ended = Some(Ended { doc: DocKey { space: desk.engine.space(), note }, again: true });
    let mut desk = desk.crash_with(1);
    assert_eq!(desk.status().held, 1);
    assert!(!desk.engine.is_saved(), "it isn't on disk");
    desk.wait(3_000);
    assert!(desk.engine.is_saved());
    assert_eq!(desk.crash().status().held, 1);
}
