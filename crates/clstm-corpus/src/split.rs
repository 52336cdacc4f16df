//! Cutting a corpus into training, validation and test parts.
//!
//! Recordings with the same samples share a duplicate group (see
//! [`duplicate_groups`](crate::duplicate_groups)), and a group is never cut. The folds depend on the
//! ids, labels, speakers, statements and groups and on the seed, and on nothing else: neither on the
//! order of the utterances nor on the number of threads.

mod assign;
mod corpus;
mod given;
mod groups;
mod leakage;
mod leakage_policy;
mod leave_one_out;
mod published;
mod random;
mod session;
mod shuffle;
mod speaker;
mod text;
mod validation;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::registry::{self, PublishedFolds};
use crate::spelling::similar_speakers;
use crate::{Corpus, CorpusError, Target};

pub(crate) use given::on_given_split;
pub use given::{GivenSplit, given_split};
pub use leakage::{Leakage, check_leakage, check_leakage_between};
pub use leakage_policy::{AllowedLeakage, LeakageCounts, leakage_counts};
pub use validation::{HoldOutUnit, ValidationSplit, validation_split};

/// How a corpus is cut into folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Split {
    /// Utterances at random, stratified by class. Speakers are on both sides, so the figures do not
    /// hold for unseen speakers; it is the protocol of the paper.
    Random,
    /// Speaker-independent: each fold tests on speakers it has not trained on, with as even a
    /// share of the sexes as can be.
    Speaker,
    /// The folds published with EmoBox (Ma et al., 2024); the seed has no influence. Those of RAVDESS,
    /// SAVEE and IEMOCAP keep speakers apart, those of CREMA-D, TESS and ASED do not, see
    /// [`keeps_speakers_apart`](Self::keeps_speakers_apart).
    EmoBox,
    /// One fold for each recording session, in corpora that have sessions.
    Session,
    /// The five speaker-independent folds of RAVDESS by Luna-Jiménez et al. (2021), *Multimodal
    /// Emotion Recognition on RAVDESS Dataset Using Transfer Learning*, Sensors 21(22), 7665; the
    /// seed has no influence.
    #[serde(rename = "luna-jimenez")]
    LunaJimenez,
    /// Text-independent: each fold tests on statements it has not trained on. Speakers are on both
    /// sides.
    Text,
    /// Text- and speaker-independent: each fold tests on the utterances whose statement and speaker
    /// are both held out, and trains on those with neither; utterances with one of the two are in
    /// neither part. A fold thus uses a part of the corpus only.
    #[serde(rename = "text-speaker")]
    TextSpeaker,
    /// Leave one speaker out: one fold for each speaker.
    #[serde(rename = "loso")]
    LeaveOneSpeakerOut,
    /// Leave one corpus out, of several joined: one fold for each corpus, which tests on it and trains
    /// on the others. Training leaves out every recording of a speaker of the test corpus (RAVDESS and
    /// its songs have the same actors), the test every class that is not trained.
    #[serde(rename = "corpus")]
    LeaveOneCorpusOut,
    /// The folds, or the one division into training, validation and test, that the corpus itself
    /// defines (MELD, a manifest with the column `fold` or `split`); the seed has no influence.
    /// Validation utterances are in neither part of the fold. Speakers on both sides are refused
    /// unless they are allowed by name, see [`folds_allowing`].
    Given,
}

impl Split {
    /// All splits, in the order of the command line's help.
    pub const ALL: [Self; 10] = [
        Self::Random,
        Self::Speaker,
        Self::EmoBox,
        Self::Session,
        Self::LunaJimenez,
        Self::Text,
        Self::TextSpeaker,
        Self::LeaveOneSpeakerOut,
        Self::LeaveOneCorpusOut,
        Self::Given,
    ];

