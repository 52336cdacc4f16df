//! Continuous targets in training.

use std::path::Path;

use clstm::{Model, Recognizer};
use clstm_corpus::Split;
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CrossValidation, Dataset, DimensionsConfig, EvalError, EvalProtocol, NullObserver, Recipe,
    RunMetrics, StopFlag, TrainData, TrainError, Trained, cross_validate, ensemble_runs,
    read_predictions, train,
};

use crate::corpus::{dataset, recipe, recipes};
use crate::resume::train_with;

const NAMES: [&str; 2] = ["arousal", "valence"];

/// The synthetic corpus; arousal is the amplitude of the second half of an utterance on a scale of 1 to 5, and valence is
/// high in one class. Two raters differ by a little, and some values are missing.
fn rated() -> Dataset {
    let mut dataset = dataset();
    let all = dataset.corpus.utterances.iter_mut().zip(&mut dataset.clips);
    for (i, (utterance, clip)) in all.enumerate() {
        let arousal = 1.0 + (i / 2 % 5) as f64;
        let half = clip.samples.len() / 2;
        clip.samples[half..].iter_mut().for_each(|x| *x *= 0.25 * arousal as f32);
        let rated = [Some(arousal - 0.1), Some(arousal + 0.1)];
        utterance.ratings.insert("arousal".to_owned(), rated.to_vec());
        if i % 7 != 3 {
            let valence = if utterance.label == 0 { 1.5 } else { 4.0 } + 0.01 * i as f64;
            utterance.ratings.insert("valence".to_owned(), vec![Some(valence)]);
        }
    }
    let names = NAMES.map(str::to_owned);
    dataset.corpus = dataset.corpus.with_dimensions(&names).expect("known values");
    dataset
}

fn with_dimensions(recipe: Recipe) -> Recipe {
    recipe.with_dimensions(&NAMES.map(str::to_owned))
}

fn set(recipe: &mut Recipe) -> &mut DimensionsConfig {
    recipe.dimensions.as_mut().expect("a recipe with dimensions")
}

fn trained(dataset: &Dataset, recipe: &Recipe, file: &Path) -> Trained {
    train_with(dataset, recipe, None, file, None).expect("a training")
}

#[test]
fn a_model_predicts_what_it_was_trained_on_in_the_range_of_the_training_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dataset = rated();
    // A test utterance, which the statistics of the training data must not contain.
    dataset.corpus.utterances[4].ratings.insert("arousal".to_owned(), vec![Some(100.0)]);
    let mut recipe = with_dimensions(recipe());
    recipe.epochs = 20;
    let trained = trained(&dataset, &recipe, &folder.path().join("checkpoint"));
    let [arousal, valence] = &trained.model.info.dimensions[..] else { panic!("two dimensions") };
    assert_eq!((arousal.name.as_str(), arousal.min, arousal.max), ("arousal", 1.0, 5.0));
    assert!(valence.min >= 1.5 && valence.max < 4.5 && valence.std > 1.0);
    let first = trained.history.first().and_then(|epoch| epoch.dimension_loss).expect("a loss");
    let last = trained.history.last().and_then(|epoch| epoch.dimension_loss).expect("a loss");
    assert!(last < 0.75 * first, "1 - CCC from {first} to {last}");
    let evaluation = trained.evaluation.expect("test utterances");
    let mut known = 0;
    for prediction in &evaluation.predictions {
        let [first, second] = &prediction.dimensions[..] else { panic!("{prediction:?}") };
        assert_eq!((first.name.as_str(), second.name.as_str()), ("arousal", "valence"));
        assert!((1.0..=5.0).contains(&first.predicted), "{first:?}");
        assert!(second.ratings.is_empty(), "of one rater");
        known += usize::from(second.truth.is_some());
    }
    assert!(known > 0 && known < evaluation.predictions.len());
    // The file gives the values that the evaluation has.
    let bytes = trained.model.to_bytes().expect("a model file");
    let recognizer =
        Recognizer::new(Model::from_bytes(&bytes).expect("read")).expect("a recognizer");
    let scores = recognizer.score_clips(&[&dataset.clips[0]]).swap_remove(0);
    let expected: Vec<f64> =
        evaluation.predictions[0].dimensions.iter().map(|it| it.predicted).collect();
    assert_eq!(scores.dimensions, expected);
    assert!(
        evaluation.metrics.ua > 0.8,
        "the classes are trained as well: {}",
        evaluation.metrics.ua
    );
}

