//! Folding real documents in a real database: nothing is lost, whoever asks from wherever.

use stet_model::document::{LibraryEdit, NoteEdit};
use stet_model::id::{DeviceId, FolderId, NoteId, SpaceId, UserId};
use stet_model::text::TextChange;
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::Received;
use stet_protocol::message::{Device, ErrorCode};
use stet_sync::server::Change;

use super::*;
use crate::database::sqlite::Sqlite;
use crate::database::{Database, NewRow, Opening, Write, Written};

const DAY: i64 = 24 * 60 * 60 * 1000;
const NOW: i64 = 1_790_000_000_000;

struct World {
    database: Sqlite,
    key: NoteKey,
    author: NoteDocument,
    /// The last seq of the note.
    seq: u64,
}

impl World {
    fn new() -> Self {
        let mut count = 0_u8;
        let random = move |bytes: &mut [u8]| {
            count += 1;
            bytes.fill(count);
        };
        let mut database = Sqlite::in_memory(Box::new(random)).unwrap();
        database.make_account("i", "maria", 0).unwrap();
        let (user_id, space_id) = open(&mut database, 1, NOW);
        let key = NoteKey { user_id, space_id, note_id: NoteId::from_bytes([9; 16]) };
        Self { database, key, author: NoteDocument::new(PeerId(7)), seq: 0 }
    }

    fn add(&mut self, ops: Vec<u8>, now: i64) {
        let NoteKey { user_id, space_id, note_id } = self.key.clone();
        let change = Change::Update(vec![Bytes(ops)]);
        let row = NewRow { user_id, space_id, note_id, after: self.seq, request: None, change, seen: Vec::new() };
        match self.database.write(&[Write::Row(row)], now).remove(0) {
            Ok(Written::Stored { seq, .. }) => self.seq = seq,
            other => panic!("not stored: {other:?}"),
        }
    }

    /// Operations that type this at the beginning of the note.
    fn typed(&mut self, text: &str) -> Vec<u8> {
        let before = self.author.head();
        let change = TextChange { from: 0, to: 0, insert: text.to_owned() };
        self.author.edit(&NoteEdit::Body(vec![change]), NOW).unwrap();
        self.author.export(&before)
    }

    fn types(&mut self, text: &str, now: i64) {
        let ops = self.typed(text);
        self.add(ops, now);
    }

    fn has(&mut self, device: u8, seq: u64, now: i64) {
        open(&mut self.database, device, now);
        let (user_id, device_id) = (self.key.user_id.clone(), DeviceId::from_bytes([device; 16]));
        let received = Received { space_id: self.key.space_id, seq, unsent: 0, content: None };
        self.database.write(&[Write::Receipt { user_id, device_id, received }], now).remove(0).unwrap();
    }

    /// Folds, and answers where the rows stand then.
    fn fold(&mut self, now: i64) -> Vec<u64> {
        self.fold_up_to(FOLDED_ROW_BYTES, now)
    }

    fn fold_up_to(&mut self, limit: u64, now: i64) -> Vec<u64> {
        for fold in folds_up_to(limit, &self.key, PeerId(8), (&self.database, now)) {
            assert_eq!(self.database.write(&[Write::Fold(fold)], now).remove(0), Ok(Written::Noted));
        }
        self.rows().iter().map(|row| row.seq).collect()
    }

    fn rows(&self) -> Vec<Row> {
        self.database.document(self.key.access(), self.key.note_id).unwrap().unwrap().rows
    }

    /// What a device has that held the first so many rows as they were, and reads on from there now.
    fn body_from(&self, held: &[Row], since: u64) -> String {
        let now = self.rows();
        let rows = held.iter().filter(|row| row.seq <= since).chain(now.iter().filter(|row| row.seq > since));
        let parts: Vec<&[u8]> = rows.flat_map(|row| row.ops.iter().map(|op| op.0.as_slice())).collect();
        NoteDocument::load(&parts, PeerId(9)).unwrap().body()
    }
}

fn open(database: &mut Sqlite, device: u8, now: i64) -> (UserId, SpaceId) {
    let (id, name, platform) = (DeviceId::from_bytes([device; 16]), String::new(), String::new());
    let device = Some(Device { id, name, platform, app_version: String::new() });
    let opening = Opening { issuer: "i".to_owned(), subject: "maria".to_owned(), device };
    match database.write(&[Write::Open(opening)], now).remove(0) {
        Ok(Written::Opened { user_id, spaces }) => (user_id, spaces[0].id),
        other => panic!("not opened: {other:?}"),
    }
}

