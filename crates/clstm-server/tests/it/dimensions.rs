//! A model with continuous targets in every response.

use clstm::audio::DecodeLimits;
use clstm::{ChannelSelection, Event, Span, SpanOutcome, StreamConfig, StreamError};
use clstm_server::{ModelSource, ServerConfig};
use serde_json::{Value, json};

use crate::client::{form, get, post, send};
use crate::stream::received;
use crate::support::{TestServer, call, config, conversation, rated, wav, wav_channels};

pub(crate) fn rated_config() -> ServerConfig {
    ServerConfig { models: vec![ModelSource::Ready(rated())], ..config() }
}

/// Values as the responses have them.
fn named(values: &[f64]) -> Value {
    json!({ "arousal": values[0], "valence": values[1] })
}

#[tokio::test]
async fn whole_recordings_and_channels_have_the_values_of_the_library() {
    let server = TestServer::start(rated_config()).await;
    let model = &get(server.address, "/v1/models").await.json()["models"][0];
    let expected = json!({ "name": "arousal", "min": 1.0, "max": 5.0 });
    assert_eq!(model["dimensions"][0], expected);
    let bytes = wav(&conversation());
    let recognizer = rated();
    let recording = recognizer.prepare_bytes(&bytes, None).expect("a recording");
    let found = recognizer.recognize_prepared(&[recording]).remove(0).expect("a result");
    let values = found.prediction.expect("a prediction").dimensions;
    let body = post(server.address, "/v1/recognize", bytes).await.json();
    assert_eq!(body["dimensions"], named(&values), "{body}");
    let each = post(server.address, "/v1/recognize?channels=each", wav_channels(&call())).await;
    let each = each.json();
    let [first, second] = [0, 1].map(|channel| &each["channels"][channel]["dimensions"]);
    assert!(first["arousal"].is_f64() && second["valence"].is_f64(), "{each}");
    assert_ne!(first, second);
}

#[tokio::test]
async fn timelines_have_the_values_of_the_library() {
    let server = TestServer::start(rated_config()).await;
    let bytes = wav(&conversation());
    let mut expected = Vec::new();
    let keep = |event| {
        match event {
            Event::Frame(frame) => expected.push(frame.prediction.map(|it| it.dimensions)),
            Event::Segment(segment) => expected.push(segment.label.map(|it| it.dimensions)),
            _ => {}
        }
        Ok::<(), StreamError>(())
    };
    let (limits, timeline) = (DecodeLimits::default(), StreamConfig::recording());
    rated().timeline_bytes(&bytes, None, &limits, &timeline, keep).expect("a timeline");
    let body = post(server.address, "/v1/recognize?timeline=both", bytes).await.json();
    let rows = |kind: &str| body[kind].as_array().expect("rows").clone();
    let found: Vec<Value> = [rows("frames"), rows("segments")].concat();
    assert_eq!(found.len(), expected.len());
    let sorted = |mut all: Vec<String>| {
        all.sort();
        all
    };
    // Frames and segments alternate in the library.
    let found = found.iter().map(|row| row.get("dimensions").unwrap_or(&Value::Null).to_string());
    let expected = expected
        .iter()
        .map(|values| values.as_ref().map_or(Value::Null, |values| named(values)).to_string());
    let found: Vec<String> = sorted(found.collect());
    assert!(found.iter().any(|row| row.contains("arousal")), "{found:?}");
    assert_eq!(found, sorted(expected.collect()));
}

#[tokio::test]
async fn streams_have_values_in_every_message_with_a_label() {
    let server = TestServer::start(rated_config()).await;
    let sound: Vec<u8> = conversation().iter().flat_map(|x| x.to_le_bytes()).collect();
    let messages = received(&server, "?format=f32le", &sound, &[12_800]).await;
    assert_eq!(messages[0]["dimensions"], json!(["arousal", "valence"]));
    for message in &messages[1..messages.len() - 1] {
        assert_eq!(message["label"].is_string(), message["dimensions"].is_object(), "{message}");
    }
    for kind in ["frame", "segment"] {
        let labelled = |m: &&Value| m["type"] == kind && m["dimensions"]["valence"].is_f64();
        assert!(messages.iter().any(|message| labelled(&message)), "no {kind} with values");
    }
}

#[tokio::test]
async fn segments_and_their_speakers_have_values() {
    let server = TestServer::start(rated_config()).await;
    let bytes = wav(&conversation());
    let csv = b"start,end,speaker\n0,1.5,anna\n0.5,2,anna\n2.6,3.6,ben\n";
    let files = [("file", "a.wav", &bytes[..]), ("segments", "a.csv", &csv[..])];
    let body = send(server.address, form("/v1/recognize", &files)).await.json();
    let spans = [[0.0, 1.5], [0.5, 2.0], [2.6, 3.6]].map(|[start, end]| Span::new(start, end));
    let no_interrupt = |_| Ok::<(), clstm::RecognizeError>(());
    let (limits, mix) = (DecodeLimits::default(), ChannelSelection::Mix);
    let found =
        rated().recognize_spans_bytes(&bytes, &limits, mix, &spans, no_interrupt).expect("spans");
    let mut sums = [0.0; 2];
    for (row, span) in body["segments"].as_array().expect("rows").iter().zip(&found.spans) {
        match &span.outcome {
            SpanOutcome::Labelled(it) => {
                assert_eq!(row["dimensions"], named(&it.dimensions), "{row}");
                sums.iter_mut().zip(&it.dimensions).for_each(|(sum, value)| *sum += value);
            }
            _ => assert!(row.get("dimensions").is_none(), "{row}"),
        }
    }
    assert_eq!(body["segments"][2]["status"], "no_speech");
    let anna = &body["speakers"][0]["dimensions"];
    assert!((anna["arousal"].as_f64().expect("a mean") - sums[0] / 2.0).abs() < 1e-9, "{body}");
    assert!(body["speakers"][1].get("dimensions").is_none(), "{body}");
}
