//! Marks of merged passages: when sides meet, what a mark shows, what settling does.

use std::collections::BTreeSet;

use proptest::prelude::*;
use stet_model::document::{Choice, NoteDocument, NoteEdit, Parting, Version, end_of};
use stet_model::id::DeviceId;
use stet_model::text::TextChange;

use crate::support::{config, copy, exchange, note};

fn set(note: &mut NoteDocument, body: &str) {
    note.edit(&NoteEdit::SetBody(body.to_owned()), 7_000).unwrap();
}

fn edit(note: &mut NoteDocument, edit: NoteEdit) {
    note.edit(&edit, 8_000).unwrap();
}

/// Two devices that had `base`, and what each made of it without the other.
fn two(base: &str, mine: &str, theirs: &str) -> (NoteDocument, NoteDocument, Version) {
    let mut a = note(1, base);
    let mut b = copy(&a, 2);
    let known = a.head();
    set(&mut a, mine);
    set(&mut b, theirs);
    (a, b, known)
}

/// Takes in what `b` has and marks the note as a device that was away does.
fn come_back(a: &mut NoteDocument, b: &NoteDocument) -> bool {
    let (mine, theirs) = (a.head(), b.head());
    a.import(&[&b.export(&mine)]).unwrap();
    mark(a, &mine, &theirs)
}

fn mark(note: &mut NoteDocument, mine: &Version, theirs: &Version) -> bool {
    let Some(Parting { base, mine, theirs }) = note.parting(mine, theirs).unwrap() else { return false };
    let parting = Parting { base, mine, theirs };
    if !note.sides_meet(&parting).unwrap() {
        return false;
    }
    let Parting { base, mine, theirs } = parting;
    edit(note, NoteEdit::MarkMerged { base, mine, theirs });
    true
}

fn settle(note: &mut NoteDocument, key: Option<&str>, choice: Choice) {
    let edits = note.settling(key, choice).unwrap();
    note.edit_all(&edits, 9_000).unwrap();
}

const BASE: &str = "Title line\n\nbread\nmilk\n\nend";

#[test]
fn a_mark_shows_base_and_both_sides_and_where_they_stand_now() {
    let (mut a, mut b, _) = two(BASE, "Title line\n\nbread\noat milk\n\nend", "Title line\n\nbread\nmilk, 2 l\n\nend");
    assert!(come_back(&mut a, &b));
    exchange(&mut a, &mut b);
    edit(&mut b, NoteEdit::Body(vec![TextChange::new(0, 0, "😀 Above\n")]));
    let head = b.head();
    let marks = b.marks();
    assert_eq!(marks.len(), 1);
    let passage = &marks[0].passages[0];
    assert_eq!((marks[0].passages.len(), passage.title, passage.edited), (1, false, false));
    assert_eq!((passage.base.as_str(), passage.mine.as_str()), ("milk", "oat milk"));
    assert_eq!((passage.theirs.as_str(), passage.now.as_str()), ("milk, 2 l", "oat milk, 2 l"));
    let units: Vec<u16> = b.body().encode_utf16().collect();
    let there = &units[passage.from as usize..passage.to as usize];
    assert_eq!(String::from_utf16(there).unwrap(), "oat milk, 2 l");
    assert_eq!(b.head(), head, "looking at a mark writes nothing");
}

