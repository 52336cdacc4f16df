//! Cross-validations of several seeds and their ensemble.

use std::path::{Path, PathBuf};

use clstm_corpus::Split;
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CrossValidation, EvalError, Metrics, NullObserver, Prediction, StopFlag, cross_validate,
    ensemble_runs, read_predictions,
};

use crate::corpus::{dataset, recipe};

/// A short run over random folds.
fn run(folder: &Path, seed: u64, fold_seed: Option<u64>, only: Option<usize>) -> PathBuf {
    let out = folder.join(format!("{seed}-{fold_seed:?}"));
    let mut recipe = recipe();
    (recipe.seed, recipe.epochs) = (seed, 2);
    let run = CrossValidation::new(Split::Random, 2, recipe, Device::flex(), out);
    let run = CrossValidation { only, fold_seed, ..run };
    cross_validate(&run, &dataset(), false, &StopFlag::new(false), &mut NullObserver)
        .expect("a run");
    run.out
}

fn predictions(run: &Path, fold: usize) -> Vec<Prediction> {
    read_predictions(&run.join(format!("fold-{fold}/predictions.jsonl")), 2).expect("predictions")
}

#[test]
fn the_mean_of_two_seeds_over_the_same_folds() {
    let folder = tempfile::tempdir().expect("a folder");
    let runs = [1, 2].map(|seed| run(folder.path(), seed, Some(7), None));
    let out = folder.path().join("both");
    let metrics = ensemble_runs(&runs, &out).expect("an average");
    assert!(metrics.missing().is_empty());
    for fold in &metrics.folds {
        let [a, b] = [0, 1].map(|i| predictions(&runs[i], fold.fold));
        let mean = predictions(&out, fold.fold);
        assert!(a.iter().zip(&b).any(|(a, b)| a.probabilities != b.probabilities));
        for mean in &mean {
            let of = |run: &[Prediction]| {
                run.iter().find(|p| p.id == mean.id).map(|p| p.probabilities.clone())
            };
            let (a, b) = (of(&a).expect("the same"), of(&b).expect("the same"));
            for ((mean, a), b) in mean.probabilities.iter().zip(&a).zip(&b) {
                assert!((mean - (a + b) / 2.0).abs() < 1e-12);
            }
        }
        let counted = Metrics::of(mean.iter().map(|p| (p.truth, p.predicted)), 2);
        assert_eq!(counted.ua.to_bits(), fold.ua.to_bits());
    }
    let protocol = metrics.protocol.describe();
    let preset = recipe().preset;
    let members = format!("({preset}, 2 epochs, seed 1; {preset}, 2 epochs, seed 2)");
    let expected = format!("2 folds of seed 7, ensemble of 2 models {members}");
    assert!(protocol.ends_with(&expected), "{protocol}");
    let again = ensemble_runs(&runs, &out);
    assert!(matches!(again, Err(EvalError::RunExists { .. })), "nothing is overwritten");
}

#[test]
fn only_the_same_test_utterances_are_averaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    // Without a seed of their own the folds are drawn by each run's.
    let runs = [1, 2].map(|seed| run(path, seed, None, None));
    match ensemble_runs(&runs, &path.join("a")) {
        Err(error @ EvalError::OtherRun { .. }) => {
            assert!(error.to_string().contains("--fold-seed"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let fixed = run(path, 1, Some(7), None);
    let other = ensemble_runs(&[runs[0].clone(), fixed.clone()], &path.join("b"));
    assert!(matches!(other, Err(EvalError::OtherRun { .. })), "another protocol");
    let alone = ensemble_runs(std::slice::from_ref(&fixed), &path.join("c"));
    assert!(matches!(alone, Err(EvalError::Empty(_))));

    // A fold that is not done in all of them is left out, and missing.
    let partial = run(path, 3, Some(7), Some(2));
    let metrics = ensemble_runs(&[fixed, partial], &path.join("d")).expect("an average");
    assert_eq!(metrics.missing(), [1]);
}

#[test]
fn models_of_different_presets_are_averaged_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let one = run(path, 1, Some(7), None);
    let mut other = recipe();
    (other.seed, other.epochs, other.preset) = (2, 1, "convlstm-bigru".to_owned());
    let out = path.join("other");
    let other = CrossValidation::new(Split::Random, 2, other, Device::flex(), out);
    let other = CrossValidation { fold_seed: Some(7), ..other };
    cross_validate(&other, &dataset(), false, &StopFlag::new(false), &mut NullObserver)
        .expect("a run");
    let runs = [one, other.out, path.join("both")];
    let metrics = ensemble_runs(&runs[..2], &runs[2]).expect("an average");
    let first = recipe().preset;
    assert_eq!(metrics.protocol.preset, format!("{first}+convlstm-bigru"));
    assert_eq!((metrics.protocol.models, metrics.protocol.epochs), (2, 2));
    let protocol = metrics.protocol.describe();
    let members = format!("{first}, 2 epochs, seed 1; convlstm-bigru, 1 epochs, seed 2");
    assert!(protocol.ends_with(&format!("ensemble of 2 models ({members})")), "{protocol}");

    // An average of an average names the models, not the averages.
    let metrics = ensemble_runs(&runs, &path.join("all")).expect("an average");
    let protocol = metrics.protocol.describe();
    assert!(
        protocol.ends_with(&format!("ensemble of 4 models ({members}; {members})")),
        "{protocol}"
    );
}
