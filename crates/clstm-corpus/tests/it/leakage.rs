//! Finding what is on both sides.

use clstm_corpus::{CorpusError, Fold, Split, check_leakage, check_leakage_between, folds};

use crate::tree::{PAIR, apart, release, release_groups};

#[test]
fn finds_an_utterance_on_both_sides() {
    let corpus = release();
    let fold = Fold { number: 1, train: vec![0, 1, 2], test: vec![2, 3] };
    let leakage = check_leakage(&corpus, &apart(&corpus), &fold, Split::Random);
    assert_eq!(leakage.utterances, [corpus.utterances[2].id.clone()]);
    assert!(leakage.duplicates.is_empty() && leakage.speakers.is_empty());
    assert!(!leakage.is_clean());
    assert!(matches!(leakage.into_result(), Err(CorpusError::Leakage(_))));
}

#[test]
fn finds_a_copy_on_both_sides() {
    let corpus = release();
    let [a, b] = PAIR.map(|id| corpus.utterances.iter().position(|u| u.id == id).unwrap());
    let fold = Fold { number: 1, train: vec![b], test: vec![a] };
    let leakage = check_leakage(&corpus, &release_groups(&corpus), &fold, Split::Random);
    assert_eq!(leakage.duplicates, [(PAIR[1].to_owned(), PAIR[0].to_owned())]);
    assert!(leakage.utterances.is_empty());
    assert!(check_leakage(&corpus, &apart(&corpus), &fold, Split::Random).is_clean());
}

#[test]
fn finds_speakers_on_both_sides_where_they_must_be_apart() {
    let corpus = release();
    let groups = release_groups(&corpus);
    let random = &folds(&corpus, &groups, Split::Random, 5, 1).unwrap()[0];
    assert!(check_leakage(&corpus, &groups, random, Split::Random).is_clean());
    for protocol in [Split::Speaker, Split::EmoBox, Split::Session] {
        let leakage = check_leakage(&corpus, &groups, random, protocol);
        assert_eq!(leakage.speakers.len(), 24);
    }
    let leakage = check_leakage(&corpus, &groups, random, Split::Speaker);
    insta::assert_snapshot!(leakage, @"speakers on both sides: 24 (such as 01)");
    insta::assert_snapshot!(leakage.into_result().unwrap_err(), @"leakage between training and test: speakers on both sides: 24 (such as 01); figures with leakage are too good; to accept them, with the leakage in the protocol: --allow-leakage speakers");
}

#[test]
fn finds_sessions_on_both_sides_where_they_must_be_apart() {
    let mut corpus = release();
    corpus.utterances[0].session = Some("1".to_owned());
    corpus.utterances[1439].session = Some("1".to_owned());
    let groups = apart(&corpus);
    let sessions =
        |protocol| check_leakage_between(&corpus, &groups, &[0], &[1439], protocol).sessions;
    assert_eq!(sessions(Split::Session), ["1"]);
    assert!(sessions(Split::Speaker).is_empty());
}

#[test]
fn indices_of_another_corpus_are_reported() {
    let corpus = release();
    let fold = Fold { number: 1, train: vec![0, 1440], test: vec![usize::MAX] };
    let leakage = check_leakage(&corpus, &apart(&corpus), &fold, Split::Random);
    assert_eq!(leakage.unknown, [1440, usize::MAX]);
    assert!(!leakage.is_clean());
    let fold = Fold { number: 1, train: vec![0], test: vec![7] };
    assert_eq!(check_leakage(&corpus, &[0; 5], &fold, Split::Random).unknown, [7]);
}
