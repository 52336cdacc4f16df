//! A tab with the page in it: what a person does there and sees.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::devtools::DevTools;

/// A busy machine may take long over a recording.
const PATIENCE: Duration = Duration::from_secs(120);

/// A control or text as a screen reader has it.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) role: String,
    pub(super) name: String,
    pub(super) node: Value,
}

impl Spoken {
    /// A property such as `live` or `disabled`.
    pub(super) fn property(&self, name: &str) -> Option<&Value> {
        let properties = self.node["properties"].as_array()?;
        properties.iter().find(|property| property["name"] == name).map(|p| &p["value"]["value"])
    }
}

pub(super) struct Tab {
    devtools: DevTools,
}

impl Tab {
    pub(super) async fn new(devtools: DevTools) -> Self {
        let tab = Self { devtools };
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility"] {
            tab.call(&format!("{domain}.enable"), json!({})).await;
        }
        tab.size(1440, 900).await;
        tab
    }

    pub(super) async fn call(&self, method: &str, parameters: Value) -> Value {
        self.devtools.call(method, parameters).await
    }

    pub(super) fn events(&self, method: &str) -> Vec<Value> {
        self.devtools.events(method)
    }

    /// Opens the page and waits for its labels.
    pub(super) async fn open(&self, address: SocketAddr) {
        self.call("Page.navigate", json!({ "url": format!("http://{address}/") })).await;
        self.until("document.querySelectorAll('#bars li').length > 0").await;
    }

    pub(super) async fn size(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the person prefers, as media features.
    pub(super) async fn prefer(&self, features: &[(&str, &str)]) {
        let features: Vec<_> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// The value of an expression, or what its promise comes to.
    pub(super) async fn eval(&self, expression: &str) -> Value {
        let asked = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let mut evaluated = self.call("Runtime.evaluate", asked).await;
        assert!(evaluated["exceptionDetails"].is_null(), "{expression}: {evaluated}");
        evaluated["result"]["value"].take()
    }

    /// Waits until an expression is true.
    pub(super) async fn until(&self, expression: &str) {
        let began = Instant::now();
        while self.eval(expression).await != true {
            if began.elapsed() > PATIENCE {
                let (status, alert) = (self.text("status").await, self.text("alert").await);
                panic!("not in time: {expression}; the page shows {status:?} {alert:?}");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text of an element as it is shown.
    pub(super) async fn text(&self, id: &str) -> String {
        let text = self.eval(&format!("document.getElementById('{id}')?.innerText ?? ''")).await;
        text.as_str().expect("text").to_owned()
    }

    /// Clicks on the middle of an element, or on a point of it by shares of its width and height.
    pub(super) async fn click(&self, id: &str) {
        self.click_at(id, 0.5, 0.5).await;
    }

    pub(super) async fn click_at(&self, id: &str, across: f64, down: f64) {
        let (x, y) = self.point(id, across, down).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    async fn point(&self, id: &str, across: f64, down: f64) -> (f64, f64) {
        let place = self
            .eval(&format!(
                "(() => {{ const it = document.getElementById('{id}');
                    it.scrollIntoView({{ block: 'center' }});
                    const {{ left, top, width, height }} = it.getBoundingClientRect();
                    return [left + {across} * width, top + {down} * height]; }})()"
            ))
            .await;
        (place[0].as_f64().expect("x"), place[1].as_f64().expect("y"))
    }

    /// Presses a key: `Tab`, `Enter`, ` `, `ArrowRight`, ...
    pub(super) async fn press(&self, key: &str) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "Escape" => ("Escape", 27, ""),
            " " => ("Space", 32, " "),
            "PageUp" => ("PageUp", 33, ""),
            "PageDown" => ("PageDown", 34, ""),
            "End" => ("End", 35, ""),
            "Home" => ("Home", 36, ""),
            "ArrowLeft" => ("ArrowLeft", 37, ""),
            "ArrowRight" => ("ArrowRight", 39, ""),
            "ArrowDown" => ("ArrowDown", 40, ""),
            "+" => ("NumpadAdd", 107, "+"),
            other => panic!("no key {other:?}"),
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for kind in [down, "keyUp"] {
            let mut event = json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number,
            });
            if kind == "keyDown" {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// The id of what has the focus, or else its text.
    pub(super) async fn focused(&self) -> String {
        let script =
            "document.activeElement.id || document.activeElement.innerText.split('\\n')[0]";
        self.eval(script).await.as_str().expect("a name").to_owned()
    }

    /// Chooses files with the page's input.
    pub(super) async fn choose(&self, files: &[&Path]) {
        self.choose_in("file", files).await;
    }

    /// Chooses files with an input of the page.
    pub(super) async fn choose_in(&self, id: &str, files: &[&Path]) {
        let root = self.call("DOM.getDocument", json!({})).await;
        let of = json!({ "nodeId": root["root"]["nodeId"], "selector": format!("#{id}") });
        let input = self.call("DOM.querySelector", of).await;
        let files = json!({ "files": files, "nodeId": input["nodeId"] });
        self.call("DOM.setFileInputFiles", files).await;
    }

    /// Drags files onto an element and drops them.
    pub(super) async fn drop_on(&self, id: &str, files: &[&Path]) {
        let (x, y) = self.point(id, 0.5, 0.5).await;
        let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": x, "y": y, "data": data });
            self.call("Input.dispatchDragEvent", event).await;
        }
    }

    /// The page as a screen reader has it, without what it passes over.
    pub(super) async fn spoken(&self) -> Vec<Spoken> {
        let tree = self.call("Accessibility.getFullAXTree", json!({})).await;
        let nodes = tree["nodes"].as_array().expect("a tree").iter();
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        nodes
            .filter(|node| node["ignored"] != true)
            .map(|node| Spoken {
                role: text(&node["role"]),
                name: text(&node["name"]),
                node: node.clone(),
            })
            .collect()
    }

    /// The one of a role and name.
    pub(super) async fn one(&self, role: &str, name: &str) -> Spoken {
        let spoken = self.spoken().await;
        let described: Vec<_> = spoken.iter().map(|s| format!("{} {:?}", s.role, s.name)).collect();
        let mut fitting = spoken.into_iter().filter(|s| s.role == role && s.name == name);
        let one = fitting.next();
        assert!(fitting.next().is_none(), "several {role} {name:?}");
        one.unwrap_or_else(|| panic!("no {role} {name:?} among {described:#?}"))
    }

    /// What a live region (a role such as `status`) holds for screen readers.
    pub(super) async fn region(&self, role: &str) -> String {
        let spoken = self.spoken().await;
        let region = spoken.iter().find(|s| s.role == role);
        let region = region.unwrap_or_else(|| panic!("no {role}"));
        let children = region.node["childIds"].as_array().cloned().unwrap_or_default();
        let within = spoken.iter().filter(|s| children.contains(&s.node["nodeId"]));
        within.map(|s| s.name.as_str()).collect()
    }

    /// Leaves a picture where pictures are wanted.
    pub(super) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("CLSTM_SCREENSHOTS") else { return };
        let asked = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.call("Page.captureScreenshot", asked).await;
        let encoded = shot["data"].as_str().expect("a picture");
        // The browser knows Base64; what it gives back are bytes as numbers.
        let script = format!("Array.from(atob('{encoded}'), (letter) => letter.charCodeAt(0))");
        let bytes = self.eval(&script).await;
        let bytes: Vec<u8> = serde_json::from_value(bytes).expect("bytes");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).expect("a file");
    }

    /// Asserts that no request left the origin and that the console has no errors. If a request was `refused`, the
    /// browser logs it in the console: only that message is allowed.
    pub(super) async fn was_quiet(&self, refused: bool) {
        let origin = self.eval("location.origin").await;
        let origin = origin.as_str().expect("an origin");
        let socket = origin.replace("http://", "ws://");
        let requests = self.events("Network.requestWillBeSent");
        let requests = requests.iter().map(|event| event["request"]["url"].clone());
        let sockets = self.events("Network.webSocketCreated");
        let urls: Vec<_> =
            requests.chain(sockets.iter().map(|event| event["url"].clone())).collect();
        assert!(!urls.is_empty());
        for url in urls {
            let url = url.as_str().expect("an address");
            let own = [origin, &socket].iter().any(|own| url.starts_with(&format!("{own}/")));
            assert!(
                own || url.starts_with(&format!("blob:{origin}/")) || url == "about:blank",
                "{url}"
            );
        }
        let thrown = self.events("Runtime.exceptionThrown");
        assert!(thrown.is_empty(), "{thrown:?}");
        let spoken = self.events("Runtime.consoleAPICalled");
        assert!(spoken.is_empty(), "{spoken:?}");
        for event in self.events("Log.entryAdded") {
            let entry = &event["entry"];
            // The tests read what is drawn, the page does not.
            let read = entry["text"].as_str().is_some_and(|text| text.contains("getImageData"));
            let wrong = (entry["level"] == "error" || entry["level"] == "warning") && !read;
            assert!(!wrong || (refused && entry["source"] == "network"), "{entry}");
        }
    }
}
