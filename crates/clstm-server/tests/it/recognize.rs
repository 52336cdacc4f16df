use axum::body::Body;
use axum::http::StatusCode;
use clstm::audio::DecodeLimits;
use clstm::{Event, StreamConfig, StreamError};
use clstm_server::ServerConfig;
use serde_json::{Value, json};

use crate::client::{form, post, send};
use crate::support::{TestServer, config, conversation, sample, tiny, wav};

/// The line that `clstm predict --format jsonl` writes.
fn line(path: &str, bytes: &[u8]) -> Value {
    let recognizer = tiny().with_strict(false);
    let received = recognizer.recognize_bytes(bytes, None).expect("a response");
    let mut line = json!({
        "path": path, "duration_s": received.duration_s, "speech": received.speech, "label": null,
        "model": "tiny",
    });
    if let Some(prediction) = &received.prediction {
        let probabilities: serde_json::Map<_, _> = recognizer
            .labels()
            .iter()
            .zip(&prediction.probabilities)
            .map(|(label, p)| (label.clone(), json!(p)))
            .collect();
        line["label"] = json!(prediction.label);
        line["confidence"] = json!(prediction.confidence);
        line["probabilities"] = probabilities.into();
    }
    if let Some(reason) = received.reason {
        line["reason"] = json!(reason.kind());
    }
    if let Some(damage) = &received.damage {
        line["damaged"] = json!(damage);
    }
    line
}

#[tokio::test]
async fn a_response_is_the_recognizers_bit_for_bit() {
    let server = TestServer::start(config()).await;
    let sample = sample();
    let response = post(server.address, "/v1/recognize", sample.clone()).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.headers["content-type"], "application/json");
    assert_eq!(response.json(), line("-", &sample));
    let file = form("/v1/recognize?model=tiny", &[("file", "a b.wav", &sample)]);
    assert_eq!(send(server.address, file).await.json(), line("a b.wav", &sample));
}

