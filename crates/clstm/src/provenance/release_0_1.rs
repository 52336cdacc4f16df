//! Reading the sentences that files of release 0.1 hold where there are typed fields now.
//!
//! Release 0.1 described the protocol of a model, of a score and of a calibration in one sentence each, and
//! lineage in phrases. They have few forms, all made by that release's own code:
//!
//! ```text
//! ravdess, random split (speakers in training and test), 5 folds of seed 3, 60 epochs, seed 1, bf16
//! fold 2 of <protocol>: trained on 1152 utterances, validated on 96 more, the other 192 held out
//! trained on all 1440 utterances of ravdess (24 speakers), 60 epochs, seed 1; nothing held out; no scores
//! clstm (taught by clstm-plus) of 50 epochs on tess, itself started from ...
//! ```
//!
//! A sentence of another form is kept as the protocol's `remark`.

mod sentence;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Ancestor, EnsembleMember, EvalProtocol, FoldId, InnerValidation, Lineage};
use crate::calibration::{Calibration, CalibrationMethod, CalibrationScores, RiskPoint};
use crate::info::{HeldOutCounts, Score, TrainingInfo};

/// A field that release 0.1 wrote as a sentence.
#[derive(Deserialize)]
#[serde(untagged)]
enum Field<T> {
    Sentence(String),
    Typed(T),
}

/// A lineage's `initialized_from`, or the phrase of its `started_from`.
pub(super) fn initial_model<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Ancestor>, D::Error> {
    Ok(Option::<Field<Ancestor>>::deserialize(deserializer)?.map(|field| match field {
        // An ensemble of different starts: its members have their own.
        Field::Sentence(text) => {
            sentence::initial_model(text.split_once(" or ").map_or(&text[..], |(first, _)| first))
        }
        Field::Typed(model) => model,
    }))
}

/// A lineage's `distilled_from`, or the names in its `taught_by`.
pub(super) fn teachers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Ancestor>, D::Error> {
    Ok(match Option::<Field<Vec<Ancestor>>>::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Field::Sentence(text)) => {
            sentence::teachers(text.split_once(" or ").map_or(&text[..], |(first, _)| first))
        }
        Some(Field::Typed(models)) => models,
    })
}

/// The members of an ensemble, or their descriptions.
pub(super) fn members<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<EnsembleMember>, D::Error> {
    let fields = Vec::<Field<EnsembleMember>>::deserialize(deserializer)?;
    Ok(fields
        .into_iter()
        .map(|field| match field {
            Field::Sentence(text) => sentence::member(&text),
            Field::Typed(member) => member,
        })
        .collect())
}

/// [`TrainingInfo`] as files hold it.
#[derive(Deserialize)]
pub(crate) struct TrainingForm {
    corpus: String,
    protocol: Field<EvalProtocol>,
    #[serde(default)]
    fold: Option<FoldId>,
    #[serde(default)]
    held_out: HeldOutCounts,
    preset: String,
    epochs: usize,
    seed: u64,
    precision: String,
    #[serde(flatten)]
    lineage: Lineage,
    utterances: usize,
    speakers: Vec<String>,
    test_speakers: Vec<String>,
    scores: Vec<ScoreForm>,
    recipe: Value,
}

impl From<TrainingForm> for TrainingInfo {
    fn from(form: TrainingForm) -> Self {
        let (mut fold, mut held_out) = (form.fold, form.held_out);
        let protocol = match form.protocol {
            Field::Typed(protocol) => protocol,
            Field::Sentence(text) => {
                let found = sentence::training(&text);
                (fold, held_out) = (found.fold, found.held_out);
                let mut protocol = found.protocol;
                // What the sentence has in other words, or not at all.
                if protocol.corpus.is_empty() {
                    protocol.corpus.clone_from(&form.corpus);
                    (protocol.seed, protocol.epochs) = (form.seed, form.epochs);
                }
                protocol.preset.clone_from(&form.preset);
                protocol.precision.clone_from(&form.precision);
                protocol.lineage = form.lineage.clone();
                protocol.validation = recipe_validation(&form.recipe).or(protocol.validation);
                protocol
            }
        };
        // The sentence of a score does not name the preset, which is the model's.
        let scores = form.scores.into_iter().map(|score| score.of_preset(&form.preset)).collect();
        Self {
            corpus: form.corpus,
            protocol,
            fold,
            held_out,
            preset: form.preset,
            epochs: form.epochs,
            seed: form.seed,
            precision: form.precision,
            lineage: form.lineage,
            utterances: form.utterances,
            speakers: form.speakers,
            test_speakers: form.test_speakers,
            scores,
            recipe: form.recipe,
        }
    }
}

/// The validation of a recipe; none where nothing is held out.
fn recipe_validation(recipe: &Value) -> Option<InnerValidation> {
    let found: InnerValidation = serde_json::from_value(recipe.get("validation")?.clone()).ok()?;
    (found.share > 0.0).then_some(found)
}

/// [`Score`] as files hold it.
#[derive(Deserialize)]
pub(crate) struct ScoreForm {
    protocol: Field<EvalProtocol>,
    #[serde(default)]
    fold: Option<FoldId>,
    ua: f64,
    wa: f64,
    macro_f1: f64,
    folds: usize,
}

impl ScoreForm {
    /// The score of a model of this preset, which goes into the protocol of a sentence.
    fn of_preset(self, preset: &str) -> Score {
        let Self { protocol, mut fold, ua, wa, macro_f1, folds } = self;
        let protocol = match protocol {
            Field::Typed(protocol) => protocol,
            Field::Sentence(text) => {
                let mut found = sentence::training(&text);
                fold = found.fold;
                if found.protocol.preset.is_empty() {
                    found.protocol.preset = preset.to_owned();
                }
                found.protocol
            }
        };
        Score { protocol, fold, ua, wa, macro_f1, folds }
    }
}

impl From<ScoreForm> for Score {
    fn from(form: ScoreForm) -> Self {
        form.of_preset("")
    }
}

/// [`Calibration`] as files hold it.
#[derive(Deserialize)]
pub(crate) struct CalibrationForm {
    protocol: Field<EvalProtocol>,
    #[serde(default)]
    folds: usize,
    #[serde(default)]
    method: CalibrationMethod,
    utterances: usize,
    bins: usize,
    uncalibrated: CalibrationScores,
    calibrated: CalibrationScores,
    aurc: f64,
    risk_coverage: Vec<RiskPoint>,
    abstention: Option<RiskPoint>,
}

impl From<CalibrationForm> for Calibration {
    fn from(form: CalibrationForm) -> Self {
        let (mut folds, mut method) = (form.folds, form.method);
        let protocol = match form.protocol {
            Field::Typed(protocol) => protocol,
            Field::Sentence(text) => {
                let found = sentence::calibration(&text);
                (folds, method) = (found.folds, found.method);
                found.protocol
            }
        };
        Self {
            protocol,
            folds,
            method,
            utterances: form.utterances,
            bins: form.bins,
            uncalibrated: form.uncalibrated,
            calibrated: form.calibrated,
            aurc: form.aurc,
            risk_coverage: form.risk_coverage,
            abstention: form.abstention,
        }
    }
}
