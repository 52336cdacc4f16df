//! Who expresses what: a call of two speakers and a meeting of three, with a shipped model.

use std::path::{Path, PathBuf};

use clstm::audio::{DecodeLimits, decode_file};
use clstm_server::{ModelSource, ServerConfig};
use serde_json::Value;

use crate::client::{form, post, send};
use crate::stream::received;
use crate::support::{RATE, TestServer, config, interleaved, wav, wav_channels};

fn shipped(folder: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).join(name)
}

fn voice(name: &str) -> Vec<f32> {
    let decoded = decode_file(&shipped("assets", name), &DecodeLimits::default());
    let waveform = decoded.expect("a recording").waveform;
    assert_eq!(waveform.sample_rate, RATE);
    waveform.samples
}

async fn server() -> TestServer {
    let model = ModelSource::File(shipped("models/multi", "multi.safetensors"));
    TestServer::start(ServerConfig { models: vec![model], ..config() }).await
}

/// The label of a recording of its own.
async fn label(server: &TestServer, samples: &[f32]) -> String {
    let alone = post(server.address, "/v1/recognize", wav(samples)).await.json();
    alone["label"].as_str().expect("a label").to_owned()
}

/// A call: one speaks, then the other. Each line also has the other voice, 26 dB below and 5 ms later.
fn call(first: &[f32], second: &[f32]) -> [Vec<f32>; 2] {
    let second = [&vec![0.0; first.len() + RATE as usize / 2][..], second].concat();
    let with_echo = |own: &[f32], other: &[f32]| -> Vec<f32> {
        let at = |samples: &[f32], i: usize| samples.get(i).copied().unwrap_or(0.0);
        let echo = |i: usize| if i < 80 { 0.0 } else { 0.05 * at(other, i - 80) };
        (0..own.len().max(other.len() + 80)).map(|i| at(own, i) + echo(i)).collect()
    };
    [with_echo(first, &second), with_echo(&second, first)]
}

#[tokio::test]
async fn each_side_of_a_call_gets_the_label_of_its_voice() {
    let server = server().await;
    let (angry, sad) = (voice("angry.wav"), voice("sad.wav"));
    let expected = [label(&server, &angry).await, label(&server, &sad).await];
    assert_eq!(expected, ["angry", "sad"]);
    let channels = call(&angry, &sad);
    let bytes = wav_channels(&channels);
    let each = post(server.address, "/v1/recognize?channels=each", bytes.clone()).await.json();
    let labels = [0, 1].map(|channel| each["channels"][channel]["label"].clone());
    assert_eq!(labels, expected.each_ref().map(|label| Value::from(label.as_str())));
    // The longest segment of a side is of its voice, and no segment of the side has the other one's time.
    let path = "/v1/recognize?channels=each&timeline=segments&hop=0.5";
    let timeline = post(server.address, path, bytes).await.json();
    let speech = |segments: &Value, channel: usize| -> Vec<(f64, f64, String)> {
        let rows = segments.as_array().expect("segments").iter();
        let rows = rows.filter(|row| row["channel"] == channel && row["label"].is_string());
        let time = |row: &Value, name: &str| row[name].as_f64().expect("seconds");
        rows.map(|row| {
            let label = row["label"].as_str().expect("a label").to_owned();
            (time(row, "start_s"), time(row, "end_s"), label)
        })
        .collect()
    };
    let longest = |rows: &[(f64, f64, String)]| {
        let longest = rows.iter().max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
        longest.expect("speech").2.clone()
    };
    let turn_s = angry.len() as f64 / f64::from(RATE) + 0.5;
    let sides = [0, 1].map(|channel| speech(&timeline["segments"], channel));
    assert_eq!(sides.each_ref().map(|rows| longest(rows)), expected);
    assert!(sides[0].iter().all(|row| row.0 < turn_s), "{sides:?}");
    assert!(sides[1].iter().all(|row| row.1 > turn_s), "{sides:?}");
    // Live as well.
    let live: Vec<u8> = interleaved(&channels).iter().flat_map(|x| x.to_le_bytes()).collect();
    let query = "?format=f32le&interleaved=2&channels=each";
    let messages = received(&server, query, &live, &[12_800]).await;
    let segments: Vec<Value> = messages.into_iter().filter(|m| m["type"] == "segment").collect();
    for (channel, expected) in expected.iter().enumerate() {
        assert_eq!(longest(&speech(&segments.clone().into(), channel)), *expected);
    }
}

#[tokio::test]
async fn each_speaker_of_a_meeting_gets_the_label_of_their_voice() {
    let server = server().await;
    let voices = [("anna", "sample.wav"), ("ben", "sad.wav"), ("carla", "angry.wav")];
    let (mut samples, mut rttm, mut expected) = (Vec::new(), String::new(), Vec::new());
    for (speaker, name) in voices {
        let voice = voice(name);
        let seconds = |count: usize| count as f64 / f64::from(RATE);
        let (start, length) = (seconds(samples.len()), seconds(voice.len()));
        rttm += &format!("SPEAKER talk 1 {start:.3} {length:.3} <NA> <NA> {speaker} <NA> <NA>\n");
        expected.push(label(&server, &voice).await);
        samples.extend(voice);
        samples.resize(samples.len() + RATE as usize / 2, 0.0);
    }
    let bytes = wav(&samples);
    let files = [("file", "talk.wav", &bytes[..]), ("segments", "talk.rttm", rttm.as_bytes())];
    let body = send(server.address, form("/v1/recognize", &files)).await.json();
    for (number, ((speaker, _), label)) in voices.iter().zip(&expected).enumerate() {
        let segment = &body["segments"][number];
        assert_eq!(
            (segment["speaker"].as_str(), segment["label"].as_str()),
            (Some(*speaker), Some(label.as_str()))
        );
        assert_eq!(body["speakers"][number]["time"][label], 1.0, "{body}");
    }
}
