//! Label Studio: tasks with predictions, its labelling configuration, and its JSON export
//! (<https://labelstud.io/guide/predictions>, <https://labelstud.io/guide/export>).

use serde_json::{Map, Value, json};

use super::{Judgement, PreAnnotation};
use crate::caption::rounded;
use crate::{Names, SegmentsError};

/// The name of the labels in the configuration.
const CHOICES: &str = "emotion";

/// Tasks to import, in the order of the recordings: the predicted label as a prediction, and its probability as the
/// score, by which Label Studio can sort. Probabilities and continuous targets are part of the data of a task.
#[must_use]
pub fn tasks<'a>(recordings: &[PreAnnotation], names: impl Into<Names<'a>>, model: &str) -> String {
    let names = names.into();
    let all = recordings.iter().map(|recording| {
        let mut data = Map::new();
        data.insert("audio".to_owned(), json!(recording.path));
        data.insert("duration_s".to_owned(), json!(recording.duration_s));
        let mut predictions = Vec::new();
        if let Some(emotion) = recording.whole.emotion() {
            let score = rounded(emotion.confidence());
            let pairs = names.labels.iter().zip(&emotion.probabilities);
            let probabilities: Map<String, Value> =
                pairs.map(|(label, p)| (label.clone(), json!(rounded(*p)))).collect();
            data.insert("probabilities".to_owned(), Value::Object(probabilities));
            let values = names.values(&emotion.dimensions);
            let values: Map<String, Value> =
                values.map(|(name, value)| (name.to_owned(), json!(rounded(value)))).collect();
            if !values.is_empty() {
                data.insert("dimensions".to_owned(), Value::Object(values));
            }
            predictions.push(json!({
                "model_version": model,
                "score": score,
                "result": [{
                    "id": "emotion",
                    "from_name": CHOICES,
                    "to_name": "audio",
                    "type": "choices",
                    "score": score,
                    "value": { "choices": [names.labels.get(emotion.label_index)] }
                }]
            }));
        }
        json!({ "data": data, "predictions": predictions })
    });
    let tasks: Vec<Value> = all.collect();
    // Values always serialise.
    serde_json::to_string_pretty(&tasks).unwrap_or_default() + "\n"
}

/// The labelling configuration of a project for these tasks.
#[must_use]
pub fn configuration(labels: &[String]) -> String {
    let choice = |label: &String| {
        format!("    <Choice value=\"{}\"/>\n", quick_xml::escape::escape(label.as_str()))
    };
    let choices: String = labels.iter().map(choice).collect();
    format!(
        "<View>\n  <Audio name=\"audio\" value=\"$audio\"/>\n  <Choices name=\"{CHOICES}\" toName=\"audio\" \
         choice=\"single\" required=\"true\">\n{choices}  </Choices>\n</View>\n"
    )
}

/// The judgements of an export as JSON: choices for whole recordings, labels for regions. Cancelled annotations are left
/// out; the rater is the annotation's `completed_by`.
///
/// # Errors
/// [`SegmentsError`] if the text is no export.
pub fn judgements(text: &str) -> Result<Vec<Judgement>, SegmentsError> {
    let text = text.trim_start_matches('\u{feff}');
    let tasks: Vec<Value> = serde_json::from_str(text).map_err(|error| {
        SegmentsError::line(error.line(), format!("no JSON export of Label Studio: {error}"))
    })?;
    let mut all = Vec::new();
    for (number, task) in (1..).zip(&tasks) {
        let refuse = |what: &str| SegmentsError::structure(format!("task {number} has {what}"));
        let min = || match task.get("annotator").is_some() {
            true => "no \"data\", as in an export as JSON-MIN; export as JSON",
            false => "no \"data\"",
        };
        let data = task["data"].as_object().ok_or_else(|| refuse(min()))?;
        let path = data.get("audio").or_else(|| data.values().find(|value| value.is_string()));
        let path =
            path.and_then(Value::as_str).ok_or_else(|| refuse("no recording in \"data\""))?;
        let annotations = task["annotations"].as_array().map_or(&[][..], Vec::as_slice);
        for annotation in annotations.iter().filter(|a| a["was_cancelled"] != true) {
            let rater = rater(&annotation["completed_by"]);
            let results = annotation["result"].as_array().map_or(&[][..], Vec::as_slice);
            for result in results {
                let Some((label, span)) = labelled(result) else { continue };
                let (path, rater, label) = (path.to_owned(), rater.clone(), label.to_owned());
                all.push(Judgement { path, span, rater, speaker: None, label });
            }
        }
    }
    Ok(all)
}

/// The first choice of a result, and the times of a region.
fn labelled(result: &Value) -> Option<(&str, Option<[f64; 2]>)> {
    let value = &result["value"];
    let kind = result["type"].as_str()?;
    let names = value[kind].as_array().or_else(|| value["choices"].as_array())?;
    let times = value["start"].as_f64().zip(value["end"].as_f64());
    Some((names.first()?.as_str()?, times.map(|(start, end)| [start, end])))
}

/// The number or the address of a user.
fn rater(completed_by: &Value) -> String {
    match completed_by {
        Value::String(name) => name.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(user) => {
            let name = user.get("email").or_else(|| user.get("id"));
            name.map_or(String::new(), |name| name.as_str().map_or(name.to_string(), str::to_owned))
        }
        _ => String::new(),
    }
}
