use serde_json::Value;

use crate::client::{form, send};
use crate::support::{TestServer, config, conversation, sample, wav};

#[tokio::test]
async fn results_and_errors_follow_the_order_of_the_files() {
    let server = TestServer::start(config()).await;
    let (sample, long) = (sample(), wav(&conversation()));
    let files: Vec<(String, &[u8])> = (0..20)
        .map(|i| match i % 3 {
            0 => (format!("{i}.wav"), &sample[..]),
            1 => (format!("{i}.wav"), &long[..]),
            _ => (format!("{i}.txt"), &b"this is none"[..]),
        })
        .collect();
    let fields: Vec<_> =
        files.iter().map(|(name, bytes)| ("file", name.as_str(), *bytes)).collect();
    let response = send(server.address, form("/v1/batch", &fields)).await;
    assert_eq!(response.status, 200);
    let response = response.json();
    let results = response["results"].as_array().expect("results");
    assert_eq!(results.len(), files.len());
    for (result, (name, bytes)) in results.iter().zip(&files) {
        assert_eq!(result["path"], **name);
        let single = send(server.address, form("/v1/recognize", &[("file", name, bytes)])).await;
        let mut single: Value = single.json();
        if let Some(single) = single.as_object_mut() {
            // An error by itself does not repeat the name.
            single.insert("path".to_owned(), name.as_str().into());
        }
        assert_eq!(*result, single);
    }
}
