use clstm_server::{Keys, ModelSource, ServerConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::client::{get, post, request, send};
use crate::support::{TestServer, config, model, sample};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn models_are_exchanged_without_losing_a_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.safetensors");
    let models = [model("m", 1), model("m", 2)];
    models[0].write(&path).expect("a file");
    let config = ServerConfig { models: vec![ModelSource::File(path.clone())], ..config() };
    let server = TestServer::start(config).await;
    let address = server.address;
    let mut expected = Vec::new();
    for model in &models {
        model.write(&path).expect("a file");
        assert_eq!(server.handle.reload().await.expect("a reload"), ["m"]);
        let response = post(address, "/v1/recognize", sample()).await;
        assert_eq!(response.status, 200);
        expected.push(response.body);
    }
    assert_ne!(expected[0], expected[1]);
    let enough = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let (enough, expected) = (enough.clone(), expected.clone());
            tokio::spawn(async move {
                let mut seen = [0, 0];
                while !enough.load(Ordering::Relaxed) {
                    let response = post(address, "/v1/recognize", sample()).await;
                    assert_eq!(response.status, 200);
                    let which = expected.iter().position(|body| *body == response.body);
                    seen[which.expect("the response of one of the models")] += 1;
                }
                seen
            })
        })
        .collect();
    for i in 0..20 {
        models[i % 2].write(&path).expect("a file");
        server.handle.reload().await.expect("a reload");
        let now = post(address, "/v1/recognize", sample()).await.body;
        assert_eq!(now, expected[i % 2], "a request behind the exchange has the new model");
    }
    enough.store(true, Ordering::Relaxed);
    for client in clients {
        let seen = client.await.expect("no lost request");
        assert!(seen[0] + seen[1] > 0);
    }
}

#[tokio::test]
async fn a_file_that_is_no_model_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.safetensors");
    model("m", 1).write(&path).expect("a file");
    let keys = Keys::parse("0123456789abcdef").ok();
    let models = vec![ModelSource::File(path.clone())];
    let server = TestServer::start(ServerConfig { models, keys, ..config() }).await;
    let key = ("x-api-key", "0123456789abcdef");
    let reload = async || {
        send(server.address, request("POST", "/v1/models/reload", &[key], "".into())).await
    };
    assert_eq!(reload().await.json()["models"][0], "m");
    // What would be the length of a header claims more than there can be.
    std::fs::write(&path, b"no model").expect("a file");
    assert_eq!(reload().await.error(), (500, "too_large".to_owned()));
    let again = request("POST", "/v1/recognize", &[key], sample().into());
    assert_eq!(send(server.address, again).await.json()["model"], "m");
    model("renamed", 1).write(&path).expect("a file");
    assert_eq!(reload().await.json()["models"][0], "renamed");
}

#[tokio::test]
async fn without_keys_reload_over_the_network_is_refused() {
    let server = TestServer::start(config()).await;
    let response = post(server.address, "/v1/models/reload", "").await;
    assert_eq!(response.error(), (403, "forbidden".to_owned()));
    assert_eq!(get(server.address, "/v1/models").await.status, 200);
}

#[tokio::test]
async fn two_models_of_one_name_are_not_served() {
    let both = [1, 2].map(|seed| clstm::Recognizer::new(model("m", seed)).expect("a model"));
    let models = both.map(ModelSource::Ready).to_vec();
    let error = clstm_server::Server::bind(ServerConfig { models, ..config() }).await.err();
    assert_eq!(error.expect("an error").kind(), "config");
    let models = ["m", "n"].map(|name| clstm::Recognizer::new(model(name, 3)).expect("a model"));
    let models = models.map(ModelSource::Ready).to_vec();
    let server = TestServer::start(ServerConfig { models, ..config() }).await;
    for (path, name) in [("/v1/recognize", "m"), ("/v1/recognize?model=n", "n")] {
        assert_eq!(post(server.address, path, sample()).await.json()["model"], name);
    }
}
