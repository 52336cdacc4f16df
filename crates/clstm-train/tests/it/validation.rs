//! Validation inside a training: what it decides, and what it must not see.

use std::path::Path;
use std::sync::atomic::Ordering;

use clstm::{Model, Recognizer};
use clstm_corpus::Split;
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CrossValidation, Dataset, EvalProtocol, Event, NullObserver, Observer, Recipe, Select,
    StopFlag, TrainData, TrainError, Trained, ValidationConfig, cross_validate, evaluate, train,
};

use crate::corpus::{dataset, recipe};

/// Sixteen utterances to train on, eight to validate on, eight to test on.
fn parts(dataset: &Dataset) -> [Vec<usize>; 3] {
    let of = |rests: &[usize]| {
        (0..dataset.clips.len()).filter(|i| rests.contains(&(i % 8))).collect::<Vec<_>>()
    };
    [of(&[0, 1, 4, 5]), of(&[2, 3]), of(&[6, 7])]
}

fn watched() -> Recipe {
    let mut recipe = recipe();
    recipe.epochs = 20;
    recipe.checkpoint_every = 3;
    // Large enough that the loss does not only fall.
    recipe.optimizer.learning_rate = 0.03;
    recipe.validation =
        ValidationConfig { share: 0.25, patience: 2, select: Select::Best, eval_every: 1 };
    recipe
}

/// Pulls the brake after a number of steps; never after none.
struct Brake<'a>(&'a StopFlag, usize);

impl Observer for Brake<'_> {
    fn on_event(&mut self, event: &Event) {
        if let Event::Step { .. } = event {
            self.1 = self.1.wrapping_sub(1);
            if self.1 == 0 {
                self.0.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn run(recipe: &Recipe, checkpoint: &Path, brake: usize) -> Result<Trained, TrainError> {
    let dataset = dataset();
    let [fitted, validation, test] = parts(&dataset);
    let set = TrainData {
        dataset: &dataset,
        train: &fitted,
        validation: &validation,
        test: &test,
        init: None,
        teacher: None,
        augmentation: None,
        fold: None,
    };
    let stop = StopFlag::new(false);
    let mut brake = Brake(&stop, brake);
    train(set, recipe, &Device::flex(), &EvalProtocol::default(), checkpoint, &stop, &mut brake)
}

#[test]
fn the_best_look_gives_the_weights_and_patience_the_end() {
    let (recipe, folder) = (watched(), tempfile::tempdir().expect("a folder"));
    let trained = run(&recipe, &folder.path().join("a"), 0).expect("a training");
    let losses: Vec<f64> =
        trained.history.iter().map(|r| r.validation.expect("a look each epoch").loss).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = losses.iter().position(|loss| *loss == least).expect("one of them") + 1;
    assert_eq!(trained.epoch, best);
    assert_eq!(losses.len(), best + 2, "two looks after the best: {losses:?}");
    assert!(losses.len() < recipe.epochs, "it was to end early: {losses:?}");
    assert_eq!(trained.model.info.training.epochs, best);

    // The model's weights are those of the best evaluation, and the test figures are of them.
    let dataset = dataset();
    let [_, validation, test] = parts(&dataset);
    let recognizer = Recognizer::new(trained.model.clone()).expect("a model");
    assert_eq!(evaluate(&recognizer, &dataset, &validation).loss.to_bits(), least.to_bits());
    assert_eq!(Some(evaluate(&recognizer, &dataset, &test)), trained.evaluation);

    // The last weights of the same training are others.
    let mut last = recipe.clone();
    last.validation.select = Select::Last;
    let last = run(&last, &folder.path().join("b"), 0).expect("a training");
    assert_eq!(last.history, trained.history);
    assert_eq!(last.epoch, last.history.len());
    assert_ne!(last.model.tensors, trained.model.tensors);

    // Without patience it goes to its end, the same way as far as both go.
    let mut long = recipe.clone();
    long.validation.patience = 0;
    let long = run(&long, &folder.path().join("c"), 0).expect("a training");
    assert_eq!(long.history.len(), recipe.epochs);
    for (a, b) in long.history.iter().zip(&trained.history) {
        assert_eq!((a.loss, a.validation), (b.loss, b.validation));
    }
}

#[test]
fn a_resumed_training_with_validation_equals_an_uninterrupted_one_bit_for_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    for select in [Select::Last, Select::Best] {
        let mut recipe = watched();
        recipe.validation.select = select;
        let whole =
            run(&recipe, &folder.path().join(format!("{select:?}")), 0).expect("a training");
        let checkpoint = folder.path().join(format!("{select:?} stopped"));
        let mut stops = 0;
        // In the middle of an epoch and at its end, after the best look and before it.
        let resumed = loop {
            match run(&recipe, &checkpoint, 4) {
                Ok(trained) => break trained,
                Err(TrainError::Stopped { .. }) => stops += 1,
                Err(error) => panic!("{error}"),
            }
        };
        assert!(stops > 3, "{stops} interruptions");
        assert_eq!(
            whole.model.to_bytes().expect("bytes"),
            resumed.model.to_bytes().expect("bytes")
        );
        assert_eq!((&whole.history, whole.epoch), (&resumed.history, resumed.epoch));
        assert_eq!(whole.evaluation, resumed.evaluation);
        // A finished one is read back, without a step more.
        let again = run(&recipe, &checkpoint, 1).expect("it is over");
        assert_eq!(again.model.to_bytes().expect("bytes"), whole.model.to_bytes().expect("bytes"));
    }
}

#[test]
fn the_test_utterances_influence_nothing() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().expect("a folder"));
    let [fitted, validation, test] = parts(&dataset);
    let trained = |test: &[usize], name: &str| {
        let checkpoint = folder.path().join(name);
        let (set, stop) = (
            TrainData {
                dataset: &dataset,
                train: &fitted,
                validation: &validation,
                test,
                init: None,
                teacher: None,
                augmentation: None,
                fold: None,
            },
            StopFlag::new(false),
        );
        train(
            set,
            &watched(),
            &Device::flex(),
            &EvalProtocol::default(),
            &checkpoint,
            &stop,
            &mut NullObserver,
        )
        .expect("a training")
    };
    let (with, without) = (trained(&test, "with"), trained(&[], "without"));
    assert_eq!(with.model.tensors, without.model.tensors);
    assert_eq!(with.epoch, without.epoch);
}

