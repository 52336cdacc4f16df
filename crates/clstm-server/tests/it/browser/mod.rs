//! The page in Chromium, with a microphone that plays a WAV file.
//!
//! The browser is `CHROMIUM` or on the path. Without one these tests print that they are skipped; with
//! `CLSTM_REQUIRE=browser` they fail. `CLSTM_SCREENSHOTS=FOLDER` saves screenshots.

#![allow(clippy::print_stderr, reason = "a skipped check is reported")]

mod appearance;
mod chromium;
mod devtools;
mod dimensions;
mod errors;
mod keyboard;
mod lanes;
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
    /// A recording with speech, a pause, and other speech; the microphone plays it too.
    talk: PathBuf,
    folder: tempfile::TempDir,
    /// The labels of the model.
    labels: Vec<String>,
    /// The confidence below which the page shows "unsure".
    abstention: f64,
    // Last, so that the browser goes when all else is done with.
    browser: Chromium,
}

impl Stage {
    /// `None` without a browser.
    async fn new() -> Option<Self> {
        Self::with(shipped()).await
    }

    /// The same with another server.
    async fn with(config: ServerConfig) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let talk = folder.path().join("talk.wav");
        std::fs::write(&talk, wav(&talk_sound())).expect("a recording");
        let browser = Chromium::start(&talk).await?;
        let server = TestServer::start(config).await;
        let models = get(server.address, "/v1/models").await.json();
        let labels = serde_json::from_value(models["models"][0]["labels"].clone()).expect("labels");
        let abstention = models["models"][0]["abstention"].as_f64().unwrap_or(0.0);
        let tab = browser.tab().await;
        tab.open(server.address).await;
        Some(Self { server, tab, talk, folder, labels, abstention, browser })
    }

    /// The response of the server to a recording.
    async fn ask(&self, file: &Path, query: &str) -> Value {
        let bytes = std::fs::read(file).expect("a recording");
        let response = post(self.server.address, &format!("/v1/recognize{query}"), bytes).await;
        assert_eq!(response.status, 200, "{query}");
        response.json()
    }

    /// Chooses a file and waits until the history has this number of entries.
    async fn process(&self, file: &Path, entries: usize) {
        self.tab.choose(&[file]).await;
        self.processed(entries).await;
    }

    /// The text that the page shows for a prediction, in lower case.
    fn shown(&self, prediction: &Value) -> String {
        match self.likeliest(prediction) {
            None => label(prediction).to_owned(),
            Some([first, second]) => format!("unsure: {} or {}", first.0, second.0),
        }
    }

    /// The text of a prediction in the history and the status.
    fn summary(&self, prediction: &Value) -> String {
        match self.likeliest(prediction) {
            None => match prediction["label"].as_str() {
                Some(label) => format!("{label} {}", percent(&prediction["confidence"])),
                None => "no speech".to_owned(),
            },
            Some(two) => {
                let two = two.map(|(label, p)| format!("{label} {}", percent(&p.into())));
                format!("unsure: {}", two.join(", "))
            }
        }
    }

    /// The two likeliest labels of a prediction below the threshold.
    fn likeliest(&self, prediction: &Value) -> Option<[(String, f64); 2]> {
        let confidence = prediction["confidence"].as_f64()?;
        let mut all: Vec<_> = prediction["probabilities"]
            .as_object()?
            .iter()
            .map(|(label, p)| (label.clone(), p.as_f64().expect("a probability")))
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.truncate(2);
        (confidence < self.abstention).then(|| all.try_into().expect("two labels"))
    }

    async fn processed(&self, entries: usize) {
        self.tab
            .until(&format!("document.querySelectorAll('#history li').length === {entries}"))
            .await;
    }
}

/// A server with the shipped model, which predicts more than one emotion.
fn shipped() -> ServerConfig {
    let model = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../models/ravdess-clstm-plus/ravdess-clstm-plus.safetensors");
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
