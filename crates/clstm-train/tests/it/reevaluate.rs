//! A run's models in other views.

use std::path::Path;

use clstm::{Model, TtaConfig};
use clstm_corpus::Split;
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CrossValidation, EvalError, NullObserver, Recipe, RunMetrics, StopFlag, TrainError,
    cross_validate, read_predictions, reevaluate,
};

use crate::corpus::{dataset, recipe};

const SEVERAL: TtaConfig = TtaConfig { shifts: 3, polarity: true };

fn run(out: &Path, change: impl Fn(&mut Recipe)) -> RunMetrics {
    let mut recipe = recipe();
    recipe.epochs = 2;
    change(&mut recipe);
    let run = CrossValidation::new(Split::Speaker, 2, recipe, Device::flex(), out.to_owned());
    cross_validate(&run, &dataset(), false, &StopFlag::new(false), &mut NullObserver)
        .expect("a run")
}

fn again(from: &Path, to: &Path) -> Result<RunMetrics, TrainError> {
    reevaluate(from, SEVERAL, &dataset(), &Device::flex(), to, &mut NullObserver)
}

#[test]
fn a_reevaluated_run_is_the_run_that_had_the_augmentation_from_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let plain = run(&path("plain"), |_| {});
    let started = run(&path("started"), |recipe| recipe.frontend.tta = SEVERAL);
    let reevaluated = again(&path("plain"), &path("reevaluated")).expect("a re-evaluated run");
    let protocol = reevaluated.protocol.describe();
    assert!(protocol.ends_with(", test-time augmentation of 6 passes"), "{protocol}");
    assert_eq!((&reevaluated.protocol, reevaluated.mean), (&started.protocol, started.mean));
    assert_eq!(reevaluated.calibration, started.calibration);
    assert!(!plain.protocol.describe().contains("augmentation"));
    for fold in ["fold-1", "fold-2"] {
        let file = |run: &str, name: &str| path(run).join(fold).join(name);
        let protocol =
            |run| read_predictions(&file(run, "predictions.jsonl"), 2).expect("predictions");
        assert_eq!(protocol("reevaluated"), protocol("started"));
        assert_ne!(protocol("reevaluated"), protocol("plain"));
        // Evaluations during the training had another augmentation.
        for name in ["model.safetensors", "features.safetensors"] {
            let bytes = |run| std::fs::read(file(run, name)).expect("a file");
            assert!(bytes("reevaluated") == bytes("started"), "{fold}/{name}");
        }
        let model = Model::read(&file("reevaluated", "model.safetensors")).expect("a model");
        assert_eq!(model.info.frontend.tta, SEVERAL);
    }
    let refused = again(&path("plain"), &path("reevaluated"));
    assert!(
        matches!(refused, Err(TrainError::Eval(EvalError::RunExists { .. }))),
        "nothing is overwritten"
    );
}

#[test]
fn what_cannot_be_reevaluated_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    run(&path("scaled"), |recipe| recipe.calibration_share = 0.25);
    let refused = again(&path("scaled"), &path("a")).expect_err("scaled in other views");
    assert!(refused.to_string().contains("held-out utterances"), "{refused}");

    run(&path("plain"), |_| {});
    let mut other = dataset();
    other.corpus.utterances[0].id = "another".to_owned();
    let (views, device) = (SEVERAL, Device::flex());
    let refused = reevaluate(&path("plain"), views, &other, &device, &path("b"), &mut NullObserver);
    let message = refused.expect_err("another corpus").to_string();
    assert!(message.contains("the corpus does not have"), "{message}");
    let none = TtaConfig { shifts: 0, polarity: false };
    let refused =
        reevaluate(&path("plain"), none, &dataset(), &device, &path("c"), &mut NullObserver);
    assert!(refused.expect_err("no view").to_string().contains("tta.shifts"));
    assert!(again(&path("nowhere"), &path("d")).is_err());
}
