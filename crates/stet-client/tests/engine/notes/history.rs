//! Versions of a note: what is told of, what one says, going back and taking that back.

use stet_client::api::command::{
    ChangeNote, CreateNote, Created, EditAnswer, GetVersion, ListHistory, RestoreVersion, Restored, TrashNote,
};
use stet_client::api::history::{Author, Comparison, HistoryPage, NoteVersion, PieceKind, VersionKind};
use stet_client::api::note::NoteChange;
use stet_client::api::{CommandError, ErrorCode, Event};
use stet_client::engine::Input;
use stet_client::history::{self, Shelf};
use stet_model::document::{NoteDocument, NoteEdit, Version};
use stet_model::id::{DocKey, NoteId, PeerId};

use crate::desk::{Desk, typed};
use crate::level2::{complete, connect, rows, updates};

const MINUTE: u64 = 60_000;

impl Desk {
    fn shelf(&self) -> Shelf<'_> {
        Shelf { reader: &self.reader, space: self.engine.space(), device: self.engine.device_id() }
    }

    fn history(&self, note_id: NoteId) -> HistoryPage {
        history::list(self.shelf(), &ListHistory { note_id, after: None }).expect("reads")
    }

    fn version(&self, note_id: NoteId, id: &str, over: Comparison) -> NoteVersion {
        history::version(self.shelf(), &GetVersion { note_id, id: id.to_owned(), over }).expect("reads")
    }

    /// What every version's body says, the newest first.
    fn bodies(&self, note_id: NoteId) -> Vec<String> {
        let versions = self.history(note_id).versions;
        versions.iter().map(|row| whole(&self.version(note_id, &row.id, Comparison::None))).collect()
    }

    fn go_back(&mut self, note_id: NoteId, id: &str, seen: Option<&str>) -> Result<Restored, CommandError> {
        let args = RestoreVersion { note_id, id: id.to_owned(), seen: seen.map(ToOwned::to_owned) };
        let restoring = history::restoring(self.shelf(), &args)?;
        self.ask_with::<RestoreVersion>(|call| Input::Restore { call, restoring }).expect("answered at once")
    }

    /// Opens a note, replaces its whole body, closes nothing.
    fn rewrite(&mut self, note_id: NoteId, body: &str) {
        let opened = self.open(note_id).body;
        let end = opened.text.encode_utf16().count() as u32;
        self.call(typed(&opened.session, opened.revision, 0, end, body));
    }
}

fn whole(version: &NoteVersion) -> String {
    version.body.iter().filter(|piece| piece.kind != PieceKind::Removed).map(|piece| piece.text.as_str()).collect()
}

/// A note written in three sittings.
fn written() -> (Desk, NoteId) {
    let mut desk = Desk::new();
    let Created { note_id } =
        desk.call(CreateNote { folder_id: None, title: "Beds".into(), body: "beans\npeas\n".into() });
    desk.wait(30 * MINUTE);
    desk.rewrite(note_id, "beans\nchard\n");
    desk.wait(30 * MINUTE);
    desk.rewrite(note_id, "");
    desk.wait(MINUTE);
    (desk, note_id)
}

#[test]
fn every_sitting_is_a_version_of_this_device_over_a_restart() {
    let (desk, note) = written();
    let told = |desk: &Desk| {
        assert_eq!(desk.bodies(note), ["", "beans\nchard\n", "beans\npeas\n"]);
        let page = desk.history(note);
        assert_eq!(page.next, None);
        let rows: Vec<_> = page.versions.iter().map(|row| (row.current, row.author.clone(), row.kind)).collect();
        let row = |current| (current, Author::Here, VersionKind::Written);
        assert_eq!(rows, [row(true), row(false), row(false)]);
        assert_eq!(page.versions[0].at - page.versions[1].at, 30 * MINUTE as i64);
        assert_eq!(page.versions[2].before, "");
    };
    told(&desk);
    told(&desk.crash());
}

