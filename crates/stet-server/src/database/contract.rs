//! What every database keeps, as functions that take one. An implementation calls each from a test of its own.

use stet_model::id::{DeviceId, NoteId, SpaceId, UserId};
use stet_protocol::bytes::Bytes;
use stet_protocol::message::level2::Received;
use stet_protocol::message::{Device, ErrorCode, SpaceInfo};
use stet_sync::server::{Change, Cursor};

use super::{Access, Database, Fold, NewRow, Opening, Part, Random, ReadError, Write, Written, hash_ops};

/// Random bytes that are the same in every run.
pub(super) fn random() -> Random {
    let mut count = 0_u64;
    Box::new(move |bytes| {
        for byte in bytes {
            count = count.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (count >> 33) as u8;
        }
    })
}

/// A database with two users.
struct Two<D> {
    database: D,
    maria: (UserId, SpaceInfo),
    noor: (UserId, SpaceInfo),
}

const NOW: i64 = 1_000;

fn note(n: u8) -> NoteId {
    NoteId::from_bytes([n; 16])
}

fn device(n: u8) -> Device {
    let name = format!("device {n}");
    Device { id: DeviceId::from_bytes([n; 16]), name, platform: "linux".to_owned(), app_version: "0".to_owned() }
}

fn open(database: &mut impl Database, subject: &str, with: Option<Device>) -> (UserId, SpaceInfo) {
    let opening = Opening { issuer: "i".to_owned(), subject: subject.to_owned(), device: with };
    match database.write(&[Write::Open(opening)], NOW).remove(0).unwrap() {
        Written::Opened { user_id, mut spaces } => (user_id, spaces.remove(0)),
        other => panic!("not opened: {other:?}"),
    }
}

fn two<D: Database>(mut database: D) -> Two<D> {
    for subject in ["maria", "noor"] {
        database.make_account("i", subject, NOW).unwrap();
    }
    let maria = open(&mut database, "maria", Some(device(1)));
    let noor = open(&mut database, "noor", Some(device(2)));
    Two { database, maria, noor }
}

fn row((user_id, space): &(UserId, SpaceInfo), id: &str, n: u8, after: u64, change: Change) -> Write {
    Write::Row(NewRow {
        user_id: user_id.clone(),
        space_id: space.id,
        note_id: note(n),
        after,
        request: Some((DeviceId::from_bytes([1; 16]), id.to_owned())),
        change,
        seen: Vec::new(),
    })
}

fn text(text: &str) -> Change {
    Change::Update(vec![Bytes([&[1], text.as_bytes()].concat())])
}

impl<D: Database> Two<D> {
    fn write(&mut self, write: Write) -> Written {
        self.database.write(&[write], NOW).remove(0).unwrap()
    }

    fn maria(&self) -> Access<'_> {
        Access { user_id: &self.maria.0, space_id: self.maria.1.id }
    }

    fn stored(&mut self, id: &str, n: u8, after: u64, change: Change) -> u64 {
        let write = row(&self.maria.clone(), id, n, after, change);
        match self.write(write) {
            Written::Stored { seq, .. } => seq,
            other => panic!("not stored: {other:?}"),
        }
    }

    fn refused(&mut self, id: &str, n: u8, after: u64, change: Change) -> ErrorCode {
        let write = row(&self.maria.clone(), id, n, after, change);
        match self.write(write) {
            Written::Refused(code) => code,
            other => panic!("not refused: {other:?}"),
        }
    }
}

