//! The page in a real Chromium with a microphone that hears a WAV file.
//!
//! The browser is `CHROMIUM`, or what is found on the path; without one these tests skip and say so. With
//! `CLSTM_SCREENSHOTS=FOLDER` they leave pictures of what they saw.

#![allow(clippy::print_stderr, reason = "a skipped check says so")]

mod appearance;
mod chromium;
mod devtools;
mod errors;
mod keyboard;
mod microphone;
mod policy;
mod recordings;
mod tab;

use std::path::{Path, PathBuf};

use clstm_server::{ModelSource, ServerConfig};
use serde_json::Value;

use self::chromium::Chromium;
use self::tab::Tab;
use crate::client::{get, post};
use crate::support::{RATE, TestServer, config, sample_sound, wav};

/// What a test of the page needs.
struct Stage {
    server: TestServer,
    tab: Tab,
    /// A recording with speech, a pause, and other speech; the microphone hears it too.
    talk: PathBuf,
    folder: tempfile::TempDir,
    /// Those of the model.
    labels: Vec<String>,
    // Last, so that the browser goes when all else is done with.
    browser: Chromium,
}

impl Stage {
    /// `None` without a browser.
    async fn new() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let talk = folder.path().join("talk.wav");
        std::fs::write(&talk, wav(&talk_sound())).expect("a recording");
        let browser = Chromium::start(&talk).await?;
        let server = TestServer::start(shipped()).await;
        let models = get(server.address, "/v1/models").await.json();
        let labels = serde_json::from_value(models["models"][0]["labels"].clone()).expect("labels");
        let tab = browser.tab().await;
        tab.open(server.address).await;
        Some(Self { server, tab, talk, folder, labels, browser })
    }

    /// What the server answers to a recording.
    async fn ask(&self, file: &Path, query: &str) -> Value {
        let bytes = std::fs::read(file).expect("a recording");
        let answer = post(self.server.address, &format!("/v1/recognize{query}"), bytes).await;
        assert_eq!(answer.status, 200, "{query}");
        answer.json()
    }

    /// Chooses a file and waits until the history has so many entries.
    async fn hear(&self, file: &Path, entries: usize) {
        self.tab.choose(&[file]).await;
        self.heard(entries).await;
    }

    async fn heard(&self, entries: usize) {
        self.tab
            .until(&format!("document.querySelectorAll('#history li').length === {entries}"))
            .await;
    }
}

/// A server with the shipped model, which hears more than one emotion.
fn shipped() -> ServerConfig {
    let model =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/ravdess-clstm-plus.safetensors");
    ServerConfig { models: vec![ModelSource::File(model)], ..config() }
}

/// The shipped sample, a pause, and the sample at two thirds of its speed, which sounds otherwise to the model.
fn talk_sound() -> Vec<f32> {
    let sample = sample_sound();
    let slow: Vec<f32> =
        sample.chunks_exact(2).flat_map(|p| [p[0], 0.5 * (p[0] + p[1]), p[1]]).collect();
    [&sample[..], &vec![0.0; 2 * RATE as usize], &slow].concat()
}

/// `3.5` is `0:03.5`, as in the page.
fn clock(seconds: f64) -> String {
    let tenths = (10.0 * seconds).round() as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

fn percent(p: &Value) -> String {
    format!("{:.0} %", 100.0 * p.as_f64().expect("a probability"))
}

fn label(stretch: &Value) -> &str {
    stretch["label"].as_str().unwrap_or("no speech")
}