#[test]
fn a_version_is_shown_alone_over_the_one_before_and_over_what_is_there_now() {
    let (mut desk, note) = written();
    desk.call(ChangeNote { note_id: note, change: NoteChange::AddTag { tag: "garden".into() } });
    let versions = desk.history(note).versions;
    let (id, before) = (versions[1].id.clone(), versions[1].before.clone());
    let pieces = |version: &NoteVersion| -> Vec<(PieceKind, String)> {
        version.body.iter().map(|piece| (piece.kind, piece.text.clone())).collect()
    };
    use PieceKind::{Added, Removed, Same};
    let piece = |kind, text: &str| (kind, text.to_owned());
    let alone = desk.version(note, &id, Comparison::None);
    assert_eq!((pieces(&alone), alone.added, alone.removed), (vec![piece(Same, "beans\nchard\n")], 0, 0));
    let changed = desk.version(note, &id, Comparison::Version { id: before });
    let expected = [piece(Same, "beans\n"), piece(Removed, "peas"), piece(Added, "chard"), piece(Same, "\n")];
    assert_eq!((pieces(&changed), changed.added, changed.removed), (expected.to_vec(), 5, 4));
    let now = desk.version(note, &id, Comparison::Now);
    assert_eq!(pieces(&now), [piece(Added, "beans\nchard\n")]);
    assert_eq!(now.tags.iter().map(|tag| (tag.kind, tag.text.as_str())).collect::<Vec<_>>(), [(Removed, "garden")]);
    let first = desk.version(note, &versions[2].id, Comparison::Version { id: String::new() });
    assert_eq!(pieces(&first), [piece(Added, "beans\npeas\n")]);
}

#[test]
fn going_back_reaches_an_open_editor_as_the_smallest_change_and_is_taken_back_the_same_way() {
    let (mut desk, note) = written();
    let session = desk.open(note).body.session;
    desk.call(typed(&session, 0, 0, 0, "beans\nbeet\n"));
    desk.call(ChangeNote { note_id: note, change: NoteChange::Starred { value: true } });
    let id = desk.history(note).versions.into_iter().nth(1).expect("a version").id;
    desk.events.clear();
    let restored = desk.go_back(note, &id, None).expect("goes back");
    assert_eq!(desk.body(note), "beans\nchard\n");
    let heard = desk.events.iter().find_map(|event| match event {
        Event::NoteUpdates(updates) if updates.session == session => Some(updates.clone()),
        _ => None,
    });
    let change = heard.expect("the editor hears of it").updates[0].changes[0].clone();
    assert_eq!((change.from, change.to, change.insert.as_str()), (6, 10, "chard"));
    let versions = desk.history(note).versions;
    assert_eq!(
        (versions[0].kind, versions[0].current, versions[0].id == restored.after),
        (VersionKind::Restored, true, true)
    );
    assert_eq!(versions[1].id, restored.before, "what was there before is a version");
    let row = desk.reader.row(DocKey { space: desk.engine.space(), note }).expect("reads").expect("a row");
    assert!(row.fields.starred, "only the texts and tags go back");

    // Typed after it, and before it is taken back.
    let EditAnswer::Ok { .. } = desk.call(typed(&session, 2, 12, 12, "more\n")) else { panic!("the edit is taken") };
    desk.go_back(note, &restored.before, Some(&restored.after)).expect("goes back");
    assert_eq!(desk.body(note), "beans\nbeet\nmore\n");
}

#[test]
fn a_note_in_the_trash_and_a_version_that_is_not_there_are_refused_in_plain_words() {
    let (mut desk, note) = written();
    let id = desk.history(note).versions[1].id.clone();
    desk.call(TrashNote { note_id: note });
    let refused = desk.go_back(note, &id, None).expect_err("it is in the trash");
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (ErrorCode::Invalid, "This note is in the trash. Restore it from there first.")
    );
    assert_eq!(whole(&desk.version(note, &id, Comparison::None)), "beans\nchard\n", "it can be read there");
    for (id, code) in [("00", ErrorCode::Invalid), ("é", ErrorCode::Invalid), (&*"07".repeat(12), ErrorCode::NotFound)]
    {
        let refused = desk.go_back(note, id, None).expect_err("no such version");
        assert_eq!(refused.code, code, "{id}");
    }
    let elsewhere = NoteId::from_bytes([9; 16]);
    let missing = history::list(desk.shelf(), &ListHistory { note_id: elsewhere, after: None });
    assert_eq!(missing.expect_err("no such note").code, ErrorCode::NotFound);
}

#[test]
fn the_welcome_note_is_stets_own() {
    let desk = Desk::new();
    let note = "57656c63-6f6d-4000-8000-537465740001".parse().expect("an id");
    let versions = desk.history(note).versions;
    let authors: Vec<_> = versions.into_iter().map(|row| row.author).collect();
    assert_eq!(authors, [Author::Device { name: Some("Stet".into()) }]);
}

