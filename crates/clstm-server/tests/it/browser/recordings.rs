//! A recording in, its timeline out: the page shows what the API returns.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Stage, clock, label, percent};

#[tokio::test]
async fn a_chosen_recording_is_drawn_as_the_api_returns_it() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    tab.picture("empty").await;
    stage.process(&stage.talk, 1).await;
    tab.picture("result").await;
    let whole = stage.ask(&stage.talk, "").await;
    let frames = stage.ask(&stage.talk, "?timeline=frames&hop=0.5").await;
    let segments = stage.ask(&stage.talk, "?timeline=segments&hop=0.5").await;
    let frames = frames["frames"].as_array().expect("frames");
    let segments = segments["segments"].as_array().expect("segments");
    let mut labels: Vec<_> = frames.iter().map(label).collect();
    labels.sort_unstable();
    labels.dedup();
    assert!(
        labels.len() > 2 && labels.contains(&"no speech"),
        "the sound is too plain: {labels:?}"
    );

    // In words.
    let described: Vec<_> = segments
        .iter()
        .map(|s| format!("{} to {}", label(s), clock(s["end_s"].as_f64().expect("seconds"))))
        .collect();
    tab.one("image", &format!("Timeline of talk.wav: {}", described.join(", "))).await;
    assert_eq!(tab.text("prediction").await.to_lowercase(), stage.shown(&whole));
    let sure = percent(&whole["confidence"]);
    assert_eq!(tab.text("when").await, format!("talk.wav, as a whole, {sure} confidence"));
    assert_eq!(tab.region("status").await, format!("talk.wav: {}.", stage.summary(&whole)));
    assert_eq!(bars(&stage).await, shares(&stage, &whole));
    let rows = tab
        .eval("[...document.querySelectorAll('#segments tr')].map((row) => [...row.cells].map((c) => c.textContent))")
        .await;
    let expected: Vec<_> = segments
        .iter()
        .map(|s| {
            let time = |name: &str| clock(s[name].as_f64().expect("seconds"));
            let sure = s.get("confidence").map(percent).unwrap_or_default();
            [time("start_s"), time("end_s"), label(s).to_owned(), sure]
        })
        .collect();
    assert_eq!(rows, serde_json::to_value(&expected).expect("JSON"));

    // In colours: in the strip under the waveform each frame has that of its label in the legend.
    let middle = |m: &Value| {
        0.5 * (m["start_s"].as_f64().expect("seconds") + m["end_s"].as_f64().expect("seconds"))
    };
    let drawn = drawn_at(&stage, &frames.iter().map(middle).collect::<Vec<_>>()).await;
    let returned: Vec<_> = frames.iter().map(label).collect();
    assert_eq!(drawn, serde_json::to_value(returned).expect("JSON"));
    tab.was_quiet(false).await;
}

/// The labels whose colours are drawn at these seconds, by the legend.
async fn drawn_at(stage: &Stage, seconds: &[f64]) -> Value {
    let script = format!(
        "(() => {{ const it = document.getElementById('picture');
            // Near the lower edge of the strip, where no letters are.
            const row = it.getContext('2d').getImageData(0, it.height - 22, it.width, 1).data;
            const end = Number(document.getElementById('position').max);
            const legend = [...document.querySelectorAll('#legend li')];
            return {seconds:?}.map((second) => {{
                const x = Math.floor(second / end * it.width);
                const color = `rgb(${{[...row.slice(4 * x, 4 * x + 3)].join(', ')}})`;
                const found = legend.find((entry) =>
                    getComputedStyle(entry.querySelector('.patch')).backgroundColor === color);
                return found ? found.lastChild.textContent : 'no speech'; }}); }})()"
    );
    stage.tab.eval(&script).await
}

async fn bars(stage: &Stage) -> Value {
    let script = "[...document.querySelectorAll('#bars li')].map((row) =>
        [row.querySelector('.name').textContent, row.querySelector('.share').textContent])";
    stage.tab.eval(script).await
}

