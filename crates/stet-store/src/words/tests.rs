//! How text is cut into words.

use super::*;

fn cut(text: &str) -> Vec<String> {
    index(text).into_iter().collect()
}

#[test]
fn words_are_letters_and_digits_without_case_and_accents() {
    assert_eq!(cut("Hello, WORLD! don't x2"), ["don", "hello", "t", "world", "x2"]);
    assert_eq!(cut("Crème Brûlée ÅNGSTRÖM İstanbul"), ["angstrom", "brulee", "creme", "istanbul"]);
    assert_eq!(cut("cafe\u{301}"), ["cafe"], "also when the accent is a character of its own");
    assert_eq!(cut("ﬁ Ｗｉｄｅ ①"), ["1", "fi", "wide"]);
}

#[test]
fn vowel_signs_stay_in_their_words() {
    assert_eq!(cut("हिन्दी भाषा"), ["भाषा", "हिन्दी"]);
}

#[test]
fn scripts_without_spaces_are_cut_into_pairs_and_their_last_character() {
    assert_eq!(cut("東京都"), ["京都", "東京", "都"]);
    assert_eq!(cut("庁"), ["庁"]);
    assert_eq!(
        cut("Rustで書く"),
        ["rust", "で書", "書く", "く"]
            .map(str::to_owned)
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(cut("ハングル한글"), cut("ハングル한글"), "two such scripts side by side are one run");
}

#[test]
fn a_query_asks_for_beginnings_characters_and_pairs() {
    let word = |word: &str| Term::Beginning(word.to_owned());
    assert_eq!(query("Ber ber lin"), [word("ber"), word("lin")], "each once");
    assert_eq!(query("都"), [Term::Character("都".to_owned())]);
    assert_eq!(query("東京都"), [Term::Pair("京都".to_owned()), Term::Pair("東京".to_owned())]);
    assert_eq!(query("\"* -- ()"), []);
}

#[test]
fn words_are_cut_at_a_length_in_the_index_as_in_a_query() {
    let long = "x".repeat(1000);
    assert_eq!(cut(&long), ["x".repeat(MAX_WORD)]);
    assert_eq!(query(&long), [Term::Beginning("x".repeat(MAX_WORD))]);
    let many: String = (0..100).map(|n| format!("w{n} ")).collect();
    assert_eq!(query(&many).len(), MAX_TERMS);
}

#[test]
fn only_longer_words_with_letters_are_found_by_a_part() {
    assert!(has_parts("berg") && has_parts("x2345") && has_parts("straße"));
    assert!(!has_parts("abc") && !has_parts("12345") && !has_parts("東京") && !has_parts(&"x".repeat(33)));
}
