//! The channels of a recording or stream, each by itself.

use axum::body::Body;
use clstm::audio::DecodeLimits;
use clstm::{ChannelEvent, ChannelSelection, ChannelStream, StreamConfig, StreamError};
use clstm::{Recognition, TimelineItem};
use clstm_server::Limits;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::client::{form, get, post, send};
use crate::stream::{assert_close, open, received};
use crate::support::{
    RATE, TestServer, call, config, conversation, interleaved, sample, sample_sound, tiny, wav,
    wav_channels,
};
use crate::webm::speech;

/// What the library returns for the channels of a recording.
fn expected(bytes: &[u8]) -> Vec<Recognition> {
    let recognizer = tiny();
    let limits = DecodeLimits::default();
    let prepared = recognizer.prepare_channels_bytes(bytes, &limits, ChannelSelection::Each);
    let channels = prepared.expect("channels").channels;
    let recordings: Vec<_> = channels.into_iter().map(|channel| channel.recording).collect();
    recognizer.recognize_prepared(&recordings).into_iter().map(|r| r.expect("a result")).collect()
}

fn check(found: &Value, channel: usize, expected: &Recognition) {
    assert_eq!(found["channel"], channel, "{found}");
    assert_eq!(found["speech"], expected.speech, "{found}");
    let label = expected.prediction.as_ref().map(|p| p.label.as_str());
    assert_eq!(found["label"].as_str(), label, "{found}");
    if let Some(prediction) = &expected.prediction {
        assert_eq!(found["confidence"], prediction.confidence, "{found}");
    }
}

#[tokio::test]
async fn each_channel_has_its_own_prediction() {
    let server = TestServer::start(config()).await;
    let bytes = wav_channels(&call());
    let response = post(server.address, "/v1/recognize?channels=each", bytes.clone()).await;
    assert_eq!(response.status, 200, "{:?}", response.json());
    let each = response.json();
    let expected = expected(&bytes);
    let channels = each["channels"].as_array().expect("channels");
    assert_eq!((channels.len(), &each["path"]), (2, &json!("-")));
    for (channel, (found, expected)) in channels.iter().zip(&expected).enumerate() {
        check(found, channel, expected);
    }
    assert_ne!(channels[0]["probabilities"], channels[1]["probabilities"]);
    for (channel, found) in channels.iter().enumerate() {
        let path = format!("/v1/recognize?channels={channel}");
        assert_eq!(post(server.address, &path, bytes.clone()).await.json(), *found);
    }
    // The mean of all has no channel.
    let mix = post(server.address, "/v1/recognize?channels=mix", bytes.clone()).await.json();
    assert_eq!(mix, post(server.address, "/v1/recognize", bytes.clone()).await.json());
    assert_eq!(mix.get("channel"), None);
    // Deep features of each.
    let path = "/v1/recognize?channels=each&embedding=true";
    let embedded = post(server.address, path, bytes).await.json();
    let features = |channel: usize| embedded["channels"][channel]["embedding"].as_array().cloned();
    assert_eq!(features(0).expect("a feature").len(), features(1).expect("a feature").len());
    assert_ne!(features(0), features(1));
}

#[tokio::test]
async fn mono_has_channel_0_and_no_other() {
    let server = TestServer::start(config()).await;
    let mix = post(server.address, "/v1/recognize", sample()).await.json();
    let mut one = post(server.address, "/v1/recognize?channels=0", sample()).await.json();
    assert_eq!(one.as_object_mut().and_then(|one| one.remove("channel")), Some(json!(0)));
    assert_eq!(one, mix);
    let each = post(server.address, "/v1/recognize?channels=each", sample()).await.json();
    assert_eq!(each["channels"].as_array().map(Vec::len), Some(1));
    let path = "/v1/recognize?channels=2";
    let response = post(server.address, path, sample()).await;
    assert_eq!(response.error(), (422, "channels".to_owned()));
    let message = response.json()["error"]["message"].as_str().expect("a message").to_owned();
    assert!(message.contains("channel 0") && message.contains("mix"), "{message}");
}

