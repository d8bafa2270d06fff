//! Differences and carried-over changes under random texts.

use proptest::prelude::*;
use stet_model::text::{Piece, TextChange, apply, carry_over, check_order, cost, difference, pieces, utf16_length};

use crate::support::{awkward, config, offset, place};

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn a_difference_turns_one_text_into_the_other_and_is_counted_right(old in awkward(30), new in awkward(30)) {
        let changes = difference(&old, &new);
        prop_assert_eq!(&apply(&old, &changes).unwrap(), &new);
        let units = |text: &str| text.chars().count();
        let inserted: usize = changes.iter().map(|change| units(&change.insert)).sum();
        let counted = cost(&old, &new);
        prop_assert_eq!(counted.distance - counted.deleted, inserted);
        prop_assert_eq!(units(&old) + inserted - counted.deleted, units(&new));
        prop_assert!(changes.windows(2).all(|pair| pair[0].to < pair[1].from), "{:?}", changes);
    }

    #[test]
    fn pieces_laid_over_each_other_are_both_texts(old in awkward(30), new in awkward(30)) {
        let laid = pieces(&old, &new);
        let without = |skip: fn(&Piece) -> bool| -> String {
            let text = |piece: &Piece| match piece { Piece::Same(text) | Piece::Removed(text) | Piece::Added(text) => text.clone() };
            laid.iter().filter(|piece| !skip(piece)).map(text).collect()
        };
        prop_assert_eq!(without(|piece| matches!(piece, Piece::Removed(_))), new);
        prop_assert_eq!(without(|piece| matches!(piece, Piece::Added(_))), old);
        prop_assert!(laid.iter().all(|piece| !matches!(piece, Piece::Same(text) | Piece::Removed(text) | Piece::Added(text) if text.is_empty())));
    }

    #[test]
    fn a_difference_of_long_texts_by_line_holds_too(lines in prop::collection::vec(awkward(6), 50..80), cuts in prop::collection::vec((place(), awkward(4)), 1..6)) {
        let old = lines.join("\n").repeat(8);
        let mut new: Vec<char> = old.chars().collect();
        for (at, text) in cuts {
            let at = new.len() * usize::from(at) / usize::from(u16::MAX);
            new.splice(at..(at + 9).min(new.len()), text.chars());
        }
        let new: String = new.into_iter().collect();
        prop_assert_eq!(apply(&old, &difference(&old, &new)).unwrap(), new);
    }

    #[test]
    fn carried_over_changes_fit_and_keep_what_both_inserted(
        text in awkward(12),
        mine in prop::collection::vec((place(), place()), 1..4),
        theirs in prop::collection::vec((place(), place()), 1..4),
    ) {
        let changes = |places: Vec<(u16, u16)>, mark: char| {
            let mut ends: Vec<u32> = places.iter().flat_map(|(a, b)| [offset(&text, *a), offset(&text, *b)]).collect();
            ends.sort_unstable();
            ends.chunks(2).map(|ends| TextChange::new(ends[0], ends[1], mark)).collect::<Vec<_>>()
        };
        let (mine, theirs) = (changes(mine, 'X'), changes(theirs, 'Y'));
        let after = apply(&text, &theirs).unwrap();
        let carried = carry_over(&mine, &theirs);
        prop_assert_eq!(check_order(&carried, utf16_length(&after)), Ok(()));
        let result = apply(&after, &carried).unwrap();
        let count = |mark: char| result.chars().filter(|c| *c == mark).count();
        prop_assert_eq!(count('X'), mine.len());
        prop_assert_eq!(count('Y'), theirs.len());
        // What is left of the text is what neither deleted.
        let gone = |at: u32| mine.iter().chain(&theirs).any(|change| (change.from..change.to).contains(&at));
        let mut at = 0;
        let left: String = text.chars().filter(|c| {
            at += u32::try_from(c.len_utf16()).unwrap();
            !gone(at - u32::try_from(c.len_utf16()).unwrap())
        }).collect();
        let kept: String = result.chars().filter(|c| !matches!(c, 'X' | 'Y')).collect();
        prop_assert_eq!(kept, left);
    }
}
