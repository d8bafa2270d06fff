//! Properties of the digests. Known values are in the vectors of stet-protocol.

use proptest::prelude::*;
use stet_model::digest::{ContentDigest, InvalidDigest, LogDigest};
use stet_model::id::NoteId;

fn standings() -> impl Strategy<Value = Vec<([u8; 16], u64, bool)>> {
    prop::collection::vec(any::<([u8; 16], u64, bool)>(), 0..40)
}

fn sum(standings: &[([u8; 16], u64, bool)]) -> LogDigest {
    let mut digest = LogDigest::default();
    for (note, seq, purged) in standings {
        digest.add(NoteId::from_bytes(*note), *seq, *purged);
    }
    digest
}

proptest! {
    #[test]
    fn the_order_of_documents_does_not_matter(
        (standings, shuffled) in standings().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        prop_assert_eq!(sum(&standings), sum(&shuffled));
    }

    #[test]
    fn removing_undoes_adding(standings in standings(), note in any::<[u8; 16]>(), seq in any::<u64>(), purged in any::<bool>()) {
        let before = sum(&standings);
        let mut digest = before;
        digest.add(NoteId::from_bytes(note), seq, purged);
        prop_assert_ne!(digest, before);
        digest.remove(NoteId::from_bytes(note), seq, purged);
        prop_assert_eq!(digest, before);
    }

    #[test]
    fn a_document_that_moves_on_costs_one_removal_and_one_addition(
        mut standings in standings(), note in any::<[u8; 16]>(), seq in 0..u64::MAX,
    ) {
        standings.push((note, seq, false));
        let mut digest = sum(&standings);
        digest.remove(NoteId::from_bytes(note), seq, false);
        digest.add(NoteId::from_bytes(note), seq + 1, true);
        standings.pop();
        standings.push((note, seq + 1, true));
        prop_assert_eq!(digest, sum(&standings));
    }

    #[test]
    fn seq_and_life_both_count(note in any::<[u8; 16]>(), seq in 0..u64::MAX) {
        let all = [sum(&[(note, seq, false)]), sum(&[(note, seq, true)]), sum(&[(note, seq + 1, false)])];
        prop_assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
    }

    #[test]
    fn digests_come_back_from_text_and_bytes(standings in standings()) {
        let digest = sum(&standings);
        prop_assert_eq!(digest.to_string().len(), 32);
        prop_assert_eq!(digest.to_string().parse(), Ok(digest));
        prop_assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest));
        prop_assert_eq!(LogDigest::from_bytes(digest.to_bytes()), digest);
    }

    #[test]
    fn content_sums_are_inverse_and_without_order(mut hashes in prop::collection::vec(any::<u128>(), 0..40)) {
        let mut forwards = ContentDigest::default();
        hashes.iter().for_each(|hash| forwards.add(*hash));
        hashes.reverse();
        let mut backwards = ContentDigest::default();
        hashes.iter().for_each(|hash| backwards.add(*hash));
        prop_assert_eq!(forwards, backwards);
        hashes.iter().for_each(|hash| backwards.remove(*hash));
        prop_assert_eq!(backwards, ContentDigest::default());
    }

    #[test]
    fn other_texts_are_no_digests(text in "[0-9a-gA-G+ -]{0,40}") {
        let fits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        prop_assert_eq!(text.parse::<LogDigest>().is_ok(), fits);
    }
}

#[test]
fn a_sign_makes_no_digest() {
    assert_eq!("+0123456789abcdef0123456789abcde".parse::<LogDigest>(), Err(InvalidDigest));
    assert_eq!("é123456789abcdef0123456789abcdef".parse::<LogDigest>(), Err(InvalidDigest));
    let zero: ContentDigest = "00000000000000000000000000000000".parse().unwrap();
    assert_eq!(zero, ContentDigest::default());
}
