//! How scores were obtained.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{InnerValidation, Lineage, ValidationUnit, release_0_1};

/// What is on both sides of a split although the protocol keeps it apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakageCounts {
    /// Speakers who are on both sides of a fold.
    pub speakers: usize,
    /// Training utterances of which a fold tests a copy.
    pub copies: usize,
}

/// A fold of a cross-validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldId {
    /// From 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// How scores were obtained: the data, their split and the training. Sentences for people are made of it, see
/// [`describe`](Self::describe); nothing is decided by comparing those.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvalProtocol {
    /// Corpus name, or the names of joined corpora with `+` between them.
    pub corpus: String,
    /// What the classes are classes of, where that is not the corpus's labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The label map that made the classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_map: Option<String>,
    /// Name of the split; [`NO_SPLIT`](Self::NO_SPLIT) for a training on everything.
    pub split: String,
    /// Whether the split keeps speakers apart; none where its name implies it, and where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speakers_apart: Option<bool>,
    /// What is on both sides of the split, and was allowed to be by name.
    #[serde(default, skip_serializing_if = "LeakageCounts::is_clean")]
    pub leakage: LeakageCounts,
    /// Number of folds; 0 for a training on everything.
    pub folds: usize,
    /// Seed of the training, and of the split where that has none of its own.
    pub seed: u64,
    /// Seed of the split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold_seed: Option<u64>,
    /// Models whose probabilities are averaged; `seed` is the first's.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub models: usize,
    /// These models, where there are several; empty for a single one.
    #[serde(
        default,
        deserialize_with = "release_0_1::members",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub members: Vec<EnsembleMember>,
    /// Preset of the network; those of an ensemble joined by `+`.
    pub preset: String,
    /// Models and corpora that the models of this run build on.
    #[serde(flatten)]
    pub lineage: Lineage,
    /// Epochs of each fold; at most, where validation may end a training.
    pub epochs: usize,
    /// Validation inside the training; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<InnerValidation>,
    /// Utterances of each class that the training drew from its training part (few-shot), at most; none where it used all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shots: Option<usize>,
    /// Arithmetic of the training: `f32` or `bf16`.
    pub precision: String,
    /// Passes of test-time augmentation (TTA) over each test utterance, whose logits are averaged; 1 for none.
    #[serde(default = "one", alias = "views", skip_serializing_if = "is_one")]
    pub tta_passes: usize,
    /// Whether anything was chosen by the test utterances.
    #[serde(default)]
    pub test_used_for_selection: bool,
    /// A sentence of an older file that none of the fields could be read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A model of an ensemble.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EnsembleMember {
    /// Preset of its network.
    pub preset: String,
    /// Models and corpora that it builds on.
    #[serde(flatten)]
    pub lineage: Lineage,
    /// Epochs of its training, at most.
    pub epochs: usize,
    /// Seed of its training.
    pub seed: u64,
    /// Arithmetic of its training.
    pub precision: String,
    /// Validation inside its training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<InnerValidation>,
    /// Utterances of each class that its training drew, at most; none where it used all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shots: Option<usize>,
    /// Passes of test-time augmentation.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub tta_passes: usize,
}

pub(super) fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

impl LeakageCounts {
    /// Whether nothing leaks.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// `2 speakers and 1 recording on both sides`.
impl fmt::Display for LeakageCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let parts = [
            some(self.speakers, "speaker", "speakers"),
            some(self.copies, "recording", "recordings"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => f.write_str("nothing on both sides"),
            false => write!(f, "{} on both sides", parts.join(" and ")),
        }
    }
}

impl EvalProtocol {
    /// The `split` of a training on everything.
    pub const NO_SPLIT: &str = "none";

    /// The corpus, and what its classes are where they are not its labels: `mine (target gender)`.
    #[must_use]
    pub fn subject(&self) -> String {
        let target = self.target.as_ref().map(|target| format!("target {target}"));
        let map = self.label_map.as_ref().map(|map| format!("label map {map}"));
        let classes: Vec<String> = target.into_iter().chain(map).collect();
        match classes.is_empty() {
            true => self.corpus.clone(),
            false => format!("{} ({})", self.corpus, classes.join(", ")),
        }
    }

    /// Whether no speaker is in training and test.
    #[must_use]
    pub fn is_speaker_independent(&self) -> bool {
        match self.split.as_str() {
            "random" | "text" | Self::NO_SPLIT => false,
            "given" => self.speakers_apart == Some(true),
            _ => self.speakers_apart.unwrap_or(self.leakage.speakers == 0),
        }
    }

    /// Whether speakers are known to be in training and test.
    #[must_use]
    pub fn shares_speakers(&self) -> bool {
        let is_unknown = self.split == "given" && self.speakers_apart.is_none();
        !self.is_speaker_independent() && !is_unknown
    }

