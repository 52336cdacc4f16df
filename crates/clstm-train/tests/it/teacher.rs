//! Trainings that build on other models: targets that come in part from them, weights that start as theirs.

use std::path::{Path, PathBuf};

use clstm::Model;
use clstm_corpus::Split;
use clstm_nn::Precision;
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CrossValidation, EvalError, InitialModel, NullObserver, Recipe, RunMetrics, StopFlag, Teacher,
    TrainError, Trained, cross_validate,
};

use crate::corpus::{dataset, recipe};
use crate::resume::train_with;

/// A recipe by which the made-up corpus is learnt.
fn patient(share: f64, temperature: f64) -> Recipe {
    let mut recipe = recipe();
    recipe.epochs = 16;
    (recipe.distillation.alpha, recipe.distillation.temperature) = (share, temperature);
    recipe
}

/// A model that predicts low for high, and high for low.
fn contrarian(folder: &Path) -> Model {
    let mut swapped = dataset();
    for utterance in &mut swapped.corpus.utterances {
        utterance.label = 1 - utterance.label;
    }
    let trained = train_with(&swapped, &patient(1.0, 1.0), None, &folder.join("contrarian"), None);
    trained.expect("a training").model
}

fn teacher(models: &[Model]) -> Teacher {
    Teacher::new(models, Precision::F32).expect("a teacher")
}

fn ua(trained: &Trained) -> f64 {
    trained.evaluation.as_ref().expect("tested").metrics.ua
}

#[test]
fn the_share_decides_whether_labels_or_teacher_are_learnt() {
    let folder = tempfile::tempdir().expect("a folder");
    let contrarian = teacher(&[contrarian(folder.path())]);
    for (share, temperature) in [(1.0, 1.0), (1.0, 3.0), (0.05, 1.0)] {
        let recipe = patient(share, temperature);
        let file = folder.path().join(format!("{share}-{temperature}"));
        let distilled =
            train_with(&dataset(), &recipe, Some(&contrarian), &file, None).expect("a training");
        let follows_labels = ua(&distilled);
        match share < 0.5 {
            true => assert!(follows_labels > 0.9, "{follows_labels}"),
            false => assert!(follows_labels < 0.1, "{temperature}: {follows_labels}"),
        }
    }
}

#[test]
fn a_resumed_training_uses_the_same_teacher() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dataset, recipe) = (dataset(), recipe());
    let other = contrarian(folder.path());
    let plain = train_with(&dataset, &recipe, None, &folder.path().join("plain"), None)
        .expect("a training");
    let both = teacher(&[plain.model.clone(), other.clone()]);
    let train = |file: &str, teacher: Option<&Teacher>, brake: Option<usize>| {
        train_with(&dataset, &recipe, teacher, &folder.path().join(file), brake)
    };
    let whole = train("whole", Some(&both), None).expect("a training");
    let bytes = whole.model.to_bytes().expect("a model");
    assert_ne!(bytes, plain.model.to_bytes().expect("a model"), "the teacher was refused");
    for steps in [6, 7] {
        let stopped = train("stopped", Some(&both), Some(steps));
        assert!(matches!(stopped, Err(TrainError::Stopped { .. })));
    }
    for stranger in [None, Some(&teacher(&[other]))] {
        let refused = train("stopped", stranger, None);
        assert!(
            matches!(refused, Err(TrainError::Eval(EvalError::OtherRun { .. }))),
            "another teacher"
        );
    }
    let resumed = train("stopped", Some(&both), None).expect("the rest");
    assert_eq!(bytes, resumed.model.to_bytes().expect("a model"));
}

#[test]
fn models_that_cannot_teach_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = contrarian(folder.path());
    let refuses = |model: Model, recipe: &Recipe, part: &str| {
        let file = folder.path().join("refused");
        let refused = train_with(&dataset(), recipe, Some(&teacher(&[model])), &file, None);
        let message = refused.expect_err("refused").to_string();
        assert!(message.contains(part), "{message}");
    };
    let mut other = model.clone();
    other.info.labels[0] = "deep".to_owned();
    refuses(other, &recipe(), "deep, high");
    let mut other = model.clone();
    other.info.frontend.target_rms = 0.2;
    refuses(other, &recipe(), "level");
    let mut recipe = recipe();
    recipe.calibration_share = 0.1;
    refuses(model.clone(), &recipe, "calibration_share");
    recipe.calibration_share = 0.0;
    recipe.distillation.alpha = 0.0;
    refuses(model, &recipe, "distillation.alpha");
    assert!(matches!(Teacher::new(&[], Precision::F32), Err(TrainError::Empty(_))));
}

/// A run over random folds.
fn folds(out: PathBuf, seed: u64, only: Option<usize>, teachers: Vec<PathBuf>) -> CrossValidation {
    let mut recipe = recipe();
    (recipe.seed, recipe.epochs) = (seed, 2);
    let run = CrossValidation::new(Split::Random, 2, recipe, Device::flex(), out);
    CrossValidation { only, teachers, ..run }
}

fn cross(run: &CrossValidation) -> Result<RunMetrics, TrainError> {
    cross_validate(run, &dataset(), false, &StopFlag::new(false), &mut NullObserver)
}

