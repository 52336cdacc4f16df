//! Cutting a corpus into training, validation and test parts.
//!
//! Recordings with the same samples are one thing here: they share a duplicate group (see
//! [`duplicate_groups`](crate::duplicate_groups)), and a group is never cut. The folds depend on
//! the ids, labels, speakers and groups and on the seed, and on nothing else: neither the order
//! of the utterances nor the number of threads.

mod allowed;
mod block;
mod deal;
mod given;
mod leakage;
mod leave_one_out;
mod published;
mod random;
mod session;
mod shuffle;
mod speaker;
mod validation;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Corpus, CorpusError, Target};

pub use allowed::{AllowedLeakage, LeakageCounts, leakage_counts};
pub(crate) use given::on_given_split;
pub use given::{GivenSplit, given_split};
pub use leakage::{Leakage, check_leakage, check_leakage_between};
pub use validation::{HoldOut, ValidationSplit, validation_split};

/// How a corpus is cut into folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Utterances at random, stratified by class. Speakers are on both sides, so the scores say
    /// nothing about a new speaker; it is the protocol of the paper.
    Random,
    /// Speaker-independent: each fold tests on speakers it has not trained on, with as even a
    /// share of the sexes as can be.
    Speaker,
    /// The speaker-independent folds published with EmoBox (Ma et al., 2024); the seed has no
    /// part in them.
    EmoBox,
    /// One fold for each recording session, in corpora that have sessions.
    Session,
    /// The five speaker-independent folds of RAVDESS by Luna-Jiménez et al. (2021), *Multimodal
    /// Emotion Recognition on RAVDESS Dataset Using Transfer Learning*, Sensors 21(22), 7665; the
    /// seed has no part in them.
    #[serde(rename = "luna-jimenez")]
    LunaJimenez,
    /// Leave one speaker out: one fold for each speaker.
    #[serde(rename = "loso")]
    LeaveOneSpeakerOut,
    /// The folds, or the one division into training, validation and test, that the corpus itself
    /// gives (MELD, a manifest with the column `fold` or `split`); the seed has no part in it.
    /// Validation utterances are in neither part of the fold. Speakers on both sides are refused
    /// unless they are allowed by name, see [`folds_allowing`].
    Given,
}

impl Split {
    /// All splits, in the order of the command line's help.
    pub const ALL: [Self; 7] = [
        Self::Random,
        Self::Speaker,
        Self::EmoBox,
        Self::Session,
        Self::LunaJimenez,
        Self::LeaveOneSpeakerOut,
        Self::Given,
    ];

    /// Whether no speaker may be on both sides. A given split promises nothing; whether it keeps
    /// the speakers of a corpus apart is for [`keeps_speakers_apart`](Self::keeps_speakers_apart).
    #[must_use]
    pub fn is_speaker_independent(self) -> bool {
        !matches!(self, Self::Random | Self::Given)
    }

    /// Whether no speaker of this corpus is on both sides: by the protocol, or by what is given.
    #[must_use]
    pub fn keeps_speakers_apart(self, corpus: &Corpus) -> bool {
        match self {
            Self::Given => given_split(corpus).is_some_and(|given| given.speakers_apart),
            split => split.is_speaker_independent(),
        }
    }

    /// Refuses a target that this split keeps apart: what is tested would never have been trained.
    fn suits(self, corpus: &Corpus) -> Result<(), CorpusError> {
        let kept_apart = match corpus.target {
            Target::Speaker if self.keeps_speakers_apart(corpus) => "speakers",
            Target::Session if self == Self::Session => "sessions",
            _ => return Ok(()),
        };
        Err(CorpusError::UnsupportedSplit {
            corpus: corpus.name.clone(),
            split: self,
            reason: format!(
                "its classes are the {kept_apart}, and those that this split tests on are not \
                 trained on, so none could be recognised; use the random split"
            ),
        })
    }

    /// The number of folds to make of `corpus` where none is asked for: 5, as in the paper, or
    /// as many as the split has in this corpus (0 where it has none, which [`folds`] refuses).
    #[must_use]
    pub fn default_folds(self, corpus: &Corpus) -> usize {
        match self {
            Self::Random | Self::Speaker => 5,
            Self::EmoBox | Self::LunaJimenez => published::test_speakers(corpus, self).len(),
            Self::Session => session::sessions(corpus).len(),
            Self::LeaveOneSpeakerOut => corpus.speakers().len(),
            Self::Given => given_split(corpus).map_or(0, |given| given.folds),
        }
    }

    /// The way to carve out validation data that asks of the model what this split's test asks.
    #[must_use]
    pub fn hold_out(self) -> HoldOut {
        if self.is_speaker_independent() { HoldOut::Speakers } else { HoldOut::Utterances }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Random => "random",
            Self::Speaker => "speaker",
            Self::EmoBox => "emobox",
            Self::Session => "session",
            Self::LunaJimenez => "luna-jimenez",
            Self::LeaveOneSpeakerOut => "loso",
            Self::Given => "given",
        })
    }
}

/// Names are taken without regard to case; `leave-one-speaker-out` is another of `loso`,
/// `leave-one-session-out` of `session`.
impl FromStr for Split {
    type Err = CorpusError;

