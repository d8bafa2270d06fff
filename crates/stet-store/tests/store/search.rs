//! What a search finds: words by their beginning and by a part, scripts without spaces, within a view; no input is an
//! error.

use proptest::prelude::*;
use stet_store::{ListQuery, ListView, RowFields, Write};

use crate::stage::*;

fn with(notes: &[(&str, &str)]) -> Store {
    let mut store = Store::new();
    for (n, (title, body)) in (1..).zip(notes) {
        store.commit([local(n, n, titled(title)), index(n, n, title, body)]);
    }
    store
}

#[test]
fn titles_that_match_come_first_then_the_newest() {
    let store = with(&[("Budget", ""), ("", "the budget"), ("Trip", "no"), ("Old budget", ""), ("", "budgets")]);
    assert_eq!(store.search("budget"), [4, 1, 5, 2]);
}

#[test]
fn words_are_found_by_their_beginning_whatever_case_and_accents() {
    let store = with(&[("Café Zürich", "naïve Ångström"), ("ΟΔΟΣ", "ﬁle Ｆｕｌｌ")]);
    for words in ["cafe", "CAF", "zuri", "naive", "angst", "å", "café zürich"] {
        assert_eq!(store.search(words), [1], "{words}");
    }
    for words in ["οδος", "οδοσ", "file", "full", "ＦＵ"] {
        assert_eq!(store.search(words), [2], "{words}");
    }
}

#[test]
fn all_words_must_be_there_in_title_or_body() {
    let store = with(&[("Meeting", "about the budget"), ("Budget", "of the year")]);
    assert_eq!(store.search("meeting budget"), [1]);
    assert_eq!(store.search("budget, (year)"), [2]);
    assert_eq!(store.search("budget holiday"), [0; 0]);
}

#[test]
fn words_are_found_by_a_part() {
    let store = with(&[("Heidelberg", ""), ("", "Grundstücksverkehrsgenehmigung"), ("Berg", "")]);
    assert_eq!(store.search("berg"), [3, 1]);
    assert_eq!(store.search("verkehr"), [2]);
    assert_eq!(store.search("genehmigung grund"), [2]);
    assert_eq!(store.search("delberg heidel"), [1]);
}

#[test]
fn scripts_without_spaces_are_found_by_any_run_of_characters() {
    let store =
        with(&[("東京都庁", "会議の記録"), ("京都", "서울특별시 สวัสดี"), ("iPhone15のケース", "買い物🎉リスト")]);
    for (words, found) in [
        ("東京", vec![1]),
        ("都", vec![2, 1]),
        ("京都", vec![2, 1]),
        ("庁", vec![1]),
        ("会議の記", vec![1]),
        ("録", vec![1]),
        ("특별", vec![2]),
        ("시", vec![2]),
        ("วัส", vec![2]),
        ("iphone15のケ", vec![3]),
        ("🎉", vec![3]),
        ("東庁", vec![]),
        ("大阪", vec![]),
    ] {
        assert_eq!(store.search(words), found, "{words}");
    }
}

#[test]
fn a_search_stays_within_its_view() {
    let mut store = Store::new();
    let filed = RowFields { folder: Some(folder(1)), tags: vec!["t".to_owned()], ..titled("word") };
    let trashed = RowFields { trashed: true, ..titled("word") };
    store.commit([
        Write::Folders { space: SPACE, folders: vec![folder_named(1, "f")], content: 0 },
        local(1, 1, titled("word")),
        local(2, 2, filed),
        local(3, 3, trashed),
        local(4, 4, RowFields { folder: Some(folder(1)), ..titled("other") }),
    ]);
    for n in 1..=3 {
        store.commit([index(n, n, "word", "")]);
    }
    store.commit([index(4, 4, "other", "")]);
    let search = |view| numbers(&store.reader.list(&ListQuery { search: "word".to_owned(), ..query(view) }).unwrap());
    assert_eq!(search(ListView::All), [2, 1]);
    assert_eq!(search(ListView::Folder(folder(1))), [2]);
    assert_eq!(search(ListView::Tag("t".to_owned())), [2]);
    assert_eq!(search(ListView::Trash), [3]);
    assert_eq!(search(ListView::Starred), [0; 0]);
    assert_eq!(search(ListView::Unsent), [3, 2, 1]);
}