#[tokio::test]
async fn the_deep_feature_comes_with_the_prediction_if_requested() {
    let server = TestServer::start(config()).await;
    let sample = sample();
    let recognizer = tiny();
    let recording = recognizer.prepare_bytes(&sample, None).expect("a recording");
    let embedded = recognizer.embed_prepared(&[recording]).swap_remove(0).expect("a result");
    let mut expected = line("-", &sample);
    let path = "/v1/recognize?embedding=false";
    assert_eq!(post(server.address, path, sample.clone()).await.json(), expected);
    expected["embedding"] = json!(embedded.features);
    let path = "/v1/recognize?embedding=true";
    assert_eq!(post(server.address, path, sample.clone()).await.json(), expected);
    for path in ["/v1/recognize?embedding=yes", "/v1/recognize?embedding=true&timeline=both"] {
        assert_eq!(post(server.address, path, sample.clone()).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_do_not_depend_on_concurrent_requests() {
    let server = TestServer::start(config()).await;
    let sound = conversation();
    // Of different lengths, so that groups mix them.
    let recordings: Vec<_> = (1..=24).map(|i| wav(&sound[..sound.len() * i / 24])).collect();
    let asked = recordings.iter().map(|recording| {
        let (address, recording) = (server.address, recording.clone());
        tokio::spawn(async move { post(address, "/v1/recognize", recording).await })
    });
    let asked: Vec<_> = asked.collect();
    for (asked, recording) in asked.into_iter().zip(&recordings) {
        let response = asked.await.expect("a response");
        match tiny().recognize_bytes(recording, None) {
            Ok(_) => assert_eq!(response.json(), line("-", recording)),
            Err(error) => assert_eq!(response.error(), (422, error.kind().to_owned())),
        }
    }
}

#[tokio::test]
async fn a_long_recording_gets_a_response() {
    let server = TestServer::start(config()).await;
    // Long enough to be handed over to the other threads.
    let long = wav(&conversation().repeat(12));
    assert_eq!(post(server.address, "/v1/recognize", long.clone()).await.json(), line("-", &long));
}

#[tokio::test]
async fn a_timeline_is_that_of_the_library() {
    let server = TestServer::start(config()).await;
    let bytes = wav(&conversation());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.wav");
    std::fs::write(&path, &bytes).expect("a file");
    let config = StreamConfig { hop_s: 0.5, ..StreamConfig::recording() };
    let mut events = Vec::new();
    let result = tiny().timeline_file(&path, &DecodeLimits::default(), &config, |event| {
        events.push(event);
        Ok::<_, StreamError>(())
    });
    result.expect("a timeline");
    for (asked, kind, frames) in [
        ("segments", "segments", false),
        ("frames", "frames", true),
        ("both", "segments", false),
        ("both", "frames", true),
    ] {
        let other = if frames { "segments" } else { "frames" };
        let asks_both = asked == "both";
        let asked = format!("/v1/recognize?timeline={asked}&hop=0.5");
        let response = post(server.address, &asked, bytes.clone()).await.json();
        let expected: Vec<_> =
            events.iter().filter(|e| matches!(e, Event::Frame(_)) == frames).collect();
        assert_eq!(response.get(other).is_some(), asks_both, "{response}");
        let received = response[kind].as_array().expect("stretches");
        assert_eq!(received.len(), expected.len());
        assert!(received.iter().any(|s| s["label"].is_string()), "{response}");
        assert!(
            received.iter().any(|s| s["label"].is_null()),
            "the pause has no label: {response}"
        );
        for (received, expected) in received.iter().zip(expected) {
            let (start_s, end_s, p) = match expected {
                Event::Frame(m) => {
                    (m.start_s, m.end_s, m.prediction.as_ref().map(|a| a.smoothed.clone()))
                }
                Event::Segment(s) => {
                    (s.start_s, s.end_s, s.label.as_ref().map(|e| e.probabilities.clone()))
                }
                _ => panic!("another event"),
            };
            assert_eq!(
                (&received["start_s"], &received["end_s"]),
                (&json!(start_s), &json!(end_s))
            );
            for (i, label) in tiny().labels().iter().enumerate() {
                let expected = p.as_ref().map_or(Value::Null, |p| json!(p[i]));
                assert_eq!(received["probabilities"].get(label).unwrap_or(&Value::Null), &expected);
            }
        }
        assert!((response["duration_s"].as_f64().expect("a length") - 6.486_625).abs() < 1e-9);
    }
}

#[tokio::test]
async fn wrong_requests_get_the_reason() {
    let server = TestServer::start(config()).await;
    let address = server.address;
    let sample = sample();
    for (path, expected) in [
        ("/v1/recognize?modle=tiny", (400, "request")),
        ("/v1/recognize?model=tiny&model=tiny", (400, "request")),
        ("/v1/recognize?model=huge", (404, "unknown_model")),
        ("/v1/recognize?timeline=words", (400, "request")),
        ("/v1/recognize?timeline=segments&hop=soon", (400, "request")),
        ("/v1/recognize?timeline=segments&hop=0", (400, "config")),
        ("/v1/recognize?hop=1", (400, "request")),
        ("/v1/recognize?strict=1", (400, "request")),
        ("/v1/batch", (400, "request")),
    ] {
        let files = [("file", "a", &sample[..])];
        let form = form(path, if path == "/v1/batch" { &[] } else { &files });
        let response = send(address, form).await.error();
        assert_eq!((response.0, response.1.as_str()), expected, "{path}");
    }
    let silent = wav(&[0.0; 16_000]);
    let body = post(address, "/v1/recognize", silent.clone()).await;
    assert_eq!((body.status, body.json()), (StatusCode::OK, line("-", &silent)));
    for (body, expected) in [
        (Vec::new(), (400, "empty")),
        (b"This is text and not a recording.".to_vec(), (415, "format")),
        (sample[..40].to_vec(), (422, "decode")),
    ] {
        let response = post(address, "/v1/recognize", body).await.error();
        assert_eq!((response.0, response.1.as_str()), expected);
    }
}

#[tokio::test]
async fn a_damaged_upload_is_marked_and_refused_if_strict() {
    let lenient = TestServer::start(config()).await;
    let strict = TestServer::start(ServerConfig { strict: true, ..config() }).await;
    let sample = sample();
    let cut = &sample[..sample.len() / 2];
    let expected = line("-", cut);
    let missing_s = expected["damaged"]["missing_s"].as_f64().expect("a damage");
    assert!((missing_s - 1.1).abs() < 0.1, "half of 2.2 s: {expected}");
    let (refused, timeline) = ((422, "decode".to_owned()), "/v1/recognize?timeline=segments");
    for (server, query) in [(&lenient, ""), (&lenient, "strict=false"), (&strict, "strict=false")] {
        let path = format!("/v1/recognize?{query}");
        assert_eq!(post(server.address, &path, cut.to_vec()).await.json(), expected);
        let path = format!("{timeline}&{query}");
        let result = post(server.address, &path, cut.to_vec()).await.json();
        assert_eq!(result["damaged"], expected["damaged"], "{result}");
        assert!(result["segments"].as_array().is_some_and(|segments| !segments.is_empty()));
        let files = [("file", "a", cut), ("file", "b", &sample[..])];
        let batch = send(server.address, form(&format!("/v1/batch?{query}"), &files)).await.json();
        assert_eq!(batch["results"], json!([line("a", cut), line("b", &sample)]));
    }
    for (server, query) in [(&lenient, "strict=true"), (&strict, ""), (&strict, "strict=true")] {
        let path = format!("/v1/recognize?{query}");
        assert_eq!(post(server.address, &path, cut.to_vec()).await.error(), refused);
        assert_eq!(post(server.address, &path, sample.clone()).await.json(), line("-", &sample));
        let path = format!("{timeline}&{query}");
        assert_eq!(post(server.address, &path, cut.to_vec()).await.error(), refused);
        let files = [("file", "a", cut), ("file", "b", &sample[..])];
        let batch = send(server.address, form(&format!("/v1/batch?{query}"), &files)).await.json();
        assert_eq!(batch["results"][0]["error"]["kind"], "decode", "{batch}");
        assert_eq!(batch["results"][1], line("b", &sample));
    }
}

#[tokio::test]
async fn forms_that_are_none_are_refused() {
    let server = TestServer::start(config()).await;
    let ask = async |kind: &str, body: &'static [u8]| {
        let headers = [("content-type", kind)];
        let request = crate::client::request("POST", "/v1/recognize", &headers, Body::from(body));
        send(server.address, request).await.error()
    };
    let form = "multipart/form-data; boundary=x";
    let expected = (400, "request".to_owned());
    assert_eq!(ask("multipart/form-data", b"").await, expected, "no boundary");
    assert_eq!(ask(form, b"").await, expected, "nothing");
    assert_eq!(ask(form, b"--x--\r\n").await, expected, "no file");
    let text = b"--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhi\r\n--x--\r\n";
    assert_eq!(ask(form, text).await, expected, "no file, but a field");
    let cut = b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nRIFF";
    assert_eq!(ask(form, cut).await, expected, "cut off");
}
