//! Whole cross-validations.

use clstm::{Model, ProbabilityCalibration, Recognizer};
use clstm_corpus::{Split, folds};
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CalibrationMethod, CenterSource, CrossValidation, DeepFeatures, Environment, EvalError, Event,
    NullObserver, Observer, Prediction, Reliability, RunMetrics, StopFlag, TrainError,
    aggregate_folds, cross_validate, evaluate, fit_scaling, read_predictions,
};

use crate::corpus::{dataset, recipe};

fn run(out: &std::path::Path, only: Option<usize>) -> CrossValidation {
    let run = CrossValidation::new(Split::Speaker, 2, recipe(), Device::flex(), out.to_owned());
    CrossValidation { only, ..run }
}

#[test]
fn a_network_learns_and_the_records_agree() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let stop = StopFlag::new(false);
    let mut run = run(out.path(), None);
    run.recipe.epochs = 20;
    let metrics = cross_validate(&run, &dataset, false, &stop, &mut NullObserver)
        .expect("a cross-validation");
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

    // The loaded model file gives exactly the recorded predictions for the held-out fold.
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
    assert!(evaluation.predictions.iter().all(|p| p.speaker.is_some()));

    // The features are those of the file's model, the centres those that the centre loss learnt.
    let features = DeepFeatures::read(&out.path().join("fold-1/features.safetensors"), 2);
    let features = features.expect("features");
    assert_eq!((features.width, features.source), (8, CenterSource::Learnt));
    assert!(features.centers.iter().any(|x| *x != 0.0));
    for ((id, row), &utterance) in features.ids.iter().zip(features.rows()).zip(test) {
        assert_eq!(*id, dataset.corpus.utterances[utterance].id);
        let scores = recognizer.score_clips(&[&dataset.clips[utterance]]).swap_remove(0);
        let scores: Vec<f32> = scores.features.into_iter().map(|x| x as f32).collect();
        assert_eq!(row, scores);
    }
    let here = std::fs::read(out.path().join("fold-1/environment.json")).expect("a file");
    let here: Environment = serde_json::from_slice(&here).expect("an environment");
    assert_eq!(here, Environment::capture("cpu", None));

    let info = Model::read(&file).expect("a model").info;
    assert_eq!(info.training.test_speakers, metrics.folds[0].test_speakers);
    assert_eq!(info.training.scores[0].ua.to_bits(), metrics.folds[0].ua.to_bits());
}

#[test]
fn without_a_centre_loss_the_centres_are_means_over_the_training() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let mut run = run(out.path(), Some(1));
    run.recipe.center_loss = 0.0;
    cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver)
        .expect("a fold");
    let fold = out.path().join("fold-1");
    let features = DeepFeatures::read(&fold.join("features.safetensors"), 2).expect("features");
    assert_eq!(features.source, CenterSource::TrainingMeans);
    let recognizer = Recognizer::open(&fold.join("model.safetensors")).expect("a model");
    let split = folds(&dataset.corpus, &dataset.groups, Split::Speaker, 2, run.recipe.seed);
    let split = split.expect("the same folds").remove(0);
    let own: Vec<_> = split.train.iter().filter(|&&i| dataset.label(i) == 1).collect();
    let first = |&&i: &&usize| recognizer.score_clips(&[&dataset.clips[i]])[0].features[0];
    let mean = own.iter().map(first).sum::<f64>() / own.len() as f64;
    assert!((f64::from(features.centers[features.width]) - mean).abs() < 1e-5);
}

