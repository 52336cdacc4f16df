//! From recordings to predictions.

use std::sync::OnceLock;

use clstm::audio::{AudioError, DecodeLimits};
use clstm::{Clip, LabelPrediction, ModelError, Recognition, RecognizeError, Recognizer};
use clstm_nn::{GflbConfig, LflbConfig, NamedTensor, NetworkConfig, Peepholes, Precision, Reset};
use proptest::prelude::*;

use crate::support::{RATE, model, reference_logits, tiny, tiny_network, voice, wav};

fn recognizer() -> &'static Recognizer {
    static SHARED: OnceLock<Recognizer> = OnceLock::new();
    SHARED.get_or_init(|| {
        // The predictions of random weights are almost equal: balance the classes on one recording, so that
        // a low temperature separates the others from it.
        let mut model = tiny();
        let raw = Recognizer::new(model.clone()).expect("a recognizer");
        let clip = model.info.frontend.preprocess(voice(1.5, RATE, 200.0));
        let is_bias = |tensor: &&mut NamedTensor| tensor.name == "head.class_bias";
        let bias = model.tensors.iter_mut().find(is_bias).expect("the bias of the logits");
        for (bias, logit) in bias.values.iter_mut().zip(raw.recognize_clip(&clip)) {
            *bias -= logit as f32;
        }
        model.info.scaling.temperature = 0.01;
        // Synthetic voices are not speech to the gate.
        Recognizer::new(model).expect("a recognizer").with_min_speech(0.0)
    })
}

fn recognized(samples: &[f32], rate: u32) -> Recognition {
    recognizer().recognize(samples, rate).expect("a recognition")
}

fn prediction(recognition: &Recognition) -> &LabelPrediction {
    recognition.prediction.as_ref().expect("a prediction")
}

/// The largest difference of probabilities.
fn furthest(a: &Recognition, b: &Recognition) -> f64 {
    let [a, b] = [a, b].map(prediction);
    assert_eq!(a.probabilities.len(), b.probabilities.len());
    let distances = a.probabilities.iter().zip(&b.probabilities).map(|(a, b)| (a - b).abs());
    distances.fold(0.0, f64::max)
}

fn check(recognition: &Recognition) {
    let result = prediction(recognition);
    let sum: f64 = result.probabilities.iter().sum();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    assert_eq!(result.probabilities.len(), 3);
    assert_eq!(result.label, recognizer().labels()[result.label_index]);
    assert_eq!(result.confidence, result.probabilities[result.label_index]);
    assert!(result.probabilities.iter().all(|&p| (0.0..=result.confidence).contains(&p)));
}

#[test]
fn a_prediction_is_a_distribution_and_repeats() {
    let sound = voice(1.3, RATE, 130.0);
    let result = recognized(&sound, RATE);
    check(&result);
    assert_eq!(result.duration_s, 1.3);
    assert_eq!(recognized(&sound, RATE), result);
    let other = recognized(&voice(1.3, RATE, 310.0), RATE);
    assert!(furthest(&result, &other) > 0.05, "the sound matters: {result:?} {other:?}");
}

#[test]
fn the_model_file_gives_the_same_predictions() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.safetensors");
    let model = tiny();
    model.write(&path).expect("written");
    let opened = Recognizer::open(&path).expect("opened").with_min_speech(0.0);
    let made = Recognizer::new(model.clone()).expect("made").with_min_speech(0.0);
    assert_eq!((opened.info(), opened.digest()), (&model.info, &*model.digest()));
    let sound = voice(0.7, RATE, 180.0);
    let result = opened.recognize(&sound, RATE).expect("a recognition");
    assert_eq!(result, made.recognize(&sound, RATE).expect("a recognition"));

    let clip = model.info.frontend.preprocess(sound);
    let logits = opened.recognize_clip(&clip);
    assert_eq!(opened.probabilities(&logits), prediction(&result).probabilities);
    assert_eq!(model.info.scaling.probabilities(&logits), prediction(&result).probabilities);

    let missing = Recognizer::open(&folder.path().join("none")).expect_err("no file");
    assert!(matches!(missing, ModelError::Io { action: "read", .. }), "{missing}");
}

#[test]
fn another_precision_hardly_changes_the_prediction() {
    assert_eq!(recognizer().precision(), Precision::F32);
    let half = recognizer().clone().with_precision(Precision::Bf16).expect("the CPU has it");
    assert_eq!((half.precision(), recognizer().precision()), (Precision::Bf16, Precision::F32));
    let sound = voice(1.1, RATE, 150.0);
    let clip = half.info().frontend.preprocess(sound);
    let (near, exact) = (half.recognize_clip(&clip), recognizer().recognize_clip(&clip));
    assert_ne!(near, exact, "it is not computed in bf16");
    // The logits of random weights may all be near zero, as sums of terms that are not.
    for (near, exact) in near.iter().zip(&exact) {
        assert!((near - exact).abs() < 0.01, "{near} for {exact}");
    }
    let back = half.with_precision(Precision::F32).expect("every device has it");
    assert_eq!(back.recognize_clip(&clip), exact);
}

