//! A form with a recording and the segments of another tool, and merged classes.

use std::collections::BTreeMap;

use clstm::{ChannelSelection, ClassMap, Span, SpanOutcome};
use clstm_server::ServerConfig;
use serde_json::json;

use crate::client::{form, post, send};
use crate::support::{TestServer, config, conversation, sample, tiny, wav};

#[tokio::test]
async fn segments_get_their_emotions() {
    let server = TestServer::start(config()).await;
    let bytes = wav(&conversation());
    let rttm = b"SPEAKER f 1 0.0 1.5 <NA> <NA> anna <NA> <NA>\nSPEAKER f 1 1.0 2.0 <NA> <NA> ben <NA> <NA>\n\
                 SPEAKER f 1 0.0 0.1 <NA> <NA> anna <NA> <NA>\nSPEAKER f 1 9000 1 <NA> <NA> ben <NA> <NA>\n";
    let request = form("/v1/recognize", &[("file", "a.wav", &bytes), ("segments", "a.rttm", rttm)]);
    let response = send(server.address, request).await;
    assert_eq!(response.status, 200, "{:?}", response.json());
    let body = response.json();
    let status: Vec<&str> = body["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["status"].as_str().unwrap())
        .collect();
    assert_eq!(status[2..], ["too_short", "outside"], "{body}");
    // What the library returns for these parts.
    let spans = [[0.0, 1.5], [1.0, 3.0]].map(|[start, end]| Span::new(start, end));
    let limits = clstm::audio::DecodeLimits::default();
    let no_interrupt = |_| Ok::<(), clstm::RecognizeError>(());
    let mix = ChannelSelection::Mix;
    let expected =
        tiny().recognize_spans_bytes(&bytes, &limits, mix, &spans, no_interrupt).unwrap();
    for (segment, span) in body["segments"].as_array().unwrap().iter().zip(&expected.spans) {
        match &span.outcome {
            SpanOutcome::Labelled(prediction) => {
                assert_eq!(segment["label"], prediction.label, "{segment}");
                assert_eq!(segment["confidence"], prediction.confidence, "{segment}");
            }
            _ => assert!(segment["label"].is_null(), "{segment}"),
        }
    }
    let speakers: Vec<_> =
        body["speakers"].as_array().unwrap().iter().map(|s| s["speaker"].clone()).collect();
    assert_eq!(speakers, [json!("anna"), json!("ben")]);
    assert_eq!(body["speakers"][0]["segments"], 2);
}

#[tokio::test]
async fn segments_that_cannot_be_read_are_refused() {
    let server = TestServer::start(config()).await;
    let bytes = sample();
    let send_with = |path: &'static str, name: &'static str, segments: &'static [u8]| {
        let request = form(path, &[("file", "a.wav", &bytes), ("segments", name, segments)]);
        send(server.address, request)
    };
    let response = send_with("/v1/recognize", "a.csv", b"start,end\n2,1\n").await;
    assert_eq!(response.error(), (422, "segments".to_owned()));
    assert!(response.json()["error"]["message"].as_str().unwrap().contains("line 2"));
    let response = send_with("/v1/recognize?tier=a", "a.csv", b"start,end\n0,1\n").await;
    assert_eq!(response.error(), (422, "tier".to_owned()));
    let response = send_with("/v1/recognize?timeline=segments", "a.csv", b"start,end\n0,1\n").await;
    assert_eq!(response.error().0, 400);
    let response = send_with("/v1/recognize?context=99", "a.csv", b"start,end\n0,1\n").await;
    assert_eq!(response.error().0, 400);
    let many: &'static [u8] = format!("start,end\n{}", "0,9\n".repeat(2000)).leak().as_bytes();
    let response = send_with("/v1/recognize", "a.csv", many).await;
    assert_eq!(response.error(), (422, "segments".to_owned()), "too much overlap in the file");
    let only = form("/v1/recognize", &[("segments", "a.csv", b"start,end\n0,1\n")]);
    assert_eq!(send(server.address, only).await.error().0, 400);
}

#[tokio::test]
async fn merged_classes_are_in_every_response() {
    let labels = tiny().labels().to_vec();
    let rules: BTreeMap<String, String> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| (label.clone(), if index == 0 { "first" } else { "rest" }.to_owned()))
        .collect();
    let classes = Some(ClassMap::new("two", rules));
    let server = TestServer::start(ServerConfig { classes, ..config() }).await;
    let one = post(server.address, "/v1/recognize", wav(&conversation())).await.json();
    let names: Vec<&String> = one["probabilities"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["first", "rest"], "{one}");
    let timeline =
        post(server.address, "/v1/recognize?timeline=both", wav(&conversation())).await.json();
    let frames = timeline["frames"].as_array().unwrap().iter();
    for frame in frames.filter(|frame| !frame["label"].is_null()) {
        assert_eq!(frame["probabilities"].as_object().unwrap().len(), 2, "{frame}");
    }
}