#[tokio::test]
async fn channels_that_are_not_there_or_too_many_are_refused() {
    let server = TestServer::start(config()).await;
    let nine = wav_channels(&vec![sample_sound(); 9]);
    let eight = wav_channels(&vec![sample_sound(); 8]);
    let stereo = wav_channels(&call());
    for (query, body, status, kind) in [
        ("channels=left", &stereo, 400, "request"),
        ("channels=-1", &stereo, 400, "request"),
        ("channels=", &stereo, 400, "request"),
        ("channels=2", &stereo, 422, "channels"),
        ("channels=18446744073709551615", &stereo, 422, "channels"),
        ("channels=2&timeline=both", &stereo, 422, "channels"),
        ("channels=each", &nine, 422, "channels"),
        ("channels=0", &nine, 422, "channels"),
        ("channels=each&timeline=frames", &nine, 422, "channels"),
    ] {
        let path = format!("/v1/recognize?{query}");
        let response = post(server.address, &path, body.clone()).await;
        assert_eq!(response.error(), (status, kind.to_owned()), "{query}");
    }
    // The mean of any number, and eight by themselves.
    assert_eq!(post(server.address, "/v1/recognize", nine).await.status, 200);
    let each = post(server.address, "/v1/recognize?channels=each", eight).await.json();
    assert_eq!(each["channels"].as_array().map(Vec::len), Some(8));
}

#[tokio::test]
async fn silent_channels_and_copies_in_opposite_phase_have_results() {
    let server = TestServer::start(config()).await;
    let sound = sample_sound();
    let silent = wav_channels(&[vec![0.0; 100], sound.clone()]);
    let each = post(server.address, "/v1/recognize?channels=each", silent).await.json();
    assert!(each["channels"][0]["label"].is_null(), "{each}");
    assert_eq!(each["channels"][0]["speech"], 0.0);
    assert!(each["channels"][1]["label"].is_string(), "{each}");
    // As loud as the source: no cross-talk.
    let inverted: Vec<f32> = sound.iter().map(|x| -x).collect();
    let opposite = wav_channels(&[sound.clone(), inverted]);
    let each = post(server.address, "/v1/recognize?channels=each", opposite).await.json();
    let alone = post(server.address, "/v1/recognize", wav(&sound)).await.json();
    assert_eq!(each["channels"][0]["label"], alone["label"]);
    assert!(each["channels"][1]["label"].is_string(), "{each}");
    // A quiet copy is cross-talk.
    let copy: Vec<f32> = sound.iter().map(|x| 0.1 * x).collect();
    let each = wav_channels(&[sound, copy]);
    let each = post(server.address, "/v1/recognize?channels=each", each).await.json();
    assert!(each["channels"][1]["label"].is_null(), "{each}");
}

/// A row of a timeline or a message of a stream, as the server returns it.
fn row(event: ChannelEvent) -> Value {
    let labels = tiny().labels().to_vec();
    let kind = event.event.kind();
    let item = TimelineItem::from(event.event);
    let mut row = serde_json::to_value(item.labelled(&labels, &[])).expect("JSON");
    row["type"] = json!(kind);
    row["channel"] = json!(event.channel);
    row
}

#[tokio::test]
async fn rows_of_a_timeline_have_their_channel() {
    let server = TestServer::start(config()).await;
    let bytes = wav_channels(&call());
    let config = StreamConfig { hop_s: 0.5, ..StreamConfig::recording() };
    let mut events = Vec::new();
    let (each, limits) = (ChannelSelection::Each, DecodeLimits::default());
    let made = tiny().channel_timelines_bytes(&bytes, &limits, each, &config, |event| {
        events.push(event);
        Ok::<_, StreamError>(())
    });
    let duration_s = made.expect("timelines").duration_s;
    events.sort_by_key(|event| event.channel);
    let mut expected: Vec<Value> = events.into_iter().map(row).collect();
    let path = "/v1/recognize?channels=each&timeline=both&hop=0.5";
    let response = post(server.address, path, bytes.clone()).await.json();
    assert_eq!(response["duration_s"], duration_s);
    let of = |kind: &str, channel: Option<usize>| -> Vec<Value> {
        let rows = expected.iter().filter(|row| row["type"] == kind);
        rows.filter(|row| channel.is_none_or(|channel| row["channel"] == channel))
            .map(|row| {
                let mut row = row.clone();
                row.as_object_mut().expect("an object").remove("type");
                row
            })
            .collect()
    };
    assert_eq!(response["frames"], json!(of("frame", None)));
    assert_eq!(response["segments"], json!(of("segment", None)));
    let path = "/v1/recognize?channels=1&timeline=frames&hop=0.5";
    let one = post(server.address, path, bytes.clone()).await.json();
    assert_eq!(one["frames"], json!(of("frame", Some(1))));
    // The first speaks while the other one is silent.
    expected.retain(|row| row["type"] == "frame" && row["start_s"] == 0.5);
    assert!(expected[0]["label"].is_string() && expected[1]["label"].is_null(), "{expected:?}");
    let mix = post(server.address, "/v1/recognize?timeline=frames", bytes).await.json();
    assert!(mix["frames"].as_array().expect("frames").iter().all(|f| f.get("channel").is_none()));
}

