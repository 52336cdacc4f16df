use std::collections::BTreeSet;

use crate::client::get;
use crate::support::{TestServer, config};

/// The files that the text of the page at `path` names.
fn named(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let quoted = text.split('"').skip(1).step_by(2).map(|name| name.trim_start_matches("./"));
    quoted
        .filter(|name| [".js", ".css", ".svg"].iter().any(|ending| name.ends_with(ending)))
        .map(|name| match name.strip_prefix("../") {
            Some(above) => format!("/{above}"),
            None => format!("{folder}/{name}"),
        })
        .collect()
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let server = TestServer::start(config()).await;
    let (mut seen, mut left) = (BTreeSet::new(), vec!["/".to_owned(), "/docs/api".to_owned()]);
    while let Some(path) = left.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let response = get(server.address, &path).await;
        assert_eq!(response.status, 200, "{path}");
        let header = |name: &str| response.headers[name].to_str().expect("text").to_owned();
        let kind = match path.rsplit_once('.') {
            None => "text/html",
            Some((_, "js")) => "text/javascript",
            Some((_, "css")) => "text/css",
            Some(_) => "image/svg+xml",
        };
        assert!(header("content-type").starts_with(kind), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let text = String::from_utf8(response.body.to_vec()).expect("text");
        // The name of a namespace is no address.
        let text = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert!(!text.contains("://"), "{path} names another place");
        // What the policy would not run.
        assert!(!text.contains(" style=\"") && !text.contains(" onclick="), "{path}");
        left.extend(named(&path, &text));
    }
    for file in
        ["/app.js", "/recorder.js", "/timeline.js", "/style.css", "/icon.svg", "/docs/api.js"]
    {
        assert!(seen.contains(file), "{file} is not part of the page: {seen:?}");
    }
}

#[tokio::test]
async fn the_sample_is_a_recording_of_the_repository() {
    let server = TestServer::start(config()).await;
    let response = get(server.address, "/sample.wav").await;
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/sad.wav");
    assert_eq!(response.body, std::fs::read(source).expect("a file"));
}
