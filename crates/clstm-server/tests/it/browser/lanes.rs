//! A lane for each channel, and one for each speaker of given segments.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Stage, clock, label};
use crate::client::{form, send};
use crate::support::{call, wav_channels};

/// A stereo call in a file.
fn stereo(stage: &Stage) -> PathBuf {
    let path = stage.folder.path().join("call.wav");
    std::fs::write(&path, wav_channels(&call())).expect("a recording");
    path
}

/// Rows of the table: from, to, label.
const ROWS: &str = "[...document.querySelectorAll('#segments tr')]
    .map((row) => [...row.cells].slice(0, 3).map((cell) => cell.textContent))";

fn rows(segments: &[&Value]) -> Value {
    let time = |s: &Value, name: &str| clock(s[name].as_f64().expect("seconds"));
    let row = |s: &&Value| json!([time(s, "start_s"), time(s, "end_s"), label(s)]);
    segments.iter().map(row).collect()
}

/// The labels whose colours are drawn at these seconds in the strip of a lane, `up` pixels above the lower edge.
async fn drawn(stage: &Stage, up: u32, seconds: &[f64]) -> Vec<String> {
    let script = format!(
        "(() => {{ const it = document.getElementById('picture');
            const row = it.getContext('2d').getImageData(0, it.height - {up}, it.width, 1).data;
            const end = Number(document.getElementById('position').max);
            const legend = [...document.querySelectorAll('#legend li')];
            return {seconds:?}.map((second) => {{
                const x = Math.floor(second / end * it.width);
                const color = `rgb(${{[...row.slice(4 * x, 4 * x + 3)].join(', ')}})`;
                const found = legend.find((entry) =>
                    getComputedStyle(entry.querySelector('.patch')).backgroundColor === color);
                return found ? found.lastChild.textContent : 'no speech'; }}); }})()"
    );
    serde_json::from_value(stage.tab.eval(&script).await).expect("labels")
}

#[tokio::test]
async fn a_stereo_call_has_a_lane_for_each_side() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    let path = stereo(&stage);
    stage.process(&path, 1).await;
    tab.picture("stereo").await;
    let each = stage.ask(&path, "?channels=each").await;
    let timeline = stage.ask(&path, "?channels=each&timeline=both&hop=0.5").await;
    let of = |kind: &str, channel: usize| -> Vec<&Value> {
        let rows = timeline[kind].as_array().expect("rows").iter();
        rows.filter(|row| row["channel"] == channel).collect()
    };
    // In words: the status has both sides, the prediction and the table those of the chosen lane.
    let summaries = [0, 1].map(|i| format!("channel {i}: {}", stage.summary(&each["channels"][i])));
    assert_eq!(tab.region("status").await, format!("call.wav: {}.", summaries.join("; ")));
    assert_eq!(tab.eval("document.getElementById('lane').options.length").await, 2);
    assert_eq!(tab.text("prediction").await.to_lowercase(), stage.shown(&each["channels"][0]));
    assert_eq!(tab.eval(ROWS).await, rows(&of("segments", 0)));
    let words = |channel: usize| {
        let announced = of("segments", channel)
            .into_iter()
            .map(|s| format!("{} to {}", label(s), clock(s["end_s"].as_f64().expect("seconds"))));
        format!("channel {channel}: {}", announced.collect::<Vec<_>>().join(", "))
    };
    tab.one("image", &format!("Timeline of call.wav: {}; {}", words(0), words(1))).await;
    // In colours: the strip of the lower lane ends at the time axis, the other one a lane above.
    for (channel, up) in [(1, 22), (0, 22 + 100)] {
        let frames = of("frames", channel);
        let time = |frame: &Value, name: &str| frame[name].as_f64().expect("seconds");
        let middles: Vec<f64> =
            frames.iter().map(|f| 0.5 * (time(f, "start_s") + time(f, "end_s"))).collect();
        let labels: Vec<&str> = frames.iter().map(|f| label(f)).collect();
        assert_eq!(drawn(&stage, up, &middles).await, labels, "channel {channel}");
    }
    // The other lane, by the keyboard.
    tab.one("combobox", "Lane").await;
    tab.eval("document.getElementById('lane').focus()").await;
    tab.press("ArrowDown").await;
    tab.until("document.getElementById('when').innerText.startsWith('call.wav, channel 1')").await;
    assert_eq!(tab.text("prediction").await.to_lowercase(), stage.shown(&each["channels"][1]));
    assert_eq!(tab.eval(ROWS).await, rows(&of("segments", 1)));
    // And by the mouse, with the frame there.
    let duration = timeline["duration_s"].as_f64().expect("seconds");
    tab.click_at("picture", 1.25 / duration, 0.2).await;
    tab.until("document.getElementById('lane').value === '0'").await;
    tab.until(
        "document.getElementById('when').innerText.startsWith('channel 0, from 0:01.0 to 0:01.5')",
    )
    .await;
    assert_eq!(tab.text("prediction").await.to_lowercase(), stage.shown(of("frames", 0)[2]));
    // It fits a phone and a desktop.
    for width in [390, 1280] {
        tab.size(width, 900).await;
        tab.until("document.getElementById('picture').width === document.getElementById('view').clientWidth").await;
        let beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(tab.eval(beyond).await, 0, "{width}: the page scrolls sideways");
        tab.picture(&format!("stereo-{width}")).await;
    }
    // A recording of one channel has a single lane again.
    stage.process(&stage.talk, 2).await;
    assert_eq!(tab.eval("document.getElementById('lane-field').hidden").await, true);
    tab.was_quiet(false).await;
}

