//! The DevTools protocol: calls, and events that are kept until a test reads them.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Screenshots of a busy machine take their time.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// A connection to a browser or a tab.
pub(super) struct DevTools {
    calls: mpsc::UnboundedSender<Message>,
    next: AtomicU64,
    waiting: Waiting,
    events: Arc<Mutex<Vec<Value>>>,
}

impl DevTools {
    pub(super) async fn connect(url: &str) -> Self {
        let (socket, _) = connect_async(url).await.expect("the browser's endpoint");
        let (mut sink, mut stream) = socket.split();
        let (calls, mut queue) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(call) = queue.recv().await {
                if sink.send(call).await.is_err() {
                    break;
                }
            }
        });
        let (waiting, events) = (Waiting::default(), Arc::<Mutex<Vec<Value>>>::default());
        let (callers, happened) = (waiting.clone(), events.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Message::Text(text) = message else { continue };
                let value: Value = serde_json::from_str(&text).expect("JSON");
                match value["id"].as_u64() {
                    Some(id) => {
                        let caller = callers.lock().expect("no panic").remove(&id);
                        // The caller may have timed out.
                        let _ = caller.map(|caller| caller.send(value));
                    }
                    None => happened.lock().expect("no panic").push(value),
                }
            }
        });
        Self { calls, next: AtomicU64::new(1), waiting, events }
    }

    /// The result of a call.
    pub(super) async fn call(&self, method: &str, parameters: Value) -> Value {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (caller, response) = oneshot::channel();
        self.waiting.lock().expect("no panic").insert(id, caller);
        let call = json!({ "id": id, "method": method, "params": parameters }).to_string();
        self.calls.send(Message::text(call)).expect("a connection");
        let response = timeout(CALL_TIMEOUT, response).await;
        let response = response.unwrap_or_else(|_| panic!("no response to {method}"));
        let mut response = response.expect("a connection");
        assert!(response["error"].is_null(), "{method}: {response}");
        response["result"].take()
    }

    /// The parameters of all events of a kind so far.
    pub(super) fn events(&self, method: &str) -> Vec<Value> {
        let events = self.events.lock().expect("no panic");
        let of = events.iter().filter(|event| event["method"] == method);
        of.map(|event| event["params"].clone()).collect()
    }
}
