//! The attribute to recognise: the emotion, or another attribute of the utterances.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::manifest::name;
use crate::{Corpus, CorpusError, Remark, Utterance, registry};

/// The attribute whose values are the classes of a corpus.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Target {
    /// The corpus's own labels.
    #[default]
    Label,
    /// The speaker; only a split with every speaker on both sides can test it.
    Speaker,
    /// The sex of the speaker.
    Sex,
    /// The spoken language.
    Language,
    /// The recording session.
    Session,
    /// The spoken text.
    Statement,
    /// Which repetition of the text.
    Repetition,
    /// Intensity of the acted emotion.
    Intensity,
    /// Scripted or improvised.
    Style,
    /// Which of several joined corpora; see [`open_many`](crate::open_many).
    Corpus,
    /// Any other column of a list.
    Column(String),
}

impl Target {
    const FACTORS: [Self; 8] = [
        Self::Speaker,
        Self::Sex,
        Self::Language,
        Self::Session,
        Self::Statement,
        Self::Repetition,
        Self::Intensity,
        Self::Style,
    ];

    /// The class of an utterance; none where it is unknown, and for [`Label`](Self::Label) and
    /// [`Corpus`](Self::Corpus), which depend on more than the utterance.
    #[must_use]
    pub fn of(&self, utterance: &Utterance) -> Option<String> {
        let known = match self {
            Self::Label | Self::Corpus => return None,
            Self::Speaker => utterance.speaker().map(str::to_owned),
            Self::Sex => utterance.sex.map(|sex| sex.to_string()),
            Self::Language => utterance.language.clone(),
            Self::Session => utterance.session.clone(),
            Self::Statement => utterance.statement.clone(),
            Self::Repetition => utterance.repetition.map(|number| number.to_string()),
            Self::Intensity => utterance.intensity.map(|intensity| intensity.to_string()),
            Self::Style => utterance.style.map(|style| style.to_string()),
            Self::Column(_) => None,
        };
        // A list may have a column with the name of an attribute.
        let column = || {
            let wanted = self.to_string();
            let mut columns = utterance.extra.iter();
            columns.find(|(name, _)| name.eq_ignore_ascii_case(&wanted)).map(|(_, v)| v.clone())
        };
        known.or_else(column)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Label => "label",
            Self::Speaker => "speaker",
            Self::Sex => "sex",
            Self::Language => "language",
            Self::Session => "session",
            Self::Statement => "statement",
            Self::Repetition => "repetition",
            Self::Intensity => "intensity",
            Self::Style => "style",
            Self::Corpus => "corpus",
            Self::Column(name) => name,
        })
    }
}

/// Names are taken without regard to case; one that is no other target's is that of a column.
impl FromStr for Target {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        let name = name.trim();
        let known = Self::FACTORS.into_iter().chain([Self::Label, Self::Corpus]);
        let mut known = known.filter(|target| target.to_string().eq_ignore_ascii_case(name));
        Ok(known.next().unwrap_or_else(|| Self::Column(name.to_owned())))
    }
}

impl From<String> for Target {
    fn from(name: String) -> Self {
        let Ok(target) = name.parse();
        target
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

/// The name of a corpus with its target and label map, where it has them, for messages:
/// `ravdess (target speaker)`.
#[must_use]
pub fn describe_corpus(corpus: &str, target: Option<&str>, label_map: Option<&str>) -> String {
    let target = target.map(|target| format!("target {target}"));
    let map = label_map.map(|map| format!("label map {map}"));
    let classes: Vec<String> = target.into_iter().chain(map).collect();
    match classes.is_empty() {
        true => corpus.to_owned(),
        false => format!("{corpus} ({})", classes.join(", ")),
    }
}

impl Corpus {
    /// Its name, and what its classes are where they are not its labels; see [`describe_corpus`].
    #[must_use]
    pub fn description(&self) -> String {
        let target = self.target_name();
        describe_corpus(&self.name, target.as_deref(), self.label_map.as_deref())
    }

    /// Name of the target; none where it is the label.
    #[must_use]
    pub fn target_name(&self) -> Option<String> {
        (self.target != Target::Label).then(|| self.target.to_string())
    }

    /// The same corpus with the values of `target` for classes, sorted by their Unicode code points.
    /// Utterances whose value is unknown are left out, which a remark in [`notes`](Self::notes) reports.
    /// A list whose classes come from one of its columns gets a new digest in its name.
    ///
    /// # Errors
    ///
    /// [`CorpusError::NoTarget`] where it is unknown, or the same for all utterances.
    pub fn with_target(self, target: &Target) -> Result<Self, CorpusError> {
        if *target == Target::Label {
            return Ok(self);
        }
        let values: BTreeSet<String> =
            self.utterances.iter().filter_map(|u| target.of(u)).collect();
        if values.len() < 2 {
            let problem = match values.first() {
                _ if *target == Target::Corpus => {
                    "it is one corpus; join it with another".to_owned()
                }
                Some(only) => format!("it is {only:?} of every utterance of which it is known"),
                None => "nothing is known of it".to_owned(),
            };
            return Err(CorpusError::NoTarget {
                target: target.to_string(),
                problem,
                known: targets(&self),
                corpus: self.name,
            });
        }
        let before = self.utterances.len();
        let mut corpus = self.with_classes(|utterance| target.of(utterance));
        corpus.target = target.clone();
        let left_out = before - corpus.utterances.len();
        if left_out > 0 {
            let target = target.to_string();
            corpus.notes.remarks.push(Remark::UnknownTarget { target, left_out, of: before });
        }
        // The digest in the name of a list does not cover such columns.
        let wanted = target.to_string();
        let column = |u: &Utterance| u.extra.keys().any(|name| name.eq_ignore_ascii_case(&wanted));
        if registry::adapter(&corpus.name).is_none() && corpus.utterances.iter().any(column) {
            corpus.name = name::with_new_digest(&corpus.name, &corpus);
        }
        Ok(corpus)
    }
}

/// The names of the targets that have two values or more.
fn targets(corpus: &Corpus) -> Vec<String> {
    let columns: BTreeSet<&String> =
        corpus.utterances.iter().flat_map(|u| u.extra.keys()).collect();
    let columns = columns.into_iter().map(|name| Target::from(name.clone()));
    let columns = columns.filter(|target| matches!(target, Target::Column(_)));
    let has_classes = |target: &Target| {
        let mut values = corpus.utterances.iter().filter_map(|u| target.of(u));
        values.next().is_some_and(|first| values.any(|value| value != first))
    };
    let mut names = vec![Target::Label.to_string()];
    names.extend(
        Target::FACTORS.into_iter().chain(columns).filter(has_classes).map(|t| t.to_string()),
    );
    names
}
