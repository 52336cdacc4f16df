//! From samples to segments.

use clstm::audio::rms;
use clstm::{Clip, FrontendConfig, TtaConfig, Window};
use clstm_nn::Preset;
use proptest::prelude::*;

use crate::support::{RATE, info, tiny_network, voice};

/// Segments of 400 samples, spans of 8 to 20.
fn frontend() -> FrontendConfig {
    info(tiny_network()).frontend
}

fn clip(n_samples: usize) -> Clip {
    Clip { samples: (1..=n_samples).map(|n| n as f32).collect(), silent: false }
}

#[test]
fn cleaning_removes_the_mean_trims_and_levels() {
    let sound = voice(0.5, RATE, 140.0);
    let mut samples = vec![0.0; 16_000];
    samples.extend(&sound);
    samples.extend([0.0; 24_000]);
    let clean = frontend().preprocess(samples.clone());
    assert!(!clean.silent);
    assert!((rms(&clean.samples) - 0.1).abs() < 1e-6);
    // At most a frame and the margin of 50 ms on each side.
    let longest = sound.len() + 2 * 1200;
    assert!((sound.len() / 2..=longest).contains(&clean.samples.len()), "{}", clean.samples.len());

    let louder: Vec<f32> = samples.iter().map(|x| 7.0 * x + 0.25).collect();
    let same = frontend().preprocess(louder);
    assert_eq!(same.samples.len(), clean.samples.len());
    for (a, b) in same.samples.iter().zip(&clean.samples) {
        assert!((a - b).abs() < 1e-4, "gain and offset leave no trace: {a} and {b}");
    }
}

#[test]
fn silence_is_marked() {
    for samples in [vec![], vec![0.0; 5000], vec![0.3; 5000], vec![1e-9; 5000]] {
        let n_samples = samples.len();
        let clean = frontend().preprocess(samples);
        assert!(clean.silent && clean.samples.len() == n_samples);
        assert!(clean.samples.iter().all(|&x| x == 0.0));
    }
}

#[test]
fn spans_follow_the_length() {
    let spans = |n| frontend().windows(&clip(n));
    let one = |steps| vec![Window { steps, ..Window::default() }];
    assert_eq!(spans(0), one(8));
    assert_eq!(spans(1), one(8));
    assert_eq!(spans(3200), one(8));
    assert_eq!(spans(3201), one(9));
    assert_eq!(spans(8000), one(20));
    let starts = |n| spans(n).iter().map(|window| window.start).collect::<Vec<_>>();
    assert_eq!(starts(8001), [0, 1]);
    assert_eq!(starts(12_000), [0, 4000]);
    assert_eq!(starts(13_000), [0, 4000, 5000]);
    assert!(spans(13_000).iter().all(|window| window.steps == 20));
}

#[test]
fn segments_are_padded_at_the_end() {
    let (frontend, clip) = (frontend(), clip(3000));
    let mut segments = vec![f32::NAN; 10_000]; // what is left from before is overwritten
    frontend.write_window(&clip, &Window { steps: 8, ..Window::default() }, &mut segments);
    assert_eq!(segments.len(), 8 * 400);
    assert_eq!(segments[..3000], clip.samples);
    assert!(segments[3000..].iter().all(|&x| x == 0.0));
    frontend.write_window(
        &clip,
        &Window { start: 2999, steps: 1, ..Window::default() },
        &mut segments,
    );
    assert_eq!((segments.len(), segments[0], segments[1]), (400, 3000.0, 0.0));
    frontend.write_window(
        &clip,
        &Window { start: 9999, steps: 1, ..Window::default() },
        &mut segments,
    );
    assert_eq!(segments, [0.0; 400]);
}

#[test]
fn tta_passes_shift_and_invert_the_clip() {
    let mut several = frontend();
    several.tta = TtaConfig { shifts: 4, polarity: true };
    let windows_of = |frontend: &FrontendConfig, clip: &Clip| -> Vec<Vec<f32>> {
        let mut segments = Vec::new();
        let mut write = |window: &Window| {
            frontend.write_window(clip, window, &mut segments);
            segments.clone()
        };
        frontend.windows(clip).iter().map(&mut write).collect()
    };
    // Lengths whose views have one window, one or two, and two.
    for n_samples in [0, 1, 3200, 7950, 12_000] {
        let clip = clip(n_samples);
        let mut by_hand = Vec::new();
        for silence in [0, 100, 200, 300] {
            for sign in [1.0, -1.0] {
                let mut samples = vec![0.0; silence];
                samples.extend(clip.samples.iter().map(|x| sign * x));
                by_hand.extend(windows_of(&frontend(), &Clip { samples, silent: false }));
            }
        }
        assert_eq!(windows_of(&several, &clip), by_hand, "{n_samples}");
    }
    assert_eq!((several.tta.count(), frontend().tta.count()), (8, 1));
}

#[test]
fn each_setting_has_its_domain() {
    let good = frontend();
    good.validate().expect("a good front end");
    for preset in Preset::ALL {
        FrontendConfig::for_network(&preset.network(8)).validate().expect("a good front end");
    }
    let refused = |change: &dyn Fn(&mut FrontendConfig), field: &str| {
        let mut config = good.clone();
        change(&mut config);
        let error = config.validate().expect_err(field).to_string();
        assert!(error.contains(field), "{error}");
    };
    for rms in [0.0, -0.1, f32::NAN, f32::INFINITY, 1.5] {
        refused(&|config| config.target_rms = rms, "target_rms");
    }
    for rate in [0, 999, 400_000] {
        refused(&|config| config.sample_rate = rate, "sample_rate");
    }
    refused(&|config| config.segment_length = 0, "segment_length");
    refused(&|config| config.segment_length = usize::MAX, "segment_length");
    refused(&|config| config.min_steps = 0, "min_steps");
    refused(&|config| config.min_steps = 21, "min_steps");
    refused(&|config| config.max_steps = usize::MAX, "max_steps");
    refused(&|config| config.trim.frame_s = 0.0, "frame_s");
    refused(&|config| config.tta.shifts = 0, "tta.shifts");
    refused(&|config| config.tta.shifts = 65, "tta.shifts");
}

proptest! {
    #[test]
    fn spans_cover_the_clip(n_samples in 0_usize..200_000, min in 1_usize..30, more in 0_usize..30) {
        let mut frontend = frontend();
        (frontend.min_steps, frontend.max_steps) = (min, min + more);
        let spans = frontend.windows(&clip(n_samples));
        let mut covered = 0;
        for (i, window) in spans.iter().enumerate() {
            prop_assert!((min..=min + more).contains(&window.steps));
            prop_assert!(window.start <= covered, "no gap");
            prop_assert!(i == 0 || window.start > spans[i - 1].start);
            covered = window.start + window.steps * 400;
        }
        prop_assert!(covered >= n_samples);
        prop_assert!(spans.len() == 1 || covered == n_samples, "the last of many sees no padding");
    }
}