#[tokio::test]
async fn all_channels_together_are_as_long_as_one_recording() {
    let duration_s = conversation().len() as f64 / f64::from(RATE);
    let limits = Limits { max_timeline_s: 1.5 * duration_s, ..Limits::default() };
    let server = TestServer::with(limits).await;
    let stereo = wav_channels(&[conversation(), conversation()]);
    let path = "/v1/recognize?timeline=segments";
    assert_eq!(post(server.address, path, stereo.clone()).await.status, 200);
    let one = format!("{path}&channels=0");
    assert_eq!(post(server.address, &one, stereo.clone()).await.status, 200);
    let each = format!("{path}&channels=each");
    let response = post(server.address, &each, stereo).await;
    assert_eq!(response.error(), (413, "too_long".to_owned()));
}

#[tokio::test]
async fn a_batch_has_channels_and_deep_features() {
    let server = TestServer::start(config()).await;
    let (stereo, mono) = (wav_channels(&call()), sample());
    let files = [
        ("file", "call", &stereo[..]),
        ("file", "none", &b"no audio at all"[..]),
        ("file", "mono", &mono[..]),
    ];
    let ask = async |query: &str| {
        let response = send(server.address, form(&format!("/v1/batch?{query}"), &files)).await;
        assert_eq!(response.status, 200, "{query}");
        response.json()["results"].clone()
    };
    let results = ask("channels=each").await;
    let expected = expected(&stereo);
    for (channel, expected) in expected.iter().enumerate() {
        check(&results[0]["channels"][channel], channel, expected);
    }
    assert_eq!(results[1]["error"]["kind"], "format");
    assert_eq!(results[2]["channels"].as_array().map(Vec::len), Some(1));
    let one = ask("channels=1").await;
    assert_eq!(one[0], results[0]["channels"][1]);
    assert_eq!(one[2]["error"]["kind"], "channels", "{one}");
    // The same as alone.
    let results = ask("embedding=true").await;
    let path = "/v1/recognize?embedding=true";
    let mut alone = post(server.address, path, mono.clone()).await.json();
    alone["path"] = json!("mono");
    assert_eq!(results[2], alone);
    assert_eq!(ask("").await[2].get("embedding"), None);
    let results = ask("embedding=true&channels=each").await;
    assert!(results[0]["channels"][1]["embedding"].is_array(), "{results}");
}

