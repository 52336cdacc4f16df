//! Speaker folds of corpora as people have them: few speakers, who spoke much or little.

use clstm_corpus::{Corpus, CorpusError, Fold, Sex, Split, Utterance, folds};
use proptest::prelude::*;

use crate::tree::apart;

/// The utterances of a speaker: how many, of which sex, and the one class or all of them.
type Speaker = (usize, Option<Sex>, Option<usize>);

const CLASSES: usize = 4;

fn corpus(speakers: &[Speaker]) -> Corpus {
    let mut utterances = Vec::new();
    for (number, &(size, sex, class)) in speakers.iter().enumerate() {
        utterances.extend((0..size).map(|i| Utterance {
            id: format!("{number:02}/{i:03}.wav"),
            label: class.unwrap_or(i % CLASSES),
            speaker: format!("s{number:02}"),
            sex,
            ..Utterance::default()
        }));
    }
    let labels = (0..CLASSES).map(|class| class.to_string()).collect();
    Corpus::new("mine", "mine.csv", labels, utterances).unwrap()
}

fn speakers() -> impl Strategy<Value = Vec<Speaker>> {
    let sex = prop_oneof![Just(None), Just(Some(Sex::Female)), Just(Some(Sex::Male))];
    let class = prop::option::of(0..CLASSES);
    prop::collection::vec((prop_oneof![3..12_usize, 3..301_usize], sex, class), 2..9)
}

fn spread(sizes: impl Iterator<Item = usize> + Clone) -> usize {
    sizes.clone().max().unwrap_or(0) - sizes.min().unwrap_or(0)
}

fn tested(corpus: &Corpus, fold: &Fold, sex: Option<Sex>) -> usize {
    fold.test.iter().filter(|&&i| corpus.utterances[i].sex == sex).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_fold_has_speakers_of_its_own_and_an_even_share(
        speakers in speakers(), k in 2..10_usize, seed: u64
    ) {
        let corpus = corpus(&speakers);
        let folds = match folds(&corpus, &apart(&corpus), Split::Speaker, k, seed) {
            Err(CorpusError::FoldCount { reason, .. }) => {
                prop_assert!(k > speakers.len());
                prop_assert_eq!(reason, format!("there are {} speakers", speakers.len()));
                return Ok(());
            }
            other => other.unwrap(),
        };
        prop_assert!(k <= speakers.len());
        let mut bound = 0;
        for sex in [None, Some(Sex::Female), Some(Sex::Male)] {
            // What no dealing of whole speakers can be blamed for.
            let largest = speakers.iter().filter(|s| s.1 == sex).map(|s| s.0).max().unwrap_or(0);
            prop_assert!(spread(folds.iter().map(|f| tested(&corpus, f, sex))) <= largest);
            bound += largest;
        }
        prop_assert!(spread(folds.iter().map(|f| f.test.len())) <= bound);
        for fold in &folds {
            let (train, test) = (corpus.speakers_of(&fold.train), corpus.speakers_of(&fold.test));
            prop_assert!(!train.is_empty() && !test.is_empty());
            prop_assert!(test.iter().all(|s| !train.contains(s)));
            prop_assert_eq!(train.len() + test.len(), speakers.len());
        }
    }
}

#[test]
fn those_who_spoke_much_are_shared_out_before_those_who_spoke_little() {
    let sizes = [300, 290, 12, 10, 9, 6, 5, 3];
    let corpus = corpus(&sizes.map(|size| (size, None, None)));
    for seed in 0..20 {
        let folds = folds(&corpus, &apart(&corpus), Split::Speaker, 2, seed).unwrap();
        // 300 + 10 + 6 against 290 + 12 + 9 + 5, and the last 3 to either.
        let mut tested: Vec<usize> = folds.iter().map(|f| f.test.len()).collect();
        tested.sort_unstable();
        assert_eq!(tested, [316, 319], "seed {seed}");
    }
}

#[test]
fn a_class_that_one_speaker_has_is_in_one_test_part() {
    let corpus =
        corpus(&[(40, None, Some(0)), (40, None, Some(1)), (8, None, None), (3, None, None)]);
    let folds = folds(&corpus, &apart(&corpus), Split::Speaker, 4, 1).unwrap();
    let classes: Vec<usize> = folds
        .iter()
        .map(|fold| {
            let of = |class| fold.test.iter().any(|&i| corpus.utterances[i].label == class);
            (0..CLASSES).filter(|&class| of(class)).count()
        })
        .collect();
    let mut sorted = classes.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [1, 1, 3, 4], "{classes:?}");
}
