//! The microphone: probabilities change while audio arrives, and the history fills.

use super::Stage;

/// The texts of the shares, one string for all bars.
const SHARES: &str =
    "[...document.querySelectorAll('#bars .share')].map((share) => share.textContent).join()";

#[tokio::test]
async fn microphone_results_are_shown_live() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    assert_eq!(tab.text("prediction").await, "Nothing yet");
    tab.click("microphone").await;
    tab.until("document.getElementById('microphone').innerText === 'Stop the microphone'").await;
    assert_eq!(tab.region("status").await, "The microphone is on. Speak.");
    tab.one("button", "Stop the microphone").await;

    // Speech: a label of the model, and shares that change from frame to frame.
    let labels = format!(
        "{}.some((label) => document.getElementById('prediction').innerText.toLowerCase().includes(label))",
        serde_json::json!(stage.labels)
    );
    tab.until(&format!("{SHARES}.includes('%') && {labels}")).await;
    tab.picture("live").await;
    let first = tab.eval(SHARES).await;
    tab.until(&format!(
        "{SHARES}.includes('%') && {SHARES} !== '{}'",
        first.as_str().expect("text")
    ))
    .await;
    // The pause of the recording, and speech again.
    tab.until("document.getElementById('prediction').innerText === 'No speech'").await;
    tab.until(&labels).await;
    tab.until("document.querySelectorAll('#segments tr').length >= 2").await;
    // A file has to wait until it is off.
    tab.choose(&[&stage.talk]).await;
    tab.until("document.getElementById('alert').innerText === 'Stop the microphone first.'").await;

    tab.click("microphone").await;
    stage.processed(1).await;
    tab.until("document.getElementById('status').innerText === 'The microphone is off.'").await;
    tab.one("button", "Use the microphone").await;
    let entry = tab.eval("document.querySelector('#history li').innerText").await;
    let entry = entry.as_str().expect("text");
    assert!(entry.starts_with("Microphone, ") && entry.contains('%'), "{entry}");
    // The recorded audio can be played and browsed.
    tab.until("!document.getElementById('play').disabled").await;
    tab.until("Number(document.getElementById('position').max) > 4").await;
    let image = tab.spoken().await.into_iter().find(|s| s.role == "image").expect("a picture");
    assert!(image.name.contains("no speech to "), "{}", image.name);
    tab.picture("after-live").await;
    // No further audio is processed.
    let before = tab.eval("Number(document.getElementById('position').max)").await;
    stage.process(&stage.talk, 2).await;
    tab.eval("document.querySelectorAll('#history button')[1].click()").await;
    assert_eq!(tab.eval("Number(document.getElementById('position').max)").await, before);
    tab.was_quiet(false).await;
}