#[test]
fn what_every_device_has_becomes_the_base_and_the_rest_a_range_after_it() {
    let mut world = World::new();
    for n in 0..10 {
        world.types(&format!("{n} "), NOW);
    }
    let held = world.rows();
    world.has(1, 10, NOW);
    world.has(2, 6, NOW);
    assert_eq!(world.fold(NOW), [6, 10]);
    for since in 0..=10 {
        assert_eq!(world.body_from(&held, since), world.author.body(), "from {since}");
    }
    // Nothing to do, twice: what is folded stays the bytes it is.
    let rows = world.rows();
    assert_eq!(world.fold(NOW), [6, 10]);
    assert_eq!(world.rows(), rows);

    for n in 10..13 {
        world.types(&format!("{n} "), NOW);
    }
    assert_eq!(world.fold(NOW), [6, 13], "the base isn't touched while a device lacks what follows");
    assert_eq!(world.rows()[0], rows[0]);
    world.has(1, 13, NOW);
    world.has(2, 13, NOW);
    world.types("13 ", NOW);
    world.types("14 ", NOW);
    assert_eq!(world.fold(NOW), [13, 15]);
    assert_eq!(world.body_from(&[], 0), world.author.body());
    assert_eq!(world.body_from(&held, 6), world.author.body());
}

#[test]
fn a_device_that_is_away_for_long_holds_back_what_is_new_and_nothing_else() {
    let mut world = World::new();
    world.has(1, 0, NOW - 90 * DAY);
    for n in 0..4 {
        world.types(&format!("{n} "), NOW - 31 * DAY);
    }
    world.types("4 ", NOW);
    world.types("5 ", NOW);
    world.has(2, 6, NOW);
    assert_eq!(world.fold(NOW), [4, 6]);
    world.has(1, 6, NOW);
    assert_eq!(world.fold(NOW), [6]);
}

#[test]
fn a_range_is_not_put_after_rows_that_another_fold_has_replaced_meanwhile() {
    let mut world = World::new();
    world.types("base ", NOW);
    let before = world.author.head();
    world.types("sent ", NOW);
    // Sent again, together with what came after: the acknowledgement was lost.
    world.typed("again ");
    world.add(world.author.export(&before), NOW);
    world.has(1, 1, NOW);
    let early = folds(&world.key, PeerId(8), &world.database, NOW);
    world.types("last ", NOW);
    world.has(1, 2, NOW);
    let late = folds(&world.key, PeerId(8), &world.database, NOW);
    let mut write = |fold: Fold| world.database.write(&[Write::Fold(fold)], NOW).remove(0);
    assert_eq!(early.into_iter().map(&mut write).collect::<Vec<_>>(), [Ok(Written::Noted)]);
    // The range replaces the very bytes it was made of; what it builds on went into them.
    let refused = || Ok(Written::Refused(ErrorCode::Changed));
    assert_eq!(late.into_iter().map(&mut write).collect::<Vec<_>>(), [refused(), refused()]);
    assert_eq!(world.body_from(&[], 0), world.author.body());
    world.fold(NOW);
    assert_eq!(world.body_from(&[], 0), world.author.body());
}

#[test]
fn without_any_receipt_only_age_makes_a_base() {
    let mut world = World::new();
    for n in 0..4 {
        world.types(&format!("{n} "), NOW - 31 * DAY);
    }
    world.types("4 ", NOW);
    world.types("5 ", NOW);
    assert_eq!(world.fold(NOW), [4, 6]);
    assert_eq!(world.fold(NOW + 31 * DAY), [6]);
    assert_eq!(world.body_from(&[], 0), world.author.body());
}

#[test]
fn the_history_of_a_note_is_whole_after_folding() {
    let mut world = World::new();
    let mut points = Vec::new();
    for n in 0..12 {
        world.types(&format!("{n} "), NOW);
        points.push((world.author.point(), world.author.body()));
    }
    assert_eq!(world.fold(NOW), [12]);
    let rows = world.rows();
    let folded = NoteDocument::load(&[&rows[0].ops[0].0], PeerId(9)).unwrap();
    for (point, body) in points {
        assert_eq!(folded.text_at(&point).unwrap().1, body);
    }
}

#[test]
fn what_was_written_key_by_key_is_folded_into_a_fraction_of_its_bytes() {
    let mut world = World::new();
    for n in 0..400 {
        world.types(if n % 5 == 0 { " " } else { "and so on" }, NOW + n * 1_000);
    }
    let before: usize = world.rows().iter().map(|row| row.ops[0].0.len()).sum();
    assert_eq!(world.fold(NOW), [400]);
    let ops = world.rows()[0].ops[0].0.clone();
    assert!(ops.len() * 4 < plain_len(&ops) && ops.len() * 40 < before, "{} of {before}", ops.len());
    assert_eq!(world.body_from(&[], 0), world.author.body());
}