/// The bars of a prediction.
fn shares(stage: &Stage, response: &Value) -> Value {
    let share = |label: &String| match &response["probabilities"][label] {
        Value::Null => "–".to_owned(),
        probability => percent(probability),
    };
    let shares: Vec<_> = stage.labels.iter().map(|label| [label.clone(), share(label)]).collect();
    serde_json::to_value(shares).expect("JSON")
}

#[tokio::test]
async fn recordings_are_dropped_sought_played_and_kept() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    let other = stage.folder.path().join("other, one.wav");
    std::fs::copy(&stage.talk, &other).expect("a copy");
    tab.drop_on("drop", &[&stage.talk, &other]).await;
    stage.processed(2).await;
    tab.until(
        "document.querySelector('#history [aria-current=true]').textContent.startsWith('other')",
    )
    .await;

    // A click into the picture shows the frame there.
    let frames = stage.ask(&stage.talk, "?timeline=frames&hop=0.5").await;
    let duration = frames["duration_s"].as_f64().expect("seconds");
    let frame = &frames["frames"][2];
    tab.click_at("picture", 1.25 / duration, 0.3).await;
    let shown = format!("from 0:01.0 to 0:01.5, {} confidence", percent(&frame["confidence"]));
    tab.until(&format!("document.getElementById('when').textContent === '{shown}'")).await;
    assert_eq!(tab.text("prediction").await.to_lowercase(), stage.shown(frame));
    assert_eq!(bars(&stage).await, shares(&stage, frame));

    // The sound plays from there, and what is shown follows it.
    let at = "document.getElementById('time').textContent";
    tab.click("play").await;
    tab.until("document.getElementById('play').innerText === 'Pause'").await;
    tab.until(&format!("{at} >= '0:02.1' && {at} < '0:09'")).await;
    tab.click("play").await;
    tab.until("document.getElementById('play').innerText === 'Play'").await;
    let stopped = tab.eval(at).await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(tab.eval(at).await, stopped);
    // Back to all of it.
    tab.click("whole").await;
    tab.until(
        "document.getElementById('when').textContent.startsWith('other, one.wav, as a whole')",
    )
    .await;

    // Saved rows are those of the API.
    stage.browser.save_to(stage.folder.path()).await;
    tab.click("save-jsonl").await;
    let text = saved(&stage, "other-one.segments.jsonl").await;
    let segments = stage.ask(&other, "?timeline=segments&hop=0.5").await;
    let segments = segments["segments"].as_array().expect("segments");
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), segments.len());
    for (line, segment) in lines.iter().zip(segments) {
        assert_eq!(line["path"], "other, one.wav");
        assert_eq!(line["model"], "ravdess-clstm-plus");
        for name in ["start_s", "end_s", "confidence"] {
            assert_eq!(line[name].as_f64(), segment[name].as_f64(), "{name}");
        }
        assert_eq!(line["label"], segment["label"]);
        assert_eq!(line.get("probabilities"), segment.get("probabilities"));
    }
    tab.eval("document.getElementById('save-what').value = 'frames'").await;
    tab.click("save-csv").await;
    let text = saved(&stage, "other-one.frames.csv").await;
    let mut rows = text.lines();
    let columns: String = stage.labels.iter().map(|label| format!("p_{label},")).collect();
    let head = format!(
        "path,start_s,end_s,speech,label,confidence,{columns}damaged,error_kind,error_message"
    );
    assert_eq!(rows.next(), Some(head.as_str()));
    assert!(rows.all(|row| row.starts_with("\"other, one.wav\",")), "{text}");
    assert_eq!(text.lines().count(), 1 + frames["frames"].as_array().expect("frames").len());

    // And all of it can be forgotten.
    tab.click("forget").await;
    tab.until("document.querySelectorAll('#history li').length === 0").await;
    tab.one("image", "No recording yet").await;
    tab.was_quiet(false).await;
}

/// The text of a file that the browser saves.
async fn saved(stage: &Stage, name: &str) -> String {
    let began = Instant::now();
    loop {
        // Whole files only: it is given its name when it is written.
        match std::fs::read_to_string(stage.folder.path().join(name)) {
            Ok(text) if !text.is_empty() => return text,
            _ => assert!(began.elapsed() < Duration::from_secs(60), "no {name}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}
