use axum::body::Body;
use clstm_server::{Keys, ServerConfig};

use crate::client::{get, request, send};
use crate::support::{TestServer, config, sample};

const KEY: &str = "a-key-of-the-lab-0123";

async fn guarded() -> TestServer {
    let keys = Keys::parse(&format!("# of the lab\nanother-key-0123456789\n{KEY}\n")).ok();
    TestServer::start(ServerConfig { keys, ..config() }).await
}

#[tokio::test]
async fn requests_without_a_key_are_rejected() {
    let server = guarded().await;
    let bearer = format!("Bearer {KEY}");
    for headers in [
        vec![],
        vec![("authorization", "Bearer")],
        vec![("authorization", "Bearer a-key-of-the-lab-012")],
        vec![("authorization", KEY)],
        vec![("x-api-key", "")],
        vec![("x-api-key", "# of the lab")],
        // If the first of two keys is wrong, the request is refused.
        vec![("authorization", "Bearer wrong"), ("x-api-key", KEY)],
    ] {
        for (method, path) in [
            ("POST", "/v1/recognize"),
            ("POST", "/v1/batch"),
            ("GET", "/v1/stream"),
            ("GET", "/v1/models"),
            ("POST", "/v1/models/reload"),
            ("GET", "/metrics"),
        ] {
            let response =
                send(server.address, request(method, path, &headers, sample().into())).await;
            assert_eq!(response.error(), (401, "unauthorized".to_owned()), "{path} {headers:?}");
            assert_eq!(response.headers["www-authenticate"], "Bearer");
        }
    }
    for headers in [[("authorization", bearer.as_str())], [("x-api-key", KEY)]] {
        let request = request("POST", "/v1/recognize", &headers, Body::from(sample()));
        assert_eq!(send(server.address, request).await.status, 200);
    }
    for open in ["/", "/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(get(server.address, open).await.status, 200, "{open}");
    }
}

#[tokio::test]
async fn pages_of_others_may_ask_where_they_are_allowed() {
    let cors = vec!["https://example.org".to_owned()];
    let server = TestServer::start(ServerConfig { cors, ..config() }).await;
    let ask = async |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        let request = request("OPTIONS", "/v1/recognize", &headers, Body::empty());
        send(server.address, request).await.headers.get("access-control-allow-origin").cloned()
    };
    assert_eq!(ask("https://example.org").await.expect("a header"), "https://example.org");
    assert_eq!(ask("https://example.com").await, None);
    for wrong in ["example.org", "https://", "https://*.org", "https://a.org/path"] {
        let config = ServerConfig { cors: vec![wrong.to_owned()], ..config() };
        let error = clstm_server::Server::bind(config).await.err().expect("an error");
        assert_eq!(error.kind(), "config", "{wrong}");
    }
}