#[test]
fn a_fold_is_distilled_from_models_without_its_test_utterances() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    cross(&folds(path("one"), 1, None, Vec::new())).expect("a run");
    let distilled =
        cross(&folds(path("distilled"), 1, None, vec![path("one")])).expect("a distilled run");
    let protocol = distilled.protocol.describe();
    assert!(protocol.ends_with(", distilled from clstm"), "{protocol}");
    let again = folds(path("again"), 1, Some(1), vec![path("distilled"), path("one")]);
    let protocol = cross(&again).expect("distilled from the distilled").protocol.describe();
    assert!(
        protocol.ends_with(", distilled from clstm (distilled from clstm)+clstm"),
        "{protocol}"
    );

    // Folds that another seed drew hold other utterances out.
    let strange = cross(&folds(path("strange"), 2, None, vec![path("one")]));
    let message = strange.expect_err("leakage").to_string();
    assert!(message.contains("held out here"), "{message}");
    let unfinished = cross(&folds(path("unfinished"), 1, Some(2), vec![path("again")]));
    let message = unfinished.expect_err("no teacher").to_string();
    assert!(message.contains("no finished fold 2"), "{message}");
    let mut speakers = folds(path("speakers"), 1, None, vec![path("one")]);
    speakers.split = Split::Speaker;
    let message = cross(&speakers).expect_err("other folds").to_string();
    assert!(message.contains("another protocol"), "{message}");
}

#[test]
fn a_fold_starts_from_a_model_without_its_test_utterances() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let from = |name: &str, seed: u64, only: Option<usize>, start: &str| {
        let mut run = folds(path(name), seed, only, Vec::new());
        run.init = Some(InitialModel::read(&path(start)).expect("a start"));
        // A step too small to lead anywhere: what is there was there at the start.
        (run.recipe.epochs, run.recipe.optimizer.learning_rate) = (1, 1e-12);
        cross(&run)
    };
    cross(&folds(path("one"), 1, None, Vec::new())).expect("a run");
    let protocol = from("two", 1, None, "one").expect("a run").protocol.describe();
    assert!(protocol.ends_with(", initialised from clstm, 2 epochs on made-up"), "{protocol}");
    let weights = |run: &str, fold: usize| {
        let model = Model::read(&path(run).join(format!("fold-{fold}/model.safetensors")));
        let model = model.expect("a model");
        let classes = model.tensors.iter().find(|t| t.name == "head.class_weight");
        (classes.expect("a layer").values.clone(), model.info.training.lineage.initialized_from)
    };
    assert_ne!(weights("one", 1), weights("one", 2));
    for fold in [1, 2] {
        let ((now, from), (then, _)) = (weights("two", fold), weights("one", fold));
        assert!(now.iter().zip(&then).all(|(now, then)| (now - then).abs() < 1e-6), "fold {fold}");
        assert_eq!(from.map(|it| it.to_string()).as_deref(), Some("clstm, 2 epochs on made-up"));
    }
    let protocol = from("three", 1, Some(2), "two").expect("a run").protocol.describe();
    let chain = ", initialised from clstm, 1 epochs on made-up, itself initialised from clstm, 2 epochs on made-up";
    assert!(protocol.ends_with(chain), "{protocol}");
    let strange = from("strange", 2, None, "one").expect_err("leakage").to_string();
    assert!(strange.contains("held out here"), "{strange}");

    let mut validated = folds(path("validated"), 1, None, Vec::new());
    let init = InitialModel::read(&path("one")).expect("a run");
    (validated.init, validated.recipe.validation.share) = (Some(init), 0.25);
    let refused = cross(&validated).expect_err("leakage into validation").to_string();
    assert!(refused.contains("would hold out"), "{refused}");

    // A model of this corpus has refused it all; one of another corpus is welcome.
    let mut model = Model::read(&path("one").join("fold-1/model.safetensors")).expect("a model");
    model.write(&path("all.safetensors")).expect("written");
    let refused = from("refused", 1, None, "all.safetensors").expect_err("leakage").to_string();
    assert!(refused.contains("trained on made-up"), "{refused}");
    model.info.training.corpus = "elsewhere".to_owned();
    model.write(&path("elsewhere.safetensors")).expect("written");
    let protocol =
        from("abroad", 1, None, "elsewhere.safetensors").expect("a run").protocol.describe();
    assert!(protocol.ends_with(", initialised from clstm, 2 epochs on elsewhere"), "{protocol}");
    // A model that it builds on may have been trained on this corpus.
    model.info.training.lineage.pretraining_corpora = vec!["made-up".to_owned()];
    model.write(&path("roundabout.safetensors")).expect("written");
    let refused =
        from("chain", 1, None, "roundabout.safetensors").expect_err("leakage").to_string();
    assert!(refused.contains("it builds on, was trained on made-up"), "{refused}");
    let start = Model::read(&path("abroad").join("fold-1/model.safetensors")).expect("a model");
    assert_eq!(start.info.training.lineage.pretraining_corpora, ["elsewhere"]);
}
