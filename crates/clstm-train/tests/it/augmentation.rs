//! Augmentation: properties of all effects, and the result of each.

use clstm_audio::{rms, rms_normalize};
use clstm_train::{
    AugmentConfig, Augmenter, BandPassConfig, BandwidthConfig, ClippingConfig, ExcerptConfig,
    FilterConfig, FormantConfig, GainConfig, NoiseConfig, OffsetConfig, PolarityConfig, RoomConfig,
    SpeedConfig, TimeMaskConfig, center_crop,
};
use proptest::prelude::*;

use crate::tone::{measure, sine, to_f32};

const RATE: u32 = 16_000;

fn everything() -> AugmentConfig {
    AugmentConfig {
        target_rms: Some(0.1),
        speed: SpeedConfig { prob: 0.9, max: 0.2 },
        formants: FormantConfig { prob: 0.9, max: 0.2 },
        filter: FilterConfig { prob: 0.9, strength: 0.5 },
        band_pass: BandPassConfig { prob: 0.5, ..Default::default() },
        room: RoomConfig { prob: 0.5, ..Default::default() },
        clipping: ClippingConfig { prob: 0.5, ..Default::default() },
        bandwidth: BandwidthConfig { prob: 0.5, ..Default::default() },
        excerpt: ExcerptConfig { prob: 0.5, ..Default::default() },
        offset: OffsetConfig { prob: 0.9, ..Default::default() },
        noise: NoiseConfig { prob: 0.9, tilt_prob: 0.5, ..Default::default() },
        gain: GainConfig { prob: 0.5, min_db: -6.0, max_db: 6.0 },
        polarity: PolarityConfig { prob: 0.5 },
        time_mask: TimeMaskConfig { prob: 0.5, count: 2, max_s: 0.05 },
    }
}

fn tone(hz: f64, seconds: f64) -> Vec<f32> {
    to_f32(&sine(hz, 0.5, RATE, seconds))
}

fn applied(config: AugmentConfig, clean: &[f32], seed: u64, span: usize) -> Vec<f32> {
    let mut out = Vec::new();
    Augmenter::new(config, RATE).expect("a valid configuration").apply(clean, seed, span, &mut out);
    out
}

#[test]
fn the_default_only_crops_or_pads() {
    for (n, span) in [(100, 150), (150, 100), (0, 10), (10, 0)] {
        let clean: Vec<f32> = (1..=n).map(|n| n as f32).collect();
        let mut placed = Vec::new();
        let range = center_crop(&clean, span, &mut placed);
        assert_eq!(range, 0..n.min(span));
        assert_eq!(applied(AugmentConfig::default(), &clean, 3, span), placed);
    }
    let mut out = Vec::new();
    center_crop(&[1.0, 2.0, 3.0, 4.0, 5.0], 3, &mut out);
    assert_eq!(out, [2.0, 3.0, 4.0]);
    center_crop(&[1.0, 2.0], 3, &mut out);
    assert_eq!(out, [1.0, 2.0, 0.0]);
}

#[test]
fn the_target_level_is_the_level_of_evaluation() {
    let config = AugmentConfig { target_rms: Some(0.1), ..Default::default() };
    let mut augmenter = Augmenter::new(config, RATE).unwrap();
    let clean = tone(440.0, 1.0);
    let (mut evaluated, mut trained) = (Vec::new(), Vec::new());
    let clip = center_crop(&clean, 20_000, &mut evaluated);
    rms_normalize(&mut evaluated[clip.clone()], 0.1);
    augmenter.apply(&clean, 1, 20_000, &mut trained);
    assert_eq!(evaluated, trained);
    assert!((rms(&evaluated[clip]) - 0.1).abs() < 1e-7);
}

