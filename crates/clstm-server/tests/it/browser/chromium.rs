//! A browser without a window.

use clstm_test_support::skip;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

use super::devtools::DevTools;
use super::tab::Tab;

/// One browser at a time: several slow each other down so much that they prove nothing.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A busy machine takes long to start a browser.
const START: Duration = Duration::from_secs(120);

pub(super) struct Chromium {
    child: Child,
    devtools: DevTools,
    /// Where its endpoint is: host and port.
    endpoint: String,
    _profile: TempDir,
    _alone: MutexGuard<'static, ()>,
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

impl Chromium {
    /// Starts a browser whose microphone plays `sound` in a loop. `None` if no Chromium is installed and `CLSTM_REQUIRE` does
    /// not name `browser`.
    pub(super) async fn start(sound: &Path) -> Option<Self> {
        let Some(program) = find() else {
            skip("browser", "Chromium; install one or name it with CHROMIUM");
            return None;
        };
        let alone = ALONE.lock().await;
        let profile = tempfile::tempdir().expect("a folder");
        let child = Command::new(&program)
            .args(["--headless=new", "--remote-debugging-port=0", "--no-first-run", "--mute-audio"])
            // The only page is our own; the sandbox wants rights that a container does not give.
            .args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"])
            .args(["--disable-background-networking", "--disable-component-update"])
            // There is no world outside of this machine.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
            .args(["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"])
            .arg(format!("--use-file-for-fake-audio-capture={}", sound.display()))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start: {e}", program.display()));
        let mut started = Started(Some(child));
        let port_file = profile.path().join("DevToolsActivePort");
        let began = Instant::now();
        let (port, path) = loop {
            // Two lines, the second of which is written last.
            let text = std::fs::read_to_string(&port_file).unwrap_or_default();
            if let Some((port, path)) = text.split_once('\n').filter(|(_, path)| !path.is_empty()) {
                break (port.to_owned(), path.trim().to_owned());
            }
            assert!(began.elapsed() < START, "{} does not response", program.display());
            sleep(Duration::from_millis(50)).await;
        };
        let endpoint = format!("127.0.0.1:{port}");
        let devtools = DevTools::connect(&format!("ws://{endpoint}{path}")).await;
        let child = started.0.take().expect("a browser");
        Some(Self { child, devtools, endpoint, _profile: profile, _alone: alone })
    }

    /// A new tab.
    pub(super) async fn tab(&self) -> Tab {
        let made = self.devtools.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let id = made["targetId"].as_str().expect("a tab");
        let url = format!("ws://{}/devtools/page/{id}", self.endpoint);
        Tab::new(DevTools::connect(&url).await).await
    }

    /// Lets files be saved in a folder.
    pub(super) async fn save_to(&self, folder: &Path) {
        let allow = json!({ "behavior": "allow", "downloadPath": folder });
        self.devtools.call("Browser.setDownloadBehavior", allow).await;
    }
}

/// A browser that is ended where a test fails before it is there.
struct Started(Option<Child>);

impl Drop for Started {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(end);
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}
