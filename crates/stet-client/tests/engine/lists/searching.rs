//! What is written can be searched for a moment later, however much it is, without holding up the disk.

use stet_store::Write;

use crate::desk::Desk;

/// After a text rested, milliseconds.
const SOON: u64 = 1_200;

fn indexed(desk: &Desk) -> usize {
    desk.jobs.iter().flat_map(|(_, writes)| writes).filter(|write| matches!(write, Write::Index { .. })).count()
}

#[test]
fn a_hundred_new_notes_are_all_found_within_seconds() {
    let mut desk = Desk::new();
    for n in 0..100 {
        desk.create(&format!("Note {n}"), "asparagus");
    }
    assert!(desk.found("asparagus").is_empty(), "indexing is no keystroke's work");
    desk.wait(SOON + 1_000);
    assert_eq!(desk.found("asparagus").len(), 100);
}

#[test]
fn a_disk_that_is_behind_gets_one_batch_of_texts_and_no_second() {
    let mut desk = Desk::new();
    for n in 0..100 {
        desk.create(&format!("Note {n}"), "asparagus");
    }
    desk.slow_disk = true;
    desk.wait(60_000);
    let first = indexed(&desk);
    assert!((1..100).contains(&first), "{first}");
    desk.slow_disk = false;
    while !desk.jobs.is_empty() {
        desk.disk();
    }
    desk.wait(SOON + 1_000);
    assert_eq!(desk.found("asparagus").len(), 100);
}

#[test]
fn a_text_the_index_did_not_take_is_tried_again_after_the_others() {
    let mut desk = Desk::new();
    for n in 0..100 {
        desk.create(&format!("Note {n}"), "asparagus");
    }
    desk.failures = 1;
    desk.wait(SOON);
    assert_eq!(desk.failures, 0, "the first batch failed");
    desk.wait(2 * SOON + 1_000);
    assert_eq!(desk.found("asparagus").len(), 100);
}
