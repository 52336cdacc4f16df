//! Interrupted and resumed, a training ends with the very same bits.

use std::path::Path;
use std::sync::atomic::Ordering;

use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CustomAugmentation, Dataset, EvalError, EvalProtocol, Event, NonFinite, NullObserver, Observer,
    Recipe, StopFlag, Teacher, TrainData, TrainError, Trained, train,
};

use crate::corpus::{dataset, recipe, recipes};

/// Pulls the brake after a number of steps.
struct Brake<'a> {
    stop: &'a StopFlag,
    steps: usize,
}

impl Observer for Brake<'_> {
    fn on_event(&mut self, event: &Event) {
        if let Event::Step { .. } = event {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn parts(dataset: &Dataset) -> (Vec<usize>, Vec<usize>) {
    (0..dataset.clips.len()).partition(|i| i % 4 != 0)
}

fn run(
    dataset: &Dataset,
    recipe: &Recipe,
    checkpoint: &Path,
    brake: Option<usize>,
) -> Result<Trained, TrainError> {
    train_with(dataset, recipe, None, checkpoint, brake)
}

/// Trains on three quarters of the utterances and tests on the others; stops after a number of steps.
pub(crate) fn train_with(
    dataset: &Dataset,
    recipe: &Recipe,
    teacher: Option<&Teacher>,
    checkpoint: &Path,
    brake: Option<usize>,
) -> Result<Trained, TrainError> {
    let (train_set, test) = parts(dataset);
    let set = TrainData {
        dataset,
        train: &train_set,
        validation: &[],
        test: &test,
        init: None,
        teacher,
        augmentation: None,
        fold: None,
    };
    let stop = StopFlag::new(false);
    let mut brake = brake.map(|steps| Brake { stop: &stop, steps });
    let observer: &mut dyn Observer = match &mut brake {
        Some(brake) => brake,
        None => &mut NullObserver,
    };
    train(set, recipe, &Device::flex(), &EvalProtocol::default(), checkpoint, &stop, observer)
}

#[test]
fn a_resumed_training_equals_an_uninterrupted_one_bit_for_bit() {
    let dataset = dataset();
    for recipe in recipes() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = run(&dataset, &recipe, &folder.path().join("whole"), None).expect("a training");
        let again = run(&dataset, &recipe, &folder.path().join("again"), None).expect("a training");
        let bytes = whole.model.to_bytes().expect("a model");
        assert_eq!(bytes, again.model.to_bytes().expect("a model"), "same seed, same model");

        // In the middle of an epoch, twice.
        let checkpoint = folder.path().join("stopped");
        for steps in [6, 7] {
            let stopped = run(&dataset, &recipe, &checkpoint, Some(steps));
            assert!(matches!(stopped, Err(TrainError::Stopped { .. })));
        }
        let resumed = run(&dataset, &recipe, &checkpoint, None).expect("the rest");
        assert_eq!(bytes, resumed.model.to_bytes().expect("a model"), "{}", recipe.preset);
        assert_eq!(whole.history, resumed.history);
        assert_eq!(whole.evaluation, resumed.evaluation);
    }
}

#[test]
fn threads_do_not_change_the_result() {
    let dataset = dataset();
    for mut recipe in recipes() {
        recipe.epochs = 2;
        let folder = tempfile::tempdir().expect("a folder");
        let models = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let checkpoint = folder.path().join(threads.to_string());
            let trained =
                pool.expect("a pool").install(|| run(&dataset, &recipe, &checkpoint, None));
            trained.expect("a training").model.to_bytes().expect("a model")
        });
        assert!(models[0] == models[1], "{}", recipe.preset);
    }
}

/// Mixing two voices of different classes makes the training harder.
#[test]
fn mixup_changes_the_training_and_nothing_else() {
    let (dataset, mut recipe) = (dataset(), recipe());
    recipe.epochs = 2;
    let folder = tempfile::tempdir().expect("a folder");
    let first_loss = |recipe: &Recipe, name: &str| {
        let trained = run(&dataset, recipe, &folder.path().join(name), None).expect("a training");
        trained.history[0].softmax_loss
    };
    recipe.mixup.prob = 0.0;
    let plain = first_loss(&recipe, "plain");
    recipe.mixup.alpha = 0.9;
    assert_eq!(first_loss(&recipe, "off"), plain, "its share means nothing while it is off");
    recipe.mixup.prob = 1.0;
    let summed = first_loss(&recipe, "on");
    assert_ne!(summed, plain);
    recipe.mixup.cutmix_share = 1.0;
    let spliced = first_loss(&recipe, "cut");
    assert!(![plain, summed].contains(&spliced), "{spliced}");
}

#[test]
fn another_recipe_or_a_damaged_checkpoint_is_refused() {
    let (dataset, mut recipe) = (dataset(), recipe());
    recipe.epochs = 2;
    let folder = tempfile::tempdir().expect("a folder");
    let checkpoint = folder.path().join("checkpoint");
    run(&dataset, &recipe, &checkpoint, None).expect("a training");

    let mut other = recipe.clone();
    other.optimizer.learning_rate *= 2.0;
    let refused = run(&dataset, &other, &checkpoint, None);
    assert!(matches!(refused, Err(TrainError::Eval(EvalError::OtherRun { .. }))));
    other = recipe.clone();
    other.eval_every += 1; // only how often it looks
    run(&dataset, &other, &checkpoint, None).expect("the same training");

    let bytes = std::fs::read(&checkpoint).expect("a file");
    std::fs::write(&checkpoint, &bytes[..bytes.len() / 2]).expect("a file");
    assert!(matches!(run(&dataset, &recipe, &checkpoint, None), Err(TrainError::Malformed { .. })));
}

/// An effect that spoils every crop.
#[derive(Debug)]
struct NotANumber;

impl CustomAugmentation for NotANumber {
    fn id(&self) -> &str {
        "not-a-number"
    }

    fn apply(&self, clip: &mut [f32], _sample_rate: u32, _seed: u64) {
        clip[0] = f32::NAN;
    }
}

#[test]
fn samples_that_are_no_numbers_end_the_training() {
    let (dataset, recipe) = (dataset(), recipe());
    let folder = tempfile::tempdir().expect("a folder");
    let (train_set, test) = parts(&dataset);
    let set = TrainData {
        dataset: &dataset,
        train: &train_set,
        validation: &[],
        test: &test,
        init: None,
        teacher: None,
        augmentation: Some(&NotANumber),
        fold: None,
    };
    let (checkpoint, stop) = (folder.path().join("checkpoint"), StopFlag::new(false));
    let protocol = EvalProtocol::default();
    let (device, observer) = (Device::flex(), &mut NullObserver);
    match train(set, &recipe, &device, &protocol, &checkpoint, &stop, observer) {
        Err(error @ TrainError::Diverged { cause: NonFinite::Input, .. }) => {
            assert!(error.to_string().contains("not a finite number"), "{error}");
        }
        other => panic!("it did not stop: {:?}", other.map(|t| t.history)),
    }
    assert!(!checkpoint.exists());
}