pub(super) fn rows_get_places_in_order_and_come_back_as_they_were(database: impl Database) {
    let mut two = two(database);
    assert_eq!(two.stored("a", 1, 0, text("one")), 1);
    assert_eq!(two.stored("b", 2, 0, text("two")), 2);
    assert_eq!(two.stored("c", 1, 1, text("three")), 3);
    let page = two.database.log(two.maria(), 0, 1 << 20).unwrap();
    let rows: Vec<_> = page.rows.iter().map(|row| (row.seq, row.note_id, Change::Update(row.ops.clone()))).collect();
    assert_eq!(rows, [(1, note(1), text("one")), (2, note(2), text("two")), (3, note(1), text("three"))]);
    assert_eq!((page.up_to, page.end.map(|head| head.seq)), (3, Some(3)));
    let document = two.database.document(two.maria(), note(1)).unwrap().unwrap();
    assert_eq!((document.seq, document.purged, document.rows.len()), (3, false, 2));
    assert_eq!(two.database.document(two.maria(), note(9)), Ok(None));
}

pub(super) fn a_page_ends_at_its_weight_and_goes_on_where_it_ended(database: impl Database) {
    let mut two = two(database);
    for n in 1..=5 {
        two.stored(&format!("{n}"), n, 0, text(&"x".repeat(400)));
    }
    let (mut since, mut seqs) = (0, Vec::new());
    loop {
        let page = two.database.log(two.maria(), since, 1_000).unwrap();
        assert!(page.rows.len() <= 2);
        seqs.extend(page.rows.iter().map(|row| row.seq));
        since = page.up_to;
        if page.end.is_some() {
            break;
        }
    }
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    let ids = [note(3), note(9), note(1)];
    let mut from = Some(Cursor::default());
    let mut found = Vec::new();
    while let Some(cursor) = from {
        let page = two.database.documents(two.maria(), &ids, cursor, 1).unwrap();
        found.extend(page.rows.iter().map(|row| row.note_id));
        from = page.next;
    }
    assert_eq!(found, [note(3), note(1)]);
}

pub(super) fn a_request_is_known_again_by_its_bytes(database: impl Database) {
    let mut two = two(database);
    two.stored("a", 1, 0, text("one"));
    let again = row(&two.maria.clone(), "a", 1, 0, text("one"));
    assert_eq!(two.write(again), Written::Repeated { seq: 1, timestamp: NOW });
    assert_eq!(two.refused("a", 1, 0, text("other")), ErrorCode::Malformed);
    // The same id for another note is another request.
    assert_eq!(two.stored("a", 2, 0, text("one")), 2);
}

pub(super) fn an_update_builds_on_what_is_there(database: impl Database) {
    let mut two = two(database);
    assert_eq!(two.refused("a", 1, 1, text("x")), ErrorCode::UnknownBase);
    two.stored("b", 1, 0, text("x"));
    assert_eq!(two.refused("c", 1, 2, text("x")), ErrorCode::UnknownBase);
    assert_eq!(two.stored("d", 1, 0, text("y")), 2, "an older base is a concurrent edit");
}

pub(super) fn a_purge_is_for_ever(database: impl Database) {
    let mut two = two(database);
    two.stored("a", 1, 0, text("x"));
    two.stored("b", 1, 1, text("y"));
    assert_eq!(two.refused("p", 1, 1, Change::Purge), ErrorCode::Changed);
    assert_eq!(two.stored("q", 1, 2, Change::Purge), 3);
    assert_eq!(two.refused("c", 1, 3, text("z")), ErrorCode::Deleted);
    assert_eq!(two.refused("r", 1, 3, Change::Purge), ErrorCode::Deleted);
    let page = two.database.log(two.maria(), 0, 1 << 20).unwrap();
    let rows: Vec<_> = page.rows.iter().map(|row| (row.seq, row.purged, row.ops.len())).collect();
    assert_eq!(rows, [(3, true, 0)]);
    let again = row(&two.maria.clone(), "q", 1, 2, Change::Purge);
    assert_eq!(two.write(again), Written::Repeated { seq: 3, timestamp: NOW });
}