#[test]
fn an_excerpt_is_a_part_of_the_clip_of_any_duration_and_position() {
    let excerpt = ExcerptConfig { prob: 1.0, min_s: 0.5 };
    let config = AugmentConfig { excerpt, ..Default::default() };
    let mut augmenter = Augmenter::new(config, RATE).unwrap();
    // Two seconds; each sample is its own position.
    let clean: Vec<f32> = (1..=32_000).map(|n| n as f32).collect();
    let mut out = Vec::new();
    let mut parts = Vec::new();
    for seed in 0..200 {
        let placed = augmenter.apply(&clean, seed, 40_000, &mut out);
        let part = &out[placed];
        assert!(part.len() >= 8_000, "{}", part.len());
        assert!(part.windows(2).all(|pair| pair[1] == pair[0] + 1.0), "one interval");
        parts.push((part[0] as usize - 1, part.len()));
    }
    assert!(
        parts.iter().any(|&(_, len)| len < 12_000) && parts.iter().any(|&(_, len)| len > 28_000)
    );
    assert!(parts.iter().any(|&(start, _)| start < 1_000), "the start");
    assert!(parts.iter().any(|&(start, len)| start + len > 31_000), "the end");
    // A clip that is no longer than the shortest part stays whole.
    assert_eq!(augmenter.apply(&clean[..8_000], 1, 40_000, &mut out).len(), 8_000);
}

#[test]
fn speed_moves_pitch_and_length_together() {
    let config = AugmentConfig { speed: SpeedConfig { prob: 1.0, max: 0.1 }, ..Default::default() };
    let mut augmenter = Augmenter::new(config, RATE).unwrap();
    let clean = tone(1000.0, 0.5);
    let mut out = Vec::new();
    let mut speeds = Vec::new();
    for seed in 0..20 {
        let placed = augmenter.apply(&clean, seed, 32_000, &mut out);
        let speed = 8_000.0 / placed.len() as f64;
        assert!((0.899..1.101).contains(&speed), "{speed}");
        // The length is rounded to a sample: look for the pitch close by.
        let middle = &out[placed.start + 200..placed.end - 200];
        let best = (-35..=35)
            .map(|k| measure(middle, 1000.0 * speed + f64::from(k) * 0.002, RATE))
            .max_by(|a, b| a.snr_db.total_cmp(&b.snr_db))
            .unwrap();
        assert!(best.snr_db > 50.0, "speed {speed}: {} dB", best.snr_db);
        assert!((best.amplitude - 0.5).abs() < 0.01, "speed {speed}: {}", best.amplitude);
        speeds.push(speed);
    }
    assert!(speeds.iter().any(|&s| s < 0.97) && speeds.iter().any(|&s| s > 1.03), "{speeds:?}");
}

#[test]
fn speed_shows_only_the_part_in_the_span() {
    let config = AugmentConfig { speed: SpeedConfig { prob: 1.0, max: 0.1 }, ..Default::default() };
    let clean = tone(200.0, 2.0);
    let whole = applied(config.clone(), &clean, 5, 40_000);
    let part = applied(config, &clean, 5, 8_000);
    let len = whole.iter().rposition(|&x| x != 0.0).unwrap() + 1;
    let start = (len - 8_000) / 2;
    let close = |start: usize| whole[start..start + 8_000] == part[..];
    assert!((start.saturating_sub(20)..start + 20).any(close));
}

#[test]
fn formants_leave_length_and_level() {
    let formants = FormantConfig { prob: 1.0, max: 0.15 };
    let config = AugmentConfig { target_rms: Some(0.1), formants, ..Default::default() };
    let mut augmenter = Augmenter::new(config, RATE).unwrap();
    // Harmonics of 150 Hz under a slope of 12 dB an octave.
    let harmonic = |k: u32| sine(150.0 * f64::from(k), 0.5 / f64::from(k * k), RATE, 1.0);
    let mut clean = vec![0.0; 16_000];
    (1..20).for_each(|k| clean.iter_mut().zip(harmonic(k)).for_each(|(sum, x)| *sum += x as f32));
    let (mut out, mut first) = (Vec::new(), Vec::new());
    for seed in 0..10 {
        assert_eq!(augmenter.apply(&clean, seed, 20_000, &mut out), 0..16_000);
        assert!((rms(&out[..16_000]) - 0.1).abs() < 1e-6);
        assert!(out[16_000..].iter().all(|&x| x == 0.0));
        assert_ne!(out, first, "each seed draws its own");
        first.clone_from(&out);
    }
}

