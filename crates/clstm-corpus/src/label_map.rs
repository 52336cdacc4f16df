//! Making other classes of a corpus's labels, as a file says.
//!
//! ```toml
//! # The classes in the order of the model's; left out, they are sorted.
//! classes = ["angry", "happy", "neutral", "sad"]
//!
//! [labels]            # label of the corpus = class
//! angry = "angry"
//! happy = "happy"
//! excited = "happy"
//! neutral = "neutral"
//! sad = "sad"
//!
//! [corpora.ravdess]   # in this corpus also, or otherwise
//! calm = "neutral"
//! ```
//!
//! Utterances whose label is not in the map are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::manifest::name::without_content;
use crate::{Corpus, CorpusError, registry};

/// Which class each label of a corpus counts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMap {
    path: PathBuf,
    name: String,
    rules: Rules,
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
        let text = std::fs::read_to_string(path)
            .map_err(|error| refused(path, format!("cannot be read: {error}")))?;
        let rules: Rules = toml::from_str(&text).map_err(|error| {
            let form = "the form is classes = [\"angry\", \"happy\"] (optional), and below [labels] \
                        or [corpora.NAME] lines such as excited = \"happy\"";
            refused(path, format!("{}; {form}", error.to_string().trim_end()))
        })?;
        rules.validate().map_err(|problem| refused(path, problem))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = stem.replace(char::is_control, "_");
        let name = format!("{stem}-{}", rules.digest());
        Ok(Self { path: path.to_owned(), name, rules })
    }

    /// Name of the file and eight hexadecimal digits of what it says: two maps of the same name make
    /// the same classes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The corpora with the map's classes, those of the map and of no other corpus included, so that
    /// all have the same. Each corpus comes with the name it was opened by.
    ///
    /// What is left out is told in [`Corpus::notes`].
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
                 least two to tell apart"
            ));
        }
        Ok(mapped)
    }

    /// What the map names and what is not there.
    fn unknown(&self, corpora: &[(String, Corpus)]) -> Option<String> {
        let has = |corpus: &Corpus, label: &str| corpus.labels.iter().any(|l| l == label);
        let listed = |corpora: &[&Corpus]| {
            let labels: BTreeSet<&str> =
                corpora.iter().flat_map(|c| c.labels.iter().map(String::as_str)).collect();
            labels.into_iter().collect::<Vec<_>>().join(", ")
        };
        let all: Vec<&Corpus> = corpora.iter().map(|(_, corpus)| corpus).collect();
        let mut astray = self.rules.labels.keys().filter(|l| !all.iter().any(|c| has(c, l)));
        if let Some(label) = astray.next() {
            let labels = listed(&all);
            return Some(format!("there is no label {label:?}; the labels are {labels}"));
        }
        for (name, map) in &self.rules.corpora {
            let mut meant = corpora.iter().filter(|(opened, c)| is_of(name, opened, &c.name));
            let Some((_, corpus)) = meant.next() else {
                if registry::adapter(name).is_some() {
                    continue; // One map may serve runs on several corpora.
                }
                let names: Vec<&str> = all.iter().map(|c| without_content(&c.name)).collect();
                let names = names.join(", ");
                return Some(format!("[corpora.{name}] is no corpus of this run; it has {names}"));
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
        let dropped = corpus.labels.iter().zip(counts);
        let dropped: Vec<String> = dropped
            .filter(|(label, count)| *count > 0 && !map.contains_key(label.as_str()))
            .map(|(label, count)| format!("{label} ({count})"))
            .collect();
        let labels = corpus.labels.clone();
        let mut corpus = corpus.with_classes(|utterance| {
            let label = labels.get(utterance.label)?;
            map.get(label.as_str()).map(|class| (*class).to_owned())
        });
        for utterance in &mut corpus.utterances {
            let class = &corpus.labels[utterance.label];
            utterance.label = classes.iter().position(|c| c == class).unwrap_or_default();
        }
        corpus.labels = classes.to_vec();
        corpus.label_map = Some(self.name.clone());
        if !dropped.is_empty() {
            let dropped = dropped.join(", ");
            corpus
                .notes
                .remarks
                .push(format!("left out by the label map {}: {dropped}", self.name));
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
            return Err(format!("{name:?} is no name of a class"));
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
    [opened, name, without_content(name)].iter().any(|known| known.eq_ignore_ascii_case(key))
}

fn refused(path: &Path, problem: String) -> CorpusError {
    CorpusError::LabelMap { path: path.to_owned(), problem }
}
