//! One test for every bug that was found.

use clstm_audio::{AudioError, LOUDEST, Waveform, resample};

/// Finite samples near the largest `f32` overflowed inside the resampler's transform, which panicked.
#[test]
fn huge_samples_are_refused_instead_of_panicking() {
    let mut samples = vec![0.0; 48_000];
    samples[7] = 3e38;
    let huge = Waveform { samples, sample_rate: 48_000 };
    assert!(matches!(resample(&huge, 16_000), Err(AudioError::NonFinite { at: 7 })));

    let loud = Waveform { samples: vec![LOUDEST; 48_000], sample_rate: 48_000 };
    let resampled = resample(&loud, 16_000).unwrap();
    assert!(resampled.samples.iter().all(|x| x.is_finite()));
}
