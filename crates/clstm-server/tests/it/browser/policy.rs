//! What the page may not do, even if a stranger's script were in it.

use serde_json::json;

use super::Stage;

#[tokio::test]
async fn the_policy_is_sent_and_held() {
    let Some(stage) = Stage::new().await else { return };
    let tab = &stage.tab;
    tab.was_quiet(false).await;
    for event in tab.events("Network.responseReceived") {
        let response = &event["response"];
        let policy = response["headers"]["content-security-policy"].as_str().unwrap_or_default();
        let is_json = response["mimeType"] == "application/json";
        assert!(is_json || policy.starts_with("default-src 'none'; "), "{response}");
    }
    let done = tab
        .eval(
            "(async () => {
                const broken = [];
                addEventListener('securitypolicyviolation', (event) => broken.push(event.effectiveDirective));
                const add = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
                add('script', { textContent: 'window.ran = true' });
                add('script', { src: 'data:text/javascript,window.ran = true' });
                add('img', { src: 'http://127.0.0.1:9/pixel.png' });
                add('iframe', { src: '/' });
                document.body.setAttribute('style', 'color: red');
                document.body.setAttribute('onclick', 'window.ran = true');
                document.body.click();
                await fetch('http://127.0.0.1:9/', { method: 'POST', body: 'a voice' }).catch(() => {});
                await new Promise((later) => { setTimeout(later, 500); });
                return { ran: window.ran ?? false, broken: [...new Set(broken)].sort() }; })()",
        )
        .await;
    let held = [
        "connect-src",
        "frame-src",
        "img-src",
        "script-src-attr",
        "script-src-elem",
        "style-src-attr",
    ];
    assert_eq!(done, json!({ "ran": false, "broken": held }));
    let elsewhere = tab.events("Network.responseReceived").into_iter();
    let elsewhere: Vec<_> =
        elsewhere.filter(|e| e["response"]["url"].to_string().contains(":9/")).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}