#[test]
fn a_long_history_comes_in_pages() {
    let mut desk = Desk::new();
    let note = desk.create("Log", "");
    let session = desk.open(note).body.session;
    for n in 0..130 {
        desk.wait(11 * MINUTE);
        desk.call(typed(&session, n, 0, 0, "x"));
    }
    desk.wait(MINUTE);
    let first = desk.history(note);
    assert_eq!(first.versions.len(), 100);
    let next = first.next.clone().expect("there is more");
    // Written meanwhile: the next page still begins where this one ended.
    desk.wait(11 * MINUTE);
    desk.call(typed(&session, 130, 0, 0, "y"));
    let list = |after| history::list(desk.shelf(), &ListHistory { note_id: note, after: Some(after) }).expect("reads");
    let rest = list(next.clone());
    let mut ids: Vec<_> = first.versions.iter().chain(&rest.versions).map(|row| row.id.clone()).collect();
    assert_eq!((ids.len(), rest.next), (131, None));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 131);
    assert!(rest.versions.iter().all(|row| !row.current));
    // The version a page ended with may have grown since.
    let at = next.split_once('-').expect("a key").0;
    assert_eq!(list(format!("{at}-ffff")).versions.first().map(|row| row.at < at.parse().expect("a time")), Some(true));
}

/// A note of another device's, with what it wrote there.
struct Phone {
    document: NoteDocument,
    sent: Version,
}

impl Phone {
    fn on(peer: u64, desk: &mut Desk, note: NoteId) -> Self {
        let of_note = |update: &stet_protocol::message::level2::NoteUpdate| update.note_id == note;
        let mut document = NoteDocument::new(PeerId(peer));
        for update in updates(desk).into_iter().filter(of_note) {
            for ops in update.ops {
                document.import(&[&ops.0]).expect("imports");
            }
        }
        Self { sent: document.head(), document }
    }

    /// Another one that has the same.
    fn beside(&self, peer: u64) -> Self {
        let document = NoteDocument::load(&[&self.document.snapshot()], PeerId(peer)).expect("loads");
        Self { document, sent: self.sent.clone() }
    }

    fn write(&mut self, body: &str, at: i64) -> Vec<u8> {
        self.document.edit(&NoteEdit::SetBody(body.into()), at).expect("edits");
        let ops = self.document.export(&self.sent);
        self.sent = self.document.head();
        ops
    }
}

#[test]
fn what_this_device_had_merged_before_anothers_edits_came_is_a_version() {
    let mut desk = Desk::with_server(Some("ws://server.example"));
    connect(&mut desk, 0);
    complete(&mut desk, 0);
    // The clock on the wall moves by itself: for the connection no time passes.
    let start = desk.now.wall;
    let minute = |n: u64| start + (n * MINUTE) as i64;
    let note = desk.create("Shared", "a\n\nb\n\nc\n");
    let mut phone = Phone::on(71, &mut desk, note);
    let mut tablet = phone.beside(72);
    desk.now.wall = minute(20);
    let session = desk.open(note).body.session;
    desk.call(typed(&session, 0, 0, 1, "A"));
    let from_phone = phone.write("a\n\nB\n\nc\n", minute(21));
    rows(&mut desk, &[(1, note, from_phone)]);
    assert_eq!(desk.body(note), "A\n\nB\n\nc\n");
    let points = |desk: &Desk, note| {
        let points = desk.reader.points(DocKey { space: desk.engine.space(), note }).expect("reads");
        points.iter().map(|point| point.device).collect::<Vec<_>>()
    };
    assert_eq!(points(&desk, note), []);
    desk.now.wall = minute(80);
    rows(&mut desk, &[(2, note, tablet.write("a\n\nb\n\nspoilt\n", minute(22)))]);
    assert_eq!(desk.body(note), "A\n\nB\n\nspoilt\n");
    assert!(desk.bodies(note).contains(&"A\n\nB\n\nc\n".to_owned()), "{:?}", desk.bodies(note));
    assert_eq!(points(&desk, note), [Some(desk.engine.device_id())]);
    // Merged again a moment ago: nobody had that before their eyes for long.
    rows(&mut desk, &[(3, note, tablet.write("a\n\nb\n\nworse\n", minute(23)))]);
    assert_eq!(points(&desk, note).len(), 1);
    // What one device alone wrote, the history tells.
    let alone = desk.create("Alone", "x");
    let mut phone = Phone::on(73, &mut desk, alone);
    desk.now.wall = minute(200);
    rows(&mut desk, &[(4, alone, phone.write("xy", minute(199)))]);
    assert_eq!((desk.body(alone), points(&desk, alone)), ("xy".to_owned(), vec![]));
}
