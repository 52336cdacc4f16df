//! Streams: the predictions are those of their windows for any chunk sizes, and segments have no gaps.

use clstm::audio::{DecodeLimits, decode_file, resample};
use clstm::{
    Event, Frame, FrontendConfig, ModelInfo, Recognizer, Segment, Stream, StreamConfig,
    StreamError, TimelineBuilder, TimelineItem,
};
use clstm_nn::Preset;
use proptest::prelude::*;
use tempfile::tempdir;

use crate::support::{RATE, conversation, info, model, tiny, tiny_plus, wav};

fn recognizer() -> Recognizer {
    Recognizer::new(tiny()).expect("a model").with_min_speech(0.0)
}

/// A hop of a fifth of a second, centred windows of half a second (the longest of the model).
fn config() -> StreamConfig {
    StreamConfig { hop_s: 0.2, smoothing_s: 0.3, min_segment_s: 0.6, ..StreamConfig::recording() }
}

fn pushed_through(stream: &mut Stream, chunks: &[&[f32]]) -> Vec<Event> {
    let mut events = Vec::new();
    for chunk in chunks {
        stream.push(chunk, &mut events).expect("sound");
    }
    stream.finish(&mut events).expect("an end");
    events
}

fn frames(events: &[Event]) -> Vec<&Frame> {
    let frame = |event: &'_ Event| matches!(event, Event::Frame(_));
    assert!(events.iter().any(frame));
    events.iter().filter_map(|e| if let Event::Frame(m) = e { Some(m) } else { None }).collect()
}

fn segments(events: &[Event]) -> Vec<&Segment> {
    events.iter().filter_map(|e| if let Event::Segment(s) = e { Some(s) } else { None }).collect()
}

/// The sound in chunks of these sizes, over and over.
fn cut<'a>(sound: &'a [f32], sizes: &[usize]) -> Vec<&'a [f32]> {
    let (mut chunks, mut rest) = (Vec::new(), sound);
    for size in sizes.iter().cycle() {
        let (chunk, more) = rest.split_at((*size).min(rest.len()));
        chunks.push(chunk);
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn events_do_not_depend_on_the_chunks(
        sizes in prop::collection::vec(1_usize..20_000, 1..40),
        rate in prop::sample::select(vec![8_000_u32, 16_000, 44_100, 48_000]),
        plus in any::<bool>(),
        lookahead_s in prop::sample::select(vec![None, Some(0.0), Some(0.3)]),
        provisional_s in prop::sample::select(vec![None, Some(0.0), Some(0.1)]),
        utterance_pause_s in prop::sample::select(vec![None, Some(0.1), Some(0.4)]),
        turns in any::<bool>(),
    ) {
        let recognizer = Recognizer::new(if plus { tiny_plus() } else { tiny() }).expect("a model");
        let sound = clstm::audio::Waveform { samples: conversation(), sample_rate: RATE };
        let sound = resample(&sound, rate).expect("another rate").samples;
        let config =
            StreamConfig { lookahead_s, provisional_s, utterance_pause_s, turns, ..config() };
        let mut stream = Stream::new(&recognizer, rate, &config).expect("a stream");
        let whole = pushed_through(&mut stream, &[&sound]);
        // The same stream again: it is as new after its end.
        prop_assert_eq!(pushed_through(&mut stream, &cut(&sound, &sizes)), whole);
    }
}

#[test]
fn events_of_the_presets_do_not_depend_on_the_chunks() {
    let sound = conversation();
    for preset in [Preset::Clstm, Preset::ClstmPlus] {
        let network = preset.network(8);
        let random = model(network.clone());
        let frontend = FrontendConfig::for_network(&network);
        let info = ModelInfo { frontend, ..info(network) };
        let model = clstm::Model::new(info, random.tensors).expect("a model");
        let recognizer = Recognizer::new(model).expect("a model");
        let mut stream = Stream::new(&recognizer, RATE, &StreamConfig::live()).expect("a stream");
        let whole = pushed_through(&mut stream, &[&sound]);
        assert!(frames(&whole).iter().filter(|m| m.prediction.is_some()).count() > 5);
        for sizes in [&[1_600_usize][..], &[24_001, 7, 8_000]] {
            assert_eq!(
                pushed_through(&mut stream, &cut(&sound, sizes)),
                whole,
                "{preset}, {sizes:?}"
            );
        }
    }
}

