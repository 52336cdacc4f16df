//! Continuous targets of recordings and streams.

use clstm::{Event, ModelError, Recognizer, Stream, StreamConfig};
use clstm_nn::NetworkConfig;

use crate::support::{
    RATE, conversation, model, tiny_network, tiny_pair_network, tiny_plus_network, voice,
};

fn recognizer(network: NetworkConfig) -> Recognizer {
    let model = model(NetworkConfig { dimensions: 2, ..network });
    Recognizer::new(model).expect("a recognizer").with_min_speech(0.0)
}

#[test]
fn values_are_made_from_the_deep_feature_in_the_units_of_the_model() {
    for network in [tiny_network(), tiny_plus_network(), tiny_pair_network()] {
        let recognizer = recognizer(network);
        let info = recognizer.info();
        let model = model(info.network.clone());
        let tensor = |name: &str| {
            let found = model.tensors.iter().find(|tensor| tensor.name == name);
            found.expect("a tensor of the head").values.clone()
        };
        let (weight, bias) = (tensor("dimension_head.weight"), tensor("dimension_head.bias"));
        // Several windows: the mean of an affine map is that of the mean.
        let samples = voice(9.0, RATE, 170.0);
        let clip = info.frontend.preprocess(samples.clone());
        let scores = recognizer.score_clips(&[&clip]).swap_remove(0);
        assert_eq!(scores.dimensions.len(), 2);
        for (d, (value, dimension)) in scores.dimensions.iter().zip(&info.dimensions).enumerate() {
            let products = scores.features.iter().zip(weight.iter().skip(d).step_by(2));
            let sum: f64 = products.map(|(feature, weight)| feature * f64::from(*weight)).sum();
            let expected = dimension.value(sum + f64::from(bias[d]));
            assert!((value - expected).abs() < 1e-4, "{value} {expected}");
        }
        let recognition = recognizer.recognize(&samples, RATE).expect("a recognition");
        let prediction = recognition.prediction.expect("a prediction");
        assert_eq!(prediction.dimensions, scores.dimensions);
        let json = serde_json::to_value(&prediction).expect("JSON");
        assert_eq!(json["dimensions"].as_array().map(Vec::len), Some(2));
    }
    let plain = Recognizer::new(model(tiny_network())).expect("a recognizer").with_min_speech(0.0);
    let recognition = plain.recognize(&voice(1.0, RATE, 170.0), RATE).expect("a recognition");
    let prediction = recognition.prediction.expect("a prediction");
    assert!(prediction.dimensions.is_empty());
    assert!(!serde_json::to_string(&prediction).expect("JSON").contains("dimensions"));
}

#[test]
fn frames_and_segments_of_a_stream_have_values_in_their_range() {
    let recognizer = recognizer(tiny_network());
    let config = StreamConfig { hop_s: 0.2, smoothing_s: 0.3, ..StreamConfig::recording() };
    let mut stream = Stream::new(&recognizer, RATE, &config).expect("a stream");
    let mut events = Vec::new();
    stream.push(&conversation(), &mut events).expect("sound");
    stream.finish(&mut events).expect("an end");
    let ranges = &recognizer.info().dimensions;
    let (mut frames, mut segments) = (0, 0);
    for event in events {
        let (values, count) = match event {
            Event::Frame(frame) => (frame.prediction.map(|p| p.dimensions), &mut frames),
            Event::Segment(segment) => (segment.label.map(|l| l.dimensions), &mut segments),
            _ => continue,
        };
        let Some(values) = values else { continue };
        *count += 1;
        assert_eq!(values.len(), 2);
        for (value, range) in values.iter().zip(ranges) {
            assert!((range.min..=range.max).contains(value), "{value}");
        }
    }
    assert!(frames > 5 && segments > 0, "{frames} frames, {segments} segments");
}

#[test]
fn a_description_has_as_many_dimensions_as_the_network() {
    let mut model = model(NetworkConfig { dimensions: 2, ..tiny_network() });
    assert!(model.to_bytes().is_ok());
    model.info.dimensions.pop();
    let error = model.to_bytes().expect_err("one name for two outputs");
    assert!(matches!(error, ModelError::Invalid { .. }), "{error}");
}
