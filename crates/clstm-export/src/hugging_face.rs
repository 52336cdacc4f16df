//! A model as a folder of the Hugging Face hub: the card, the configuration and the weights.
//!
//! The card's metadata are those of <https://huggingface.co/docs/hub/model-cards>; `config.json` has the fields that the
//! hub shows, and the model's description below `clstm`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clstm::{Model, ModelInfo};
use serde_json::{Value, json};

use crate::ExportError;

/// Name of the file of the weights, as `clstm train` writes it.
pub const WEIGHTS_FILE: &str = "model.safetensors";

/// Licences of the hub, by their SPDX expression, and the hub's names of them.
const LICENSES: [(&str, &str); 9] = [
    ("Apache-2.0", "apache-2.0"),
    ("MIT", "mit"),
    ("CC0-1.0", "cc0-1.0"),
    ("CC-BY-4.0", "cc-by-4.0"),
    ("CC-BY-SA-4.0", "cc-by-sa-4.0"),
    ("CC-BY-NC-4.0", "cc-by-nc-4.0"),
    ("CC-BY-NC-SA-4.0", "cc-by-nc-sa-4.0"),
    ("CC-BY-NC-ND-4.0", "cc-by-nc-nd-4.0"),
    ("ODbL-1.0", "odbl"),
];

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubFile {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub content: Vec<u8>,
}

/// The files of a model folder: `model.safetensors`, `config.json` and `README.md`.
///
/// # Errors
/// If the model is not valid.
pub fn hugging_face(model: &Model) -> Result<Vec<HubFile>, ExportError> {
    let file = |name, content| HubFile { name, content };
    let mut config = serde_json::to_vec_pretty(&config(&model.info)?)?;
    config.push(b'\n');
    Ok(vec![
        file(WEIGHTS_FILE, model.to_bytes()?),
        file("config.json", config),
        file("README.md", card(model).into_bytes()),
    ])
}

fn config(info: &ModelInfo) -> Result<Value, ExportError> {
    let numbered = || info.labels.iter().enumerate();
    let id2label: BTreeMap<usize, &String> = numbered().collect();
    let label2id: BTreeMap<&String, usize> =
        numbered().map(|(index, label)| (label, index)).collect();
    Ok(json!({
        "model_type": "clstm",
        "architectures": ["CLSTM"],
        "id2label": id2label,
        "label2id": label2id,
        "sampling_rate": info.frontend.sample_rate,
        "clstm": serde_json::to_value(info)?,
    }))
}

/// The model card: metadata in YAML, then text.
fn card(model: &Model) -> String {
    let info = &model.info;
    let name = single_line(&info.name);
    let labels: Vec<String> = info.labels.iter().map(|label| single_line(label)).collect();
    let mut text = metadata(info, &name);
    let _ = write!(
        text,
        "\n# {name}\n\n{}\n\nLabels: {}. Input: speech of any rate, processed at {} Hz mono. {} parameters.\n",
        info.description.trim(),
        labels.join(", "),
        info.frontend.sample_rate,
        model.parameters_count()
    );
    text += "\n## Use\n\n```python\nimport clstm\n\nrecognizer = clstm.load(\"path/of/this/folder\")\n\
             print(recognizer.predict(\"hello.wav\").label)\n```\n\nor `clstm predict --model path/of/this/folder hello.wav`.\n";
    let _ = write!(text, "\n## Training\n\n{}\n", info.training.describe().trim());
    text += &scores(info);
    let _ = write!(text, "\n## Licence of the weights\n\n{}\n", info.license.trim());
    text
}

fn metadata(info: &ModelInfo, name: &str) -> String {
    let license = single_line(&info.license);
    let known = LICENSES.iter().find(|(spdx, _)| spdx.eq_ignore_ascii_case(&license));
    let mut text = "---\n".to_owned();
    match known {
        Some((_, hub)) => _ = writeln!(text, "license: {hub}"),
        None => {
            _ = writeln!(text, "license: other\nlicense_name: {}", yaml(&license));
        }
    }
    text += "library_name: clstm\npipeline_tag: audio-classification\n";
    text += "tags:\n- speech-emotion-recognition\n- emotion\n- speech\n- audio\n";
    if info.training.scores.is_empty() {
        return text + "---\n";
    }
    let _ = writeln!(text, "metrics:\n- recall\n- accuracy\n- f1");
    let _ = writeln!(text, "model-index:\n- name: {}\n  results:", yaml(name));
    for score in &info.training.scores {
        let corpus = single_line(&score.protocol.corpus);
        let _ = writeln!(
            text,
            "  - task:\n      type: audio-classification\n    dataset:\n      type: {}\n      name: {}\n    metrics:",
            yaml(&corpus),
            yaml(&single_line(&score.describe()))
        );
        let metrics = [
            ("recall", "unweighted accuracy (UA)", score.ua),
            ("accuracy", "weighted accuracy (WA)", score.wa),
            ("f1", "macro F1", score.macro_f1),
        ];
        for (kind, name, value) in metrics {
            let _ = writeln!(
                text,
                "    - type: {kind}\n      name: {}\n      value: {value:.4}",
                yaml(name)
            );
        }
    }
    text + "---\n"
}

/// Measured scores as a table; empty without any.
fn scores(info: &ModelInfo) -> String {
    let mut text = String::new();
    if info.training.scores.is_empty() {
        return text;
    }
    text += "\n## Scores\n\n| protocol | UA % | WA % | macro F1 % |\n|---|---|---|---|\n";
    for score in &info.training.scores {
        let protocol = single_line(&score.describe()).replace('|', "\\|");
        let percent = [score.ua, score.wa, score.macro_f1].map(|share| 100.0 * share);
        let [ua, wa, f1] = percent;
        let _ = writeln!(text, "| {protocol} | {ua:.1} | {wa:.1} | {f1:.1} |");
    }
    text
}

/// A string as YAML, of which JSON is a part.
fn yaml(text: &str) -> String {
    Value::from(text).to_string()
}

/// Without line ends, which would end a heading or a cell.
fn single_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
