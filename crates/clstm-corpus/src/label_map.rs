//! Label maps: TOML files that merge or leave out labels.
//!
//! ```toml
//! # The classes in the order of the model's; without this line they are sorted.
//! classes = ["angry", "happy", "neutral", "sad"]
//!
//! [labels]            # label of the corpus = class
//! angry = "angry"
//! happy = "happy"
//! excited = "happy"
//! neutral = "neutral"
//! sad = "sad"
//!
//! [corpora.ravdess]   # further or other rules for this corpus
//! calm = "neutral"
//! ```
//!
//! Utterances whose label is not in the map are left out. Maps that are compiled in are opened by name,
//! see [`builtin_label_map`]; their files are in the folder `labels` of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clstm_audio::{MAX_SETTINGS_BYTES, read_text_bounded};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::corpus::regroup_votes;
use crate::manifest::name::without_digest;
use crate::{Corpus, CorpusError, Remark, registry};

/// Names of the maps that are compiled in, each with its text.
const BUILTIN: [(&str, &str); 2] = [
    ("basic-four", include_str!("label_map/basic-four.toml")),
    ("basic-six", include_str!("label_map/basic-six.toml")),
];

/// Names of the label maps that [`builtin_label_map`] knows.
pub const BUILTIN_LABEL_MAPS: [&str; BUILTIN.len()] = [BUILTIN[0].0, BUILTIN[1].0];

/// The class that each label counts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMap {
    path: PathBuf,
    name: String,
    rules: Rules,
    /// Compiled in: labels that no corpus has are no mistakes.
    builtin: bool,
}

/// A label map that is compiled in, such as `basic-six`; none of another name.
#[must_use]
pub fn builtin_label_map(name: &str) -> Option<LabelMap> {
    let (name, text) = BUILTIN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    // A test reads every map that is compiled in.
    let map = LabelMap::parse(Path::new(name), text).ok()?;
    Some(LabelMap { builtin: true, ..map })
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// All classes, in their order.
    classes: Option<Vec<String>>,
    /// Label, class.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Name of a corpus; label, class.
    #[serde(default)]
    corpora: BTreeMap<String, BTreeMap<String, String>>,
}

impl LabelMap {
    /// Reads a map from a TOML file.
    ///
    /// # Errors
    ///
    /// [`CorpusError::LabelMap`] where it cannot be read, maps nothing, or names classes that no
    /// label counts as.
    pub fn read(path: &Path) -> Result<Self, CorpusError> {
        let text = read_text_bounded(path, MAX_SETTINGS_BYTES)
            .map_err(|error| refused(path, format!("cannot be read: {error}")))?;
        Self::parse(path, &text)
    }

    /// The map that is compiled in under this name, or else the map in this file: the argument of
    /// `--label-map` and `--classes`.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read); a missing file names the maps that are compiled in.
    pub fn named(name_or_path: &Path) -> Result<Self, CorpusError> {
        if let Some(map) = name_or_path.to_str().and_then(builtin_label_map) {
            return Ok(map);
        }
        if !name_or_path.exists() {
            let known = BUILTIN_LABEL_MAPS.join(", ");
            let problem =
                format!("there is no such file, nor a built-in map of this name ({known})");
            return Err(refused(name_or_path, problem));
        }
        Self::read(name_or_path)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, CorpusError> {
        let rules: Rules = toml::from_str(text).map_err(|error| {
            let form = "the form is classes = [\"angry\", \"happy\"] (optional), and below [labels] \
                        or [corpora.NAME] lines such as excited = \"happy\"";
            refused(path, format!("{}; {form}", error.to_string().trim_end()))
        })?;
        rules.validate().map_err(|problem| refused(path, problem))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = stem.replace(char::is_control, "_");
        let name = format!("{stem}-{}", rules.digest());
        Ok(Self { path: path.to_owned(), name, rules, builtin: false })
    }

    /// Name of the file and eight hexadecimal digits of its rules: two maps of the same name make
    /// the same classes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The class of each label, without the rules for single corpora.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.rules.labels
    }