#[test]
fn share_and_utterances_go_together() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().expect("a folder"));
    let [fitted, validation, _] = parts(&dataset);
    for (recipe, validation, part) in
        [(watched(), &[][..], "no utterances are held out"), (recipe(), &validation, "share is 0")]
    {
        let set = TrainData {
            dataset: &dataset,
            train: &fitted,
            validation,
            test: &[],
            init: None,
            teacher: None,
            augmentation: None,
            fold: None,
        };
        let (checkpoint, stop) = (folder.path().join("x"), StopFlag::new(false));
        let refused = train(
            set,
            &recipe,
            &Device::flex(),
            &EvalProtocol::default(),
            &checkpoint,
            &stop,
            &mut NullObserver,
        );
        let message = refused.expect_err("a contradiction").to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_initial_model_trained_on_validation_utterances_is_refused() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().expect("a folder"));
    let [fitted, validation, test] = parts(&dataset);
    let started = |recipe: &Recipe, init: Option<&Model>, name: &str| {
        let validation = if recipe.validation.share > 0.0 { &validation[..] } else { &[] };
        let (dataset, train_set, test) = (&dataset, &fitted[..], &test[..]);
        let set = TrainData {
            dataset,
            train: train_set,
            validation,
            test,
            init,
            teacher: None,
            augmentation: None,
            fold: None,
        };
        let (checkpoint, stop) = (folder.path().join(name), StopFlag::new(false));
        train(
            set,
            recipe,
            &Device::flex(),
            &EvalProtocol::default(),
            &checkpoint,
            &stop,
            &mut NullObserver,
        )
    };
    let plain = Recipe { epochs: 1, ..recipe() };
    let mut model = started(&plain, None, "plain").expect("a training").model;
    started(&plain, Some(&model), "on").expect("nothing is held out");
    let refused = |model: &Model| {
        let refused = started(&watched(), Some(model), "refused");
        let message = refused.expect_err("leakage into validation").to_string();
        assert!(message.contains("trained on made-up and perhaps on"), "{message}");
    };
    refused(&model);
    model.info.training.corpus = "elsewhere".to_owned();
    started(&watched(), Some(&model), "abroad").expect("it was not trained on this corpus");
    model.info.training.lineage.pretraining_corpora = vec!["made-up".to_owned()];
    refused(&model);
}

fn folds(split: Split, recipe: Recipe, out: &Path) -> CrossValidation {
    let run = CrossValidation::new(split, 2, recipe, Device::flex(), out.to_owned());
    CrossValidation { only: Some(1), ..run }
}

#[test]
fn each_fold_holds_out_its_own_speakers() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let mut recipe = watched();
    recipe.validation.share = 0.4; // of two speakers: one
    let run = folds(Split::Speaker, recipe, out.path());
    let metrics = cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    let metrics = metrics.expect("a fold");
    let protocol = metrics.protocol.describe();
    assert!(
        protocol.contains(
            "validation on 40% of the training speakers, early stopping after 2 evaluations"
        ),
        "{protocol}"
    );
    assert!(!metrics.protocol.test_used_for_selection);
    let fold = &metrics.folds[0];
    let inner = fold.validation.clone().expect("an inner split");
    assert_eq!((fold.train_utterances, inner.utterances, fold.test_utterances), (8, 8, 16));
    let model = Model::read(&out.path().join("fold-1/model.safetensors")).expect("a model");
    let trained = &model.info.training;
    let mut speakers = [&inner.speakers[..], &fold.test_speakers, &trained.speakers].concat();
    speakers.sort();
    assert_eq!(speakers, ["0", "1", "2", "3"], "each on one side");
    assert_eq!(trained.epochs, inner.epoch);
    assert!(inner.epoch <= inner.epochs && inner.epochs <= run.recipe.epochs);
    assert_eq!(trained.held_out.validation, 8);
}

#[test]
fn validation_and_calibration_are_held_out_apart() {
    let (dataset, out) = (dataset(), tempfile::tempdir().expect("a folder"));
    let mut recipe = watched();
    recipe.calibration_share = 0.25;
    let run = folds(Split::Random, recipe, out.path());
    let metrics = cross_validate(&run, &dataset, false, &StopFlag::new(false), &mut NullObserver);
    let fold = metrics.expect("a fold").folds.remove(0);
    let validation = fold.validation.expect("an inner split").utterances;
    let calibration = fold.held_out_scaling.expect("a scaling").utterances;
    assert_eq!((validation, fold.train_utterances + calibration), (4, 12));
    assert!(calibration >= 2);
}
