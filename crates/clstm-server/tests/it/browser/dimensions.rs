//! Curves and values of continuous targets.

use serde_json::{Value, json};

use super::Stage;
use crate::dimensions::rated_config;

/// Pixels of the drawing that have the colour of each curve.
const DRAWN: &str = "(() => { const it = document.getElementById('picture');
    const all = it.getContext('2d').getImageData(0, 0, it.width, it.height).data;
    const style = getComputedStyle(document.documentElement);
    return ['--curve-1', '--curve-2'].map((name) => {
        const hex = style.getPropertyValue(name).trim();
        const wanted = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
        let count = 0;
        for (let i = 0; i < all.length; i += 4) {
            if (wanted.every((value, part) => Math.abs(all[i + part] - value) < 3)) count += 1;
        }
        return count; }); })()";

/// Names and values in the prediction.
const SHOWN: &str = "[...document.querySelectorAll('#dimensions li')]
    .map((row) => [row.querySelector('.name').textContent, row.querySelector('.value').textContent])";

fn values(prediction: &Value) -> Value {
    let value =
        |name: &str| format!("{:.2}", prediction["dimensions"][name].as_f64().expect("a value"));
    json!([["arousal", value("arousal")], ["valence", value("valence")]])
}

#[tokio::test]
async fn continuous_targets_have_curves_values_and_columns() {
    let Some(stage) = Stage::with(rated_config()).await else { return };
    let (tab, talk) = (&stage.tab, stage.talk.clone());
    assert_eq!(tab.eval("document.getElementById('dimensions').hidden").await, true);
    stage.process(&talk, 1).await;
    tab.picture("dimensions").await;
    let whole = stage.ask(&talk, "").await;
    assert_eq!(tab.eval(SHOWN).await, values(&whole));
    let timeline = stage.ask(&talk, "?timeline=both&hop=0.5").await;
    // Each labelled frame is at least a few columns of pixels.
    let labelled = timeline["frames"].as_array().unwrap().iter().filter(|f| f["label"].is_string());
    let least = 5 * labelled.count() as u64;
    let drawn: Vec<u64> = serde_json::from_value(tab.eval(DRAWN).await).unwrap();
    assert!(drawn.iter().all(|count| *count > least), "{drawn:?} {least}");
    let heads = "[...document.querySelectorAll('#columns th')].map((head) => head.textContent)";
    assert_eq!(
        tab.eval(heads).await,
        json!(["From", "To", "Emotion", "Confidence", "arousal", "valence"])
    );
    let cells = "[...document.querySelectorAll('#segments tr')][0].cells[4].textContent";
    let first = &timeline["segments"][0];
    let expected = match first["label"].is_string() {
        true => format!("{:.2}", first["dimensions"]["arousal"].as_f64().unwrap()),
        false => String::new(),
    };
    assert_eq!(tab.eval(cells).await, expected);
    // A frame that is chosen has its own values.
    tab.eval("document.getElementById('position').focus()").await;
    tab.press("ArrowRight").await;
    tab.until("document.getElementById('when').innerText.startsWith('from')").await;
    let frame = &timeline["frames"][1];
    if frame["label"].is_string() {
        assert_eq!(tab.eval(SHOWN).await, values(frame));
    }
}