#[test]
fn a_mark_names_the_devices_of_both_sides_and_when_they_wrote() {
    let (mut a, mut b, _) = two("x", "x mine", "x theirs");
    let (desk, phone) = (DeviceId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
    a.edit(&NoteEdit::Device(desk), 100_000).unwrap();
    b.edit(&NoteEdit::Device(phone), 200_000).unwrap();
    assert!(come_back(&mut a, &b));
    let mark = &a.marks()[0];
    assert_eq!((&mark.mine.devices, mark.mine.at), (&BTreeSet::from([desk]), 100_000));
    assert_eq!((&mark.theirs.devices, mark.theirs.at), (&BTreeSet::from([phone]), 200_000));
}

#[test]
fn settling_takes_the_wording_that_was_chosen_and_leaves_everything_else() {
    let mine = "Title line, mine\n\nbread\noat milk\n\nend";
    let theirs = "Title line\n\nbread\nmilk, 2 l\n\nend, theirs";
    for (choice, expected) in [
        (Choice::Mine, "Title line, mine\n\nbread\noat milk\n\nend, theirs now"),
        (Choice::Theirs, "Title line, mine\n\nbread\nmilk, 2 l\n\nend, theirs now"),
        (Choice::Keep, "Title line, mine\n\nbread\noat milk, 2 l\n\nend, theirs now"),
    ] {
        let (mut a, mut b, _) = two(BASE, mine, theirs);
        assert!(come_back(&mut a, &b));
        exchange(&mut a, &mut b);
        let body = format!("{} now", b.body());
        set(&mut b, &body);
        let key = b.marks()[0].key.clone();
        settle(&mut b, Some(&key), choice);
        exchange(&mut a, &mut b);
        assert_eq!((a.body().as_str(), a.merged().len()), (expected, 0), "{choice:?}");
        assert_eq!(a.settling(Some(&key), choice).unwrap(), [], "it was settled already");
    }
}

#[test]
fn words_typed_into_a_passage_since_stay_whatever_is_chosen() {
    let (mut a, b, _) = two("one line", "one mine line", "one theirs line");
    assert!(come_back(&mut a, &b));
    let length = u32::try_from(a.body().len()).unwrap();
    edit(&mut a, NoteEdit::Body(vec![TextChange::new(length, length, " and later words")]));
    assert!(a.marks()[0].passages[0].edited);
    settle(&mut a, None, Choice::Theirs);
    assert_eq!(a.body(), "one theirs line and later words");
}

/// Told from the texts alone, a piece that begins like the one behind it has changed letters with it, and goes with those.
#[test]
fn a_piece_written_since_stays_whole_beside_others_like_it_that_go_and_come_back() {
    for at in [0, 9, 18] {
        let (mut a, b, _) = two("x", "x<a one a><a two a>", "x other");
        assert!(come_back(&mut a, &b));
        let write = |note: &mut NoteDocument, at: usize, piece: &str| {
            let at = u32::try_from(at).unwrap();
            edit(note, NoteEdit::Body(vec![TextChange::new(at, at, piece)]));
        };
        let start = a.body().find("<a one").unwrap();
        write(&mut a, start + at, "<a new a>");
        let (before, marks) = (a.point(), a.merged());
        settle(&mut a, None, Choice::Theirs);
        let after = a.point();
        assert!(a.body().contains("<a new a>") && !a.body().contains("one"), "{}", a.body());
        let end = a.body().len();
        write(&mut a, end, "<a later a>");
        let back = a.unsettling(&marks, &before, &after).unwrap();
        a.edit_all(&back, 10_000).unwrap();
        for piece in ["<a one a>", "<a two a>", "<a new a>", "<a later a>"] {
            assert_eq!(a.body().matches(piece).count(), 1, "{piece} at {at}: {}", a.body());
        }
    }
}

#[test]
fn a_side_can_be_chosen_again_after_that_was_taken_back_whatever_was_typed_in_between() {
    for typed in ["", "new "] {
        let (mut a, b, _) = two("one line", "one mine line", "one theirs line");
        assert!(come_back(&mut a, &b));
        for _ in 0..2 {
            let (before, marks) = (a.point(), a.merged());
            assert_eq!(marks.len(), 1);
            settle(&mut a, None, Choice::Theirs);
            let after = a.point();
            edit(&mut a, NoteEdit::Body(vec![TextChange::new(4, 4, typed)]));
            let back = a.unsettling(&marks, &before, &after).unwrap();
            a.edit_all(&back, 10_000).unwrap();
            assert!(a.body().contains("mine") && a.body().contains("theirs"), "{}", a.body());
        }
        settle(&mut a, None, Choice::Theirs);
        assert_eq!(a.body(), format!("one {typed}{typed}theirs line"));
    }
}

#[test]
fn both_titles_are_a_passage_of_their_own() {
    let mut a = note(1, "body");
    edit(&mut a, NoteEdit::SetTitle("Plan".into()));
    let mut b = copy(&a, 2);
    edit(&mut a, NoteEdit::SetTitle("Plan A".into()));
    edit(&mut b, NoteEdit::SetTitle("Plan B".into()));
    assert!(come_back(&mut a, &b));
    let passage = &a.marks()[0].passages[0];
    assert!(passage.title);
    assert_eq!((passage.base.as_str(), passage.mine.as_str(), passage.theirs.as_str()), ("Plan", "Plan A", "Plan B"));
    settle(&mut a, None, Choice::Theirs);
    assert_eq!((a.title().as_str(), a.body().as_str()), ("Plan B", "body"));
}

#[test]
fn one_side_alone_other_paragraphs_and_the_same_deletion_are_no_meeting() {
    for (mine, theirs) in [
        ("Title line\n\nbread\nmilk\n\nend", "Title line\n\nbread\nmilk, 2 l\n\nend"),
        ("Title line, mine\n\nbread\nmilk\n\nend", "Title line\n\nbread\nmilk, 2 l\n\nend"),
        ("Title line\n\nmilk\n\nend", "Title line\n\nmilk\n\nend"),
    ] {
        let (mut a, b, _) = two(BASE, mine, theirs);
        assert!(!come_back(&mut a, &b), "{mine:?} {theirs:?}");
    }
    let (mut a, b, _) = two(BASE, BASE, BASE);
    edit(&mut a, NoteEdit::Starred(true));
    assert!(!come_back(&mut a, &b), "a field is no text");
}

#[test]
fn the_same_words_written_on_both_sides_stand_there_twice_and_are_marked() {
    let (mut a, b, _) = two("list\n", "list\nmilk\n", "list\nmilk\n");
    assert!(come_back(&mut a, &b));
    assert_eq!(a.body(), "list\nmilk\nmilk\n");
    settle(&mut a, None, Choice::Mine);
    assert_eq!(a.body(), "list\nmilk\n");
}

#[test]
fn how_two_sides_parted_is_the_same_after_the_import_and_after_more_was_typed() {
    let (mut a, b, known) = two(BASE, "Title line\n\nbread\noat milk\n\nend", "Title line\n\nbread\nmilk, 2 l\n\nend");
    let mine = a.head();
    assert_eq!(a.parting(&mine, &known).unwrap(), None, "nothing came");
    let before = (a.point(), b.point());
    a.import(&[&b.export(&mine)]).unwrap();
    let parting = a.parting(&mine, &b.head()).unwrap().unwrap();
    assert_eq!((&parting.mine, &parting.theirs), (&before.0, &before.1));
    let body = format!("{}\nmore", a.body());
    set(&mut a, &body);
    assert_eq!(a.parting(&a.head(), &b.head()).unwrap().unwrap(), parting);
    let again = copy(&a, 9);
    assert_eq!(again.parting(&again.head(), &b.head()).unwrap().unwrap(), parting, "and in another process");
    let brought = end_of(&[&b.export(&known)]).unwrap();
    assert!(b.head().includes(&brought) && !known.includes(&brought) && !brought.includes(&known));
}

#[test]
fn words_that_build_on_ours_are_no_other_side() {
    let mut a = note(1, "one line");
    let known = a.head();
    set(&mut a, "one mine line");
    let mine = a.head();
    let mut b = copy(&a, 2);
    set(&mut b, "one mine line, seen");
    a.import(&[&b.export(&mine)]).unwrap();
    assert_eq!(a.parting(&mine, &b.head()).unwrap(), None);
    assert_eq!(a.parting(&mine, &known).unwrap(), None);
}

#[test]
fn a_settled_mark_stays_settled_when_something_older_arrives() {
    let (mut a, mut b, _) = two("one line", "one mine line", "one theirs line");
    let mut late = copy(&a, 3);
    edit(&mut late, NoteEdit::Starred(true));
    assert!(come_back(&mut a, &b));
    let marked = copy(&a, 4);
    exchange(&mut a, &mut b);
    settle(&mut b, None, Choice::Keep);
    exchange(&mut a, &mut b);
    a.import(&[&marked.snapshot(), &late.snapshot()]).unwrap();
    assert_eq!(a.merged(), []);
}

#[test]
fn three_sides_make_two_marks_and_a_choice_settles_what_it_answers() {
    let three = || {
        let (mut a, mut b, _) = two("one line", "one A line", "one B line");
        let mut c = note(1, "one line");
        c = copy(&c, 3);
        set(&mut c, "one C line");
        assert!(come_back(&mut a, &b));
        exchange(&mut a, &mut b);
        assert!(come_back(&mut c, &a));
        assert_eq!(c.merged().len(), 2);
        c
    };
    let last = |note: &NoteDocument| {
        let marks = note.marks();
        marks.iter().find(|mark| mark.passages[0].mine == "one C line").unwrap().key.clone()
    };
    let mut c = three();
    let key = last(&c);
    settle(&mut c, Some(&key), Choice::Mine);
    assert_eq!((c.body().as_str(), c.merged().len()), ("one C line", 0), "what A and B disagreed on is gone");
    let mut c = three();
    let key = last(&c);
    settle(&mut c, Some(&key), Choice::Theirs);
    assert_eq!(c.merged().len(), 1, "what A and B disagreed on stands there");
    settle(&mut c, None, Choice::Mine);
    assert_eq!((c.body().as_str(), c.merged().len()), ("one A line", 0));
    let mut c = three();
    settle(&mut c, None, Choice::Keep);
    assert_eq!(c.merged(), []);
}

#[test]
fn a_choice_settles_no_mark_whose_words_it_did_not_show() {
    for choice in [Choice::Keep, Choice::Mine, Choice::Theirs] {
        let (mut a, b, _) = two("one\nsecret\nend", "one\nsecret more\nend", "one\nother\nend");
        assert!(come_back(&mut a, &b));
        assert!(!a.body().contains("secret"), "{}", a.body());
        let unseen = a.merged()[0].key.clone();
        let mut c = copy(&a, 3);
        let line = a.body().lines().nth(1).unwrap().to_owned();
        for (note, word) in [(&mut a, "mine"), (&mut c, "theirs")] {
            let body = note.body().replace(&line, &format!("{line} {word}"));
            set(note, &body);
        }
        assert!(come_back(&mut a, &c));
        let key = a.merged().iter().map(|mark| mark.key.clone()).find(|key| *key != unseen).unwrap();
        settle(&mut a, Some(&key), choice);
        let left: Vec<String> = a.merged().into_iter().map(|mark| mark.key).collect();
        assert_eq!(left, [unseen], "{choice:?}: nobody has looked at the secret");
    }
}

#[test]
fn a_mark_whose_history_is_unknown_can_still_be_settled() {
    let other = note(7, "elsewhere");
    let mut a = note(1, "here");
    let point = other.point();
    edit(&mut a, NoteEdit::MarkMerged { base: point.clone(), mine: point.clone(), theirs: point });
    assert_eq!((a.marks().len(), a.marks()[0].passages.len()), (1, 0));
    settle(&mut a, None, Choice::Keep);
    assert_eq!((a.merged().len(), a.body().as_str()), (0, "here"));
}

/// Lines each side changes, in words of their own.
fn lines() -> impl Strategy<Value = (BTreeSet<usize>, BTreeSet<usize>)> {
    let side = || prop::collection::btree_set(0..12_usize, 0..5);
    (side(), side())
}

fn with(changed: &BTreeSet<usize>, word: &str) -> String {
    let line = |n: usize| if changed.contains(&n) { format!("{n} 😀 {word}") } else { format!("{n} 😀") };
    (0..12).map(line).collect::<Vec<_>>().join("\n")
}

/// The lines of `mine` and `theirs` that are near one of the other side, near one of those, and so on, told naively.
fn met(mine: &BTreeSet<usize>, theirs: &BTreeSet<usize>) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let near = |one: &BTreeSet<usize>, other: &BTreeSet<usize>| {
        one.iter().copied().filter(|n| other.iter().any(|m| n.abs_diff(*m) <= 1)).collect()
    };
    (near(mine, theirs), near(theirs, mine))
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn sides_meet_where_their_lines_touch_and_a_choice_changes_nothing_else((mine, theirs) in lines()) {
        let base = with(&BTreeSet::new(), "");
        let (a, b, _) = two(&base, &with(&mine, "mine"), &with(&theirs, "theirs"));
        let (met_mine, met_theirs) = met(&mine, &theirs);
        let (mut one, mut other) = (copy(&a, 11), copy(&b, 12));
        prop_assert_eq!(come_back(&mut one, &b), !met_mine.is_empty());
        prop_assert_eq!(come_back(&mut other, &a), !met_mine.is_empty(), "whoever comes second");
        if met_mine.is_empty() {
            return Ok(());
        }
        let mut chosen = copy(&one, 13);
        settle(&mut chosen, None, Choice::Mine);
        let kept: BTreeSet<usize> = theirs.difference(&met_theirs).copied().collect();
        let expected: Vec<String> = with(&mine, "mine").lines().zip(with(&kept, "theirs").lines()).enumerate()
            .map(|(n, (mine, theirs))| if kept.contains(&n) { theirs.to_owned() } else { mine.to_owned() }).collect();
        prop_assert_eq!(chosen.body(), expected.join("\n"));
        let mut kept = copy(&one, 14);
        settle(&mut kept, None, Choice::Keep);
        prop_assert_eq!(kept.body(), one.body());
        let shown: Vec<_> = one.marks().into_iter().flat_map(|mark| mark.passages).collect();
        let of = |mark: &str, text: &str| text.lines().filter(|line| line.ends_with(mark)).count();
        prop_assert_eq!(shown.iter().map(|passage| of("mine", &passage.mine)).sum::<usize>(), met_mine.len());
        prop_assert_eq!(shown.iter().map(|passage| of("theirs", &passage.theirs)).sum::<usize>(), met_theirs.len());
        for passage in &shown {
            prop_assert!(passage.now.lines().count() >= passage.base.lines().count());
        }
    }
}