pub(super) fn the_library_is_never_purged(database: impl Database) {
    let mut two = two(database);
    let (user_id, space) = two.maria.clone();
    let library = |change, after| {
        Write::Row(NewRow {
            user_id: user_id.clone(),
            space_id: space.id,
            note_id: space.id.library(),
            after,
            request: None,
            change,
            seen: Vec::new(),
        })
    };
    assert!(matches!(two.write(library(text("x"), 0)), Written::Stored { seq: 1, first: true, .. }));
    assert_eq!(two.write(library(Change::Purge, 1)), Written::Refused(ErrorCode::Forbidden));
}

pub(super) fn a_space_of_somebody_else_is_like_none(database: impl Database) {
    let mut two = two(database);
    two.stored("a", 1, 0, text("secret"));
    let noor = two.noor.0.clone();
    for space_id in [two.maria.1.id, SpaceId::from_bytes([99; 16])] {
        let access = Access { user_id: &noor, space_id };
        let database = &two.database;
        assert_eq!(database.begin(access, (0, None), 10).unwrap_err(), ReadError::NotFound);
        assert_eq!(database.log(access, 0, 1).unwrap_err(), ReadError::NotFound);
        assert_eq!(database.documents(access, &[note(1)], Cursor::default(), 1).unwrap_err(), ReadError::NotFound);
        assert_eq!(database.document(access, note(1)).unwrap_err(), ReadError::NotFound);
        assert_eq!(database.seen(access, note(1)).unwrap_err(), ReadError::NotFound);
        assert_eq!(database.parts(access, note(1)).unwrap_err(), ReadError::NotFound);
        assert_eq!(database.receipts(access).unwrap_err(), ReadError::NotFound);
        let space = SpaceInfo { id: space_id, ..two.maria.1.clone() };
        let refused = Written::Refused(ErrorCode::NotFound);
        assert_eq!(two.write(row(&(noor.clone(), space), "b", 1, 0, text("x"))), refused);
        let seen = Write::Seen { user_id: noor.clone(), space_id, note_id: note(1), points: vec![vec![1]] };
        assert_eq!(two.write(seen), refused);
        let received = Received { space_id, seq: 0, unsent: 0, content: None };
        let device_id = DeviceId::from_bytes([2; 16]);
        assert_eq!(two.write(Write::Receipt { user_id: noor.clone(), device_id, received }), refused);
        let fold = Fold {
            user_id: noor.clone(),
            space_id,
            note_id: note(1),
            before: vec![],
            rows: vec![(1, [0; 32])],
            ops: vec![1],
        };
        assert_eq!(two.write(Write::Fold(fold)), refused);
    }
    // The same note id in one's own space is another document.
    let own = row(&two.noor.clone(), "a", 1, 0, text("mine"));
    assert!(matches!(two.write(own), Written::Stored { seq: 1, first: true, .. }));
}

pub(super) fn a_refused_write_leaves_the_others_of_its_group(database: impl Database) {
    let mut two = two(database);
    let maria = two.maria.clone();
    let group =
        [row(&maria, "a", 1, 0, text("x")), row(&maria, "b", 2, 7, text("x")), row(&maria, "c", 3, 0, text("x"))];
    let written: Vec<_> = two.database.write(&group, NOW).into_iter().map(Result::unwrap).collect();
    assert!(matches!(written[0], Written::Stored { seq: 1, .. }));
    assert_eq!(written[1], Written::Refused(ErrorCode::UnknownBase));
    assert!(matches!(written[2], Written::Stored { seq: 2, .. }));
}