#[test]
fn clips_together_have_the_logits_of_each_alone_and_nearly_those_of_the_network() {
    let model = tiny();
    let frontend = &model.info.frontend;
    // One span of several lengths, and several spans.
    let seconds = [0.2, 1.9, 0.3, 0.21, 2.4, 0.35];
    let voices = seconds.iter().zip(0..).map(|(s, i)| voice(*s, RATE, 110.0 + 30.0 * f64::from(i)));
    let clips: Vec<Clip> = voices.map(|sound| frontend.preprocess(sound)).collect();
    assert!(frontend.windows(&clips[1]).len() > 1 && frontend.windows(&clips[4]).len() > 1);
    let recognizer = Recognizer::new(model.clone()).expect("a recognizer");
    let alone: Vec<_> = clips.iter().map(|clip| recognizer.recognize_clip(clip)).collect();
    assert!(alone.iter().any(|logits| *logits != alone[0]), "the sounds matter");
    let together: Vec<&Clip> = clips.iter().collect();
    assert_eq!(recognizer.recognize_clips(&together), alone);
    assert!(recognizer.recognize_clips(&[]).is_empty());

    for (clip, ours) in clips.iter().zip(&alone) {
        let theirs = reference_logits(&model, clip);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!((ours - theirs).abs() <= 1e-5 * theirs.abs().max(1.0), "{ours} for {theirs}");
        }
    }
}

#[test]
fn logits_are_made_from_the_deep_features() {
    let recognizer = recognizer();
    let model = tiny();
    let tensor = |name: &str| {
        let found = model.tensors.iter().find(|tensor| tensor.name == name);
        found.expect("a tensor of the head").values.clone()
    };
    let (weight, width) = (tensor("head.class_weight"), model.info.network.features);
    let clean = |seconds| model.info.frontend.preprocess(voice(seconds, RATE, 170.0));
    let clips = [clean(1.1), clean(9.0)]; // the second in several spans
    let scores = recognizer.score_clips(&[&clips[0], &clips[1]]);
    for (clip, scores) in clips.iter().zip(&scores) {
        assert_eq!(scores.logits, recognizer.recognize_clip(clip));
        assert_eq!(scores.features.len(), width);
        assert!(scores.features.iter().all(|x| *x >= 0.0), "features come out of a ReLU");
    }
    // The head is affine and so is the mean over spans: differences of logits are those of features.
    for class in 0..3 {
        let made: f64 = (0..width)
            .map(|i| {
                let moved = scores[1].features[i] - scores[0].features[i];
                moved * f64::from(weight[i * 3 + class])
            })
            .sum();
        let found = scores[1].logits[class] - scores[0].logits[class];
        assert!((made - found).abs() < 1e-5 * (1.0 + found.abs()), "{made} {found}");
    }
}

#[test]
fn embedding_adds_the_deep_feature_to_the_same_recognition() {
    let silence = vec![0.0; 16_000];
    let sounds = [voice(0.9, RATE, 120.0), silence, voice(3.0, RATE, 240.0)];
    let prepare = |sound: &Vec<f32>| recognizer().prepare_samples(sound, RATE).expect("prepared");
    let prepared: Vec<_> = sounds.iter().map(prepare).collect();
    let clips: Vec<&Clip> = prepared.iter().map(|recording| recording.clip()).collect();
    let scores = recognizer().score_clips(&clips);
    let plain = recognizer().recognize_prepared(&prepared);
    let embedded = recognizer().embed_prepared(&prepared);
    assert_eq!(embedded.len(), 3);
    for ((embedded, plain), scores) in embedded.iter().zip(&plain).zip(&scores) {
        let embedded = embedded.as_ref().expect("a result");
        assert_eq!(&embedded.recognition, plain.as_ref().expect("a result"));
        assert_eq!(embedded.features, scores.features);
        assert_eq!(embedded.features.len(), recognizer().info().network.deep_feature());
    }
    assert_eq!(embedded[1].as_ref().expect("a result").recognition.prediction, None);
    assert_eq!(recognized(&sounds[2], RATE), *plain[2].as_ref().expect("a result"));
}

#[test]
fn threads_share_one_recognizer() {
    let sounds: Vec<_> = (0..4).map(|i| voice(0.9, RATE, 100.0 + 60.0 * f64::from(i))).collect();
    let alone: Vec<_> = sounds.iter().map(|sound| recognized(sound, RATE)).collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (sounds, alone) = (&sounds, &alone);
            let clone = recognizer().clone();
            scope.spawn(move || {
                for i in (0..8).map(|i| (i + thread) % 4) {
                    assert_eq!(recognized(&sounds[i], RATE), alone[i]);
                    assert_eq!(clone.recognize(&sounds[i], RATE).expect("a recognition"), alone[i]);
                }
            });
        }
    });
}