#[test]
fn folds_may_run_as_separate_jobs_and_are_joined() {
    let (dataset, stop) = (dataset(), StopFlag::new(false));
    let (together, apart) = (tempfile::tempdir(), tempfile::tempdir());
    let (together, apart) = (together.expect("a folder"), apart.expect("a folder"));
    let whole =
        cross_validate(&run(together.path(), None), &dataset, false, &stop, &mut NullObserver);
    let whole = whole.expect("a cross-validation");
    let first =
        cross_validate(&run(apart.path(), Some(2)), &dataset, false, &stop, &mut NullObserver);
    assert_eq!(first.expect("fold 2").missing(), [1]);
    cross_validate(&run(apart.path(), Some(1)), &dataset, false, &stop, &mut NullObserver)
        .expect("fold 1");
    let joined = aggregate_folds(apart.path()).expect("both folds");
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
    let (dataset, stop) = (dataset(), StopFlag::new(false));
    let out = tempfile::tempdir().expect("a folder");
    let run = run(out.path(), None);
    let first = cross_validate(&run, &dataset, false, &stop, &mut NullObserver).expect("a run");
    let again = cross_validate(&run, &dataset, false, &stop, &mut NullObserver);
    assert!(matches!(again, Err(TrainError::Eval(EvalError::RunExists { .. }))));
    let mut seen = Resumed(0);
    let resumed = cross_validate(&run, &dataset, true, &stop, &mut seen).expect("the same run");
    assert_eq!((seen.0, resumed), (2, first));

    // Another recipe is neither joined with it nor written over its own.
    let recipe = std::fs::read(out.path().join("recipe.json")).expect("a recipe");
    let mut other = run;
    other.recipe.optimizer.learning_rate *= 2.0;
    let refused = cross_validate(&other, &dataset, true, &stop, &mut NullObserver);
    assert!(matches!(refused, Err(TrainError::Eval(EvalError::OtherRun { .. }))));
    assert_eq!(recipe, std::fs::read(out.path().join("recipe.json")).expect("a recipe"));

    other.recipe.network.classes = 3;
    other.out = out.path().join("more-classes");
    let refused = cross_validate(&other, &dataset, false, &stop, &mut NullObserver);
    assert!(matches!(refused, Err(TrainError::Recipe(_))));
}

#[test]
fn a_fold_that_is_not_there_is_named() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let run = run(out.path(), Some(3));
    let error = cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    let message = error.expect_err("there are two folds").to_string();
    assert!(message.contains("no fold 3") && message.contains("1 to 2"), "{message}");
}

/// Every number of a run but its times.
fn without_times(metrics: &RunMetrics) -> RunMetrics {
    let mut metrics = metrics.clone();
    metrics.folds.iter_mut().for_each(|fold| fold.seconds = 0.0);
    metrics
}

#[test]
fn confidences_are_calibrated_on_the_other_folds() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let run = run(out.path(), None);
    let metrics = cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    let metrics = metrics.expect("a cross-validation");
    let found = metrics.calibration.clone().expect("two folds calibrate each other");
    let predictions: Vec<_> = [1, 2]
        .map(|fold| out.path().join(format!("fold-{fold}/predictions.jsonl")))
        .iter()
        .map(|path| read_predictions(path, 2).expect("predictions"))
        .collect();
    let fit = |predictions: &[Prediction]| {
        fit_scaling(predictions.iter().map(|p| (&p.logits[..], p.truth)))
    };
    let scalings: Vec<ProbabilityCalibration> =
        found.folds.iter().map(|fold| fold.scaling).collect();
    assert_eq!(scalings, [fit(&predictions[1]), fit(&predictions[0])]);
    assert_eq!(found.scaling, fit(&predictions.concat()));
    assert_eq!(found.uncalibrated, Reliability::of(&predictions.concat()));
    assert_eq!(found.utterances, 32);
    assert_eq!((found.method, found.folds.len()), (CalibrationMethod::CrossFit, 2));
    // The models of the folds stay as they were trained.
    let info = Model::read(&out.path().join("fold-1/model.safetensors")).expect("a model").info;
    assert_eq!((info.scaling, info.calibration), (ProbabilityCalibration::default(), None));

    // Books from before there were calibrations get theirs when they are joined.
    let path = out.path().join("metrics.json");
    let older = RunMetrics { calibration: None, ..metrics.clone() };
    older.write(&path).expect("written");
    assert!(!std::fs::read_to_string(&path).expect("the books").contains("calibration"));
    assert_eq!(RunMetrics::read(&path).expect("older books"), older);
    assert_eq!(aggregate_folds(out.path()).expect("joined"), metrics);

    // One fold alone has nothing to be calibrated on, and predictions of another run are no use.
    let predictions = out.path().join("fold-2/predictions.jsonl");
    let text = std::fs::read_to_string(&predictions).expect("predictions");
    std::fs::remove_file(&predictions).expect("removed");
    assert_eq!(aggregate_folds(out.path()).expect("joined").calibration, None);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    std::fs::write(&predictions, lines.join("\n")).expect("written");
    let error = aggregate_folds(out.path()).expect_err("one is missing").to_string();
    assert!(error.contains("damaged or changed"), "{error}");
    std::fs::remove_file(out.path().join("fold-2/SHA256SUMS")).expect("removed");
    let error = aggregate_folds(out.path()).expect_err("one is missing").to_string();
    assert!(error.contains("not the predictions that metrics.json counts"), "{error}");
}