    /// The classes in their order; `None` for a map that leaves them sorted.
    #[must_use]
    pub fn classes(&self) -> Option<&[String]> {
        self.rules.classes.as_deref()
    }

    /// The corpora with the map's classes, including those that a corpus has no utterances of, so that
    /// all have the same. Each corpus comes with the name it was opened by.
    ///
    /// [`Corpus::notes`] reports what is left out. Votes for labels that the map leaves out are dropped.
    ///
    /// # Errors
    ///
    /// [`CorpusError::LabelMap`] where a label of the map is in none of the corpora it is for, one of
    /// its corpora is neither here nor known, or fewer than two classes come of it.
    pub fn apply(&self, corpora: Vec<(String, Corpus)>) -> Result<Vec<Corpus>, CorpusError> {
        let refuse = |problem: String| Err(refused(&self.path, problem));
        if let Some(problem) = self.unknown(&corpora) {
            return refuse(problem);
        }
        let maps: Vec<BTreeMap<&str, &str>> =
            corpora.iter().map(|(opened, corpus)| self.rules.of(opened, &corpus.name)).collect();
        let classes = match &self.rules.classes {
            Some(classes) => classes.clone(),
            None => {
                let used = corpora.iter().zip(&maps).flat_map(|((_, corpus), map)| {
                    corpus.labels.iter().filter_map(|label| map.get(label.as_str()).copied())
                });
                let used: BTreeSet<&str> = used.collect();
                used.into_iter().map(str::to_owned).collect()
            }
        };
        let mapped: Vec<Corpus> = corpora
            .into_iter()
            .zip(&maps)
            .map(|((_, corpus), map)| self.mapped(corpus, map, &classes))
            .collect();
        let count = |class: usize| mapped.iter().map(|c| c.class_counts()[class]).sum::<usize>();
        let filled = (0..classes.len()).filter(|&class| count(class) > 0).count();
        if filled < 2 {
            let all = classes.join(", ");
            return refuse(format!(
                "{filled} of its classes ({all}) have utterances in what was opened; there must be at \
                 least two"
            ));
        }
        Ok(mapped)
    }

    /// A name in the map that means nothing here. A label of another supported corpus is no mistake: one
    /// map may serve runs on several corpora.
    fn unknown(&self, corpora: &[(String, Corpus)]) -> Option<String> {
        if self.builtin {
            return None;
        }
        let known = |label: &String| {
            registry::supported().iter().any(|info| info.labels.contains(&label.as_str()))
        };
        let has = |corpus: &Corpus, label: &str| corpus.labels.iter().any(|l| l == label);
        let listed = |corpora: &[&Corpus]| {
            let labels: BTreeSet<&str> =
                corpora.iter().flat_map(|c| c.labels.iter().map(String::as_str)).collect();
            labels.into_iter().collect::<Vec<_>>().join(", ")
        };
        let all: Vec<&Corpus> = corpora.iter().map(|(_, corpus)| corpus).collect();
        let unused = |label: &&String| !all.iter().any(|c| has(c, label)) && !known(label);
        if let Some(label) = self.rules.labels.keys().find(unused) {
            let labels = listed(&all);
            return Some(format!("there is no label {label:?}; the labels are {labels}"));
        }
        for (name, map) in &self.rules.corpora {
            let mut meant = corpora.iter().filter(|(opened, c)| is_of(name, opened, &c.name));
            let Some((_, corpus)) = meant.next() else {
                if registry::adapter(name).is_some() {
                    continue;
                }
                let names: Vec<&str> = all.iter().map(|c| without_digest(&c.name)).collect();
                let names = names.join(", ");
                return Some(format!(
                    "[corpora.{name}] is not a corpus of this run; it has {names}"
                ));
            };
            if let Some(label) = map.keys().find(|label| !has(corpus, label)) {
                let labels = listed(&[corpus]);
                return Some(format!("{name} has no label {label:?}; its labels are {labels}"));
            }
        }
        None
    }