#[tokio::test]
async fn segments_are_of_the_selected_channels() {
    let server = TestServer::start(config()).await;
    let bytes = wav_channels(&call());
    let csv = b"start,end,speaker\n0,2,anna\n3.5,6,ben\n";
    let ask_with = async |query: &str, name: &str, segments: &[u8]| {
        let path = format!("/v1/recognize?{query}");
        let files = [("file", "a.wav", &bytes[..]), ("segments", name, segments)];
        send(server.address, form(&path, &files)).await
    };
    let ask = async |query: &str| ask_with(query, "a.csv", csv).await;
    assert_eq!(ask("embedding=true").await.error(), (400, "request".to_owned()));
    assert_eq!(ask("channels=2").await.error(), (422, "channels".to_owned()));
    let (first, second) = (ask("channels=0").await.json(), ask("channels=1").await.json());
    let status = |body: &Value| {
        let segments = body["segments"].as_array().expect("segments").iter();
        segments.map(|s| s["status"].as_str().expect("a status").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(status(&first), ["ok", "no_speech"]);
    assert_eq!(status(&second), ["no_speech", "ok"]);
    // Without channels in the file, every segment on every channel.
    let each = ask("channels=each").await.json();
    let rows = |body: &Value| body["segments"].as_array().expect("segments").clone();
    let by_channel = |channel: usize| -> Vec<Value> {
        rows(&each).into_iter().filter(|row| row["channel"] == channel).collect()
    };
    assert_eq!(by_channel(0), rows(&first));
    assert_eq!(by_channel(1), rows(&second));
    let speakers = each["speakers"].as_array().expect("speakers").iter();
    let speakers: Vec<Value> = speakers.map(|s| json!([s["speaker"], s["channel"]])).collect();
    assert_eq!(
        speakers,
        [json!(["anna", 0]), json!(["anna", 1]), json!(["ben", 0]), json!(["ben", 1])]
    );
    // With channels in the file, each segment on its own.
    let rttm =
        b"SPEAKER a 1 0 2 <NA> <NA> anna <NA> <NA>\nSPEAKER a 2 3.5 2.5 <NA> <NA> ben <NA> <NA>\n";
    let own = ask_with("channels=each", "a.rttm", rttm).await.json();
    assert_eq!(status(&own), ["ok", "ok"]);
    assert_eq!(own["segments"][0]["label"], first["segments"][0]["label"]);
    assert_eq!(own["segments"][1]["probabilities"], second["segments"][1]["probabilities"]);
    let mix = ask_with("", "a.rttm", rttm).await.json();
    assert!(mix["segments"][0].get("channel").is_none(), "{mix}");
    let third = b"start,end,channel\n0,2,0\n0,2,2\n";
    let missing = ask_with("channels=each", "a.csv", third).await;
    assert_eq!(missing.error(), (422, "channels".to_owned()));
    let wrong = b"start,end,channel\n0,2,left\n";
    let wrong = ask_with("channels=each", "a.csv", wrong).await;
    assert_eq!(wrong.error(), (422, "segments".to_owned()));
    assert!(wrong.json()["error"]["message"].as_str().expect("text").contains("line 2"));
}

/// What the library returns for interleaved samples.
fn events(channels: &[Vec<f32>], selection: ChannelSelection, chunk: usize) -> Vec<Value> {
    let mut stream = ChannelStream::new(&tiny(), RATE, selection, &StreamConfig::live());
    let stream = stream.as_mut().expect("a stream");
    let mut events = Vec::new();
    for samples in interleaved(channels).chunks(chunk * channels.len()) {
        stream.push(samples, channels.len(), RATE, &mut events).expect("samples");
    }
    stream.finish(&mut events).expect("an end");
    events.into_iter().map(row).collect()
}

/// Sorted by channel: how the channels alternate depends on the messages.
fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(|row| row["channel"].as_u64());
    rows
}

#[tokio::test]
async fn a_stream_of_interleaved_samples_has_events_of_each_channel() {
    let server = TestServer::start(config()).await;
    let channels = call();
    let words: Vec<i16> =
        interleaved(&channels).iter().map(|x| (x * 32_768.0).round() as i16).collect();
    let bytes: Vec<u8> = words.iter().flat_map(|x| x.to_le_bytes()).collect();
    let exact = |channel: usize| -> Vec<f32> {
        words.iter().skip(channel).step_by(2).map(|x| f32::from(*x) / 32_768.0).collect()
    };
    let channels = [exact(0), exact(1)];
    for (query, selection, sizes) in [
        ("?interleaved=2&channels=each", ChannelSelection::Each, &[6401_usize][..]),
        ("?interleaved=2&channels=each", ChannelSelection::Each, &[1 << 20]),
        ("?interleaved=2&channels=1", ChannelSelection::One(1), &[3, 8191]),
    ] {
        let messages = received(&server, query, &bytes, sizes).await;
        let [ready, found @ .., end] = &messages[..] else { panic!("no events") };
        let live = ChannelStream::new(&tiny(), RATE, selection, &StreamConfig::live());
        assert_eq!(ready["latency_s"], live.expect("a stream").latency_s());
        let duration_s = channels[0].len() as f64 / f64::from(RATE);
        assert_close(end, &json!({"type": "end", "duration_s": duration_s}));
        let expected = sorted(events(&channels, selection, 4000));
        let found = sorted(found.to_vec());
        assert_eq!(found.len(), expected.len(), "{query}");
        found.iter().zip(&expected).for_each(|(a, b)| assert_close(a, b));
    }
    // Each has the events of its samples alone.
    let alone = sorted(events(&channels[1..], ChannelSelection::Each, 4000));
    let each = events(&channels, ChannelSelection::One(1), 4000);
    for (a, b) in alone.iter().zip(&each) {
        assert_eq!((&a["start_s"], &a["label"]), (&b["start_s"], &b["label"]));
    }
    // The mean has no channels, and those in opposite phase do not cancel.
    let opposite = exact(0).into_iter().flat_map(|x| [x, -x]).flat_map(f32::to_le_bytes);
    let opposite: Vec<u8> = opposite.collect();
    let query = "?interleaved=2&format=f32le";
    let mix = received(&server, query, &opposite, &[12_801]).await;
    assert!(mix.iter().all(|message| message.get("channel").is_none()), "{mix:?}");
    assert!(mix.iter().any(|message| message["label"].is_string()), "{mix:?}");
}

#[tokio::test]
async fn a_container_has_the_channels_that_it_holds() {
    let server = TestServer::start(config()).await;
    let webm = speech();
    let mix = received(&server, "?format=webm", &webm, &[1001]).await;
    // Announced as samples of two channels; the recording counts.
    for query in ["?format=webm&channels=each", "?interleaved=2&channels=each"] {
        let each = received(&server, query, &webm, &[1001]).await;
        let of = |messages: &[Value]| {
            let rows =
                messages.iter().filter(|m| m["type"] == "frame" && m["provisional"].is_null());
            rows.map(|row| (row["start_s"].clone(), row["label"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(of(&each), of(&mix), "{query}");
        let rows = each.iter().filter(|m| m["type"] == "frame" || m["type"] == "segment");
        assert!(rows.clone().count() > 2 && rows.into_iter().all(|row| row["channel"] == 0));
    }
}

#[tokio::test]
async fn each_channel_counts_as_a_stream() {
    let limits = Limits { max_streams: 3, ..Limits::default() };
    let server = TestServer::with(limits).await;
    let status = |query: &'static str| {
        let opened = open(&server, query, &[]);
        async {
            match opened.await {
                Ok(socket) => Ok(socket),
                Err(Error::Http(response)) => Err(response.status().as_u16()),
                Err(error) => panic!("{error}"),
            }
        }
    };
    assert_eq!(status("?interleaved=4&channels=each").await.err(), Some(503));
    let two = status("?interleaved=2&channels=each").await.expect("a stream");
    assert_eq!(status("?format=webm&channels=each").await.err(), Some(503));
    let one = status("?interleaved=2&channels=1").await.expect("a stream");
    assert_eq!(status("").await.err(), Some(503));
    drop((one, two));
    crate::timeouts::gauge(&server, "streams", 0).await;
    assert!(status("?interleaved=3&channels=each").await.is_ok());
}

#[tokio::test]
async fn audio_of_all_channels_is_counted() {
    let server = TestServer::start(config()).await;
    let channels = call();
    let seconds = channels[1].len() as f64 / f64::from(RATE);
    let bytes = wav_channels(&channels);
    let mut expected = 0.0;
    for (query, count) in [
        ("channels=each", 2.0),
        ("channels=1", 1.0),
        ("channels=each&timeline=segments", 2.0),
        ("channels=0&timeline=segments", 1.0),
        ("", 1.0),
    ] {
        let path = format!("/v1/recognize?{query}");
        assert_eq!(post(server.address, &path, Body::from(bytes.clone())).await.status, 200);
        expected += count * seconds;
        let text = get(server.address, "/metrics").await.body;
        let text = String::from_utf8_lossy(&text).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("clstm_audio_seconds_total "));
        let found: f64 = line.expect("the metric").parse().expect("a number");
        assert!((found - expected).abs() < 0.01, "{query}: {found} {expected}");
    }
}
