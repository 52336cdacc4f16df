//! Without a mouse, and without a screen.

use serde_json::json;

use super::tab::Tab;
use super::{Stage, clock, label};

/// The text of the position slider: the protocol reports only its number.
async fn position_text(tab: &Tab) -> String {
    tab.one("slider", "Position").await;
    let text = tab.eval("document.getElementById('position').getAttribute('aria-valuetext')").await;
    text.as_str().expect("text").to_owned()
}

#[tokio::test]
async fn the_keyboard_reaches_everything() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    let to = async |ids: &[&str]| {
        for id in ids {
            tab.press("Tab").await;
            assert_eq!(tab.focused().await, *id);
        }
    };
    to(&["Skip to the timeline", "file"]).await;
    // Space opens the dialogue of files.
    tab.call("Page.setInterceptFileChooserDialog", json!({ "enabled": true })).await;
    tab.press(" ").await;
    let chooser = loop {
        match tab.events("Page.fileChooserOpened").pop() {
            Some(chooser) => break chooser,
            None => tab.until("true").await,
        }
    };
    assert_eq!(chooser["mode"], "selectMultiple");
    let files = json!({ "files": [stage.talk], "backendNodeId": chooser["backendNodeId"] });
    tab.call("DOM.setFileInputFiles", files).await;
    stage.processed(1).await;
    // Enter switches the microphone on, and off.
    to(&["sample", "microphone"]).await;
    tab.press("Enter").await;
    tab.until("/%/.test(document.getElementById('bars').innerText)").await;
    tab.until("document.getElementById('microphone').innerText === 'Stop the microphone'").await;
    tab.until("document.querySelector('#history [aria-current=true]') === null").await;
    // Long enough for zooming to be of use.
    tab.until("/at 0:(0[5-9]|[1-9])/.test(document.getElementById('when').innerText)").await;
    tab.press("Enter").await;
    stage.processed(2).await;
    to(&["model", "zoom-in", "play", "position"]).await;
    to(&["save-what", "save-jsonl", "save-csv", "speakers", "As a table", "forget"]).await;
    // Back to the recording.
    tab.press("Tab").await;
    tab.press("Tab").await;
    assert_eq!(tab.focused().await, "talk.wav");
    tab.press("Enter").await;
    tab.until("document.getElementById('when').innerText.startsWith('talk.wav')").await;
    to(&["the API", "OpenAPI", "metrics"]).await;

    // From the skip link straight to the timeline, and along it.
    tab.eval("document.querySelector('.skip').focus()").await;
    tab.press("Enter").await;
    to(&["zoom-in", "play", "position"]).await;
    let frames = stage.ask(&stage.talk, "?timeline=frames&hop=0.5").await;
    let segments = stage.ask(&stage.talk, "?timeline=segments&hop=0.5").await;
    let shown_position = async || position_text(tab).await;
    let at = |index: usize| {
        let frame = &frames["frames"][index];
        format!("{}, {}", clock(frame["start_s"].as_f64().expect("seconds")), label(frame))
    };
    assert_eq!(shown_position().await, "the whole recording");
    tab.press("ArrowRight").await;
    assert_eq!(shown_position().await, at(1));
    tab.press("ArrowRight").await;
    assert_eq!(shown_position().await, at(2));
    assert_eq!(tab.text("prediction").await.to_lowercase(), stage.shown(&frames["frames"][2]));
    tab.press("ArrowLeft").await;
    assert_eq!(shown_position().await, at(1));
    let starts: Vec<_> = segments["segments"].as_array().expect("segments")[1..]
        .iter()
        .map(|segment| (2.0 * segment["start_s"].as_f64().expect("seconds")).round() as usize)
        .collect();
    assert!(starts.len() > 1, "{segments}");
    for start in &starts {
        tab.press("PageUp").await;
        assert_eq!(shown_position().await, at(*start));
    }
    tab.press("PageDown").await;
    assert_eq!(shown_position().await, at(starts[starts.len() - 2]));
    tab.press("Home").await;
    assert_eq!(shown_position().await, at(0));
    // Zooming gives the picture a stop of its own, where the arrows scroll.
    tab.press("+").await;
    tab.until("document.getElementById('view').tabIndex === 0").await;
    tab.until("view.scrollWidth > view.clientWidth").await;
    // Sound, while nothing is read out over it.
    let live = "document.getElementById('prediction').getAttribute('aria-live')";
    tab.press(" ").await;
    tab.until(&format!(
        "document.getElementById('play').innerText === 'Pause' && {live} === 'off'"
    ))
    .await;
    tab.until("document.getElementById('time').innerText > '0:00.6'").await;
    tab.press(" ").await;
    tab.until(&format!(
        "document.getElementById('play').innerText === 'Play' && {live} === 'polite'"
    ))
    .await;
    tab.press("Escape").await;
    assert_eq!(shown_position().await, "the whole recording");
    tab.was_quiet(false).await;
}

#[tokio::test]
async fn a_screen_reader_receives_what_is_shown() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    for (role, name) in [
        ("RootWebArea", "clstm: emotion in speech"),
        ("heading", "clstm"),
        ("heading", "Audio"),
        ("heading", "Prediction"),
        ("heading", "Timeline"),
        ("heading", "History"),
        ("button", "Choose recordings or drop them here WAV, FLAC, MP3, Ogg, WebM, M4A, AIFF"),
        ("button", "Use the microphone"),
        ("combobox", "Model"),
        ("list", "Probabilities"),
        ("image", "No recording yet"),
        ("link", "the API"),
    ] {
        tab.one(role, name).await;
    }
    let promise = "Audio is sent to this server only, and the server stores nothing.";
    assert_eq!(tab.region("status").await, promise);
    let spoken = tab.spoken().await;
    let live = |role: &str| {
        let region = spoken.iter().find(|s| s.role == role).expect("a region");
        region.property("live").and_then(|live| live.as_str().map(str::to_owned))
    };
    assert_eq!(live("status").as_deref(), Some("polite"));
    assert_eq!(live("alert").as_deref(), Some("assertive"));
    // What cannot be used yet is not there.
    assert!(spoken.iter().all(|s| s.role != "slider" && s.name != "Play"));

    stage.process(&stage.talk, 1).await;
    let slider = tab.one("slider", "Position").await;
    let keys = slider.node["description"]["value"].as_str().expect("a description");
    assert!(keys.contains("Space playback") && keys.contains("Page Up"), "{keys}");
    assert_eq!(position_text(tab).await, "the whole recording");
    for (role, name) in [
        ("button", "Play"),
        ("button", "Zoom in"),
        ("group", "Zoom"),
        ("group", "Save as"),
        ("combobox", "Save"),
        ("button", "JSONL"),
        ("list", "Colours"),
        ("list", "History"),
    ] {
        tab.one(role, name).await;
    }
    let out = tab.one("button", "Zoom out").await;
    assert_eq!(out.property("disabled"), Some(&true.into()));
    let spoken = tab.spoken().await;
    // The prediction and each probability, in words.
    let whole = stage.ask(&stage.talk, "").await;
    assert!(
        spoken
            .iter()
            .any(|s| s.property("live") == Some(&"polite".into()) && s.role == "paragraph")
    );
    for text in [stage.shown(&whole), super::percent(&whole["confidence"])] {
        let has = |s: &super::tab::Spoken| s.role == "StaticText" && s.name.to_lowercase() == text;
        assert!(spoken.iter().any(has), "{text}");
    }
    tab.was_quiet(false).await;
}