#[test]
fn noise_has_the_drawn_ratio() {
    let noise = NoiseConfig { prob: 1.0, min_snr_db: 20.0, max_snr_db: 20.0, tilt_prob: 0.0 };
    let config = AugmentConfig { noise, ..Default::default() };
    let clean = tone(1000.0, 2.0);
    let out = applied(config, &clean, 9, clean.len());
    let noise: Vec<f32> = out.iter().zip(&clean).map(|(y, x)| y - x).collect();
    let snr_db = 20.0 * (rms(&clean) / rms(&noise)).log10();
    assert!((snr_db - 20.0).abs() < 0.2, "{snr_db}");
    let mean: f32 = noise.iter().sum::<f32>() / noise.len() as f32;
    let lag_one: f64 = noise.windows(2).map(|w| f64::from(w[0] * w[1])).sum::<f64>();
    let correlation = lag_one / noise.len() as f64 / rms(&noise).powi(2);
    assert!(mean.abs() < 0.001 && correlation.abs() < 0.03, "{mean} {correlation}");
}

#[test]
fn noise_leaves_padding_and_silence_alone() {
    let noise = NoiseConfig { prob: 1.0, ..Default::default() };
    let config = AugmentConfig { noise, ..Default::default() };
    let out = applied(config.clone(), &tone(440.0, 0.5), 1, 12_000);
    assert_eq!(out[8_000..], [0.0; 4_000]);
    assert_eq!(applied(config, &[0.0; 100], 1, 100), [0.0; 100]);
}

#[test]
fn offset_varies_the_start_within_its_bounds() {
    let offset = OffsetConfig { prob: 1.0, max_shift_s: 0.1 };
    let config = AugmentConfig { offset, ..Default::default() };
    let mut augmenter = Augmenter::new(config, RATE).unwrap();
    let mut out = Vec::new();
    let starts: Vec<usize> =
        (0..200).map(|seed| augmenter.apply(&[1.0; 1000], seed, 9000, &mut out).start).collect();
    assert!(*starts.iter().min().unwrap() < 100);
    assert!((1500..=1600).contains(starts.iter().max().unwrap()));

    let ramp: Vec<f32> = (0..1000).map(|n| n as f32).collect();
    let mut firsts = Vec::new();
    for seed in 0..200 {
        assert_eq!(augmenter.apply(&ramp, seed, 100, &mut out), 0..100);
        assert!(out.windows(2).all(|w| w[1] - w[0] == 1.0));
        firsts.push(out[0] as usize);
    }
    assert!(*firsts.iter().min().unwrap() < 50 && *firsts.iter().max().unwrap() > 850);
}

#[test]
fn clipping_adds_odd_harmonics_and_repeats_with_its_seed() {
    let clipping = ClippingConfig { prob: 1.0, min_level: 0.1 };
    let config = AugmentConfig { clipping: clipping.clone(), ..Default::default() };
    // Half the sample rate is the twentieth harmonic: aliases near the third are small.
    let clean = tone(400.0, 0.5);
    let peak = |samples: &[f32]| samples.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    let mut levels = Vec::new();
    for seed in 0..20 {
        let out = applied(config.clone(), &clean, seed, 9_000);
        assert_eq!(out, applied(config.clone(), &clean, seed, 9_000));
        assert_eq!(out[8_000..], [0.0; 1_000], "padding");
        let limit = peak(&out);
        levels.push(limit / peak(&clean));
        let clipped = |x: f32| x.clamp(-limit, limit);
        assert!(out.iter().zip(&clean).all(|(y, x)| *y == clipped(*x)), "samples below the limit");
        // The sine, clipped at `limit = 0.5 sin(a)`, has the Fourier coefficient
        // `4 / (3 pi) * 0.5 cos(a)^3 sin(a)` at its third harmonic and none at its second.
        let a = (f64::from(limit) / 0.5).min(1.0).asin();
        let third = 2.0 / (3.0 * std::f64::consts::PI) * a.cos().powi(3) * a.sin();
        let amplitude = |hz: f64| measure(&out[..8_000], hz, RATE).amplitude;
        assert!((amplitude(1200.0) - third).abs() < 2e-3, "{} {third}", amplitude(1200.0));
        assert!(amplitude(800.0) < 1e-3, "{}", amplitude(800.0));
    }
    assert!(levels.iter().all(|level| (0.1..=1.0).contains(level)), "{levels:?}");
    levels.sort_by(f32::total_cmp);
    levels.dedup();
    assert_eq!(levels.len(), 20, "each seed draws its own level");

    let never = ClippingConfig { prob: 0.0, ..clipping };
    let unchanged =
        applied(AugmentConfig { clipping: never, ..Default::default() }, &clean, 1, 8_000);
    assert_eq!(unchanged, clean);
    assert_eq!(applied(config, &[0.0; 100], 1, 100), [0.0; 100], "silence");
}