#[test]
fn the_sample_rate_of_a_recording_does_not_matter() {
    for pitch_hz in [110.0, 220.0] {
        let low = recognized(&voice(1.5, 16_000, pitch_hz), 16_000);
        for rate in [22_050, 44_100, 48_000] {
            let high = recognized(&voice(1.5, rate, pitch_hz), rate);
            assert!(furthest(&low, &high) < 0.02, "{rate} Hz: {low:?} {high:?}");
            assert!((low.duration_s - high.duration_s).abs() < 1e-9);
        }
    }
}

#[test]
fn gain_and_quiet_edges_do_not_matter() {
    let sound = voice(1.0, RATE, 150.0);
    let result = recognized(&sound, RATE);
    let quiet: Vec<f32> = sound.iter().map(|x| x * 1e-3).collect();
    assert!(furthest(&result, &recognized(&quiet, RATE)) < 1e-4);
    let edged = [&[0.0; 8000][..], &sound, &[0.0; 9000]].concat();
    let later = recognized(&edged, RATE);
    assert!((later.duration_s - (1.0 + 17_000.0 / 16_000.0)).abs() < 1e-9, "before trimming");
}

#[test]
fn files_and_bytes_are_recognised_like_samples() {
    let sound = voice(1.1, 22_050, 170.0);
    let bytes = wav(&sound, 22_050);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("voice.wav");
    std::fs::write(&path, &bytes).expect("written");
    let from_file = recognizer().recognize_file(&path).expect("a recognition");
    let from_bytes = recognizer().recognize_bytes(&bytes, Some("wav")).expect("a recognition");
    assert_eq!(from_file, from_bytes);
    assert!((from_file.duration_s - 1.1).abs() < 1e-3);
    check(&from_file);
    assert!(
        furthest(&from_file, &recognized(&sound, 22_050)) < 0.01,
        "16 bits are nearly the samples"
    );
}

#[test]
fn short_and_long_recordings_get_a_prediction() {
    check(&recognized(&voice(0.2, RATE, 140.0), RATE));
    let long = voice(3.0, RATE, 140.0);
    let clip = recognizer().info().frontend.preprocess(long.clone());
    assert!(recognizer().info().frontend.windows(&clip).len() > 5);
    check(&recognized(&long, RATE));
    let kilohertz = std::f32::consts::TAU * 1000.0 / RATE as f32;
    let tone: Vec<f32> = (0..16_000).map(|n| (n as f32 * kilohertz).sin()).collect();
    check(&recognized(&tone, RATE));
}

#[test]
fn silence_has_no_emotion() {
    for samples in [vec![0.0; 16_000], vec![0.25; 16_000], vec![1e-9; 20], vec![0.5]] {
        let silence = recognized(&samples, RATE);
        assert_eq!((silence.speech, &silence.prediction), (0.0, &None));
    }
    let file = wav(&[0.0; 8000], 8000);
    let silence = recognizer().recognize_bytes(file, None).expect("a recording");
    assert_eq!((silence.duration_s, silence.speech, silence.prediction), (1.0, 0.0, None));
}

#[test]
fn bad_recordings_pass_their_errors_on() {
    let kind = |error: Result<Recognition, RecognizeError>| error.expect_err("an error").kind();
    let listen = |samples: &[f32], rate| kind(recognizer().recognize(samples, rate));
    assert_eq!(listen(&[], RATE), "no_samples");
    assert_eq!(listen(&[0.1, f32::NAN, 0.2], RATE), "non_finite");
    assert_eq!(listen(&[0.1, 0.2, f32::INFINITY], 48_000), "non_finite");
    assert_eq!(listen(&[0.1, -0.1], 0), "sample_rate");
    assert_eq!(listen(&[0.1, -0.1], 2_000_000), "sample_rate");

    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("notes.wav");
    std::fs::write(&text, "this is a text, whatever its name\n".repeat(99)).expect("written");
    assert_eq!(kind(recognizer().recognize_file(&text)), "format");
    let empty = folder.path().join("empty.wav");
    std::fs::write(&empty, "").expect("written");
    assert_eq!(kind(recognizer().recognize_file(&empty)), "empty");
    assert_eq!(kind(recognizer().recognize_file(&folder.path().join("none.wav"))), "not_found");
    assert_eq!(kind(recognizer().recognize_file(folder.path())), "is_directory");
    assert_eq!(kind(recognizer().recognize_bytes(b"", None)), "empty");
    let cut = &wav(&voice(0.5, RATE, 100.0), RATE)[..4000];
    assert_eq!(kind(recognizer().recognize_bytes(cut, None)), "decode");
}