#[test]
fn a_search_of_spaces_is_none_and_of_signs_finds_nothing() {
    let store = with(&[("a", "b")]);
    assert_eq!(store.search("  \t"), [1]);
    assert_eq!(store.search("!?\"*"), [0; 0]);
}

#[test]
fn what_was_indexed_again_is_found_by_its_new_words_only() {
    let mut store = with(&[("first", "alpha")]);
    store.commit([local(1, 9, titled("second")), index(1, 9, "second", "beta")]);
    assert_eq!((store.search("alpha"), store.search("first")), (vec![], vec![]));
    assert_eq!((store.search("beta"), store.search("second")), (vec![1], vec![1]));
}

#[test]
fn thousands_of_hits_count_as_a_thousand_of_which_the_newest_come_first() {
    let mut store = Store::new();
    let key = |n: u16| {
        let mut id = [0; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        stet_store::DocKey { space: SPACE, note: stet_model::id::NoteId::from_bytes(id) }
    };
    // Half an hour apart, the newest indexed first: the order of indexing must not matter.
    let writes: Vec<Write> = (0..3000_u16)
        .rev()
        .flat_map(|n| {
            let at = i64::from(n) * 1_800_000;
            let local =
                Write::Local { doc: key(n), delta: vec![], head: vec![1], unsent: true, row: Some(titled("")), at };
            [
                local,
                Write::Index {
                    doc: key(n),
                    head: vec![1],
                    title: String::new(),
                    body: "common".to_owned(),
                    content: 0,
                },
            ]
        })
        .collect();
    store.commit(writes);
    let page = store.reader.list(&ListQuery { search: "comm".to_owned(), ..query(ListView::All) }).unwrap();
    assert_eq!(page.total, 1000);
    let newest: Vec<_> = (2900..3000).rev().map(|n| key(n).note).collect();
    assert_eq!(page.rows.iter().map(|row| row.note).collect::<Vec<_>>(), newest);
}

#[test]
fn notes_that_all_changed_at_once_find_their_places_in_the_index() {
    let mut store = Store::new();
    for n in 0..200 {
        store.commit([local(n, 7, titled("")), index(n, 7, "", "same moment")]);
    }
    assert_eq!(store.search("moment").len(), 100, "a page of them");
    assert_eq!(store.reader.check().unwrap(), Vec::<String>::new());
}

/// What should be found: every word of the query begins a word of the note or is a part of one.
fn naive(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    let texts: Vec<&str> = text.split_whitespace().collect();
    words
        .to_lowercase()
        .split_whitespace()
        .all(|word| texts.iter().any(|text| if word.len() < 3 { text.starts_with(word) } else { text.contains(word) }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_search_finds_what_a_naive_one_finds(
        notes in prop::collection::vec(("[a-cA-C]{0,6}", "[a-c]{1,5}( [a-c]{1,7}){0,6}"), 1..12),
        words in "[a-c]{1,4}( [a-cA-C]{1,3}){0,2}",
    ) {
        let store = with(&notes.iter().map(|(title, body)| (title.as_str(), body.as_str())).collect::<Vec<_>>());
        let mut found = store.search(&words);
        found.sort_unstable();
        let expected: Vec<u8> = (1..)
            .zip(&notes)
            .filter(|(_, (title, body))| naive(&format!("{title} {body}"), &words))
            .map(|(n, _)| n)
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn characters_of_scripts_without_spaces_are_found_as_a_naive_search_finds_them(
        notes in prop::collection::vec("[日月火水]{1,8}( [日月火水a]{1,4})?", 1..12),
        words in "[日月火水]{1,2}",
    ) {
        let store = with(&notes.iter().map(|body| ("", body.as_str())).collect::<Vec<_>>());
        let mut found = store.search(&words);
        found.sort_unstable();
        let expected: Vec<u8> =
            (1..).zip(&notes).filter(|(_, body)| body.contains(&words)).map(|(n, _)| n).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_input_is_an_error(title in any::<String>(), body in "\\PC*", words in any::<String>(), more in "\\PC{0,40}") {
        let store = with(&[(&title, &body)]);
        store.search(&words);
        store.search(&more);
        for word in title.split_whitespace() {
            if word.chars().all(char::is_alphanumeric) {
                prop_assert_eq!(store.search(word), [1], "{} in {}", word, title);
            }
        }
    }
}
