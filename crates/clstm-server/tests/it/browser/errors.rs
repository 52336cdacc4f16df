//! The page reports errors and stays usable.

use clstm_server::ServerConfig;

use super::{Stage, shipped};
use crate::support::TestServer;

/// Records every status and alert, since a later one may replace it before the test reads it.
const KEEP: &str = "window.announced = [];
    for (const id of ['status', 'alert']) {
        new MutationObserver(() => announced.push(document.getElementById(id).textContent))
            .observe(document.getElementById(id), { childList: true });
    }";

#[tokio::test]
async fn a_file_without_audio_is_reported() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    let bad = stage.folder.path().join("notes.wav");
    std::fs::write(&bad, "not a sound").expect("a file");
    let empty = stage.folder.path().join("empty.wav");
    std::fs::write(&empty, "").expect("a file");
    tab.choose(&[&bad]).await;
    tab.until("document.getElementById('alert').innerText.startsWith('notes.wav: ')").await;
    tab.picture("error").await;
    let announced = tab.region("alert").await;
    assert!(announced.len() > "notes.wav: ".len() + 20, "{announced}");
    assert_eq!(tab.region("status").await, "");
    // Of several files, those that can be decoded are processed.
    tab.choose(&[&empty, &stage.talk, &bad]).await;
    stage.processed(1).await;
    tab.until("document.getElementById('alert').innerText.includes('empty.wav: ')").await;
    let announced = tab.text("alert").await;
    assert!(announced.contains("notes.wav: ") && !announced.contains("talk.wav"), "{announced}");
    let whole = stage.ask(&stage.talk, "").await;
    assert_eq!(tab.text("prediction").await.to_lowercase(), stage.shown(&whole));
    stage.process(&stage.talk, 2).await;
    tab.until("document.getElementById('alert').innerText === ''").await;
    tab.was_quiet(true).await;
}

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_waited_for() {
    let Some(mut stage) = Stage::new().await else { return };
    stage.tab.eval(KEEP).await;
    stage.tab.click("microphone").await;
    stage.tab.until("/%/.test(document.getElementById('bars').innerText)").await;

    let TestServer { address, handle, ended } = stage.server;
    handle.shut_down();
    ended.await.expect("no panic").expect("an end in order");
    let gone = "The server is unreachable. Waiting for it …";
    stage.tab.until(&format!("document.getElementById('alert').innerText === '{gone}'")).await;
    stage.tab.picture("gone").await;
    assert_eq!(stage.tab.region("alert").await, gone);
    // The audio from the microphone is kept, and the microphone is off.
    stage.tab.until("document.querySelectorAll('#history li').length === 1").await;
    stage.tab.one("button", "Use the microphone").await;
    // A recording that is chosen meanwhile is processed once the server is reachable.
    stage.tab.choose(&[&stage.talk]).await;
    stage
        .tab
        .until("announced.at(-1) !== '' && announced.some((text) => text.startsWith('Processing talk.wav'))")
        .await;

    stage.server = TestServer::start(ServerConfig { listen: address, ..shipped() }).await;
    stage.processed(2).await;
    stage.tab.until("document.getElementById('status').innerText.startsWith('talk.wav: ')").await;
    assert_eq!(stage.tab.text("alert").await, "");
    assert_eq!(stage.tab.eval("announced.includes('The server is reachable again.')").await, true);
    stage.tab.was_quiet(true).await;
}
