//! What browsers record: WebM with Opus, as a whole and while it comes.

use std::path::Path;

use clstm::audio::{DecodeLimits, WebmStream, decode_bytes};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{form, post, send};
use crate::stream::{assert_close, expected, fails, open, received};
use crate::support::{TestServer, config, tiny};

/// The shipped sample as Chromium records it, made by `webm/make.py`.
pub(crate) fn speech() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/webm/speech.webm");
    std::fs::read(path).expect("a recording")
}

#[tokio::test]
async fn a_browsers_recording_is_recognised() {
    let server = TestServer::start(config()).await;
    let speech = speech();
    let recognition = tiny().recognize_bytes(&speech, None).expect("a response");
    for response in [
        post(server.address, "/v1/recognize", speech.clone()).await,
        send(server.address, form("/v1/recognize", &[("file", "blob", &speech)])).await,
    ] {
        assert_eq!(
            response.json()["confidence"],
            json!(recognition.prediction.as_ref().expect("a prediction").confidence)
        );
        assert_eq!(response.json()["duration_s"], json!(recognition.duration_s));
    }
    let cut = &speech[..speech.len() - 10];
    let response = post(server.address, "/v1/recognize", cut.to_vec()).await;
    assert!(response.json()["damaged"].is_object(), "{}", response.json());
    let response = post(server.address, "/v1/recognize?strict=true", cut.to_vec()).await;
    assert_eq!(response.error(), (422, "decode".to_owned()));
}

#[tokio::test]
async fn a_browsers_stream_matches_the_library() {
    let server = TestServer::start(config()).await;
    let speech = speech();
    let sound = decode_bytes(&speech, None, &DecodeLimits::default()).expect("sound").waveform;
    let expected = expected(&sound.samples, WebmStream::RATE, 0.25);
    assert!(expected.iter().any(|event| event["label"].is_string()));
    for sizes in [&[400][..], &[1 << 20], &[1, 7, 1300]] {
        let all = received(&server, "?format=webm&hop=0.25", &speech, sizes).await;
        let [ready, events @ .., end] = &all[..] else { panic!("no events") };
        assert_eq!(ready["rate"], 48_000);
        let duration_s = sound.samples.len() as f64 / f64::from(WebmStream::RATE);
        assert_close(end, &json!({"type": "end", "duration_s": duration_s}));
        assert_eq!(events.len(), expected.len(), "{sizes:?}");
        events
            .iter()
            .zip(&expected)
            .for_each(|(received, expected)| assert_close(received, expected));
    }
}

#[tokio::test]
async fn data_of_another_format_than_announced_is_refused() {
    let server = TestServer::start(config()).await;
    let binary = |bytes: &[u8]| Message::Binary(bytes.to_vec().into());
    let closed = |kind: &str| (kind.to_owned(), 1008);
    let wav = crate::support::sample();
    assert_eq!(fails(&server, "", binary(&wav)).await, closed("format"));
    let samples = fails(&server, "?format=webm", binary(&[0; 3200])).await;
    assert_eq!(samples, closed("format"));
    let mut damaged = speech();
    let middle = damaged.len() / 2;
    damaged[middle..].fill(0);
    assert_eq!(fails(&server, "?format=webm", binary(&damaged)).await, closed("decode"));
    match open(&server, "?format=webm&rate=48000", &[]).await {
        Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), 400),
        other => panic!("{other:?}"),
    }
}
