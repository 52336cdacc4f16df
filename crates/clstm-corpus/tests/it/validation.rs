//! Carving validation data out of training data.

use clstm_corpus::{
    CorpusError, Fold, HoldOutUnit, Sex, Split, check_leakage_between, folds, validation_split,
};

use crate::tree::{apart, release, release_groups};

#[test]
fn holds_out_speakers_of_both_sexes() {
    let corpus = release();
    let groups = release_groups(&corpus);
    for seed in 0..20 {
        for fold in folds(&corpus, &groups, Split::Speaker, 5, seed).unwrap() {
            let speakers = corpus.speakers_of(&fold.train).len();
            let parts = validation_split(&corpus, &groups, &fold, HoldOutUnit::Speakers, 0.2, seed)
                .unwrap();
            let held = corpus.speakers_of(&parts.validation);
            assert_eq!(held.len(), (speakers as f64 * 0.2).round() as usize);
            let women = held.iter().filter(|s| s.parse::<u8>().unwrap() % 2 == 0).count();
            assert!(women.abs_diff(held.len() - women) <= 1, "{held:?}");
            for (a, b) in [
                (&parts.train, &parts.validation),
                (&parts.validation, &fold.test),
                (&parts.train, &fold.test),
            ] {
                assert!(check_leakage_between(&corpus, &groups, a, b, Split::Speaker).is_clean());
            }
            let mut both = [parts.train, parts.validation].concat();
            both.sort_unstable();
            assert_eq!(both, fold.train);
        }
    }
}

#[test]
fn holds_out_the_same_share_of_each_class() {
    let corpus = release();
    let groups = release_groups(&corpus);
    let fold = &folds(&corpus, &groups, Split::Random, 5, 1).unwrap()[0];
    let parts = validation_split(&corpus, &groups, fold, HoldOutUnit::Utterances, 0.1, 1).unwrap();
    for (label, name) in corpus.labels.iter().enumerate() {
        let count =
            |part: &[usize]| part.iter().filter(|&&i| corpus.utterances[i].label == label).count();
        let share = count(&fold.train) as f64 * 0.1;
        let held = count(&parts.validation) as f64;
        assert!((held - share).abs() <= 1.0, "{name}: {held} of {share}");
    }
    assert!(
        check_leakage_between(&corpus, &groups, &parts.train, &parts.validation, Split::Random)
            .is_clean()
    );
}

#[test]
fn neither_sex_is_favoured_when_one_speaker_is_held_out() {
    let corpus = release();
    let groups = apart(&corpus);
    let train = (0..corpus.utterances.len()).collect();
    let fold = Fold { number: 1, train, test: Vec::new() };
    let women = (0..100)
        .filter(|&seed| {
            let parts =
                validation_split(&corpus, &groups, &fold, HoldOutUnit::Speakers, 0.01, seed)
                    .unwrap();
            assert_eq!(corpus.speakers_of(&parts.validation).len(), 1);
            corpus.utterances[parts.validation[0]].sex == Some(Sex::Female)
        })
        .count();
    // Twelve of each sex: 100 fair draws stay within five standard deviations, 25 to 75.
    assert!((25..=75).contains(&women), "{women}");
}

#[test]
fn seeds_and_folds_draw_apart() {
    let corpus = release();
    let groups = apart(&corpus);
    let all: Vec<usize> = (0..corpus.utterances.len()).collect();
    let held = |number, seed| {
        let fold = Fold { number, train: all.clone(), test: Vec::new() };
        let by = HoldOutUnit::Utterances;
        validation_split(&corpus, &groups, &fold, by, 0.1, seed).unwrap().validation
    };
    assert_eq!(held(1, 1), held(1, 1));
    assert_ne!(held(1, 1), held(1, 2));
    assert_ne!(held(1, 1), held(2, 1));
}

#[test]
fn refuses_what_cannot_be_held_out() {
    let corpus = release();
    let groups = release_groups(&corpus);
    let split = |fold: &Fold, by, fraction| {
        validation_split(&corpus, &groups, fold, by, fraction, 1).unwrap_err().to_string()
    };
    let fold = folds(&corpus, &groups, Split::Random, 5, 1).unwrap().remove(0);
    for fraction in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
        let message = split(&fold, HoldOutUnit::Utterances, fraction);
        assert!(message.contains("not between 0 and 1"), "{message}");
    }
    let message = split(&fold, HoldOutUnit::Utterances, 0.0001);
    assert!(message.contains("leaves nothing for validation"), "{message}");
    let message = split(&fold, HoldOutUnit::Utterances, 0.9999);
    assert!(message.contains("leaves nothing to train on"), "{message}");
    let one = Fold { number: 1, train: vec![0], test: vec![1] };
    assert!(split(&one, HoldOutUnit::Speakers, 0.5).contains("has only one"));
    let leaking = Fold { number: 1, train: vec![0, 1], test: vec![1] };
    let error = validation_split(&corpus, &groups, &leaking, HoldOutUnit::Speakers, 0.5, 1);
    assert!(matches!(error, Err(CorpusError::Leakage(_))));
    let foreign = Fold { number: 1, train: vec![0, 5000], test: vec![1] };
    let error = validation_split(&corpus, &groups, &foreign, HoldOutUnit::Utterances, 0.5, 1);
    assert!(matches!(error, Err(CorpusError::Leakage(_))));
}

#[test]
fn a_split_holds_out_what_its_test_asks() {
    assert_eq!(Split::Random.hold_out("ravdess"), HoldOutUnit::Utterances);
    assert_eq!(Split::Speaker.hold_out("ravdess"), HoldOutUnit::Speakers);
    assert_eq!(Split::EmoBox.hold_out("ravdess"), HoldOutUnit::Speakers);
    assert_eq!(Split::EmoBox.hold_out("crema-d"), HoldOutUnit::Utterances);
    assert_eq!(Split::Text.hold_out("ravdess"), HoldOutUnit::Utterances);
}
