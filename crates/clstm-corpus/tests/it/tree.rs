//! Corpora to test with: in memory, and on disk as tiny WAV files.

use std::fs;
use std::path::{Path, PathBuf};

use clstm_corpus::{Corpus, Sex, Utterance, supported};
use tempfile::TempDir;

/// The pair that is the same recording in the official release.
pub(crate) const PAIR: [&str; 2] = ["03-01-03-01-02-01-07", "03-01-03-01-02-02-07"];

/// The ids of the official release, written down apart from the code under test.
pub(crate) fn release_ids() -> Vec<String> {
    let mut ids = Vec::new();
    for actor in 1..=24 {
        for emotion in 1..=8 {
            for intensity in 1..=if emotion == 1 { 1 } else { 2 } {
                for (statement, repetition) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
                    ids.push(format!(
                        "03-01-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}"
                    ));
                }
            }
        }
    }
    ids
}

pub(crate) fn actor(id: &str) -> &str {
    &id[18..20]
}

/// The whole of RAVDESS in memory, with paths to nowhere.
pub(crate) fn release() -> Corpus {
    let labels = supported()[0].labels.iter().map(|l| (*l).to_owned()).collect();
    let utterances = release_ids()
        .into_iter()
        .map(|id| Utterance {
            path: PathBuf::from("nowhere").join(&id),
            label: id[6..8].parse::<usize>().unwrap() - 1,
            speaker: actor(&id).to_owned(),
            sex: Some(if actor(&id).parse::<u8>().unwrap() % 2 == 0 {
                Sex::Female
            } else {
                Sex::Male
            }),
            id,
            ..Utterance::default()
        })
        .collect();
    Corpus::new("ravdess", "nowhere", labels, utterances).unwrap()
}

/// Duplicate groups in which only the known pair is together.
pub(crate) fn release_groups(corpus: &Corpus) -> Vec<usize> {
    let first = corpus.utterances.iter().position(|u| u.id == PAIR[0]).unwrap();
    (0..corpus.utterances.len())
        .map(|i| if corpus.utterances[i].id == PAIR[1] { first } else { i })
        .collect()
}

/// Each utterance its own group.
pub(crate) fn apart(corpus: &Corpus) -> Vec<usize> {
    (0..corpus.utterances.len()).collect()
}

pub(crate) fn ids<'a>(corpus: &'a Corpus, indices: &[usize]) -> Vec<&'a str> {
    indices.iter().map(|&i| corpus.utterances[i].id.as_str()).collect()
}

/// The remarks on a corpus as sentences.
pub(crate) fn remarks(corpus: &Corpus) -> Vec<String> {
    corpus.notes.remarks.iter().map(ToString::to_string).collect()
}

/// A folder of tiny recordings, gone when dropped.
pub(crate) struct Tree {
    dir: TempDir,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// The recordings of the given actors, each different but for the known pair.
    pub(crate) fn of_actors(actors: &[&str]) -> Self {
        let tree = Self::new();
        for id in release_ids().iter().filter(|id| actors.contains(&actor(id))) {
            tree.wav(&place(id), id.replace(PAIR[1], PAIR[0]).as_str());
        }
        tree
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a WAV file of 160 samples at 16 kHz that are a function of `content`.
    pub(crate) fn wav(&self, name: &str, content: &str) {
        let seed = content.bytes().fold(7_u32, |h, b| h.wrapping_mul(31).wrapping_add(b.into()));
        let mut state = seed;
        let samples: Vec<i16> = (0..160)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 18) as i16
            })
            .collect();
        self.wav_of(name, &samples);
    }

    pub(crate) fn wav_of(&self, name: &str, samples: &[i16]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).unwrap();
        samples.iter().for_each(|&s| writer.write_sample(s).unwrap());
        writer.finalize().unwrap();
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Where the release has an utterance.
pub(crate) fn place(id: &str) -> String {
    format!("Actor_{}/{id}.wav", actor(id))
}

/// The samples of `tests/data/quadratic.flac`.
pub(crate) fn quadratic() -> Vec<i16> {
    (0..640_i64).map(|i| ((i * i * 37 + i * 11) % 4001 - 2000) as i16).collect()
}

pub(crate) const QUADRATIC_FLAC: &[u8] = include_bytes!("../data/quadratic.flac");