pub(super) fn a_cursor_is_good_within_its_lineage(database: impl Database) {
    let mut two = two(database);
    let first = two.maria.1.lineage;
    two.stored("a", 1, 0, text("x"));
    two.stored("b", 1, 1, text("y"));
    two.database.begin_life();
    let second = open(&mut two.database, "maria", None).1.lineage;
    assert_ne!(first, second);
    assert_eq!(open(&mut two.database, "maria", None).1.lineage, second, "one a life");
    two.stored("c", 1, 2, text("z"));
    let begin = |since, lineage| two.database.begin(two.maria(), (since, lineage), 0).map(|begun| begun.rows);
    assert_eq!(begin(0, None), Ok(3));
    assert_eq!(begin(2, Some(first)), Ok(1));
    assert_eq!(begin(3, Some(first)), Err(ReadError::Diverged), "past the end of that lineage");
    assert_eq!(begin(3, Some(second)), Ok(0));
    assert_eq!(begin(1, Some(second)), Ok(2));
    assert_eq!(begin(4, Some(second)), Err(ReadError::Diverged), "past the end of the log");
    assert_eq!(begin(1, Some(stet_model::id::Lineage::from_bytes([9; 16]))), Err(ReadError::Diverged));
}

pub(super) fn the_digest_is_a_sum_over_documents<D: Database>(database: D) {
    use stet_model::digest::LogDigest;
    let mut two = two(database);
    let digest = |two: &Two<D>| two.database.log(two.maria(), 0, 1 << 20).unwrap().end.unwrap().digest;
    two.stored("a", 1, 0, text("x"));
    two.stored("b", 2, 0, text("x"));
    two.stored("c", 1, 1, text("y"));
    two.stored("d", 2, 2, Change::Purge);
    let mut expected = LogDigest::default();
    expected.add(note(1), 3, false);
    expected.add(note(2), 4, true);
    assert_eq!(digest(&two), expected.to_string());
}

pub(super) fn folding_replaces_rows_and_changes_nothing_else<D: Database>(database: D) {
    let mut two = two(database);
    two.stored("a", 1, 0, text("x"));
    two.stored("b", 2, 0, text("other"));
    two.stored("c", 1, 1, text("y"));
    two.stored("d", 1, 3, text("z"));
    let (user_id, space) = two.maria.clone();
    let fold = |two: &Two<D>, seqs: &[u64]| {
        let (user_id, space_id) = (user_id.clone(), space.id);
        let rows = two.database.document(two.maria(), note(1)).unwrap().unwrap().rows;
        let before = rows.iter().map(|row| row.seq).filter(|seq| *seq < seqs[0]).collect();
        let hash = |seq: &u64| rows.iter().find(|row| row.seq == *seq).map_or([0; 32], |row| hash_ops(&row.ops));
        let rows = seqs.iter().map(|seq| (*seq, hash(seq))).collect();
        Write::Fold(Fold { user_id, space_id, note_id: note(1), before, rows, ops: b"\x01folded".to_vec() })
    };
    let head = |two: &Two<D>| two.database.log(two.maria(), 0, 1 << 20).unwrap().end;
    let before = head(&two);
    let read_before = fold(&two, &[3, 4]);
    let first = fold(&two, &[1, 3]);
    assert_eq!(two.write(first), Written::Noted);
    assert_eq!(head(&two), before, "neither seq nor digest");
    let rows: Vec<_> = two.database.log(two.maria(), 0, 1 << 20).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(Change::Update(rows[1].ops.clone()), text("folded"));
    assert_eq!(two.database.begin(two.maria(), (0, None), 10).unwrap().rows, 3);
    assert_eq!(two.database.begin(two.maria(), (0, None), 10).unwrap().early_rows, 3);
    // Somebody else folded first: one of the rows is gone, or holds what the gone one held too.
    let late = fold(&two, &[1, 3, 4]);
    assert_eq!(two.write(late), Written::Refused(ErrorCode::Changed));
    assert_eq!(two.write(read_before), Written::Refused(ErrorCode::Changed));
    let last = fold(&two, &[3, 4]);
    assert_eq!(two.write(last), Written::Noted);
    assert_eq!(two.database.document(two.maria(), note(1)).unwrap().unwrap().rows.len(), 1);
    two.stored("p", 1, 4, Change::Purge);
    assert_eq!(two.database.begin(two.maria(), (0, None), 0).unwrap().rows, 2);
}