    fn mapped(&self, corpus: Corpus, map: &BTreeMap<&str, &str>, classes: &[String]) -> Corpus {
        let counts = corpus.class_counts();
        let unmapped = corpus.labels.iter().zip(counts);
        let unmapped: Vec<(String, usize)> = unmapped
            .filter(|(label, count)| *count > 0 && !map.contains_key(label.as_str()))
            .map(|(label, count)| (label.clone(), count))
            .collect();
        let place = |label: &String| {
            let class = map.get(label.as_str())?;
            classes.iter().position(|c| c == class)
        };
        let places: Vec<Option<usize>> = corpus.labels.iter().map(place).collect();
        let mut corpus = corpus;
        corpus.utterances.retain_mut(|utterance| {
            utterance.votes = regroup_votes(&utterance.votes, &places, classes.len());
            let place = places.get(utterance.label).copied().flatten();
            utterance.label = place.unwrap_or_default();
            place.is_some()
        });
        corpus.labels = classes.to_vec();
        corpus.label_map = Some(self.name.clone());
        if !unmapped.is_empty() {
            let map = self.name.clone();
            corpus.notes.remarks.push(Remark::UnmappedLabels { map, labels: unmapped });
        }
        corpus
    }
}

impl Rules {
    fn validate(&self) -> Result<(), String> {
        let maps = || std::iter::once(&self.labels).chain(self.corpora.values());
        let named: BTreeSet<&str> = maps().flat_map(BTreeMap::values).map(String::as_str).collect();
        if named.is_empty() {
            return Err(
                "maps no label; write lines such as excited = \"happy\" below [labels]".to_owned()
            );
        }
        let unfit = |name: &&str| name.trim().is_empty() || name.contains(char::is_control);
        if let Some(name) = named.iter().copied().find(unfit) {
            return Err(format!("{name:?} is not the name of a class"));
        }
        let Some(classes) = &self.classes else { return Ok(()) };
        let listed: BTreeSet<&str> = classes.iter().map(String::as_str).collect();
        if listed.len() < classes.len() {
            return Err("classes names a class twice".to_owned());
        }
        if let Some(class) = named.difference(&listed).next() {
            return Err(format!("{class:?} is not among its classes; add it there"));
        }
        match listed.difference(&named).next() {
            Some(class) => Err(format!("no label counts as {class:?}, which is among its classes")),
            None => Ok(()),
        }
    }

    /// Label, class, in one corpus.
    fn of(&self, opened: &str, name: &str) -> BTreeMap<&str, &str> {
        let own = self.corpora.iter().filter(|(key, _)| is_of(key, opened, name));
        let own = own.flat_map(|(_, map)| map);
        self.labels.iter().chain(own).map(|(k, v)| (k.as_str(), v.as_str())).collect()
    }

    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut field = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for class in self.classes.iter().flatten() {
            field(class);
        }
        for (name, map) in
            std::iter::once(("", &self.labels)).chain(self.corpora.iter().map(|(n, m)| (&n[..], m)))
        {
            field("corpus");
            field(name);
            for (label, class) in map {
                field(label);
                field(class);
            }
        }
        // It guards against mistakes, not against malice: 32 bits do.
        hash.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect()
    }
}

/// Whether a name in a map is that of a corpus: as it was opened, or what it is called, with or
/// without the digits of its content.
fn is_of(key: &str, opened: &str, name: &str) -> bool {
    [opened, name, without_digest(name)].iter().any(|known| known.eq_ignore_ascii_case(key))
}

fn refused(path: &Path, problem: String) -> CorpusError {
    CorpusError::LabelMap { path: path.to_owned(), problem }
}
