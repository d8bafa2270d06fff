//! Tests of changes, their checks, and differences.

use super::*;

const MIXED: &str = "aé😀👩‍👩‍👧 日本\n";

#[test]
fn line_ends_become_line_feeds_and_titles_one_line() {
    assert_eq!(normalise_line_ends("a\r\nb\rc\nd"), "a\nb\nc\nd");
    assert_eq!(one_line("a\r\nb\rc\nd\u{2028}e"), "a b c d e");
    assert!(matches!(normalise_line_ends("plain"), Cow::Borrowed(_)));
}

#[test]
fn changes_count_utf16_units_of_the_text_before() {
    let changes = [TextChange::new(0, 1, "A"), TextChange::new(2, 4, ""), TextChange::new(12, 12, "!")];
    assert_eq!(apply(MIXED, &changes).unwrap(), "Aé👩‍👩‍👧! 日本\n");
}

#[test]
fn a_batch_that_does_not_fit_is_refused_and_says_why() {
    let length = utf16_length(MIXED);
    let refused = |changes: &[TextChange]| apply(MIXED, changes).unwrap_err();
    let change = |from, to| TextChange::new(from, to, "x");
    assert_eq!(refused(&[change(1, 0)]), ChangeError::OutOfOrder { index: 0 });
    assert_eq!(refused(&[change(0, 2), change(1, 2)]), ChangeError::OutOfOrder { index: 1 });
    assert_eq!(refused(&[change(0, length + 1)]), ChangeError::OutOfBounds { index: 0, to: length + 1, length });
    assert_eq!(refused(&[change(0, 1), change(3, 3)]), ChangeError::SplitSurrogate { index: 1, offset: 3 });
    assert_eq!(refused(&[change(2, 5)]), ChangeError::SplitSurrogate { index: 0, offset: 5 });
}

#[test]
fn a_difference_keeps_what_both_texts_have() {
    let change = TextChange::new;
    assert_eq!(difference("", ""), []);
    assert_eq!(difference("same", "same"), []);
    assert_eq!(difference("one two three", "one three"), [change(4, 8, "")]);
    assert_eq!(difference("one two", "one TWO two"), [change(4, 4, "TWO ")]);
    assert_eq!(difference("a\nb\nb\n", "a\nb\n"), [change(4, 6, "")]);
    assert_eq!(difference("one\ntwo\n", "one\none more\ntwo\n"), [change(4, 4, "one more\n")]);
    assert_eq!(
        difference("the colour red", "a color red!"),
        [change(0, 3, "a"), change(8, 9, ""), change(14, 14, "!")]
    );
    assert_eq!(difference("😀 😁", "😀 😂"), [change(3, 5, "😂")]);
    assert_eq!(difference("日本語です", "日本誤です"), [change(2, 3, "誤")]);
}

#[test]
fn what_was_written_anew_is_one_piece_and_words_and_lines_between_changes_stay() {
    use Piece::{Added, Removed, Same};
    let laid = pieces("the old, grey cat", "the new; white cat");
    assert_eq!(
        laid,
        [Same("the ".into()), Removed("old, grey".into()), Added("new; white".into()), Same(" cat".into())]
    );
    let laid = pieces("one two three", "un two vier");
    assert_eq!(laid.iter().filter(|piece| matches!(piece, Same(_))).collect::<Vec<_>>(), [&Same(" two ".into())]);
    let laid = pieces("a\n\nb\n", "A\n\nB\n");
    assert!(laid.contains(&Same("\n\n".into())), "{laid:?}");
}

#[test]
fn a_cost_counts_characters() {
    assert_eq!(cost("one two three", "one three"), Cost { distance: 4, deleted: 4 });
    assert_eq!(cost("a 😀", "a 😁"), Cost { distance: 2, deleted: 1 });
}

#[test]
fn a_large_text_with_many_changes_is_compared_by_line() {
    let line = |n: usize| format!("line {n} of a long text that goes on and on\n");
    let old: String = (0..20_000).map(line).collect();
    let new: String =
        (0..20_000).map(|n| if n % 10 == 0 { format!("changed {n}\n{}", line(n)) } else { line(n) }).collect();
    let changes = difference(&old, &new);
    assert_eq!(apply(&old, &changes).unwrap(), new);
    assert_eq!(changes.len(), 2_000);
    assert!(changes.iter().all(|change| change.from == change.to), "nothing is deleted");
}

#[test]
fn texts_without_anything_in_common_are_replaced_within_the_limit() {
    let old: String = (0..40_000).map(|n| format!("{} ", n * 7919_u64 % 100_003)).collect();
    let new: String = (0..40_000).map(|n| format!("{} ", n * 104_729_u64 % 99_991)).collect();
    let changes = difference(&old, &new);
    assert_eq!(apply(&old, &changes).unwrap(), new);
}

