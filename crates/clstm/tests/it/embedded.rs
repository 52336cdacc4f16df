//! The shipped model on the shipped sample.

use std::path::Path;

use clstm::{EmbeddedModel, Model, Recognizer};
use clstm_audio::{DecodeLimits, Waveform, decode_file, resample};

fn sample() -> Waveform {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav");
    decode_file(&path, &DecodeLimits::default()).expect("the sample").waveform
}

#[test]
fn copies_at_other_rates_get_the_same_probabilities() {
    let recognizer = Recognizer::embedded().expect("the shipped model");
    let sample = sample();
    let probabilities = |waveform: &Waveform| {
        let recognition = recognizer.recognize(&waveform.samples, waveform.sample_rate);
        recognition.expect("a recording").prediction.expect("speech").probabilities
    };
    let original = probabilities(&sample);
    assert!((original.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    for rate in [22_050, 44_100, 48_000, 96_000] {
        let copy = probabilities(&resample(&sample, rate).expect("a copy"));
        for (a, b) in original.iter().zip(&copy) {
            assert!((a - b).abs() < 0.02, "{rate} Hz: {a} and {b}");
        }
    }
}

#[test]
fn each_shipped_model_has_its_name_and_loads() {
    for model in EmbeddedModel::ALL {
        assert_eq!(EmbeddedModel::by_name(model.name()), Some(model));
        let recognizer = Recognizer::new(Model::embedded(model).expect("a shipped model"));
        assert_eq!(recognizer.expect("a network").info().name, model.name());
    }
    assert_eq!(EmbeddedModel::ALL[0], EmbeddedModel::default());
    assert_eq!(EmbeddedModel::by_name("no-such-model"), None);
}

#[test]
fn the_ravdess_model_records_how_it_was_evaluated() {
    let model = Model::embedded(EmbeddedModel::RavdessClstmPlus).expect("the shipped model");
    let recognizer = Recognizer::new(model).expect("a network");
    let training = &recognizer.info().training;
    assert_eq!(recognizer.labels().len(), 8);
    assert_eq!((training.utterances, training.speakers.len()), (1440, 24));
    let splits: Vec<bool> =
        training.scores.iter().map(|s| s.protocol.is_speaker_independent()).collect();
    assert_eq!(splits, [false, true], "both protocols are stated: {:?}", training.scores);
    assert!(recognizer.info().license.contains("non-commercial"));
}
