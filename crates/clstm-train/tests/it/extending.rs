//! Follows `docs/extending.md`: a toy corpus and a toy augmentation, through the public API only.

use std::f32::consts::TAU;
use std::fs;
use std::path::Path;

use clstm_audio::DecodeLimits;
use clstm_corpus::{Corpus, CorpusError, Split, Utterance, check_leakage, folds};
use clstm_nn::burn::tensor::Device;
use clstm_train::{
    CustomAugmentation, Dataset, EvalProtocol, NullObserver, Recipe, StopFlag, TrainData,
    TrainError, Trained, train,
};

use crate::corpus::recipe;

const RATE: u32 = 16_000;

/// Writes `low_SPEAKER_N.wav` and `high_SPEAKER_N.wav`: tones of 0.3 s, mono, 16 bits.
fn write_recordings(folder: &Path) {
    for speaker in 0..4 {
        for item in 0..6 {
            let (label, hz) = [("low", 130.0), ("high", 720.0)][item % 2];
            let hz = hz * (1.0 + 0.02 * (speaker * 6 + item) as f32);
            let samples: Vec<i16> = (0..4_800)
                .map(|n| (6_000.0 * (TAU * hz * n as f32 / RATE as f32).sin()) as i16)
                .collect();
            let size = 2 * samples.len() as u32;
            let mut wav = b"RIFF".to_vec();
            wav.extend((36 + size).to_le_bytes());
            wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
            wav.extend(RATE.to_le_bytes());
            wav.extend((2 * RATE).to_le_bytes());
            wav.extend(b"\x02\0\x10\0data");
            wav.extend(size.to_le_bytes());
            samples.iter().for_each(|sample| wav.extend(sample.to_le_bytes()));
            fs::write(folder.join(format!("{label}_{speaker}_{item}.wav")), wav).expect("writable");
        }
    }
}

/// The toy corpus: label and speaker from the file names.
fn toy_corpus(folder: &Path) -> Result<Corpus, CorpusError> {
    let labels = vec!["low".to_owned(), "high".to_owned()];
    let mut utterances = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let id = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let mut parts = id.split('_');
        let (Some(label), Some(speaker)) = (parts.next(), parts.next()) else { continue };
        let Some(label) = labels.iter().position(|known| known == label) else { continue };
        let speaker = speaker.to_owned();
        utterances.push(Utterance { id, path, label, speaker, ..Utterance::default() });
    }
    Corpus::new("toy", folder, labels, utterances)
}

/// The toy augmentation: a tremolo of a random rate.
#[derive(Debug)]
struct Tremolo(&'static str);

impl CustomAugmentation for Tremolo {
    fn id(&self) -> &str {
        self.0
    }

    fn apply(&self, clip: &mut [f32], sample_rate: u32, seed: u64) {
        let hz = 2.0 + (seed % 8) as f32;
        for (n, sample) in clip.iter_mut().enumerate() {
            *sample *= 0.6 + 0.4 * (TAU * hz * n as f32 / sample_rate as f32).sin();
        }
    }
}

fn fit(
    dataset: &Dataset,
    recipe: &Recipe,
    checkpoint: &Path,
    augmentation: Option<&dyn CustomAugmentation>,
) -> Result<Trained, TrainError> {
    let corpus = &dataset.corpus;
    let fold = folds(corpus, &dataset.groups, Split::Speaker, 2, 1)?.swap_remove(0);
    check_leakage(corpus, &dataset.groups, &fold, Split::Speaker).into_result()?;
    let set = TrainData {
        dataset,
        train: &fold.train,
        validation: &[],
        test: &fold.test,
        init: None,
        teacher: None,
        augmentation,
        fold: None,
    };
    let (device, protocol) = (Device::flex(), EvalProtocol::default());
    train(set, recipe, &device, &protocol, checkpoint, &StopFlag::new(false), &mut NullObserver)
}

#[test]
fn a_toy_corpus_and_a_toy_augmentation_train_through_the_public_api() {
    let folder = tempfile::tempdir().expect("a folder");
    let recordings = folder.path().join("recordings");
    fs::create_dir(&recordings).expect("a new folder");
    write_recordings(&recordings);
    let mut recipe = recipe();
    recipe.epochs = 3;
    let corpus = toy_corpus(&recordings).expect("a valid corpus");
    assert_eq!((corpus.utterances.len(), corpus.labels.len()), (24, 2));
    let dataset = Dataset::load(corpus, &recipe.frontend, &DecodeLimits::default())
        .expect("readable recordings");

    let run = |name: &str, augmentation: Option<&dyn CustomAugmentation>| {
        fit(&dataset, &recipe, &folder.path().join(name), augmentation)
    };
    let plain = run("plain", None).expect("a training");
    let first = run("first", Some(&Tremolo("tremolo"))).expect("a training");
    let second = run("second", Some(&Tremolo("tremolo"))).expect("a training");
    assert_eq!(first.model.digest(), second.model.digest(), "the same seed, the same model");
    assert_ne!(first.model.digest(), plain.model.digest(), "the augmentation has an effect");
    let evaluation = first.evaluation.expect("test utterances");
    assert_eq!(evaluation.predictions.len(), 12);

    let resumed = run("first", Some(&Tremolo("another tremolo")));
    assert!(
        resumed.is_err(),
        "a checkpoint resumes with the augmentation that it was trained with"
    );
}