#[tokio::test]
async fn given_segments_have_a_lane_for_each_speaker() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    let rttm = "SPEAKER t 1 0.0 2.0 <NA> <NA> anna <NA> <NA>\nSPEAKER t 1 4.4 2.5 <NA> <NA> ben <NA> <NA>\n\
                SPEAKER t 1 2.4 1.5 <NA> <NA> anna <NA> <NA>\n";
    let given = stage.folder.path().join("talk.rttm");
    std::fs::write(&given, rttm).expect("segments");
    // Without a recording there is nothing to apply them to.
    tab.choose(&[&given]).await;
    tab.until("document.getElementById('alert').innerText.includes('Choose a recording first')")
        .await;
    stage.process(&stage.talk, 1).await;
    tab.one("button", "Segments of speakers").await;
    tab.choose_in("speakers", &[&given]).await;
    stage.processed(2).await;
    tab.picture("speakers").await;
    let bytes = std::fs::read(&stage.talk).expect("a recording");
    let files = [("file", "talk.wav", &bytes[..]), ("segments", "talk.rttm", rttm.as_bytes())];
    let expected = send(stage.server.address, form("/v1/recognize", &files)).await.json();
    let segments = expected["segments"].as_array().expect("segments");
    let of = |speaker: &str| -> Vec<&Value> {
        segments.iter().filter(|segment| segment["speaker"] == speaker).collect()
    };
    let names = "[...document.getElementById('lane').options].map((option) => option.text)";
    assert_eq!(tab.eval(names).await, json!(["anna", "ben"]));
    assert_eq!(tab.eval(ROWS).await, rows(&of("anna")));
    assert!(tab.region("status").await.starts_with("talk.wav: anna: "));
    // Drawn where it is, and empty elsewhere; a lane without a waveform has 52 pixels.
    let ben = of("ben")[0];
    let found = drawn(&stage, 22, &[1.0, 5.0]).await;
    assert_eq!(found, ["no speech", label(ben)]);
    // Segment by segment with the keyboard.
    tab.eval("document.getElementById('lane').focus()").await;
    tab.press("ArrowDown").await;
    tab.until("document.getElementById('when').innerText.startsWith('talk.wav, ben')").await;
    tab.eval("document.getElementById('position').focus()").await;
    tab.press("PageUp").await;
    tab.until("document.getElementById('when').innerText.startsWith('ben, from 0:04.4 to 0:06.9')")
        .await;
    tab.press("Home").await;
    tab.until("document.getElementById('prediction').innerText.toLowerCase() === 'no segment'")
        .await;
    // A file that is none is named.
    let wrong = stage.folder.path().join("wrong.csv");
    std::fs::write(&wrong, "start,end\n2,1\n").expect("a file");
    tab.choose_in("speakers", &[&wrong]).await;
    tab.until("document.getElementById('alert').innerText.includes('line 2')").await;
    // Both at once.
    tab.choose(&[&stage.talk, &given]).await;
    stage.processed(3).await;
    assert_eq!(tab.eval(names).await, json!(["anna", "ben"]));
    tab.was_quiet(true).await;
}