/// Longer than the longest window of half a second, a turn has the mean of windows that overlap by half.
#[test]
fn the_prediction_for_a_turn_is_that_of_its_windows() {
    let (recognizer, sound) = (recognizer(), conversation());
    let config = StreamConfig { turns: true, utterance_pause_s: Some(0.3), ..config() };
    let mut stream = Stream::new(&recognizer, RATE, &config).expect("a stream");
    let events = pushed_through(&mut stream, &[&sound]);
    let turns: Vec<&Segment> =
        events.iter().filter_map(|e| if let Event::Turn(t) = e { Some(t) } else { None }).collect();
    assert!(!turns.is_empty(), "{events:?}");
    let frontend = &recognizer.info().frontend;
    let window = frontend.max_steps * frontend.segment_length;
    // Three quarters of the pause of 19 frames of the speech detector, in whole frames, before and behind the turn.
    let margin = 14 * 256;
    let sample = |seconds: f64| (seconds * f64::from(RATE)).round() as usize;
    for turn in turns {
        let start = sample(turn.start_s).saturating_sub(margin);
        let end = (sample(turn.end_s) + margin).min(sound.len() / 256 * 256);
        let mut starts = vec![];
        let mut at = start;
        while at + window < end {
            starts.push(at);
            at += window.div_ceil(2);
        }
        starts.push(end.saturating_sub(window).max(start));
        let mut mean = vec![0.0; 3];
        for at in &starts {
            let clip = frontend.preprocess(sound[*at..(at + window).min(end)].to_vec());
            let logits = recognizer.recognize_clip(&clip);
            mean.iter_mut().zip(logits).for_each(|(sum, x)| *sum += x / starts.len() as f64);
        }
        let expected = recognizer.probabilities(&mean);
        let label = turn.label.as_ref().expect("a label");
        for (a, b) in label.probabilities.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-9, "{turn:?}: {expected:?}");
        }
        assert_eq!(label.confidence, label.probabilities[label.label_index]);
        assert!(label.probabilities.iter().all(|p| *p <= label.confidence));
    }
    // The first turn is predicted before the stream ends, frames without turns are the same.
    let mut without =
        Stream::new(&recognizer, RATE, &StreamConfig { turns: false, ..config }).expect("a stream");
    let mut rest = events;
    rest.retain(|event| !matches!(event, Event::Turn(_)));
    assert_eq!(pushed_through(&mut without, &[&sound]), rest);
}

#[test]
fn a_prediction_is_not_later_than_its_latency() {
    let recognizer = recognizer();
    for rate in [8_000_u32, 16_000, 44_100, 48_000] {
        let sound = clstm::audio::Waveform { samples: conversation(), sample_rate: RATE };
        let sound = resample(&sound, rate).expect("another rate").samples;
        let mut stream = Stream::new(&recognizer, rate, &config()).expect("a stream");
        let (mut pushed, mut events, mut latest) = (0, Vec::new(), 0.0_f64);
        for chunk in sound.chunks(64) {
            stream.push(chunk, &mut events).expect("sound");
            pushed += chunk.len();
            for event in events.drain(..) {
                if let Event::Frame(frame) = event {
                    latest = latest.max(pushed as f64 / f64::from(rate) - frame.end_s);
                }
            }
        }
        // Rounding to a chunk. Over all frames the bound is nearly reached, or it would be too loose.
        let (most, chunk) = (stream.latency_s(), 64.0 / f64::from(rate));
        assert!(latest <= most + chunk, "{rate} Hz: {latest} s, at most {most} s");
        assert!(latest >= 0.75 * most, "{rate} Hz: {latest} s of {most} s");
    }
}

