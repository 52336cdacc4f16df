//! What every test needs: a request, a client with short timeouts, a listener of events.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clstm_download::{
    Client, DownloadError, DownloadRequest, DownloadSummary, Event, Monitor, Progress, RetryPolicy,
    Settings, download, source,
};
use tempfile::TempDir;

/// Where the songs of RAVDESS come to lie: the corpus without a checksum in the program.
pub(crate) const SONGS: &str = "Audio_Song_Actors_01-24.zip";

/// Waits are short, so that tests are.
pub(crate) fn impatient() -> Settings {
    Settings {
        connect_timeout: Duration::from_secs(5),
        // Not for tests of timeouts: a busy machine may let a thread wait for seconds.
        stall_timeout: Duration::from_secs(10),
        retry: RetryPolicy {
            attempts: 4,
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_millis(20),
            ..RetryPolicy::default()
        },
        ..Settings::default()
    }
}

/// Bytes that neither repeat nor shrink.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = length as u64 | 1;
    let mut next = || {
        // Knuth's constants.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Keeps every event.
#[derive(Default)]
pub(crate) struct RecordedEvents(Mutex<Vec<String>>);

impl Progress for RecordedEvents {
    fn on_event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

impl RecordedEvents {
    /// How many events begin like this.
    pub(crate) fn count(&self, start: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|event| event.starts_with(start)).count()
    }
}

/// A folder, and what is downloaded to it.
pub(crate) struct Fixture {
    folder: TempDir,
    pub(crate) events: RecordedEvents,
    pub(crate) settings: Settings,
    pub(crate) keep_archive: bool,
    pub(crate) stop: AtomicBool,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            events: RecordedEvents::default(),
            settings: impatient(),
            keep_archive: false,
            stop: AtomicBool::new(false),
        }
    }

    pub(crate) fn to(&self) -> PathBuf {
        self.folder.path().join("corpus")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.to().join(name)
    }

    /// Downloads a corpus from a place.
    pub(crate) fn get(&self, name: &str, from: &str) -> Result<DownloadSummary, DownloadError> {
        let to = self.to();
        let request = DownloadRequest {
            source: source(name).unwrap(),
            to: &to,
            from: Some(from),
            keep_archive: self.keep_archive,
        };
        let client = Client::new(self.settings.clone()).unwrap();
        download(&request, &client, &Monitor::new(&self.events, &self.stop))
    }

    /// Downloads the songs of RAVDESS, which must fail. The message.
    pub(crate) fn fails(&self, from: &str) -> (DownloadError, String) {
        let error = self.get("ravdess-song", from).unwrap_err();
        let text = error.to_string();
        (error, text)
    }

    /// Fails unless the folder has these files with these contents.
    pub(crate) fn has(&self, files: &[crate::zips::File]) {
        for file in files {
            let path = self.path(std::str::from_utf8(&file.name).unwrap());
            assert!(fs::read(&path).unwrap() == file.data, "{}", path.display());
        }
    }

    /// Names of all files below the folder but the download's own.
    pub(crate) fn names(&self) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, names: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                if path.is_dir() && !name.starts_with(".clstm-download") {
                    walk(&path, root, names);
                } else if path.is_file() {
                    names.push(name);
                }
            }
        }
        let mut names = Vec::new();
        walk(&self.to(), &self.to(), &mut names);
        names.sort();
        names
    }
}
