//! Real recordings, where the corpus is present.

use std::path::Path;

use clstm_audio::{DecodeLimits, TrimConfig, load_file, rms, speech_bounds};

use crate::support::skip;

/// One actor of RAVDESS: lengths as the manifest has them, speech within quiet edges.
#[test]
fn ravdess_recordings() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/ravdess"));
    let Ok(manifest) = std::fs::read_to_string(root.join("manifest.csv")) else {
        return skip("corpora", &root.display().to_string());
    };
    let (mut checked, mut kept) = (0, 0.0);
    for line in manifest.lines().filter(|line| line.starts_with("Actor_01/")) {
        let fields: Vec<&str> = line.split(',').collect();
        let clip = load_file(&root.join(fields[0]), 16_000, &DecodeLimits::default()).unwrap();
        let clip = clip.strict().unwrap();
        let duration_s: f64 = fields[4].parse().unwrap();
        assert!((clip.duration_s() - duration_s).abs() < 1e-4, "{line}");
        let bounds = speech_bounds(&clip.samples, 16_000, &TrimConfig::default());
        // No sentence is shorter than half a second.
        assert!(bounds.len() > 8_000 && bounds.end <= clip.samples.len(), "{line}: {bounds:?}");
        if bounds.start > 0 {
            let edge = rms(&clip.samples[..bounds.start]);
            assert!(edge < rms(&clip.samples[bounds.clone()]) / 10.0, "{line}");
        }
        kept += bounds.len() as f64 / clip.samples.len() as f64;
        checked += 1;
    }
    assert_eq!(checked, 60);
    // Actors pause before and after the sentence.
    assert!((0.4..0.8).contains(&(kept / 60.0)), "kept {}", kept / 60.0);
}