    /// Whether the split promises that no speaker is on both sides, in the corpus of this name. A given
    /// split promises nothing; whether it keeps the speakers of a corpus apart is the result of
    /// [`keeps_speakers_apart`](Self::keeps_speakers_apart).
    #[must_use]
    pub fn is_speaker_independent(self, corpus: &str) -> bool {
        match self {
            Self::Random | Self::Given | Self::Text => false,
            Self::EmoBox | Self::LunaJimenez => {
                let published = published::of(corpus, self);
                !matches!(published, Some(PublishedFolds::TestIds(_)))
            }
            Self::Speaker
            | Self::Session
            | Self::TextSpeaker
            | Self::LeaveOneSpeakerOut
            | Self::LeaveOneCorpusOut => true,
        }
    }

    /// Whether no speaker of this corpus is on both sides: by the protocol, or by what is given.
    #[must_use]
    pub fn keeps_speakers_apart(self, corpus: &Corpus) -> bool {
        match self {
            Self::Given => given_split(corpus).is_some_and(|given| given.speakers_apart),
            split => split.is_speaker_independent(&corpus.name),
        }
    }

    /// Whether no statement is on both sides.
    #[must_use]
    pub fn is_text_independent(self) -> bool {
        matches!(self, Self::Text | Self::TextSpeaker)
    }

    /// Refuses a target that this split keeps apart: what is tested would never have been trained.
    fn suits(self, corpus: &Corpus) -> Result<(), CorpusError> {
        let kept_apart = match corpus.target {
            Target::Speaker if self.keeps_speakers_apart(corpus) => "speakers",
            Target::Session if self == Self::Session => "sessions",
            Target::Statement if self.is_text_independent() => "statements",
            Target::Corpus if self == Self::LeaveOneCorpusOut => "corpora",
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

    /// The default number of folds of `corpus`: 5, as in the paper, or as many as the split has in this
    /// corpus (0 where it has none, which [`folds`] refuses).
    #[must_use]
    pub fn default_folds(self, corpus: &Corpus) -> usize {
        match self {
            Self::Random | Self::Speaker => 5,
            Self::EmoBox | Self::LunaJimenez => {
                published::of(&corpus.name, self).map_or(0, PublishedFolds::count)
            }
            Self::Session => session::sessions(corpus).len(),
            Self::Text => text::statements(corpus).len().min(5),
            Self::TextSpeaker => text::statements(corpus).len().min(corpus.speakers().len()).min(5),
            Self::LeaveOneSpeakerOut => corpus.speakers().len(),
            Self::LeaveOneCorpusOut => corpus::names(corpus).len(),
            Self::Given => given_split(corpus).map_or(0, |given| given.folds),
        }
    }

    /// The unit of validation data that matches this split's test in the corpus of this name: whole
    /// speakers where the split keeps them apart, utterances elsewhere.
    #[must_use]
    pub fn hold_out(self, corpus: &str) -> HoldOutUnit {
        match self.is_speaker_independent(corpus) {
            true => HoldOutUnit::Speakers,
            false => HoldOutUnit::Utterances,
        }
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
            Self::Text => "text",
            Self::TextSpeaker => "text-speaker",
            Self::LeaveOneSpeakerOut => "loso",
            Self::LeaveOneCorpusOut => "corpus",
            Self::Given => "given",
        })
    }
}

/// Names ignore case; `leave-one-speaker-out` is an alias of `loso`, `leave-one-session-out` of
/// `session`, `leave-one-corpus-out` of `corpus`.
impl FromStr for Split {
    type Err = CorpusError;

    fn from_str(name: &str) -> Result<Self, CorpusError> {
        const ALIASES: [(&str, Split); 3] = [
            ("leave-one-speaker-out", Split::LeaveOneSpeakerOut),
            ("leave-one-session-out", Split::Session),
            ("leave-one-corpus-out", Split::LeaveOneCorpusOut),
        ];
        let own = Self::ALL.into_iter().map(|split| (split.to_string(), split));
        let aliases = ALIASES.into_iter().map(|(alias, split)| (alias.to_owned(), split));
        own.chain(aliases)
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, split)| split)
            .ok_or_else(|| CorpusError::UnknownSplit(name.to_owned()))
    }
}

/// One fold of a cross-validation. Together `train` and `test` hold every utterance once, but for the
/// validation utterances of a given split and what [`Split::TextSpeaker`] and
/// [`Split::LeaveOneCorpusOut`] leave out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// Number of the fold, from 1.
    pub number: usize,
    /// Indices into [`Corpus::utterances`] to train on, ascending.
    pub train: Vec<usize>,
    /// Indices into [`Corpus::utterances`] to test on, ascending.
    pub test: Vec<usize>,
}