#[test]
fn band_pass_keeps_the_band() {
    let band_pass = BandPassConfig { prob: 1.0, ..Default::default() };
    let config = AugmentConfig { band_pass, ..Default::default() };
    let amplitude = |hz: f64| {
        let out = applied(config.clone(), &tone(hz, 1.0), 1, 16_000);
        measure(&out[4_000..], hz, RATE).amplitude / 0.5
    };
    assert!((amplitude(1000.0) - 1.0).abs() < 0.02, "{}", amplitude(1000.0));
    assert!((amplitude(300.0) - 0.5f64.sqrt()).abs() < 0.02, "{}", amplitude(300.0));
    assert!((amplitude(3400.0) - 0.5f64.sqrt()).abs() < 0.02, "{}", amplitude(3400.0));
    assert!(amplitude(50.0) < 0.05 && amplitude(7500.0) < 0.05);
}

#[test]
fn filter_gain_and_polarity() {
    let clean = tone(1000.0, 0.5);
    let n = clean.len();
    let filter = FilterConfig { prob: 1.0, strength: 0.5 };
    let coloured = applied(AugmentConfig { filter, ..Default::default() }, &clean, 2, n);
    let tone = measure(&coloured[100..n - 100], 1000.0, RATE);
    // Linear: still one tone, at another level.
    assert!(tone.snr_db > 80.0 && (tone.amplitude - 0.5).abs() > 0.001);

    let polarity = PolarityConfig { prob: 1.0 };
    let flipped = applied(AugmentConfig { polarity, ..Default::default() }, &clean, 2, n);
    assert!(flipped.iter().zip(&clean).all(|(y, x)| *y == -x));

    let gain = GainConfig { prob: 1.0, min_db: -6.0, max_db: -6.0 };
    let target_rms = Some(0.1);
    let quiet = applied(AugmentConfig { target_rms, gain, ..Default::default() }, &clean, 2, n);
    assert!((rms(&quiet) - 0.1 * 10f64.powf(-0.3)).abs() < 1e-6);
}

#[test]
fn time_masks_are_bounded() {
    let time_mask = TimeMaskConfig { prob: 1.0, count: 2, max_s: 10.0 };
    let config = AugmentConfig { time_mask, ..Default::default() };
    let mut augmenter = Augmenter::new(config, RATE).unwrap();
    let mut out = Vec::new();
    let mut most = 0;
    for seed in 0..200 {
        augmenter.apply(&[1.0; 1000], seed, 1000, &mut out);
        let masked = out.iter().filter(|&&x| x == 0.0).count();
        assert!(masked <= 500);
        most = most.max(masked);
    }
    assert!(most > 300);
}

#[test]
fn probabilities_are_frequencies() {
    let polarity = PolarityConfig { prob: 0.3 };
    let config = AugmentConfig { polarity, ..Default::default() };
    let mut augmenter = Augmenter::new(config, RATE).unwrap();
    let mut out = Vec::new();
    let flips = (0..2000)
        .filter(|&seed| {
            augmenter.apply(&[1.0], seed, 1, &mut out);
            out[0] < 0.0
        })
        .count();
    // Five standard deviations.
    assert!(flips.abs_diff(600) < 103, "{flips}");
}

#[test]
fn switching_one_effect_off_leaves_the_others() {
    let clean = tone(440.0, 0.5);
    let noise = NoiseConfig { prob: 1.0, min_snr_db: 10.0, max_snr_db: 30.0, tilt_prob: 0.0 };
    let only_noise = AugmentConfig { noise, ..Default::default() };
    let flipped = AugmentConfig { polarity: PolarityConfig { prob: 1.0 }, ..only_noise.clone() };
    let (a, b) = (applied(only_noise, &clean, 4, 8000), applied(flipped, &clean, 4, 8000));
    assert!(a.iter().zip(&b).all(|(a, b)| *a == -b));
}