#[test]
fn no_row_grows_past_the_limit_and_one_that_is_full_is_not_written_again() {
    let mut world = World::new();
    let limit = 10_000;
    // Text that can't be made smaller: the library would.
    let mut state = 1_u64;
    let mut noise = |bytes: usize| {
        let mut text = String::new();
        while text.len() < bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!("{:x}", state >> 20));
        }
        text
    };
    for _ in 0..7 {
        let text = noise(limit / 5);
        world.types(&text, NOW);
    }
    let rows = world.fold_up_to(limit as u64, NOW);
    assert!(rows.len() > 1 && rows.len() < 7, "{rows:?}");
    let first = world.rows()[0].clone();
    world.types("more", NOW);
    world.types("and more", NOW);
    let again = world.fold_up_to(limit as u64, NOW);
    assert_eq!((again.len(), again[0]), (rows.len(), rows[0]));
    assert_eq!(world.rows()[0], first);
    let largest = world.rows().iter().map(|row| plain_len(&row.ops[0].0)).max().unwrap();
    assert!(largest <= limit, "{largest}");
    assert_eq!(world.body_from(&[], 0), world.author.body());
    // One that came larger than that stays as it is.
    let large = noise(limit + 1_000);
    world.types(&large, NOW);
    world.types("last", NOW);
    assert_eq!(world.fold_up_to(limit as u64, NOW).len(), again.len() + 2);
    assert_eq!(world.body_from(&[], 0), world.author.body());
}

#[test]
fn a_row_that_cannot_be_read_stays_where_it_is_and_the_others_are_folded_around_it() {
    for bad in [vec![1, 2, 3], vec![2, 0, 0], Vec::new()] {
        let mut world = World::new();
        for n in 0..3 {
            world.types(&format!("{n} "), NOW);
        }
        world.add(bad.clone(), NOW);
        for n in 3..6 {
            world.types(&format!("{n} "), NOW);
        }
        assert_eq!(world.fold(NOW), [3, 4, 7], "{bad:?}");
        assert_eq!(world.rows()[1].ops[0].0, bad);
        assert_eq!(world.fold(NOW), [3, 4, 7]);
        let parts: Vec<Vec<u8>> =
            world.rows().into_iter().filter(|row| row.seq != 4).map(|row| row.ops[0].0.clone()).collect();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        assert_eq!(NoteDocument::load(&parts, PeerId(9)).unwrap().body(), world.author.body());
    }
}

#[test]
fn what_waits_for_something_missing_is_left_alone() {
    let mut world = World::new();
    let lost = world.typed("lost");
    for n in 0..4 {
        world.types(&format!("{n} "), NOW);
    }
    let before = world.rows();
    assert_eq!(world.fold(NOW), [1, 2, 3, 4]);
    assert_eq!(world.rows(), before);
    // It comes after all: then everything is there.
    world.add(lost, NOW);
    assert_eq!(world.body_from(&[], 0), world.author.body());
}

#[test]
fn the_library_is_folded_too() {
    let mut world = World::new();
    world.key.note_id = world.key.space_id.library();
    let mut library = LibraryDocument::new(PeerId(7));
    for n in 1..=5_u8 {
        let before = library.head();
        let (id, name) = (FolderId::from_bytes([n; 16]), format!("Folder {n}"));
        library.edit(&LibraryEdit::CreateFolder { id, name, parent: None, color: None }, NOW).unwrap();
        world.add(library.export(&before), NOW);
    }
    assert_eq!(world.fold(NOW), [5]);
    let rows = world.rows();
    assert_eq!(LibraryDocument::load(&[&rows[0].ops[0].0], PeerId(9)).unwrap().folders(), library.folders());
}

#[test]
fn a_document_that_is_gone_or_never_was_is_left_alone() {
    let mut world = World::new();
    assert!(folds(&world.key, PeerId(8), &world.database, NOW).is_empty());
    world.types("a", NOW);
    let NoteKey { user_id, space_id, note_id } = world.key.clone();
    let row = NewRow { user_id, space_id, note_id, after: 1, request: None, change: Change::Purge, seen: Vec::new() };
    world.database.write(&[Write::Row(row)], NOW).remove(0).unwrap();
    assert!(folds(&world.key, PeerId(8), &world.database, NOW).is_empty());
}