#[test]
fn a_timeline_item_is_written_with_its_labels() {
    let (recognizer, sound) = (recognizer(), conversation());
    let mut stream = Stream::new(&recognizer, RATE, &config()).expect("a stream");
    let events = pushed_through(&mut stream, &[&sound]);
    let labels = recognizer.labels();
    for event in events {
        let frames = matches!(event, Event::Frame(_));
        assert_eq!(TimelineItem::of(event.clone(), !frames), None);
        let item = TimelineItem::of(event.clone(), frames).expect("of this kind");
        let json = serde_json::to_value(item.labelled(labels, &[])).expect("JSON");
        let (times, speech, labelled) = match &event {
            Event::Frame(m) => {
                let labelled = m.prediction.as_ref();
                let labelled =
                    labelled.map(|a| (a.label_index, a.smoothed[a.label_index], &a.smoothed));
                ([m.start_s, m.end_s], Some(m.speech), labelled)
            }
            Event::Segment(s) => {
                let labelled = s.label.as_ref();
                let labelled = labelled.map(|e| (e.label_index, e.confidence, &e.probabilities));
                ([s.start_s, s.end_s], None, labelled)
            }
            _ => panic!("{event:?}"),
        };
        let mut wanted = serde_json::json!({
            "start_s": times[0], "end_s": times[1], "label": labelled.map(|(index, ..)| &labels[index]),
        });
        if let Some(speech) = speech {
            wanted["speech"] = speech.into();
        }
        if let Some((_, confidence, probabilities)) = labelled {
            wanted["confidence"] = confidence.into();
            wanted["probabilities"] = serde_json::json!({
                "class-0": probabilities[0], "class-1": probabilities[1], "class-2": probabilities[2],
            });
        }
        assert_eq!(json, wanted);
    }
}

#[test]
fn a_prediction_is_that_of_the_recognizer_for_its_window() {
    let (recognizer, sound) = (recognizer(), conversation());
    for lookahead_s in [None, Some(0.0), Some(0.3)] {
        let config = StreamConfig { lookahead_s, ..config() };
        let mut stream = Stream::new(&recognizer, RATE, &config).expect("a stream");
        let events = pushed_through(&mut stream, &[&sound]);
        let lookahead = (lookahead_s.unwrap_or(0.15) * f64::from(RATE)) as usize;
        assert!((stream.latency_s() - lookahead as f64 / f64::from(RATE) - 0.064).abs() < 1e-9);
        let mut predictions = 0;
        for frame in frames(&events) {
            let Some(prediction) = &frame.prediction else { continue };
            let end =
                ((frame.end_s * f64::from(RATE)).round() as usize + lookahead).min(sound.len());
            let window = &sound[end.saturating_sub(8_000)..end];
            let offline = recognizer.recognize(window, RATE).expect("a recording").prediction;
            let offline = offline.expect("a prediction").probabilities;
            for (a, b) in prediction.probabilities.iter().zip(&offline) {
                assert!((a - b).abs() < 1e-6, "{frame:?}: {offline:?}");
            }
            assert!((prediction.smoothed.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            predictions += 1;
        }
        assert!(predictions > 10, "{predictions} predictions");
    }
}

#[test]
fn frames_and_segments_cover_the_time_without_gaps() {
    let (recognizer, sound) = (recognizer(), conversation());
    let mut stream = Stream::new(&recognizer, RATE, &config()).expect("a stream");
    let events = pushed_through(&mut stream, &[&sound]);
    let whole = sound.len() as f64 / f64::from(RATE);
    let times: Vec<_> = frames(&events).iter().map(|m| (m.start_s, m.end_s)).collect();
    let segment_times: Vec<_> = segments(&events).iter().map(|s| (s.start_s, s.end_s)).collect();
    for times in [&times, &segment_times] {
        assert_eq!(times[0].0, 0.0);
        assert!((times[times.len() - 1].1 - whole).abs() < 1e-9);
        assert!(times.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[0].0 < pair[0].1));
    }
    // The breath between the samples, to a hop and the release.
    let sample = (whole - 3.0) / 2.0;
    let pause = segments(&events).into_iter().filter(|s| s.label.is_none());
    let pause = pause.max_by(|a, b| (a.end_s - a.start_s).total_cmp(&(b.end_s - b.start_s)));
    let pause = pause.expect("a pause");
    assert!((pause.start_s - sample).abs() < 0.6, "{pause:?} after {sample} s");
    assert!((pause.end_s - sample - 3.0).abs() < 0.6, "{pause:?}");
    for segment in segments(&events) {
        let Some(emotion) = &segment.label else { continue };
        let sum: f64 = emotion.probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-9 && emotion.confidence > 0.0, "{segment:?}");
        assert_eq!(emotion.confidence, emotion.probabilities[emotion.label_index]);
    }
}