/// Cuts `corpus` into `k` folds; each utterance is in the test part of at most one. A corpus with one
/// division into training, validation and test has one fold, which tests on its test part.
///
/// `groups` has the duplicate group of each utterance, as
/// [`duplicate_groups`](crate::duplicate_groups) gives it. The same corpus, groups and seed give
/// the same folds in every release of this crate.
///
/// # Errors
///
/// [`CorpusError::FoldCount`] where `k` is under 2, over the number of speakers (sessions, statements),
/// over the utterances of the smallest class, or other than the published number;
/// [`CorpusError::UnsupportedSplit`] where the corpus has no such split, or its classes are what the
/// split keeps apart; [`CorpusError::SimilarSpeakers`] where the split keeps speakers apart and some
/// differ in their spelling alone; [`CorpusError::Leakage`] where published or given folds, sessions or
/// speakers would part a duplicate group, or given folds a speaker's utterances;
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

/// [`folds`] with leakage that is allowed by name; [`leakage_counts`] counts what leaks.
///
/// # Errors
///
/// Those of [`folds`], except for the leakage that is allowed.
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
    // Name an unsupported split before other mistakes.
    split.suits(corpus)?;
    if split.keeps_speakers_apart(corpus) {
        spelt_alike(corpus, split)?;
    }
    let fold_of = match split {
        Split::Random => random::assign(corpus, groups, k, seed)?,
        Split::Speaker => speaker::assign(corpus, groups, k, seed)?,
        Split::EmoBox | Split::LunaJimenez => match published::assign(corpus, split, k)? {
            published::Assignment::FoldOf(fold_of) => fold_of,
            published::Assignment::Folds(folds) => {
                return without_leakage(folds, corpus, groups, split, allowed);
            }
        },
        Split::Session => session::assign(corpus, k)?,
        Split::Text => text::assign(corpus, groups, k, seed)?,
        Split::LeaveOneSpeakerOut => leave_one_out::assign(corpus, k)?,
        Split::TextSpeaker => {
            let folds = text::folds_apart(corpus, groups, k, seed)?;
            return without_leakage(folds, corpus, groups, split, allowed);
        }
        Split::LeaveOneCorpusOut => {
            let folds = corpus::folds(corpus, k)?;
            return without_leakage(folds, corpus, groups, split, allowed);
        }
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

/// Refuses speakers whose names differ in their spelling alone, such as `Anna` and `anna` or `1` and
/// `01`: if they are one person, that person would be on both sides.
fn spelt_alike(corpus: &Corpus, split: Split) -> Result<(), CorpusError> {
    // The names of an official release are what they are.
    if registry::adapter(&corpus.name).is_some_and(|adapter| adapter.info.speakers.is_some()) {
        return Ok(());
    }
    match similar_speakers(corpus).into_iter().next() {
        None => Ok(()),
        Some(speakers) => {
            let corpus = corpus.name.clone();
            Err(CorpusError::SimilarSpeakers { corpus, split, speakers })
        }
    }
}

fn without_leakage(
    folds: Vec<Fold>,
    corpus: &Corpus,
    groups: &[usize],
    split: Split,
    allowed: AllowedLeakage,
) -> Result<Vec<Fold>, CorpusError> {
    for fold in &folds {
        allowed.excluding(check_leakage(corpus, groups, fold, split)).into_result()?;
    }
    Ok(folds)
}

/// Refuses a corpus with unknown speakers where speakers must be kept apart.
fn speakers_known(corpus: &Corpus, split: Split) -> Result<(), CorpusError> {
    let unknown = corpus.utterances.iter().filter(|u| u.speaker().is_none()).count();
    if unknown == 0 {
        return Ok(());
    }
    Err(CorpusError::UnsupportedSplit {
        corpus: corpus.name.clone(),
        split,
        reason: format!(
            "the speaker of {unknown} of its {} utterances is not known, so speakers cannot be kept \
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