pub(super) fn folding_keeps_who_wrote_each_part_and_when<D: Database>(database: D) {
    let mut two = two(database);
    let (user_id, space) = two.maria.clone();
    let mut written = Vec::new();
    for n in 0..8_u8 {
        let seq = u64::from(n) + 1;
        let request = (n % 3 > 0).then(|| (DeviceId::from_bytes([n % 3; 16]), format!("{n}")));
        let device_id = request.as_ref().map(|(device_id, _)| *device_id);
        let (user_id, space_id, note_id, change) = (user_id.clone(), space.id, note(1), text("x"));
        let row = NewRow { user_id, space_id, note_id, after: seq - 1, request, change, seen: Vec::new() };
        // Also of a clock that was set back.
        let now = NOW + 1_000 * i64::from(n ^ 1);
        assert!(matches!(two.database.write(&[Write::Row(row)], now).remove(0), Ok(Written::Stored { .. })));
        written.push(Part { seq, timestamp: now, device_id });
    }
    let fold = |two: &Two<D>, from: u64, to: u64| {
        let (user_id, space_id, note_id, ops) = (user_id.clone(), space.id, note(1), vec![1, 9]);
        let rows = two.database.document(two.maria(), note_id).unwrap().unwrap().rows;
        let before = rows.iter().map(|row| row.seq).filter(|seq| *seq < from).collect();
        let rows = rows.iter().filter(|row| (from..=to).contains(&row.seq));
        let rows = rows.map(|row| (row.seq, hash_ops(&row.ops))).collect();
        Write::Fold(Fold { user_id, space_id, note_id, before, rows, ops })
    };
    // Rows that were folded before are folded again, with some that weren't.
    for (from, to, left) in [(1, 3, 6), (5, 6, 5), (3, 6, 3), (1, 8, 1)] {
        let fold = fold(&two, from, to);
        assert_eq!(two.write(fold), Written::Noted);
        let document = two.database.document(two.maria(), note(1)).unwrap().unwrap();
        assert_eq!(two.database.parts(two.maria(), note(1)).unwrap(), written);
        assert_eq!((document.rows.len(), document.rows[document.rows.len() - 1].seq), (left, 8));
    }
    let other = note(2);
    assert_eq!(two.database.parts(two.maria(), other).unwrap(), []);
    two.stored("p", 1, 8, Change::Purge);
    let gone = Part { seq: 9, timestamp: NOW, device_id: Some(DeviceId::from_bytes([1; 16])) };
    assert_eq!(two.database.parts(two.maria(), note(1)).unwrap(), [gone], "nothing is left of what was removed");
}

pub(super) fn a_fold_that_misses_a_row_or_meets_a_removal_is_refused<D: Database>(database: D) {
    let mut two = two(database);
    for (n, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
        two.stored(id, 1, n as u64, text(id));
    }
    let (user_id, space) = two.maria.clone();
    let fold = |two: &Two<D>, seqs: &[u64], note_id| {
        let rows = two.database.document(two.maria(), note(1)).unwrap().unwrap().rows.into_iter();
        let rows = rows.filter(|row| seqs.contains(&row.seq)).map(|row| (row.seq, hash_ops(&row.ops))).collect();
        let (user_id, space_id, before) = (user_id.clone(), space.id, vec![]);
        Write::Fold(Fold { user_id, space_id, note_id, before, rows, ops: vec![1, 9] })
    };
    let before = two.database.log(two.maria(), 0, 1 << 20).unwrap();
    let (gap, foreign, good) =
        (fold(&two, &[1, 3], note(1)), fold(&two, &[1, 2], note(2)), fold(&two, &[1, 2, 3], note(1)));
    assert_eq!(two.write(gap), Written::Refused(ErrorCode::Changed), "row 2 would be lost");
    assert_eq!(two.write(foreign), Written::Refused(ErrorCode::Changed));
    assert_eq!(two.database.log(two.maria(), 0, 1 << 20).unwrap(), before);
    // A row more, after those that are folded, changes nothing about them.
    two.stored("e", 1, 4, text("e"));
    let again = good.clone();
    assert_eq!(two.write(good), Written::Noted);
    assert_eq!(two.write(again), Written::Refused(ErrorCode::Changed));
    // What was sent before is known again, and what builds on a folded row builds on it still.
    let repeated = row(&two.maria.clone(), "e", 1, 4, text("e"));
    assert_eq!(two.write(repeated), Written::Repeated { seq: 5, timestamp: NOW });
    assert_eq!(two.stored("f", 1, 2, text("f")), 6);
    let late = fold(&two, &[3, 5, 6], note(1));
    two.stored("p", 1, 6, Change::Purge);
    assert_eq!(two.write(late), Written::Refused(ErrorCode::Changed), "nothing comes back");
    let rows = two.database.log(two.maria(), 0, 1 << 20).unwrap().rows;
    assert_eq!(rows.iter().map(|row| (row.seq, row.purged)).collect::<Vec<_>>(), [(7, true)]);
    assert_eq!(two.database.begin(two.maria(), (0, None), 0).unwrap().rows, 1);
}

