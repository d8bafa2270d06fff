//! The disk thread and what survives: groups, a bad job among good ones, a full disk, back-pressure, closing.

use std::collections::BTreeMap;
use std::sync::mpsc;

use stet_store::{DiskThread, Options, QUEUE_BYTES, QUEUE_JOBS, SubmitError, Write, WriteError, open};

use crate::stage::*;

type Answers = mpsc::Receiver<(u64, Result<(), WriteError>)>;

/// The store's writer on a disk thread; the answers come out of the channel.
fn threaded(store: Store) -> (DiskThread, Answers, stet_store::Reader, tempfile::TempDir) {
    let (done, answers) = mpsc::channel();
    let on_done = Box::new(move |tag, result| done.send((tag, result)).unwrap_or(()));
    (DiskThread::start(store.writer, on_done), answers, store.reader, store.folder)
}

#[test]
fn every_job_is_answered_once_and_is_on_disk_then() {
    let (disk, answers, reader, _folder) = threaded(Store::new());
    for n in 0..200 {
        disk.submit(u64::from(n), vec![local(n, n, titled("a"))]).unwrap();
    }
    for n in 0..200_u8 {
        let (tag, result) = answers.recv().unwrap();
        assert_eq!((tag, result), (u64::from(n), Ok(())), "in the order they came");
        assert!(reader.document(doc(n)).unwrap().is_some());
    }
    disk.close();
    assert!(answers.recv().is_err(), "nothing is answered twice");
}

#[test]
fn closing_commits_what_was_taken() {
    let (disk, answers, reader, _folder) = threaded(Store::new());
    for n in 0..100 {
        disk.submit(u64::from(n), vec![local(n, n, titled("a"))]).unwrap();
    }
    disk.close();
    assert_eq!(answers.iter().filter(|(_, result)| result.is_ok()).count(), 100);
    assert!((0..100).all(|n| reader.document(doc(n)).unwrap().is_some()));
}

#[test]
fn a_job_nobody_waits_for_is_committed_on_its_own_when_nothing_else_comes() {
    let mut store = Store::new();
    store.commit([local(1, 1, titled("a"))]);
    let (disk, answers, reader, _folder) = threaded(store);
    disk.submit(7, vec![acked(1, 5, false)]).unwrap();
    assert_eq!(answers.recv().unwrap(), (7, Ok(())));
    assert_eq!(reader.document(doc(1)).unwrap().unwrap().last_seq, 5);
}

#[test]
fn a_job_nobody_waits_for_keeps_its_place_before_the_one_it_shares_a_commit_with() {
    let mut store = Store::new();
    store.commit([local(1, 1, titled("a"))]);
    let (disk, answers, reader, _folder) = threaded(store);
    disk.submit(1, vec![acked(1, 5, false)]).unwrap();
    disk.submit(2, vec![local(1, 2, titled("b"))]).unwrap();
    assert_eq!([answers.recv().unwrap().0, answers.recv().unwrap().0], [1, 2]);
    let stored = reader.document(doc(1)).unwrap().unwrap();
    assert!(stored.unsent, "the edit came after the acknowledgement");
}

#[test]
fn closing_commits_also_what_nobody_waits_for() {
    let mut store = Store::new();
    store.commit([local(1, 1, titled("a"))]);
    let (disk, answers, reader, _folder) = threaded(store);
    disk.submit(1, vec![acked(1, 5, false)]).unwrap();
    disk.close();
    assert_eq!(answers.recv().unwrap(), (1, Ok(())));
    assert_eq!(reader.document(doc(1)).unwrap().unwrap().last_seq, 5);
}

/// Holds the thread inside `on_done` of job 0 until told, so that what is submitted meanwhile becomes one group.
fn gated(store: Store) -> (DiskThread, mpsc::Sender<()>, Answers, stet_store::Reader, tempfile::TempDir) {
    let (done, answers) = mpsc::channel();
    let (open_gate, gate) = mpsc::channel();
    let on_done = Box::new(move |tag, result| {
        done.send((tag, result)).unwrap_or(());
        if tag == 0 {
            gate.recv().unwrap_or(());
        }
    });
    let disk = DiskThread::start(store.writer, on_done);
    disk.submit(0, vec![]).unwrap();
    assert_eq!(answers.recv().unwrap().0, 0);
    (disk, open_gate, answers, store.reader, store.folder)
}

#[test]
fn a_bad_job_fails_alone_and_its_group_mates_are_stored() {
    let mut store = Store::new();
    store.commit([Write::Purged { doc: doc(9), seq: 1, cursor: None }]);
    let (disk, gate, answers, reader, _folder) = gated(store);
    disk.submit(1, vec![local(1, 1, titled("good"))]).unwrap();
    disk.submit(2, vec![local(2, 1, titled("half")), local(9, 1, titled("bad"))]).unwrap();
    disk.submit(3, vec![local(3, 1, titled("good"))]).unwrap();
    gate.send(()).unwrap();
    disk.close();
    let results: BTreeMap<u64, _> = answers.iter().collect();
    assert_eq!((results[&1].clone(), results[&3].clone()), (Ok(()), Ok(())));
    assert_eq!(results[&2], Err(WriteError::Purged { doc: doc(9) }));
    let stored = |n| reader.document(doc(n)).unwrap().is_some();
    assert_eq!((stored(1), stored(2), stored(3)), (true, false, true));
}