#[test]
fn carrying_over_keeps_both_sides() {
    let text = "one two three";
    let mine = [TextChange::new(4, 7, "TWO"), TextChange::new(13, 13, "!")];
    let theirs = [TextChange::new(0, 0, ">"), TextChange::new(5, 5, "-x-"), TextChange::new(8, 13, "")];
    let after = apply(text, &theirs).unwrap();
    assert_eq!(apply(&after, &carry_over(&mine, &theirs)).unwrap(), ">one TWO-x- !");
    assert_eq!(carry_over(&[TextChange::new(4, 7, "")], &[TextChange::new(3, 8, "")]), []);
    assert_eq!(carry_over(&[TextChange::new(4, 4, "a")], &[TextChange::new(4, 4, "bc")]), [TextChange::new(6, 6, "a")]);
}

#[test]
fn two_sides_meet_on_the_same_and_on_neighbouring_lines_only() {
    let base = "0 😀\n1\n2\n3\n4\n5\n";
    let side = |lines: &[&str]| difference(base, &lines.join("\n"));
    let mine = side(&["0 😀", "1", "2 mine", "3", "4", "5", ""]);
    let meet = |base: &str, mine: &[TextChange], theirs: &[TextChange]| !meetings(base, mine, theirs).is_empty();
    let meets = |lines: &[&str]| (meet(base, &mine, &side(lines)), meet(base, &side(lines), &mine));
    assert_eq!(meets(&["0 😀", "1", "2 too", "3", "4", "5", ""]), (true, true));
    assert_eq!(meets(&["0 😀", "1!", "2", "3", "4", "5", ""]), (true, true));
    assert_eq!(meets(&["0 😀", "1", "2", "3!", "4", "5", ""]), (true, true));
    assert_eq!(meets(&["0!", "1", "2", "3", "4!", "5!", ""]), (false, false));
    assert_eq!(meets(&["0!", "1", "2", "4", "5", ""]), (true, true));
    assert_eq!(meets(&["0 😀", "1", "2", "3", "4", "5", ""]), (false, false));
    assert!(meet("", &[TextChange::new(0, 0, "a")], &[TextChange::new(0, 0, "b")]));
}

#[test]
fn a_meeting_is_whole_lines_and_knows_which_changes_are_in_it() {
    let base = "title 😀\n\none\ntwo\nthree\n\nend";
    let mine = difference(base, "title 😀!\n\none\nTWO mine\nthree\n\nend mine");
    let theirs = difference(base, "title 😀\n\nONE\ntwo\nthree theirs\n\nend");
    let met = meetings(base, &mine, &theirs);
    assert_eq!(met.len(), 1);
    assert_eq!(slice(base, met[0].from, met[0].to), "one\ntwo\nthree");
    assert_eq!((met[0].mine.clone(), met[0].theirs.clone(), met[0].agreed), (1..2, 0..2, false));
    let ours = apply(base, &with_one_side(&mine, &theirs, &met, |meeting| meeting.theirs.clone())).unwrap();
    assert_eq!(ours, "title 😀!\n\none\nTWO mine\nthree\n\nend mine");
    let others = apply(base, &with_one_side(&theirs, &mine, &met, |meeting| meeting.mine.clone())).unwrap();
    assert_eq!(others, "title 😀!\n\nONE\ntwo\nthree theirs\n\nend mine");
}

#[test]
fn the_same_deletion_is_agreed_on_and_the_same_words_are_not() {
    let base = "one\n\ntwo\n\nthree";
    let agreed = |text: &str| {
        let change = difference(base, text);
        meetings(base, &change, &change).iter().map(|meeting| meeting.agreed).collect::<Vec<_>>()
    };
    assert_eq!(agreed("one\n\nthree"), [true]);
    assert_eq!(agreed("one\n\ntwo more\n\nthree"), [false]);
    assert!(agreed(base).is_empty());
}

#[test]
fn a_place_is_carried_to_either_end_of_what_was_put_there() {
    let changes = [TextChange::new(1, 1, "xx"), TextChange::new(3, 6, "y"), TextChange::new(8, 9, "")];
    let at = |place| (carry_place(place, &changes, false), carry_place(place, &changes, true));
    assert_eq!([0, 1, 2, 3].map(at), [(0, 0), (1, 3), (4, 4), (5, 5)]);
    assert_eq!([4, 5, 6, 7].map(at), [(5, 6), (5, 6), (6, 6), (7, 7)]);
    assert_eq!([8, 9, 10].map(at), [(8, 8), (8, 8), (9, 9)]);
}
