//! Model files.

use clstm::{Model, ModelLimits, Recognizer};

use crate::safetensors_file::without_checksum;

/// Small enough that any model within them recognises in milliseconds.
fn limits() -> ModelLimits {
    ModelLimits { max_bytes: 1 << 20, max_activations: 1 << 20, ..Default::default() }
}

/// A model file as it is, and without its checksum, which would refuse most of what a fuzzer changes.
pub(crate) fn model(data: &[u8]) {
    recognise(data);
    if let Some(unchecked) = without_checksum(data) {
        recognise(&unchecked);
    }
}

fn recognise(data: &[u8]) {
    let Ok(model) = Model::from_bytes_within(data, &limits()) else { return };
    let labels = model.info.labels.len();
    let bytes = model.to_bytes().unwrap_or_else(|error| panic!("read, but not written: {error}"));
    assert!(Model::from_bytes(&bytes).is_ok(), "written, but not read");
    let Ok(recognizer) = Recognizer::new(model) else { return };
    let recognizer = recognizer.with_min_speech(0.0);
    let samples: Vec<f32> = (0..8_000).map(|n| (n as f32 * 0.1).sin() * 0.3).collect();
    let Ok(recognition) = recognizer.recognize(&samples, 16_000) else { return };
    if let Some(prediction) = recognition.prediction {
        let probabilities = &prediction.probabilities;
        assert_eq!(probabilities.len(), labels);
        assert!(probabilities.iter().all(|p| p.is_finite()), "a probability is not finite");
        let sum: f64 = probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-6, "probabilities sum to {sum}");
    }
}
