//! Auxiliary tasks in training.

use std::f32::consts::TAU;
use std::path::Path;

use clstm::Recognizer;
use clstm_corpus::{Sex, Target};
use clstm_train::{AuxiliaryTask, Dataset, EvalError, Recipe, TrainError, Trained};

use crate::corpus::{dataset, recipe};
use crate::resume::train_with;

/// The synthetic corpus; every other utterance of a class has a tremolo, which its statement encodes.
fn trembling() -> Dataset {
    let mut dataset = dataset();
    let all = dataset.corpus.utterances.iter_mut().zip(&mut dataset.clips);
    for (i, (utterance, clip)) in all.enumerate() {
        let trembles = i / 2 % 2 == 1;
        utterance.statement = Some(if trembles { "trembling" } else { "steady" }.to_owned());
        if trembles {
            for (t, x) in clip.samples.iter_mut().enumerate() {
                *x *= 1.0 + 0.8 * (TAU * 12.0 * t as f32 / 16_000.0).sin();
            }
        }
    }
    dataset
}

/// Without the compression, which would take out half of the trembling.
fn uncompressed() -> Recipe {
    let mut recipe = recipe();
    recipe.network.compression = None;
    recipe
}

fn asking(target: Target, weight: f64, gradient_reversal: bool) -> Recipe {
    let auxiliary_tasks = vec![AuxiliaryTask { target, weight, gradient_reversal }];
    Recipe { auxiliary_tasks, epochs: 16, ..uncompressed() }
}

fn trained(dataset: &Dataset, recipe: &Recipe, file: &Path) -> Trained {
    train_with(dataset, recipe, None, file, None).expect("a training")
}

/// How far the deep features of trembling and steady utterances of one class lie apart, in units of how far they
/// scatter; mean over both classes.
fn accuracy_of_task(trained: &Trained, dataset: &Dataset) -> f64 {
    let recognizer = Recognizer::new(trained.model.clone()).expect("a recognizer");
    let clips: Vec<_> = dataset.clips.iter().collect();
    let features: Vec<Vec<f64>> =
        recognizer.score_clips(&clips).into_iter().map(|scores| scores.features).collect();
    let apart = |class: usize| {
        let of = |trembles: usize| -> Vec<&Vec<f64>> {
            let chosen = |i: &usize| i % 2 == class && i / 2 % 2 == trembles;
            (0..features.len()).filter(chosen).map(|i| &features[i]).collect()
        };
        let [steady, trembling] = [of(0), of(1)];
        let mean = |rows: &[&Vec<f64>], k: usize| {
            rows.iter().map(|row| row[k]).sum::<f64>() / rows.len() as f64
        };
        let (mut between, mut within) = (0.0, 0.0);
        for k in 0..features[0].len() {
            let means = [mean(&steady, k), mean(&trembling, k)];
            between += (means[0] - means[1]).powi(2);
            for (rows, mean) in [&steady, &trembling].into_iter().zip(means) {
                within +=
                    rows.iter().map(|row| (row[k] - mean).powi(2)).sum::<f64>() / rows.len() as f64;
            }
        }
        between / within
    };
    (apart(0) + apart(1)) / 2.0
}

#[test]
fn the_deep_feature_carries_an_auxiliary_target_by_its_weight() {
    let folder = tempfile::tempdir().expect("a folder");
    let dataset = trembling();
    let apart = |name: &str, recipe: &Recipe| {
        let trained = trained(&dataset, recipe, &folder.path().join(name));
        assert!(trained.evaluation.as_ref().expect("tested").metrics.ua > 0.9, "{name}");
        accuracy_of_task(&trained, &dataset)
    };
    let plain = apart("plain", &Recipe { epochs: 16, ..uncompressed() });
    let [little, much] = [0.3, 3.0]
        .map(|weight| apart(&weight.to_string(), &asking(Target::Statement, weight, false)));
    assert!(little > 1.5 * plain && much > 1.5 * little, "{plain}, {little}, {much}");
}

#[test]
fn a_model_file_holds_nothing_of_the_tasks() {
    let folder = tempfile::tempdir().expect("a folder");
    let dataset = trembling();
    let short = |recipe: Recipe| Recipe { epochs: 2, ..recipe };
    let plain = trained(&dataset, &short(uncompressed()), &folder.path().join("plain")).model;
    let asked = short(asking(Target::Statement, 1.0, false));
    let asked = trained(&dataset, &asked, &folder.path().join("asked")).model;
    let names = |model: &clstm::Model| -> Vec<String> {
        model.tensors.iter().map(|tensor| tensor.name.clone()).collect()
    };
    assert_eq!(names(&asked), names(&plain));
    assert_ne!(asked.tensors, plain.tensors, "the task was asked");
}

#[test]
fn a_resumed_training_keeps_its_tasks_and_refuses_other_targets() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dataset = trembling();
    // Some attributes of some speakers are unknown.
    dataset.corpus.utterances[5].statement = None;
    let mut recipe = asking(Target::Statement, 0.5, false);
    recipe.epochs = 4;
    recipe.auxiliary_tasks.push(AuxiliaryTask {
        target: Target::Speaker,
        weight: 0.1,
        gradient_reversal: true,
    });
    let whole = trained(&dataset, &recipe, &folder.path().join("whole"));
    let file = folder.path().join("stopped");
    for steps in [5, 6] {
        let stopped = train_with(&dataset, &recipe, None, &file, Some(steps));
        assert!(matches!(stopped, Err(TrainError::Stopped { .. })));
    }
    let mut other = trembling();
    other.corpus.utterances[6].statement = None;
    let refused = train_with(&other, &recipe, None, &file, None);
    assert!(matches!(refused, Err(TrainError::Eval(EvalError::OtherRun { .. }))), "other targets");
    let resumed = trained(&dataset, &recipe, &file);
    assert_eq!(
        whole.model.to_bytes().expect("a model"),
        resumed.model.to_bytes().expect("a model")
    );
}

#[test]
fn tasks_that_cannot_be_asked_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut dataset = trembling();
    dataset.corpus.utterances.iter_mut().for_each(|u| u.sex = Some(Sex::Female));
    let refuses = |recipe: &Recipe, part: &str| {
        let refused = train_with(&dataset, recipe, None, &folder.path().join("refused"), None);
        let message = refused.expect_err("refused").to_string();
        assert!(message.contains("tasks") && message.contains(part), "{message}");
    };
    refuses(&asking(Target::Label, 1.0, false), "what the network predicts already");
    refuses(&asking(Target::Intensity, 1.0, false), "nothing is known of it in made-up");
    refuses(&asking(Target::Sex, 1.0, false), "\"female\" wherever it is known");
    refuses(&asking(Target::Speaker, 0.0, false), "weight must be");
    refuses(&asking(Target::Speaker, f64::NAN, false), "weight must be");
}