#[test]
fn a_resumed_training_ends_with_the_same_bits() {
    let dataset = rated();
    for (i, recipe) in recipes().into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut recipe = with_dimensions(recipe);
        recipe.epochs = 3;
        set(&mut recipe).label_weight = [1.0, 0.5, 0.0][i];
        let whole = trained(&dataset, &recipe, &folder.path().join("whole"));
        let file = folder.path().join("stopped");
        for steps in [3, 5] {
            let stopped = train_with(&dataset, &recipe, None, &file, Some(steps));
            assert!(matches!(stopped, Err(TrainError::Stopped { .. })));
        }
        let mut other = rated();
        other.corpus.utterances[5].ratings.insert("arousal".to_owned(), vec![Some(2.5)]);
        let refused = train_with(&other, &recipe, None, &file, None);
        assert!(
            matches!(refused, Err(TrainError::Eval(EvalError::OtherRun { .. }))),
            "other values"
        );
        let resumed = trained(&dataset, &recipe, &file);
        assert_eq!(
            whole.model.to_bytes().expect("a model"),
            resumed.model.to_bytes().expect("a model")
        );
        assert_eq!(whole.history, resumed.history);
    }
}

#[test]
fn a_recipe_without_dimensions_is_written_as_before() {
    let plain = serde_json::to_string(&recipe()).expect("JSON");
    assert!(!plain.contains("dimensions"), "{plain}");
    let settings = with_dimensions(recipe()).settings().expect("settings");
    assert!(settings.iter().any(|(key, value)| key == "dimensions.weight" && value == "1.0"));
    let changed = with_dimensions(recipe())
        .with_changes(None, &[("dimensions.label_weight".to_owned(), "0".to_owned())])
        .expect("a setting");
    assert_eq!(changed.dimensions.map(|it| it.label_weight), Some(0.0));
    assert_eq!(recipe().with_dimensions(&[]), recipe());
    // The command that repeats a run has the names in --target.
    let mut of_preset = with_dimensions(Recipe::new(clstm_nn::Preset::Clstm, 2));
    set(&mut of_preset).weight = 3.0;
    let json = serde_json::to_value(&of_preset).expect("JSON");
    let changes = clstm_train::changes_from_preset(&json).expect("settings");
    let own = changes.iter().filter(|(key, _)| key.contains("dimensions"));
    assert_eq!(own.collect::<Vec<_>>(), [&("dimensions.weight".to_owned(), "3.0".to_owned())]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |dataset: &Dataset, recipe: &Recipe, part: &str| {
        let result = train_with(dataset, recipe, None, &folder.path().join("refused"), None);
        let message = result.expect_err("refused").to_string();
        assert!(message.contains(part), "{message}");
    };
    let mut weightless = with_dimensions(recipe());
    set(&mut weightless).weight = 0.0;
    refused(&rated(), &weightless, "dimensions.weight must be in (0, 100]");
    let mut negative = with_dimensions(recipe());
    set(&mut negative).label_weight = -1.0;
    refused(&rated(), &negative, "dimensions.label_weight must be in [0, 100]");
    let mut nameless = with_dimensions(recipe());
    set(&mut nameless).targets.clear();
    refused(&rated(), &nameless, "--target arousal,valence");
    let mut outputs = recipe();
    outputs.network.dimensions = 2;
    refused(&rated(), &outputs, "network.dimensions is set without dimensions.targets");
    refused(&dataset(), &with_dimensions(recipe()), "name them with --target");
    refused(&rated(), &recipe(), "name them with --target");
    let mut constant = rated();
    for (i, utterance) in constant.corpus.utterances.iter_mut().enumerate() {
        // Only test utterances differ.
        let value = if i % 4 == 0 { 1.0 + i as f64 } else { 3.0 };
        utterance.ratings.insert("arousal".to_owned(), vec![Some(value)]);
    }
    refused(&constant, &with_dimensions(recipe()), "fewer than two different ones");
}

#[test]
fn a_training_can_start_from_a_model_with_other_targets_and_more_branches() {
    let folder = tempfile::tempdir().expect("a folder");
    let [_, _, plus] = recipes();
    let short = |recipe: Recipe| Recipe { epochs: 1, ..recipe };
    let start = trained(&dataset(), &short(plus.clone()), &folder.path().join("start")).model;
    let mut alone = short(with_dimensions(plus));
    alone.network.branches.clear();
    let dataset = rated();
    let all: Vec<usize> = (0..dataset.clips.len()).collect();
    let from = |init: &Model, recipe: &Recipe, file: &str| {
        let set = TrainData {
            dataset: &dataset,
            train: &all,
            validation: &[],
            test: &[],
            init: Some(init),
            teacher: None,
            augmentation: None,
            fold: None,
        };
        let (stop, protocol) = (StopFlag::new(false), EvalProtocol::default());
        let checkpoint = folder.path().join(file);
        train(set, recipe, &Device::flex(), &protocol, &checkpoint, &stop, &mut NullObserver)
            .expect("a training")
            .model
    };
    let own = from(&start, &alone, "own");
    assert!(own.tensors.iter().all(|tensor| !tensor.name.starts_with("branches.")));
    assert!(own.tensors.iter().any(|tensor| tensor.name == "dimension_head.weight"));
    // And a model with dimensions starts one without.
    let mut plain = alone;
    (plain.dimensions, plain.network.dimensions) = (None, 0);
    let dataset = crate::corpus::dataset();
    let set = TrainData {
        dataset: &dataset,
        train: &all,
        validation: &[],
        test: &[],
        init: Some(&own),
        teacher: None,
        augmentation: None,
        fold: None,
    };
    let (stop, protocol) = (StopFlag::new(false), EvalProtocol::default());
    let checkpoint = folder.path().join("plain");
    train(set, &plain, &Device::flex(), &protocol, &checkpoint, &stop, &mut NullObserver)
        .expect("a training");
}

#[test]
fn a_cross_validation_reports_figures_over_speakers_beside_the_raters() {
    let (dataset, out) = (rated(), tempfile::tempdir().expect("a folder"));
    let run = |seed: u64| {
        let recipe = Recipe { epochs: 3, seed, ..with_dimensions(recipe()) };
        let path = out.path().join(seed.to_string());
        let run = CrossValidation {
            fold_seed: Some(7),
            ..CrossValidation::new(Split::Speaker, 2, recipe, Device::flex(), path.clone())
        };
        let stop = StopFlag::new(false);
        cross_validate(&run, &dataset, false, &stop, &mut NullObserver).expect("a run");
        path
    };
    let runs = [run(1), run(2)];
    let metrics = RunMetrics::read(&runs[0].join("metrics.json")).expect("metrics.json");
    for fold in &metrics.folds {
        let [arousal, valence] = &fold.dimensions[..] else { panic!("two dimensions") };
        assert_eq!(arousal.utterances, 16);
        assert!(valence.utterances < 16 && valence.utterances > 8);
    }
    let [arousal, valence] = &metrics.dimensions[..] else { panic!("two dimensions") };
    assert_eq!((arousal.utterances, arousal.clusters), (32, 4));
    assert!(arousal.ccc.low <= arousal.ccc.value && arousal.ccc.value <= arousal.ccc.high);
    let raters = arousal.raters.as_ref().expect("two raters");
    assert!(raters.each.len() == 2 && raters.ccc > 0.9, "{raters:?}");
    assert_eq!(valence.raters, None);

    let joined = ensemble_runs(&runs, &out.path().join("both")).expect("an ensemble");
    let values = |run: &Path| -> Vec<f64> {
        let file = run.join("fold-1/predictions.jsonl");
        let predictions = read_predictions(&file, 2).expect("predictions");
        predictions.iter().map(|p| p.dimensions[0].predicted).collect()
    };
    let [first, second] = [&runs[0], &runs[1]].map(|run| values(run));
    let mean = values(&out.path().join("both"));
    for ((mean, a), b) in mean.iter().zip(first).zip(second) {
        assert!((mean - (a + b) / 2.0).abs() < 1e-12);
    }
    assert_eq!(joined.dimensions.len(), 2);
    assert_ne!(joined.folds[0].dimensions, metrics.folds[0].dimensions);
}