#[test]
fn a_full_disk_fails_the_job_that_has_no_room_and_leaves_nothing_half_written() {
    let (disk, gate, answers, reader, folder) = gated(Store::with(&Options { max_bytes: Some(600 << 10), vfs: None }));
    let large = Write::Local {
        doc: doc(2),
        delta: vec![1; 2 << 20],
        head: vec![1],
        unsent: true,
        row: Some(titled("large")),
        at: 1,
    };
    disk.submit(1, vec![local(1, 1, titled("small"))]).unwrap();
    disk.submit(2, vec![local(4, 1, titled("with it")), large.clone()]).unwrap();
    disk.submit(3, vec![local(3, 1, titled("small"))]).unwrap();
    gate.send(()).unwrap();
    disk.close();
    let results: BTreeMap<u64, _> = answers.iter().collect();
    assert_eq!((results[&1].clone(), results[&3].clone()), (Ok(()), Ok(())));
    let full = results[&2].clone().unwrap_err();
    assert!(matches!(full, WriteError::DiskFull { .. }) && full.retryable(), "{full}");
    assert!(full.to_string().contains("stet.db") && full.to_string().contains("free some space"), "{full}");
    assert_eq!(reader.document(doc(2)).unwrap(), None);
    assert_eq!(reader.document(doc(4)).unwrap(), None, "all or nothing");
    assert_eq!(reader.sidebar(SPACE).unwrap().counts[0], 2);

    drop(reader);
    let (mut writer, reader) = open(&folder.path().join("stet.db"), &Options::default()).unwrap();
    writer.commit(&[large]).unwrap();
    assert!(reader.document(doc(2)).unwrap().is_some(), "the same job, once there is room");
}

#[test]
fn search_text_comes_after_the_edits_it_was_queued_with() {
    let (disk, gate, answers, reader, _folder) = gated(Store::new());
    disk.submit(1, vec![local(1, 1, titled("a"))]).unwrap();
    disk.submit(2, vec![index(1, 1, "a", "text")]).unwrap();
    disk.submit(3, vec![local(2, 1, titled("b"))]).unwrap();
    gate.send(()).unwrap();
    disk.close();
    assert_eq!(answers.iter().map(|(tag, _)| tag).collect::<Vec<_>>(), [1, 3, 2]);
    assert_eq!(reader.unindexed(9).unwrap(), [doc(2)]);
}

#[test]
fn a_full_queue_gives_the_job_back_and_takes_it_once_there_is_room() {
    let (disk, gate, answers, reader, _folder) = gated(Store::new());
    for n in 0..QUEUE_JOBS {
        disk.submit(1 + n as u64, vec![Write::Meta { key: "k".into(), value: None }]).unwrap();
    }
    let SubmitError::Full(writes) = disk.submit(9999, vec![local(1, 1, titled("a"))]).unwrap_err() else {
        panic!("the queue is full")
    };
    assert_eq!(writes, [local(1, 1, titled("a"))]);
    gate.send(()).unwrap();
    for _ in 0..QUEUE_JOBS {
        answers.recv().unwrap().1.unwrap();
    }
    disk.submit(9999, writes).unwrap();
    disk.close();
    assert!(reader.document(doc(1)).unwrap().is_some());
}

#[test]
fn the_queue_is_bounded_in_bytes_but_takes_one_large_job() {
    let (disk, gate, answers, _reader, _folder) = gated(Store::new());
    let large = |tag, bytes| {
        let value = Some("x".repeat(bytes));
        disk.submit(tag, vec![Write::Meta { key: "k".into(), value }])
    };
    large(1, QUEUE_BYTES + 1).unwrap();
    assert!(matches!(large(2, 1), Err(SubmitError::Full(_))));
    gate.send(()).unwrap();
    answers.recv().unwrap().1.unwrap();
    large(3, 1).unwrap();
    disk.close();
}

#[test]
fn a_thread_that_ended_takes_nothing_more() {
    let store = Store::new();
    let (told, tell) = mpsc::channel::<()>();
    let on_done = Box::new(move |_, _| {
        let _told = &told;
        std::panic::resume_unwind(Box::new("the caller's own fault"))
    });
    let disk = DiskThread::start(store.writer, on_done);
    disk.submit(1, vec![local(1, 1, titled("a"))]).unwrap();
    assert!(tell.recv().is_err(), "the thread let go of everything");
    let SubmitError::Closed(writes) = disk.submit(2, vec![local(2, 1, titled("b"))]).unwrap_err() else {
        panic!("the thread is gone")
    };
    assert_eq!(writes.len(), 1);
    assert!(store.reader.document(doc(1)).unwrap().is_some(), "what was committed stays");
}

#[test]
fn a_store_dropped_without_a_word_has_everything_committed_and_nothing_else() {
    let mut store = Store::new();
    store.commit([local(1, 1, titled("committed"))]);
    store
        .writer
        .commit(&[local(2, 1, titled("half")), Write::Cursor { space: SPACE, cursor: cursor(u64::MAX) }])
        .unwrap_err();
    let store = store.reopen();
    assert_eq!(store.notes(stet_store::ListView::All), [1]);
    assert_eq!(store.document(1).updates.len(), 1);
}

#[test]
fn the_log_is_folded_when_asked_and_everything_is_still_there() {
    let mut store = Store::new();
    for n in 0..250 {
        store.commit([local(n, n, titled(&"long title ".repeat(200)))]);
    }
    store.writer.checkpoint_if_large().unwrap();
    // A copy of the file alone has everything then: the log was folded.
    let alone = store.folder.path().join("alone.db");
    std::fs::copy(&store.path, &alone).unwrap();
    let (_writer, reader) = open(&alone, &Options::default()).unwrap();
    assert_eq!(reader.sidebar(SPACE).unwrap().counts[0], 250);
}
