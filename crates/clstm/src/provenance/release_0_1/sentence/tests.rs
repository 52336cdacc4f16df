use super::{calibration, initial_model, member, teachers, training};
use crate::calibration::CalibrationMethod;
use crate::info::HeldOutCounts;
use crate::provenance::{FoldId, LeakageCounts, SelectedWeights};

/// Each sentence was written by release 0.1.
#[test]
fn a_fold_of_a_plain_run() {
    let found = training(
        "fold 2 of ravdess, random split (speakers in training and test), 5 folds, 60 epochs, seed 1, bf16: \
         trained on 1152 utterances, the other 288 held out",
    );
    assert_eq!(found.fold, Some(FoldId { number: 2, of: 5 }));
    assert_eq!(found.held_out, HeldOutCounts { test: 288, validation: 0, calibration: 0 });
    let protocol = found.protocol;
    assert_eq!((protocol.corpus.as_str(), protocol.split.as_str()), ("ravdess", "random"));
    assert_eq!((protocol.epochs, protocol.seed, protocol.folds), (60, 1, 5));
    assert_eq!((protocol.precision.as_str(), protocol.models, protocol.tta_passes), ("bf16", 1, 1));
    assert_eq!((protocol.fold_seed, &protocol.remark), (None, &None));
    assert!(protocol.lineage.is_empty() && protocol.leakage.is_clean());
}

#[test]
fn a_fold_with_everything() {
    let found = training(
        "fold 3 of mine-0a1b2c3d (target emotion, label map basic-four-1f2e), given split (speakers in training \
         and test), 4 folds of seed 7, 40 epochs, seed 2, bf16, started from clstm (taught by clstm-plus) of 50 \
         epochs on tess, itself started from clstm of 5 epochs on savee+emodb, taught by clstm+clstm-plus, \
         validation of 12.5% of the training utterances, ended by 5 looks without a smaller loss, weights of the \
         smallest loss, 8 views of each utterance; LEAKAGE: 2 speakers and 1 recording on both sides: trained on \
         70 utterances, validated on 10 more, its confidences scaled on 8 more, the other 12 held out",
    );
    assert_eq!(found.fold, Some(FoldId { number: 3, of: 4 }));
    assert_eq!(found.held_out, HeldOutCounts { test: 12, validation: 10, calibration: 8 });
    let protocol = found.protocol;
    assert_eq!(protocol.corpus, "mine-0a1b2c3d");
    assert_eq!(protocol.target.as_deref(), Some("emotion"));
    assert_eq!(protocol.label_map.as_deref(), Some("basic-four-1f2e"));
    assert_eq!((protocol.fold_seed, protocol.speakers_apart), (Some(7), Some(false)));
    assert_eq!(protocol.leakage, LeakageCounts { speakers: 2, copies: 1 });
    assert_eq!(protocol.tta_passes, 8);
    let validation = protocol.validation.expect("a validation");
    assert_eq!((validation.share, validation.patience), (0.125, 5));
    assert_eq!(validation.select, SelectedWeights::Best);
    let start = protocol.lineage.initialized_from.expect("a start");
    assert_eq!((start.epochs, start.corpus.as_deref()), (Some(50), Some("tess")));
    assert_eq!(start.distilled_from[0].preset, "clstm-plus");
    assert_eq!(start.initialized_from.expect("one before").corpus.as_deref(), Some("savee+emodb"));
    let teachers: Vec<&str> =
        protocol.lineage.distilled_from.iter().map(|model| model.preset.as_str()).collect();
    assert_eq!(teachers, ["clstm", "clstm-plus"]);
}

#[test]
fn a_training_on_everything() {
    let found = training(
        "trained on 1296 of the 1440 utterances of ravdess (24 speakers), 60 epochs, seed 1, bf16; validation of \
         10% of the training speakers; no scores",
    );
    assert_eq!((found.fold, found.held_out.validation), (None, 144));
    assert_eq!((found.protocol.split.as_str(), found.protocol.folds), ("none", 0));
    assert_eq!((found.protocol.corpus.as_str(), found.protocol.epochs), ("ravdess", 60));
    assert_eq!(found.protocol.remark, None);
    let all = training(
        "trained on all 12 utterances of mine (target gender) (2 speakers), 3 epochs, seed 1; nothing held out; \
         no scores",
    );
    assert_eq!(all.protocol.target.as_deref(), Some("gender"));
    assert_eq!((all.held_out, all.protocol.precision.as_str()), (HeldOutCounts::default(), "f32"));
}

#[test]
fn ensembles_and_their_members() {
    let found = training(
        "ravdess, emobox split (speaker-independent), 6 folds, mean of 2 models (clstm-plus, 60 epochs, seed 1, \
         bf16, 8 views of each utterance; clstm, 50 epochs, seed 2, taught by clstm-plus) (only 3 of the folds \
         done)",
    );
    let protocol = found.protocol;
    assert_eq!((protocol.models, protocol.members.len()), (2, 2), "{:?}", protocol.remark);
    assert_eq!((protocol.preset.as_str(), protocol.epochs), ("clstm-plus+clstm", 60));
    assert_eq!((protocol.members[0].tta_passes, protocol.members[1].seed), (8, 2));
    assert_eq!(protocol.members[1].lineage.teachers().as_deref(), Some("clstm-plus"));
    let old = training(
        "ravdess, random split (speakers in training and test), 5 folds of seed 1, 50 epochs, seed 1, mean of 3 \
         models",
    );
    assert_eq!((old.protocol.models, old.protocol.remark), (3, None));
    assert_eq!(member("a preset of its own").preset, "a preset of its own");
}

#[test]
fn a_calibration() {
    let found = calibration(
        "ravdess, emobox split (speaker-independent), 6 folds, 60 epochs, seed 1, bf16; 1440 test utterances of 5 \
         of 6 folds; each fold's temperature and top-label scaling fitted on the out-of-fold predictions of the \
         other folds (cross-fit)",
    );
    assert_eq!((found.folds, found.method), (5, CalibrationMethod::CrossFit));
    assert_eq!((found.protocol.folds, found.protocol.epochs), (6, 60));
    let other = calibration("made-up; each fold's scaling was held out of its training");
    assert_eq!((other.folds, other.method), (0, CalibrationMethod::HeldOut));
    assert!(other.protocol.remark.is_some());
}

#[test]
fn what_is_of_no_known_form_is_kept() {
    for text in [
        "",
        "made-up",
        "fold 2 of nothing",
        "fold x of a, b split (c), d folds, e: trained on f",
        "trained on all utterances",
        "a, b split (c), 5 folds, 60 epochs, seed one",
        "a, b split (c), 5 folds, 6 epochs, seed 1; LEAKAGE: some",
    ] {
        let found = training(text);
        assert_eq!(found.protocol.remark.as_deref(), Some(text));
        assert_eq!(found.protocol.describe(), text);
        assert_eq!(found.fold, None);
    }
    assert_eq!(initial_model("an older phrase").preset, "an older phrase");
    assert_eq!(teachers("a (taught by b+c (taught by d))+e").len(), 2);
}