    /// Whether speakers are in training and test, in words.
    #[must_use]
    pub fn speakers(&self) -> &'static str {
        match self.shares_speakers() {
            true => "speakers in training and test",
            false if self.is_speaker_independent() => "speaker-independent",
            false => "speakers not named",
        }
    }

    /// One line for people: what was split how, whether speakers are shared, how the models were trained, and what
    /// leaks. The arithmetic is named where it is not `f32`.
    #[must_use]
    pub fn describe(&self) -> String {
        if let Some(remark) = &self.remark {
            return remark.clone();
        }
        let training = match self.members.as_slice() {
            [] => self.describe_training(),
            members => {
                let members: Vec<String> =
                    members.iter().map(|it| it.describe(self.validation_unit())).collect();
                format!("ensemble of {} models ({})", self.models, members.join("; "))
            }
        };
        if self.split == Self::NO_SPLIT {
            return format!("{}, {training}", self.subject());
        }
        let leakage = match self.leakage.is_clean() {
            true => String::new(),
            false => format!("; LEAKAGE: {}", self.leakage),
        };
        let folds = self.fold_seed.map_or(String::new(), |seed| format!(" of seed {seed}"));
        format!(
            "{}, {} split ({}), {} folds{folds}, {training}{leakage}",
            self.subject(),
            self.split,
            self.speakers(),
            self.folds,
        )
    }

    /// The training's part of [`describe`](Self::describe).
    pub(super) fn describe_training(&self) -> String {
        let models = match self.models {
            0 | 1 => String::new(),
            count if self.preset.contains('+') => {
                format!(", ensemble of {count} models ({})", self.preset.replace('+', ", "))
            }
            count => format!(", ensemble of {count} models"),
        };
        self.as_member().training(&models, self.validation_unit())
    }

    /// What the validation of this protocol holds out.
    fn validation_unit(&self) -> ValidationUnit {
        match (self.split.as_str(), self.speakers_apart) {
            ("random" | "given" | "text", _) | (_, Some(false)) => ValidationUnit::Utterances,
            _ => ValidationUnit::Speakers,
        }
    }

    fn as_member(&self) -> EnsembleMember {
        EnsembleMember {
            preset: self.preset.clone(),
            lineage: self.lineage.clone(),
            epochs: self.epochs,
            seed: self.seed,
            precision: self.precision.clone(),
            validation: self.validation,
            shots: self.shots,
            tta_passes: self.tta_passes,
        }
    }

    /// What this run brings into an ensemble: itself, or its own members.
    #[must_use]
    pub fn as_members(&self) -> Vec<EnsembleMember> {
        match self.members.as_slice() {
            [] => vec![self.as_member()],
            members => members.to_vec(),
        }
    }

    /// The part that runs on the same folds share, however their models were trained. Two runs of equal parts may
    /// still have drawn different folds: compare [`split_seed`](Self::split_seed) or the test utterances.
    #[must_use]
    pub fn without_training(&self) -> Self {
        Self {
            corpus: self.corpus.clone(),
            target: self.target.clone(),
            label_map: self.label_map.clone(),
            split: self.split.clone(),
            speakers_apart: self.speakers_apart,
            leakage: self.leakage,
            folds: self.folds,
            models: 1,
            tta_passes: 1,
            test_used_for_selection: self.test_used_for_selection,
            remark: self.remark.clone(),
            ..Self::default()
        }
    }

    /// Seed of the split.
    #[must_use]
    pub fn split_seed(&self) -> u64 {
        self.fold_seed.unwrap_or(self.seed)
    }

    /// Whether both protocols make the same folds of the same corpus.
    #[must_use]
    pub fn has_folds_of(&self, other: &Self) -> bool {
        self.without_training() == other.without_training()
            && self.split_seed() == other.split_seed()
    }

    /// Whether both are protocols of the same run. What a record of release 0.1 does not have of a lineage counts
    /// as equal.
    #[must_use]
    pub fn is_of_run(&self, other: &Self) -> bool {
        let rest = |of: &Self| {
            let members = of
                .members
                .iter()
                .map(|member| EnsembleMember { lineage: Lineage::default(), ..member.clone() });
            Self { lineage: Lineage::default(), members: members.collect(), ..of.clone() }
        };
        let members = self.members.iter().zip(&other.members);
        rest(self) == rest(other)
            && self.lineage.agrees_with(&other.lineage)
            && members.into_iter().all(|(ours, theirs)| ours.lineage.agrees_with(&theirs.lineage))
    }
}

impl EnsembleMember {
    /// Preset and training in words.
    fn describe(&self, unit: ValidationUnit) -> String {
        format!("{}, {}", self.preset, self.training("", unit))
    }

    fn training(&self, models: &str, unit: ValidationUnit) -> String {
        let arithmetic = match self.precision.as_str() {
            "" | "f32" => String::new(),
            other => format!(", {other}"),
        };
        let validation =
            self.validation.map_or(String::new(), |it| format!(", {}", it.describe(unit)));
        let shots = match self.shots {
            None => String::new(),
            Some(1) => ", 1 training utterance of each class".to_owned(),
            Some(count) => format!(", {count} training utterances of each class"),
        };
        let tta = match self.tta_passes {
            0 | 1 => String::new(),
            count => format!(", test-time augmentation of {count} passes"),
        };
        let Self { epochs, seed, lineage, .. } = self;
        format!("{epochs} epochs, seed {seed}{arithmetic}{lineage}{models}{shots}{validation}{tta}")
    }
}
