//! Training and evaluation on a device without fused layers, as a GPU is one, against the CPU device.

use std::path::Path;

use clstm::Recognizer;
use clstm_nn::Precision;
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    Batch, Dataset, EvalProtocol, Learner, NullObserver, Recipe, StepMetrics, StopFlag, TrainData,
    TrainError, Trained, evaluate, train,
};

use crate::corpus::{dataset, recipe};

/// A device of its own in this process: a tensor of the CPU device that strays into it panics.
#[expect(deprecated, reason = "the one further device that is light to build")]
fn second() -> Device {
    Device::ndarray()
}

fn run(dataset: &Dataset, recipe: &Recipe, device: &Device, file: &Path) -> Trained {
    let (train_set, test): (Vec<_>, Vec<_>) = (0..dataset.clips.len()).partition(|i| i % 4 != 0);
    let set = TrainData {
        dataset,
        train: &train_set,
        validation: &[],
        test: &test,
        init: None,
        teacher: None,
        augmentation: None,
        fold: None,
    };
    let stop = StopFlag::new(false);
    train(set, recipe, device, &EvalProtocol::default(), file, &stop, &mut NullObserver)
        .expect("a training")
}

/// Losses of steps on one and the same batch, whose fall shows that the weights move alike.
fn steps(recipe: &Recipe, device: &Device) -> Vec<StepMetrics> {
    let mut learner = Learner::new(recipe, None, &[], device).expect("a learner");
    let dataset = dataset();
    let mut batch = Batch {
        segments: Vec::new(),
        labels: Vec::new(),
        mixed: Vec::new(),
        teacher_probs: Vec::new(),
        logit_offsets: Vec::new(),
        vote_shares: Vec::new(),
        auxiliary_targets: Vec::new(),
    };
    for utterance in 0..6 {
        let samples = &dataset.clips[utterance].samples;
        batch.segments.extend_from_slice(&samples[..recipe.span()]);
        batch.labels.push(dataset.label(utterance));
    }
    (0..8).map(|_| learner.step(batch.clone(), recipe.optimizer.learning_rate)).collect()
}

#[test]
fn steps_follow_those_of_the_cpu() {
    let recipe = recipe();
    let (here, there) = (steps(&recipe, &Device::flex()), steps(&recipe, &second()));
    assert!(here[7].softmax_loss < 0.9 * here[0].softmax_loss, "nothing was learnt: {here:?}");
    for (step, (a, b)) in here.iter().zip(&there).enumerate() {
        // What the weights' first move comes from agrees to rounding. Later on Adam has made whole
        // steps out of gradients that are nothing but rounding, as of a shift before a batch norm.
        let tolerance = if step < 2 { 1e-5 } else { 0.03 };
        let near = |a: f64, b: f64| (a - b).abs() <= tolerance * a.abs();
        assert!(near(a.softmax_loss, b.softmax_loss), "step {step}: {a:?} {b:?}");
        assert!(near(a.center_loss, b.center_loss), "step {step}: {a:?} {b:?}");
    }
}

#[test]
fn a_training_learns_resumes_and_is_evaluated_there() {
    let (dataset, mut recipe) = (dataset(), recipe());
    recipe.epochs = 3;
    let folder = tempfile::tempdir().expect("a folder");
    let here = run(&dataset, &recipe, &Device::flex(), &folder.path().join("here"));
    let there = run(&dataset, &recipe, &second(), &folder.path().join("there"));
    assert_eq!(here.history.len(), there.history.len());
    let (a, b) = (&here.history[0], &there.history[0]);
    assert!((a.loss - b.loss).abs() < 0.02 * a.loss, "{a:?} {b:?}");
    assert!(there.history[2].loss < there.history[0].loss, "{:?}", there.history);

    // A checkpoint that was written there is read here, and the model is used on either.
    let again = run(&dataset, &recipe, &Device::flex(), &folder.path().join("there"));
    assert_eq!(again.history, there.history, "all was done");
    let everything: Vec<usize> = (0..dataset.clips.len()).collect();
    let on = |device: &Device| {
        let recognizer =
            Recognizer::on(there.model.clone(), &device.clone().into()).expect("a recognizer");
        evaluate(&recognizer, &dataset, &everything)
    };
    let (here, there) = (on(&Device::flex()), on(&second()));
    for (a, b) in here.predictions.iter().zip(&there.predictions) {
        for (p, q) in a.probabilities.iter().zip(&b.probabilities) {
            assert!((p - q).abs() < 1e-4, "{a:?} {b:?}");
        }
    }
}

#[test]
fn bf16_is_refused_there() {
    let mut recipe = recipe();
    recipe.precision = Precision::Bf16;
    let refused = Learner::new(&recipe, None, &[], &second()).map(|_| ());
    assert!(matches!(refused, Err(TrainError::Network(_))), "{refused:?}");
    Learner::new(&recipe, None, &[], &Device::flex()).expect("the CPU has it");
}