#[test]
fn silence_and_noise_without_speech_get_no_prediction() {
    let recognizer = recognizer();
    let hum: Vec<f32> = (0..48_000).map(|n| 0.1 * (n as f32 * 0.02).sin()).collect();
    for sound in [vec![0.0; 48_000], hum] {
        let mut stream = Stream::new(&recognizer, RATE, &config()).expect("a stream");
        let events = pushed_through(&mut stream, &[&sound]);
        assert!(frames(&events).iter().all(|m| m.prediction.is_none()), "{events:?}");
        let [pause] = segments(&events)[..] else { panic!("{events:?}") };
        assert_eq!((pause.start_s, pause.end_s, &pause.label), (0.0, 3.0, &None));
    }
    let mut stream = Stream::new(&recognizer, RATE, &config()).expect("a stream");
    let mut events = Vec::new();
    stream.finish(&mut events).expect("an end");
    assert_eq!(events, [], "no audio gives no event");
}

#[test]
fn a_prediction_comes_with_the_last_sample_of_its_window() {
    let (recognizer, sound) = (recognizer(), conversation());
    let config = StreamConfig { lookahead_s: Some(0.0), ..config() };
    let mut stream = Stream::new(&recognizer, RATE, &config).expect("a stream");
    let mut events = Vec::new();
    stream.push(&sound[..3_199], &mut events).expect("sound");
    assert_eq!(events, [], "a sample is missing");
    stream.push(&sound[3_199..3_200], &mut events).expect("sound");
    assert_eq!(frames(&events).len(), 1);
}

#[test]
fn a_file_gets_what_its_samples_get() {
    let (recognizer, sound) = (recognizer(), conversation());
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("talk.wav");
    std::fs::write(&path, wav(&sound, RATE)).expect("written");
    let mut received = Vec::new();
    let receive = |event| -> Result<(), StreamError> {
        received.push(event);
        Ok(())
    };
    recognizer
        .timeline_file(&path, &DecodeLimits::default(), &config(), receive)
        .expect("a timeline");
    let samples = decode_file(&path, &DecodeLimits::default()).expect("the file").waveform.samples;
    let mut stream = Stream::new(&recognizer, RATE, &config()).expect("a stream");
    assert_eq!(received, pushed_through(&mut stream, &[&samples]));

    let none = folder.path().join("none.wav");
    let receive = |_| -> Result<(), StreamError> { Ok(()) };
    let error = recognizer.timeline_file(&none, &DecodeLimits::default(), &config(), receive);
    assert_eq!(error.expect_err("no file").kind(), "not_found");
}

#[test]
fn settings_out_of_range_are_named() {
    let recognizer = recognizer();
    for (config, field) in [
        (StreamConfig { hop_s: 0.0, ..config() }, "hop_s"),
        (StreamConfig { hop_s: f64::NAN, ..config() }, "hop_s"),
        (StreamConfig { window_s: Some(0.6), ..config() }, "window_s"),
        (StreamConfig { lookahead_s: Some(-0.1), ..config() }, "lookahead_s"),
        (StreamConfig { provisional_s: Some(-0.1), ..config() }, "provisional_s"),
        (StreamConfig { utterance_pause_s: Some(-0.1), ..config() }, "utterance_pause_s"),
        (StreamConfig { smoothing_s: f64::INFINITY, ..config() }, "smoothing_s"),
        (StreamConfig { min_pause_s: -1.0, ..config() }, "min_pause_s"),
    ] {
        let error = Stream::new(&recognizer, RATE, &config).expect_err("a setting out of range");
        assert!(error.to_string().contains(field), "{error}");
        assert_eq!(error.kind(), "config");
    }
    assert!(Stream::new(&recognizer, 10, &config()).is_err(), "no rate that speech has");
    let mut stream = Stream::new(&recognizer, RATE, &config()).expect("a stream");
    let error = stream.push(&[0.0, f32::NAN], &mut Vec::new()).expect_err("no number");
    assert_eq!(error.kind(), "non_finite");
}

#[test]
fn the_duration_of_a_timeline_is_not_a_sum_of_rounded_parts() {
    let mut builder = TimelineBuilder::new(&recognizer(), &config()).expect("a builder");
    let chunk = vec![0.0; 1153];
    for _ in 0..28 {
        builder.add(&chunk, 16_000);
    }
    let summary = builder.finish(&mut Vec::new()).expect("a timeline");
    assert_eq!(summary.duration_s, 28.0 * 1153.0 / 16_000.0);
}
