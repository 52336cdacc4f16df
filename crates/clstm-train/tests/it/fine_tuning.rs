//! Training from the weights of another model: frozen layers, learning rates by layer, few utterances of each class.

use std::path::Path;
use std::sync::atomic::Ordering;

use clstm::Model;
use clstm_corpus::{Split, folds};
use clstm_nn::NetworkSpec;
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CrossValidation, Dataset, EvalProtocol, Event, NullObserver, Observer, Recipe, StopFlag,
    TrainData, TrainError, Trained, cross_validate, draw_shots, train,
};

use crate::corpus::{dataset, recipe, recipes};

/// Stops a training after a number of steps.
struct StopAfter<'a> {
    stop: &'a StopFlag,
    steps: usize,
}

impl Observer for StopAfter<'_> {
    fn on_event(&mut self, event: &Event) {
        if let Event::Step { .. } = event {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn fine_tune(
    recipe: &Recipe,
    init: Option<&Model>,
    checkpoint: &Path,
    steps: Option<usize>,
) -> Result<Trained, TrainError> {
    let dataset = dataset();
    let everything: Vec<usize> = (0..dataset.clips.len()).collect();
    let set = TrainData {
        dataset: &dataset,
        train: &everything,
        validation: &[],
        test: &[],
        init,
        teacher: None,
        augmentation: None,
        fold: None,
    };
    let stop = StopFlag::new(false);
    let mut stopping = steps.map(|steps| StopAfter { stop: &stop, steps });
    let observer: &mut dyn Observer = match &mut stopping {
        Some(observer) => observer,
        None => &mut NullObserver,
    };
    train(set, recipe, &Device::flex(), &EvalProtocol::default(), checkpoint, &stop, observer)
}

/// A model of one epoch, as the start of another training.
fn first(recipe: &Recipe, folder: &Path) -> Model {
    let mut first = recipe.clone();
    (first.epochs, first.seed) = (1, 7);
    fine_tune(&first, None, &folder.join("first"), None).expect("a training").model
}

/// What the names of the tensors of the frozen layers begin with.
fn frozen_paths(recipe: &Recipe) -> Vec<String> {
    let spec = NetworkSpec::new(&recipe.network).expect("a network");
    let mut paths = Vec::new();
    for (branch, layers) in spec.branches.iter().enumerate() {
        let prefix = if branch == 0 { String::new() } else { format!("branches.{}.", branch - 1) };
        let layers = layers.layers_with_tensors().take(recipe.frozen_layers);
        paths.extend(layers.map(|layer| format!("{prefix}{}.", layer.path)));
    }
    paths
}

#[test]
fn frozen_layers_keep_every_bit_and_the_others_learn() {
    for mut recipe in recipes() {
        let folder = tempfile::tempdir().expect("a folder");
        let init = first(&recipe, folder.path());
        (recipe.epochs, recipe.frozen_layers) = (2, 3);
        recipe.weight_average.decay = 0.5;
        let model = fine_tune(&recipe, Some(&init), &folder.path().join("second"), None);
        let model = model.expect("a training").model;
        let frozen = frozen_paths(&recipe);
        assert_eq!(frozen.len(), 3 * (1 + recipe.network.branches.len()));
        for (before, after) in init.tensors.iter().zip(&model.tensors) {
            assert_eq!(before.name, after.name);
            let is_frozen = frozen.iter().any(|path| before.name.starts_with(path));
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            let same = bits(&before.values) == bits(&after.values);
            assert_eq!(same, is_frozen, "{}: {}", recipe.preset, before.name);
        }
    }
}

#[test]
fn a_resumed_fine_tuning_equals_an_uninterrupted_one_bit_for_bit() {
    for mut recipe in recipes() {
        let folder = tempfile::tempdir().expect("a folder");
        let init = first(&recipe, folder.path());
        (recipe.epochs, recipe.frozen_layers) = (3, 2);
        (recipe.optimizer.layer_decay, recipe.optimizer.sam_every) = (0.6, 2);
        let run = |name: &str, steps: Option<usize>| {
            fine_tune(&recipe, Some(&init), &folder.path().join(name), steps)
        };
        let whole = run("whole", None).expect("a training");
        for steps in [4, 5] {
            assert!(matches!(run("stopped", Some(steps)), Err(TrainError::Stopped { .. })));
        }
        let resumed = run("stopped", None).expect("the rest");
        let bytes = |trained: &Trained| trained.model.to_bytes().expect("a model");
        assert!(bytes(&whole) == bytes(&resumed), "{}", recipe.preset);

        // Both settings matter.
        recipe.optimizer.layer_decay = 1.0;
        let one_rate = fine_tune(&recipe, Some(&init), &folder.path().join("one-rate"), None);
        assert!(bytes(&whole) != bytes(&one_rate.expect("a training")));
    }
}

#[test]
fn layers_that_cannot_be_frozen_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut recipe = recipe();
    recipe.frozen_layers = 1;
    let refused = fine_tune(&recipe, None, &folder.path().join("random"), None);
    let message = refused.expect_err("nothing to keep").to_string();
    assert!(message.contains("frozen_layers is 1") && message.contains("--init"), "{message}");
    let depth = recipe.network.layers_before_heads().expect("a network");
    recipe.frozen_layers = depth;
    recipe.validate().expect("all but the head");
    recipe.frozen_layers = depth + 1;
    let message = recipe.validate().expect_err("the head").to_string();
    assert!(message.contains(&format!("not in 0..={depth}")), "{message}");
}

/// How many of `utterances` each class has.
fn counts(dataset: &Dataset, utterances: &[usize]) -> [usize; 2] {
    let mut counts = [0; 2];
    utterances.iter().for_each(|&utterance| counts[dataset.label(utterance)] += 1);
    counts
}

#[test]
fn shots_are_drawn_by_class_seed_and_fold() {
    let dataset = dataset();
    let train: Vec<usize> = (0..24).collect();
    let draw = |shots: usize, seed: u64, fold: usize| {
        let mut recipe = recipe();
        (recipe.sampling.shots, recipe.seed) = (shots, seed);
        draw_shots(&dataset, &train, &recipe, fold)
    };
    assert_eq!(draw(0, 1, 1), train);
    let three = draw(3, 1, 1);
    assert_eq!(counts(&dataset, &three), [3, 3]);
    assert!(three.is_sorted() && three.iter().all(|utterance| train.contains(utterance)));
    assert_eq!(draw(3, 1, 1), three);
    assert_ne!(draw(3, 2, 1), three);
    assert_ne!(draw(3, 1, 2), three);
    // A class with fewer utterances gives all that it has.
    assert_eq!(draw(1_000, 1, 1), train);
}

#[test]
fn a_few_shot_fold_trains_on_its_shots_and_tests_on_everything() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().expect("a folder"));
    let mut recipe = recipe();
    (recipe.epochs, recipe.sampling.shots) = (2, 3);
    let out = folder.path().join("run");
    let run = CrossValidation::new(Split::Speaker, 2, recipe, Device::flex(), out.clone());
    let metrics = cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    let metrics = metrics.expect("a cross-validation");
    assert_eq!(metrics.protocol.shots, Some(3));
    let text = metrics.protocol.describe();
    assert!(text.ends_with("seed 1, 3 training utterances of each class"), "{text}");
    for fold in &metrics.folds {
        assert_eq!((fold.train_utterances, fold.test_utterances), (6, 16));
    }
    let split = folds(&dataset.corpus, &dataset.groups, Split::Speaker, 2, run.recipe.seed);
    let shots = draw_shots(&dataset, &split.expect("folds")[0].train, &run.recipe, 1);
    let model = Model::read(&out.join("fold-1/model.safetensors")).expect("a model");
    let speakers = dataset.corpus.speakers_of(&shots);
    assert_eq!(model.info.training.speakers, speakers.into_iter().collect::<Vec<_>>());
    assert_eq!(model.info.training.utterances, 6);

    // Validation takes its part of the shots, and of nothing else.
    let mut nested = run.clone();
    (nested.recipe.validation.share, nested.out) = (0.4, folder.path().join("nested"));
    nested.split = Split::Random;
    let metrics =
        cross_validate(&nested, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    for fold in metrics.expect("a cross-validation").folds {
        let validation = fold.validation.expect("validation").utterances;
        assert_eq!(fold.train_utterances + validation, 6);
    }
}