#[test]
fn a_share_of_the_training_utterances_calibrates_its_own_fold() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let mut run = run(out.path(), Some(1));
    run.recipe.calibration_share = 0.4; // of two speakers: one
    let metrics = cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    let metrics = metrics.expect("a fold");
    let fold = &metrics.folds[0];
    let held_out = fold.held_out_scaling.clone().expect("a scaling");
    assert_eq!((fold.train_utterances, held_out.utterances, fold.test_utterances), (8, 8, 16));
    assert_eq!(held_out.speakers.len(), 1);
    assert!(!fold.test_speakers.contains(&held_out.speakers[0]));

    // The model trained on the other speaker alone, and has the scaling of this one.
    let file = out.path().join("fold-1/model.safetensors");
    let info = Model::read(&file).expect("a model").info;
    assert_eq!(info.training.speakers.len(), 1);
    assert!(!info.training.speakers.contains(&held_out.speakers[0]));
    assert_eq!(info.scaling, held_out.scaling);
    assert!(info.training.describe().contains("8 for calibration"));
    let recognizer = Recognizer::open(&file).expect("a model");
    let of = |utterances: &[usize]| evaluate(&recognizer, &dataset, utterances).predictions;
    let own: Vec<usize> = (0..dataset.clips.len())
        .filter(|&i| dataset.corpus.utterances[i].speaker == held_out.speakers[0])
        .collect();
    let fitted = fit_scaling(of(&own).iter().map(|p| (&p.logits[..], p.truth)));
    assert_eq!(fitted, held_out.scaling);

    // The recorded predictions of its test utterances are those of the model, calibration included.
    let split = folds(&dataset.corpus, &dataset.groups, Split::Speaker, 2, run.recipe.seed);
    let predictions = of(&split.expect("the same folds")[0].test);
    let kept = read_predictions(&out.path().join("fold-1/predictions.jsonl"), 2);
    assert_eq!(kept.expect("predictions"), predictions);
    let found = metrics.calibration.clone().expect("a single fold has its own");
    assert_eq!(found.calibrated, Reliability::of(&predictions));
    assert_eq!(info.calibration.expect("figures"), found.summary(&metrics.protocol));

    let resumed = cross_validate(&run, &dataset, true, &StopFlag::new(false), &mut NullObserver);
    assert_eq!(resumed.expect("the same run"), metrics);
    run.out = out.path().join("again");
    let again = cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    assert_eq!(without_times(&again.expect("a fold")), without_times(&metrics));

    // Shared speakers: utterances are held out, of each class its share.
    run.split = Split::Random;
    run.out = out.path().join("random");
    let metrics = cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    let fold = &metrics.expect("a fold").folds[0];
    let held_out = fold.held_out_scaling.clone().expect("a scaling");
    assert_eq!((fold.train_utterances, held_out.utterances, fold.test_utterances), (10, 6, 16));
}