#[test]
fn nothing_is_allocated_once_warm() {
    let mut augmenter = Augmenter::new(everything(), RATE).unwrap();
    let clean = tone(440.0, 1.0);
    let mut out = Vec::new();
    augmenter.apply(&clean, 0, 16_000, &mut out);
    let buffer = (out.as_ptr(), out.capacity());
    for seed in 1..20 {
        augmenter.apply(&clean, seed, 16_000, &mut out);
        assert_eq!((out.as_ptr(), out.capacity()), buffer);
    }
}

#[test]
fn fields_are_checked_and_survive_json() {
    let json = serde_json::to_string(&everything()).unwrap();
    assert_eq!(serde_json::from_str::<AugmentConfig>(&json).unwrap(), everything());
    let partial: AugmentConfig = serde_json::from_str(r#"{"speed":{"prob":1,"max":0.1}}"#).unwrap();
    assert_eq!(partial.speed, SpeedConfig { prob: 1.0, max: 0.1 });
    assert!(serde_json::from_str::<AugmentConfig>(r#"{"sped":{}}"#).is_err());

    let with = |edit: fn(&mut AugmentConfig)| {
        let mut config = everything();
        edit(&mut config);
        Augmenter::new(config, RATE).unwrap_err().to_string()
    };
    assert!(with(|c| c.speed.prob = 1.5).contains("augment.speed.prob must"));
    assert!(with(|c| c.speed.max = 0.9).contains("augment.speed.max must"));
    assert!(with(|c| c.formants.prob = -0.1).contains("augment.formants.prob must"));
    assert!(with(|c| c.formants.max = 0.5).contains("augment.formants.max must"));
    assert!(with(|c| c.noise.min_snr_db = f32::NAN).contains("augment.noise.min_snr_db must"));
    assert!(with(|c| c.gain.min_db = 7.0).contains("augment.gain.min_db must"));
    assert!(with(|c| c.band_pass.high_hz = 9000.0).contains("augment.band_pass.high_hz must"));
    assert!(with(|c| c.clipping.prob = 2.0).contains("augment.clipping.prob must"));
    assert!(with(|c| c.clipping.min_level = 0.0).contains("augment.clipping.min_level must"));
    assert!(with(|c| c.target_rms = Some(0.0)).contains("augment.target_rms must"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_clip_in_any_span(
        clean in proptest::collection::vec(-1f32..1.0, 0..4000),
        span in 0usize..4000,
        seed in any::<u64>(),
    ) {
        let mut augmenter = Augmenter::new(everything(), RATE).unwrap();
        let (mut out, mut again) = (vec![f32::NAN; 7], Vec::new());
        let placed = augmenter.apply(&clean, seed, span, &mut out);
        prop_assert_eq!(out.len(), span);
        prop_assert!(placed.start <= placed.end && placed.end <= span);
        prop_assert!(out.iter().all(|x| x.is_finite()));
        prop_assert!(out[..placed.start].iter().chain(&out[placed.end..]).all(|&x| x == 0.0));
        // The same for the seed, whatever was done between.
        augmenter.apply(&[0.5; 99], !seed, 500, &mut again);
        prop_assert_eq!(augmenter.apply(&clean, seed, span, &mut again), placed);
        prop_assert!(out.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()));
    }

    #[test]
    fn seeds_differ(seed in 0u64..u64::MAX) {
        let config = AugmentConfig {
            noise: NoiseConfig { prob: 1.0, ..Default::default() },
            ..Default::default()
        };
        let clean = tone(440.0, 0.1);
        prop_assert_ne!(
            applied(config.clone(), &clean, seed, 1600),
            applied(config, &clean, seed + 1, 1600)
        );
    }

    #[test]
    fn the_target_level_is_met_after_all_effects(seed in any::<u64>()) {
        let mut config = everything();
        config.gain.prob = 0.0;
        config.time_mask.prob = 0.0;
        let mut out = Vec::new();
        let mut augmenter = Augmenter::new(config, RATE).unwrap();
        let placed = augmenter.apply(&tone(800.0, 0.3), seed, 6_000, &mut out);
        prop_assert!((rms(&out[placed]) / 0.1 - 1.0).abs() < 1e-5);
    }
}
