use crate::client::get;
use crate::support::{Running, config};

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let server = Running::start(config()).await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/app.js", "text/javascript"),
        ("/recorder.js", "text/javascript"),
        ("/style.css", "text/css"),
        ("/docs/api", "text/html"),
        ("/docs/api.js", "text/javascript"),
        ("/docs/api.css", "text/css"),
    ] {
        let answer = get(server.address, path).await;
        assert_eq!(answer.status, 200, "{path}");
        let header = |name: &str| answer.headers[name].to_str().expect("text").to_owned();
        assert!(header("content-type").starts_with(kind), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let text = String::from_utf8(answer.body.to_vec()).expect("text");
        assert!(!text.contains("://"), "{path} names another place");
        // What the policy would not run.
        assert!(!text.contains(" style=\"") && !text.contains(" onclick="), "{path}");
    }
}
