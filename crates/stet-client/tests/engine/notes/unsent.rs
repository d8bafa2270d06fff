//! What can't simply be sent: one refusal holds up nothing else, and text that was deleted elsewhere is nobody's to drop.

use serde_json::json;
use stet_client::api::command::{ChangeNote, DiscardNote, RestoreAsNew, RetryNote, SyncNow, TrashNote};
use stet_client::api::note::{NoteChange, NoteRow, Outlived, StoppedKind};
use stet_client::api::{ErrorCode, Event};
use stet_client::engine::Input;
use stet_model::document::{NoteDocument, NoteEdit};
use stet_model::id::{DeviceId, DocKey, NoteId, PeerId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::NoteUpdate;
use stet_store::ListView;

use crate::desk::{Desk, typed};
use crate::level1::hear;
use crate::level2::{complete, connect, rows, three_parts, updates};

const SPACE: &str = "5eed0000-0000-4000-8000-00000000000a";

/// The server takes what it is sent, but these notes; `seq` counts its rows.
fn take_all(desk: &mut Desk, seq: &mut u64, refused: &[(NoteId, &str)]) -> usize {
    let mut taken = 0;
    loop {
        let sent = updates(desk);
        if sent.is_empty() {
            return taken;
        }
        for update in sent {
            match refused.iter().find(|(note, _)| *note == update.note_id) {
                Some((_, code)) => refuse(desk, &update, code),
                None => {
                    *seq += 1;
                    taken += 1;
                    let taken = json!({"type": "note_update_success", "id": update.id, "spaceId": SPACE,
                        "noteId": update.note_id, "seq": *seq, "timestamp": 1_800_000_000_000_i64});
                    hear(desk, &taken);
                }
            }
        }
    }
}

fn refuse(desk: &mut Desk, update: &NoteUpdate, code: &str) {
    let refusal = json!({"type": "error", "code": code, "message": "No.", "id": update.id, "noteId": update.note_id});
    hear(desk, &refusal);
}

/// A device that is signed in, with everything it has on the server.
fn synced() -> (Desk, u64) {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    let mut seq = 0;
    take_all(&mut desk, &mut seq, &[]);
    (desk, seq)
}

/// A connection whose catch-up brings, as its only row, that this note was removed for good.
fn connect_to_removal(desk: &mut Desk, seq: u64, note: NoteId) {
    connect(desk, seq);
    let row = json!({"seq": seq, "noteId": note, "ops": [], "purged": true, "timestamp": 1_700_000_000_000_i64});
    hear(desk, &json!({"type": "sync_batch", "spaceId": SPACE, "rows": [row], "upTo": seq, "done": 1, "total": 1}));
    complete(desk, seq);
}

/// A note with tags, edited without a network while it is removed for good elsewhere. The network is gone again.
fn deleted_elsewhere() -> (Desk, NoteId, u64) {
    let (mut desk, mut seq) = synced();
    let note = desk.create("Beans", "one");
    desk.call(ChangeNote { note_id: note, change: NoteChange::AddTag { tag: "garden".into() } });
    desk.call(ChangeNote { note_id: note, change: NoteChange::Starred { value: true } });
    take_all(&mut desk, &mut seq, &[]);
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    let session = desk.open(note).body.session;
    desk.call(typed(&session, 0, 3, 3, " and two"));
    seq += 1;
    connect_to_removal(&mut desk, seq, note);
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    (desk, note, seq)
}

fn row(desk: &mut Desk, note: NoteId) -> NoteRow {
    desk.open(note).row
}

#[test]
fn one_note_the_server_refuses_holds_up_none_of_the_others_and_goes_when_it_is_tried_again() {
    let (mut desk, mut seq) = synced();
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    let notes: Vec<NoteId> = (0..200).map(|n| desk.create(&format!("Note {n}"), "text")).collect();
    let poison = notes[17];
    connect(&mut desk, seq);
    complete(&mut desk, seq);
    assert_eq!(take_all(&mut desk, &mut seq, &[(poison, "too-large")]), 199);
    let status = desk.status();
    assert_eq!((status.unsent, status.held), (1, 1));
    assert_eq!(desk.rows(ListView::Unsent), ["Note 17"]);
    let stopped = row(&mut desk, poison).dots.stopped.expect("it says why");
    assert_eq!(stopped.kind, StoppedKind::Refused);
    assert!(stopped.message.contains("“Note 17”") && stopped.message.contains("Split it"), "{}", stopped.message);

    // Others go on being written and sent; the refused one isn't sent again by itself.
    desk.create("Later", "");
    assert_eq!(take_all(&mut desk, &mut seq, &[(poison, "too-large")]), 1);
    desk.wait(5_000);
    assert!(updates(&mut desk).iter().all(|update| update.note_id != poison));

    desk.call(RetryNote { note_id: poison });
    assert_eq!(take_all(&mut desk, &mut seq, &[]), 1);
    let status = desk.status();
    assert_eq!((status.unsent, status.held), (0, 0));
    assert_eq!(desk.rows(ListView::Unsent), [""; 0]);
}

#[test]
fn a_note_the_server_fails_at_is_named_and_sent_once_more_with_the_next_connection() {
    let (mut desk, mut seq) = synced();
    let poison = desk.create("Poison", "text");
    for n in 0..3 {
        desk.create(&format!("Other {n}"), "text");
        assert_eq!(take_all(&mut desk, &mut seq, &[(poison, "internal")]), 1);
        desk.wait(3_000);
    }
    take_all(&mut desk, &mut seq, &[(poison, "internal")]);
    let stopped = row(&mut desk, poison).dots.stopped.expect("it says why");
    assert!(stopped.message.contains("“Poison”") && stopped.message.contains("Export it"), "{}", stopped.message);
    assert_eq!((desk.status().held, updates(&mut desk)), (1, vec![]));
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    connect(&mut desk, seq);
    complete(&mut desk, seq);
    assert_eq!(take_all(&mut desk, &mut seq, &[]), 1, "it can by now");
    assert_eq!((desk.status().unsent, desk.status().held), (0, 0));
}

#[test]
fn a_note_deleted_elsewhere_is_restored_as_a_new_one_without_a_network() {
    let (mut desk, note, mut seq) = deleted_elsewhere();
    let stopped = row(&mut desk, note).dots.stopped.expect("it says so");
    assert_eq!(stopped.kind, StoppedKind::DeletedElsewhere);
    let new = desk.call(RestoreAsNew { note_id: note }).note_id;
    assert_ne!(new, note);
    assert_eq!(desk.status().held, 0);
    let mut desk = desk.crash();
    let mut titles = desk.rows(ListView::All);
    titles.sort();
    assert_eq!(titles, ["Beans", "Welcome to Stet"], "one of it, not two");
    let opened = desk.open(new);
    assert_eq!((opened.row.title.as_str(), opened.body.text.as_str()), ("Beans", "one and two"));
    assert_eq!((opened.row.tags.as_slice(), opened.row.starred), (&["garden".to_owned()][..], true));
    let gone = desk.reader.document(DocKey { space: desk.engine.space(), note }).expect("reads").expect("a tombstone");
    assert!(gone.purged && gone.last_seq == seq, "{gone:?}");

    connect(&mut desk, seq);
    complete(&mut desk, seq);
    assert_eq!(take_all(&mut desk, &mut seq, &[]), 1, "the new one is sent, and nothing of the old one");
}

#[test]
fn an_update_refused_because_the_note_is_gone_keeps_the_text_and_no_click_on_sync_gives_that_up() {
    let (mut desk, mut seq) = synced();
    let note = desk.create("Beans", "one");
    take_all(&mut desk, &mut seq, &[(note, "deleted")]);
    desk.call(SyncNow {});
    assert_eq!(take_all(&mut desk, &mut seq, &[(note, "deleted")]), 0);
    assert_eq!(row(&mut desk, note).dots.stopped.map(|stopped| stopped.kind), Some(StoppedKind::DeletedElsewhere));
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    desk.call(SyncNow {});
    assert_eq!(desk.status().held, 1, "offline, too");
    let refused = desk.ask(RetryNote { note_id: note }).expect("answered").expect_err("it can't be sent");
    assert_eq!(refused.code, ErrorCode::Invalid);

    let new = desk.call(RestoreAsNew { note_id: note }).note_id;
    assert_eq!(desk.body(new), "one");
    // The row with the removal comes later than the refusal did.
    let tombstone = seq + 1;
    connect_to_removal(&mut desk, tombstone, note);
    assert_eq!(desk.body(new), "one");
    assert_eq!(desk.status().held, 0);
}

#[test]
fn a_crash_before_the_new_note_is_on_disk_leaves_the_kept_one() {
    let (mut desk, note, _) = deleted_elsewhere();
    desk.slow_disk = true;
    assert!(desk.ask(RestoreAsNew { note_id: note }).is_none(), "nothing is said before it is on disk");
    let mut desk = desk.crash();
    assert_eq!(desk.body(note), "one and two");
    assert_eq!(desk.status().held, 1);
    assert_eq!(desk.rows(ListView::All).iter().filter(|title| *title == "Beans").count(), 1);
}

#[test]
fn a_crash_before_the_kept_note_is_gone_leaves_both_and_nothing_is_lost() {
    let (mut desk, note, _) = deleted_elsewhere();
    desk.slow_disk = true;
    drop(desk.ask(RestoreAsNew { note_id: note }));
    desk.disk();
    let desk = desk.crash();
    assert_eq!(desk.rows(ListView::All).iter().filter(|title| *title == "Beans").count(), 2);
}

#[test]
fn a_disk_that_refuses_the_new_note_keeps_the_old_one_until_it_takes_it_and_a_second_click_makes_no_second_note() {
    let (mut desk, note, _) = deleted_elsewhere();
    desk.failures = 1;
    let refused = desk.ask(RestoreAsNew { note_id: note }).expect("answered").expect_err("it isn't on disk");
    assert_eq!(refused.code, ErrorCode::Storage);
    let new = desk.call(RestoreAsNew { note_id: note }).note_id;
    desk.wait(10_000);
    assert_eq!(desk.status().held, 0);
    let mut desk = desk.crash();
    assert_eq!(desk.rows(ListView::All).iter().filter(|title| *title == "Beans").count(), 1);
    assert_eq!(desk.body(new), "one and two");
}

#[test]
fn nothing_is_written_into_a_kept_note_that_is_on_its_way_out() {
    let (mut desk, note, _) = deleted_elsewhere();
    let session = desk.open(note).body.session;
    desk.slow_disk = true;
    drop(desk.ask(RestoreAsNew { note_id: note }));
    let refused = desk.ask(typed(&session, 0, 0, 0, "late")).expect("answered").expect_err("it would go with it");
    assert_eq!(refused.code, ErrorCode::NotFound);
    let refused = desk.ask(DiscardNote { note_id: note }).expect("answered").expect_err("it is being restored");
    assert_eq!(refused.code, ErrorCode::Invalid);
}

#[test]
fn what_was_kept_can_be_let_go_and_what_was_not_deleted_can_not() {
    let (mut desk, note, seq) = deleted_elsewhere();
    let other = desk.create("Mine", "");
    for refused in [
        desk.ask(DiscardNote { note_id: other }).expect("answered").map(drop),
        desk.ask(RestoreAsNew { note_id: other }).expect("answered").map(drop),
    ] {
        assert_eq!(refused.expect_err("it wasn't deleted").code, ErrorCode::Invalid);
    }
    desk.call(DiscardNote { note_id: note });
    let mut desk = desk.crash();
    assert!(!desk.rows(ListView::All).contains(&"Beans".to_owned()));
    assert_eq!(desk.status().held, 0);
    connect(&mut desk, seq);
    complete(&mut desk, seq);
    assert!(updates(&mut desk).iter().all(|update| update.note_id != note));
}

/// The other device writes in a note, without knowing of anything that came since these parts.
fn written_by_phone(parts: &[Vec<u8>], body: &str) -> Vec<u8> {
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let mut note = NoteDocument::load(&parts, PeerId(99)).expect("whole");
    let known = note.head();
    let phone = DeviceId::from_bytes([0xdd; 16]);
    note.edit_all(&[NoteEdit::SetBody(body.into()), NoteEdit::Device(phone)], 1_700_000_000_000).expect("fits");
    note.export(&known)
}

#[test]
fn words_written_elsewhere_after_a_trashing_keep_the_note_and_whoever_looks_at_it_is_told() {
    let (mut desk, mut seq) = synced();
    let phone =
        json!({"deviceId": DeviceId::from_bytes([0xdd; 16]), "name": "Phone", "seq": 1, "unsent": 0, "lastSeen": 0});
    hear(&mut desk, &json!({"type": "receipts", "spaceId": SPACE, "devices": [phone]}));
    let (note, [first, ..]) = three_parts();
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    seq += 1;
    connect(&mut desk, seq);
    rows(&mut desk, &[(seq, note, first.clone())]);
    complete(&mut desk, seq);
    assert_eq!(desk.open(note).outlived, None);
    desk.call(TrashNote { note_id: note });
    take_all(&mut desk, &mut seq, &[]);
    assert_eq!(desk.open(note).outlived, None, "it is in the trash");
    desk.events.clear();

    let written = written_by_phone(&[first], "one\nfrom the train\n");
    seq += 1;
    let row = json!({"type": "note_sync", "spaceId": SPACE, "noteId": note, "seq": seq, "ops": [Bytes(written)],
        "timestamp": 1_700_000_000_000_i64, "fromUserId": "user_1", "fromDeviceId": DeviceId::from_bytes([0xdd; 16])});
    hear(&mut desk, &row);
    let by_phone = Outlived { here: false, device: Some("Phone".to_owned()) };
    let told = desk.events.iter().find_map(|event| match event {
        Event::NoteOutlived(told) if told.note_id == note => told.outlived.clone(),
        _ => None,
    });
    assert_eq!(told.as_ref(), Some(&by_phone));
    let opened = desk.open(note);
    assert_eq!((opened.outlived, opened.row.trashed), (Some(by_phone.clone()), false));
    let mut desk = desk.crash();
    assert_eq!(desk.open(note).outlived, Some(by_phone), "until somebody settles it");
    desk.call(stet_client::api::command::RestoreNote { note_id: note });
    assert_eq!(desk.open(note).outlived, None);
}

#[test]
fn a_nearly_full_note_says_what_still_fits_and_a_full_one_refuses_with_words_and_keeps_what_it_had() {
    let mut desk = Desk::new();
    let limit = 10 * 1024 * 1024;
    let body = "x".repeat(limit / 10 * 9 - 100);
    let note = desk.create("Log", &body);
    assert_eq!(row(&mut desk, note).room, None);
    let session = desk.open(note).body.session;
    desk.call(typed(&session, 0, 0, 0, &"y".repeat(200)));
    assert_eq!(row(&mut desk, note).room, Some((limit - body.len() - 200 - "Log".len()) as u64));
    let page = desk.reader.row(DocKey { space: desk.engine.space(), note });
    assert!(page.expect("reads").expect("a row").fields.bytes > 0);

    let fits = limit - body.len() - 200 - "Log".len();
    let refused = desk.ask(typed(&session, 1, 0, 0, &"z".repeat(fits + 1))).expect("answered").expect_err("too much");
    assert_eq!(refused.code, ErrorCode::TooLarge);
    assert!(refused.message.contains("“Log”") && refused.message.contains("1 byte too much"), "{}", refused.message);
    assert_eq!(desk.engine.text(note).expect("in memory").1.len(), body.len() + 200);
    desk.call(typed(&session, 1, 0, 0, &"z".repeat(fits)));
    assert_eq!(row(&mut desk, note).room, Some(0));
    assert!(desk.ask(typed(&session, 2, 0, 0, "k")).expect("answered").is_err(), "one key is too much, too");
    desk.call(typed(&session, 2, 0, 1, ""));
    desk.call(typed(&session, 3, 0, 0, "k"));
}

#[test]
fn the_servers_own_limit_counts_once_it_is_known() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    desk.create("Long", &"x".repeat(95));
    crate::level2::connect_with_limit(&mut desk, 0, 100);
    complete(&mut desk, 0);
    let refused = desk.ask(stet_client::api::command::CreateNote {
        folder_id: None,
        title: "Longer".into(),
        body: "x".repeat(95),
    });
    assert_eq!(refused.expect("answered").expect_err("above the server's limit").code, ErrorCode::TooLarge);
}

#[test]
fn whoever_has_a_note_open_that_went_while_the_device_was_away_is_told() {
    let (mut desk, mut seq) = synced();
    let note = desk.create("Beans", "one");
    take_all(&mut desk, &mut seq, &[]);
    desk.open(note);
    desk.give(Input::Closed { code: None, reason: "gone".into() });
    seq += 1;
    connect_to_removal(&mut desk, seq, note);
    desk.wait(2_000);
    let told = desk.events.iter().any(|event| matches!(event, Event::NoteDeleted(gone) if gone.note_id == note));
    assert!(told, "{:?}", desk.events);
}