#[test]
fn limits_hold_for_every_way_in() {
    let limits = DecodeLimits { max_duration_s: 1.0, ..DecodeLimits::default() };
    let strict = recognizer().clone().with_limits(limits);
    let (short, long) = (voice(1.0, RATE, 120.0), voice(1.01, RATE, 120.0));
    check(&strict.recognize(&short, RATE).expect("just fits"));
    check(&strict.recognize_bytes(wav(&short, RATE), None).expect("just fits"));
    for error in [
        strict.recognize(&long, RATE).expect_err("too long"),
        strict.recognize_bytes(wav(&long, RATE), None).expect_err("too long"),
    ] {
        assert!(matches!(error, RecognizeError::Audio(AudioError::TooLong { .. })), "{error}");
    }
    recognizer().recognize(&long, RATE).expect("the original keeps its limits");
}

#[test]
fn absurd_samples_and_weights_give_errors_not_nonsense() {
    let sound = voice(0.5, RATE, 120.0);
    let loud: Vec<f32> = sound.iter().map(|x| x * 1e18).collect();
    assert!(
        furthest(&recognized(&sound, RATE), &recognized(&loud, RATE)) < 1e-3,
        "level alone is no matter"
    );
    let huge: Vec<f32> = sound.iter().map(|x| x * 1e36).collect();
    let error = recognizer().recognize(&huge, RATE).expect_err("no recording is that loud");
    assert_eq!(error.kind(), "non_finite");
    let mut model = tiny();
    for tensor in model.tensors.iter_mut().filter(|tensor| tensor.name.starts_with("head.")) {
        tensor.values.fill(f32::MAX);
    }
    let broken = Recognizer::new(model).expect("the weights are finite").with_min_speech(0.0);
    let error = broken.recognize(&voice(0.5, RATE, 120.0), RATE).expect_err("no number");
    assert_eq!(error.kind(), "model");
}

fn any_network() -> impl Strategy<Value = NetworkConfig> {
    let peepholes =
        prop_oneof![Just(Peepholes::None), Just(Peepholes::Channel), Just(Peepholes::Full)];
    let taps = 1_usize..90;
    let block = (1_usize..6, taps, 1_usize..6, 1_usize..5, 1_usize..5, peepholes, any::<bool>())
        .prop_map(|(filters, kernel_input, kernel_state, stride, pool, peepholes, input_norm)| {
            LflbConfig { filters, kernel_input, kernel_state, stride, pool, peepholes, input_norm }
        });
    let gflb = prop_oneof![
        Just(GflbConfig::None),
        (1_usize..5, 1_usize..3, any::<bool>()).prop_map(|(hidden, layers, before)| {
            let reset = if before { Reset::Before } else { Reset::After };
            GflbConfig::BiGru { hidden, layers, reset }
        }),
        (1_usize..5, 1_usize..3).prop_map(|(hidden, layers)| GflbConfig::BiLstm { hidden, layers }),
    ];
    let blocks = prop::collection::vec(block, 1..4);
    (blocks, gflb, any::<bool>(), 1_usize..300).prop_map(|(blocks, gflb, skip, segment_length)| {
        NetworkConfig { segment_length, blocks, skip, gflb, classes: 3, ..tiny_network() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_network_of_a_file_predicts(network in any_network()) {
        let bytes = model(network).to_bytes().expect("bytes");
        let model = clstm::Model::from_bytes(&bytes).expect("what was written is read");
        let recognizer = Recognizer::new(model).expect("and built").with_min_speech(0.0);
        let result = recognizer.recognize(&voice(0.3, RATE, 140.0), RATE).expect("a recognition");
        let result = prediction(&result);
        prop_assert!((result.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_lenient_recognizer_reports_damage() {
    let whole = wav(&voice(1.0, RATE, 150.0), RATE);
    let cut = &whole[..whole.len() / 2];
    let error = recognizer().recognize_bytes(cut, None).expect_err("strict by default");
    assert_eq!(error.kind(), "decode");
    let lenient = recognizer().clone().with_strict(false);
    let recognition = lenient.recognize_bytes(cut, None).expect("the first half");
    assert!((recognition.duration_s - 0.5).abs() < 0.01, "{}", recognition.duration_s);
    let damage = recognition.damage.as_ref().expect("the second half is missing");
    assert!((damage.missing_s - 0.5).abs() < 0.01, "{damage:?}");
    let json = serde_json::to_value(&recognition).expect("JSON");
    assert!(json["damaged"]["missing_s"].is_number(), "{json}");
    assert_eq!(lenient.recognize_bytes(&whole, None).expect("undamaged").damage, None);
}
