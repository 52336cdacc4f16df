//! Whole cross-validations.

use clstm::{Model, Recognizer};
use clstm_corpus::{Split, folds};
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CrossValidation, Event, Observer, RunMetrics, Silent, Stop, TrainError, cross_validate,
    evaluate, join_folds,
};

use crate::corpus::{dataset, recipe};

fn run(out: &std::path::Path, only: Option<usize>) -> CrossValidation {
    let (split, device, out) = (Split::Speaker, Device::flex(), out.to_owned());
    CrossValidation { split, folds: 2, only, recipe: recipe(), device, out }
}

#[test]
fn a_network_learns_what_can_be_learnt_and_the_books_say_so() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let stop = Stop::new(false);
    let mut run = run(out.path(), None);
    run.recipe.epochs = 20;
    let metrics =
        cross_validate(&run, &dataset, false, &stop, &mut Silent).expect("a cross-validation");
    // Two pitches an octave and more apart: chance is 0.5.
    assert!(metrics.mean.ua > 0.8, "UA {}", metrics.mean.ua);
    assert_eq!(metrics, RunMetrics::read(&out.path().join("metrics.json")).expect("the books"));
    assert_eq!(metrics.folds.len(), 2);
    assert!(!metrics.protocol.test_used_for_selection);
    for fold in &metrics.folds {
        assert_eq!(fold.confusion.iter().flatten().sum::<usize>(), 16);
        assert_eq!(fold.test_speakers.len(), 2);
    }
    assert!(metrics.missing().is_empty());

    // The model file, read back, says of the held-out fold what the books say, to the last digit.
    let split = folds(&dataset.corpus, &dataset.groups, Split::Speaker, 2, run.recipe.seed);
    let test = &split.expect("the same folds")[0].test;
    let file = out.path().join("fold-1/model.safetensors");
    let recognizer = Recognizer::open(&file).expect("a model");
    let evaluation = evaluate(&recognizer, &dataset, test);
    assert!(evaluation.metrics.ua.to_bits() == metrics.folds[0].ua.to_bits());
    let lines =
        std::fs::read_to_string(out.path().join("fold-1/predictions.jsonl")).expect("lines");
    for (line, prediction) in lines.lines().zip(&evaluation.predictions) {
        assert_eq!(line, serde_json::to_string(prediction).expect("a line"));
    }
    let info = Model::read(&file).expect("a model").info;
    assert_eq!(info.training.test_speakers, metrics.folds[0].test_speakers);
    assert_eq!(info.training.scores[0].ua.to_bits(), metrics.folds[0].ua.to_bits());
}

#[test]
fn folds_may_run_as_separate_jobs_and_are_joined() {
    let (dataset, stop) = (dataset(), Stop::new(false));
    let (together, apart) = (tempfile::tempdir(), tempfile::tempdir());
    let (together, apart) = (together.expect("a folder"), apart.expect("a folder"));
    let whole = cross_validate(&run(together.path(), None), &dataset, false, &stop, &mut Silent);
    let whole = whole.expect("a cross-validation");
    let first = cross_validate(&run(apart.path(), Some(2)), &dataset, false, &stop, &mut Silent);
    assert_eq!(first.expect("fold 2").missing(), [1]);
    cross_validate(&run(apart.path(), Some(1)), &dataset, false, &stop, &mut Silent)
        .expect("fold 1");
    let joined = join_folds(apart.path()).expect("both folds");
    for (a, b) in whole.folds.iter().zip(&joined.folds) {
        assert_eq!((a.fold, &a.confusion), (b.fold, &b.confusion));
    }
    assert_eq!((whole.mean, whole.std), (joined.mean, joined.std));
}

/// Counts the folds that were read back instead of trained.
struct Resumed(usize);

impl Observer for Resumed {
    fn on_event(&mut self, event: &Event) {
        if let Event::FoldDone { resumed: true, .. } = event {
            self.0 += 1;
        }
    }
}

#[test]
fn a_finished_run_is_neither_overwritten_nor_repeated() {
    let (dataset, stop) = (dataset(), Stop::new(false));
    let out = tempfile::tempdir().expect("a folder");
    let run = run(out.path(), None);
    let first = cross_validate(&run, &dataset, false, &stop, &mut Silent).expect("a run");
    let again = cross_validate(&run, &dataset, false, &stop, &mut Silent);
    assert!(matches!(again, Err(TrainError::RunExists { .. })));
    let mut seen = Resumed(0);
    let resumed = cross_validate(&run, &dataset, true, &stop, &mut seen).expect("the same run");
    assert_eq!((seen.0, resumed), (2, first));

    // Another recipe is neither joined with it nor written over its own.
    let recipe = std::fs::read(out.path().join("recipe.json")).expect("a recipe");
    let mut other = run;
    other.recipe.optimizer.learning_rate *= 2.0;
    let refused = cross_validate(&other, &dataset, true, &stop, &mut Silent);
    assert!(matches!(refused, Err(TrainError::OtherRun { .. })));
    assert_eq!(recipe, std::fs::read(out.path().join("recipe.json")).expect("a recipe"));

    other.recipe.network.classes = 3;
    other.out = out.path().join("more-classes");
    let refused = cross_validate(&other, &dataset, false, &stop, &mut Silent);
    assert!(matches!(refused, Err(TrainError::Recipe(_))));
}

#[test]
fn a_fold_that_is_not_there_is_named() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let run = run(out.path(), Some(3));
    let error = cross_validate(&run, &dataset, false, &Stop::new(false), &mut Silent);
    let message = error.expect_err("there are two folds").to_string();
    assert!(message.contains("no fold 3") && message.contains("1 to 2"), "{message}");
}