    fn from_str(name: &str) -> Result<Self, CorpusError> {
        const ALIASES: [(&str, Split); 2] = [
            ("leave-one-speaker-out", Split::LeaveOneSpeakerOut),
            ("leave-one-session-out", Split::Session),
        ];
        let own = Self::ALL.into_iter().map(|split| (split.to_string(), split));
        let aliases = ALIASES.into_iter().map(|(alias, split)| (alias.to_owned(), split));
        own.chain(aliases)
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, split)| split)
            .ok_or_else(|| CorpusError::UnknownSplit(name.to_owned()))
    }
}

/// One fold of a cross-validation. Between them `train` and `test` hold every utterance once; those
/// of a given split leave out its validation utterances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// Number of the fold, from 1.
    pub number: usize,
    /// Indices into [`Corpus::utterances`] to train on, ascending.
    pub train: Vec<usize>,
    /// Indices into [`Corpus::utterances`] to test on, ascending.
    pub test: Vec<usize>,
}

/// Cuts `corpus` into `k` folds; each utterance is in the test part of exactly one. A corpus that
/// gives one division into training, validation and test has one fold, which tests on its test part.
///
/// `groups` has the duplicate group of each utterance, as
/// [`duplicate_groups`](crate::duplicate_groups) gives it. The same corpus, groups and seed give
/// the same folds in every release of this crate.
///
/// # Errors
///
/// [`CorpusError::FoldCount`] where `k` is under 2, over the number of speakers (or sessions), over
/// the utterances of the smallest class, or other than the published number;
/// [`CorpusError::UnsupportedSplit`] where the corpus has no such split, or its classes are what the
/// split keeps apart; [`CorpusError::Leakage`] where published or given folds, sessions or speakers
/// would part a duplicate group, or given folds a speaker's utterances;
/// [`CorpusError::GroupCount`] and [`CorpusError::Invalid`] for contradictory input.
pub fn folds(
    corpus: &Corpus,
    groups: &[usize],
    split: Split,
    k: usize,
    seed: u64,
) -> Result<Vec<Fold>, CorpusError> {
    folds_allowing(corpus, groups, split, k, seed, AllowedLeakage::default())
}

/// [`folds`] that may leak what is allowed by name. What does leak is told by [`leakage_counts`].
///
/// # Errors
///
/// Those of [`folds`], but for the leakage that is allowed.
pub fn folds_allowing(
    corpus: &Corpus,
    groups: &[usize],
    split: Split,
    k: usize,
    seed: u64,
    allowed: AllowedLeakage,
) -> Result<Vec<Fold>, CorpusError> {
    corpus.validate()?;
    if groups.len() != corpus.utterances.len() {
        return Err(CorpusError::GroupCount {
            groups: groups.len(),
            utterances: corpus.utterances.len(),
        });
    }
    split.suits(corpus)?;
    // A split that the corpus does not have is the larger mistake: it is told of first.
    let fold_of = match split {
        Split::Random => random::assign(corpus, groups, k, seed)?,
        Split::Speaker => speaker::assign(corpus, groups, k, seed)?,
        Split::EmoBox | Split::LunaJimenez => published::assign(corpus, split, k)?,
        Split::Session => session::assign(corpus, k)?,
        Split::LeaveOneSpeakerOut => leave_one_out::assign(corpus, k)?,
        Split::Given => {
            let given = given::folds(corpus, k)?;
            return without_leakage(given, corpus, groups, split, allowed);
        }
    };
    let fold = |fold: usize| {
        let (test, train) = (0..fold_of.len()).partition(|&i| fold_of[i] == fold);
        Fold { number: fold + 1, train, test }
    };
    without_leakage((0..k).map(fold).collect(), corpus, groups, split, allowed)
}

fn without_leakage(
    folds: Vec<Fold>,
    corpus: &Corpus,
    groups: &[usize],
    split: Split,
    allowed: AllowedLeakage,
) -> Result<Vec<Fold>, CorpusError> {
    for fold in &folds {
        allowed.but_for(check_leakage(corpus, groups, fold, split)).into_result()?;
    }
    Ok(folds)
}

/// Refuses a corpus that does not say of each utterance who speaks, where speakers must be kept
/// apart.
fn speakers_known(corpus: &Corpus, split: Split) -> Result<(), CorpusError> {
    let unknown = corpus.utterances.iter().filter(|u| u.speaker().is_none()).count();
    if unknown == 0 {
        return Ok(());
    }
    Err(CorpusError::UnsupportedSplit {
        corpus: corpus.name.clone(),
        split,
        reason: format!(
            "who speaks is not known of {unknown} of its {} utterances, so speakers cannot be kept \
             apart; name the speakers (a manifest has a column for them) or use the random split",
            corpus.utterances.len()
        ),
    })
}

/// Refuses fewer than two folds.
fn at_least_two(split: Split, k: usize) -> Result<(), CorpusError> {
    if k < 2 {
        let reason = "cross-validation needs at least 2".to_owned();
        return Err(CorpusError::FoldCount { split, k, reason });
    }
    Ok(())
}