pub(super) fn the_newest_notes_follow_the_library(database: impl Database) {
    let mut two = two(database);
    for n in 1..=3 {
        two.stored(&format!("{n}"), n, 0, text("x"));
    }
    two.stored("again", 1, 1, text("y"));
    two.stored("p", 3, 3, Change::Purge);
    let begun = two.database.begin(two.maria(), (0, None), 2).unwrap();
    assert_eq!((begun.early, begun.early_rows), (vec![note(1), note(2)], 3));
}

pub(super) fn the_last_versions_seen_are_kept_for_a_while(database: impl Database) {
    let mut two = two(database);
    let (user_id, space) = two.maria.clone();
    let see =
        |points: Vec<Vec<u8>>| Write::Seen { user_id: user_id.clone(), space_id: space.id, note_id: note(1), points };
    two.write(see((0..20).map(|n| vec![n]).collect()));
    two.write(see(vec![vec![10]]));
    let points: Vec<_> =
        two.database.seen(two.maria(), note(1)).unwrap().into_iter().map(|seen| seen.point[0]).collect();
    assert_eq!(
        points,
        [4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 10],
        "16, one seen again is the youngest"
    );
    let late = NOW + 31 * 24 * 60 * 60 * 1000;
    two.database.write(&[see(vec![vec![99]])], late).remove(0).unwrap();
    assert_eq!(two.database.seen(two.maria(), note(1)).unwrap().len(), 1, "30 days");
}

pub(super) fn receipts_say_how_far_each_device_is(database: impl Database) {
    let mut two = two(database);
    two.stored("a", 1, 0, text("x"));
    let (user_id, space) = two.maria.clone();
    let receipt = |seq| Write::Receipt {
        user_id: user_id.clone(),
        device_id: DeviceId::from_bytes([1; 16]),
        received: Received { space_id: space.id, seq, unsent: 2, content: Some("c".to_owned()) },
    };
    two.write(receipt(0));
    two.write(receipt(99));
    let receipts = two.database.receipts(two.maria()).unwrap();
    assert_eq!(receipts.len(), 1);
    assert_eq!((receipts[0].name.as_str(), receipts[0].seq, receipts[0].unsent), ("device 1", 1, 2));
}

pub(super) fn an_account_is_made_once(mut database: impl Database) {
    let one = database.make_account("i", "maria", NOW).unwrap();
    assert_eq!(database.make_account("i", "maria", NOW).unwrap(), one);
    assert_ne!(database.make_account("j", "maria", NOW).unwrap(), one, "`sub` alone collides between issuers");
    let nobody = Opening { issuer: "i".to_owned(), subject: "nobody".to_owned(), device: None };
    assert_eq!(database.write(&[Write::Open(nobody)], NOW).remove(0).unwrap(), Written::NoAccount);
}
