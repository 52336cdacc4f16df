//! Progress of a download: a bar on a terminal, lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clstm_download::{Event, Progress};
use indicatif::{ProgressBar, ProgressStyle};

use crate::messages::{note, warn};
use crate::text::printable;

/// Lines without a terminal: one for each tenth of the bytes.
const STEPS: u64 = 10;

/// Shows events on stderr.
pub(super) struct Shown {
    terminal: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    have: u64,
    total: Option<u64>,
    /// Tenths that have been printed.
    printed: u64,
    /// Complete files and all files, for a corpus of many files.
    files: Option<(usize, usize)>,
}

/// Bytes in decimal units.
pub(super) fn size(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.2} GB", value / 1e9),
    }
}

impl Shown {
    pub(super) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Some(bar) = self.state().bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl State {
    fn print(&self, line: &str) {
        let line = printable(line);
        match &self.bar {
            Some(bar) => bar.suspend(|| note(&line)),
            None => note(&line),
        }
    }

    /// Starts to count bytes.
    fn begin(&mut self, terminal: bool, have: u64, total: Option<u64>) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        (self.have, self.total) = (have, total);
        self.printed = self.tenths();
        if terminal {
            let (bar, template) = match total {
                Some(total) => (
                    ProgressBar::new(total),
                    "{wide_bar} {decimal_bytes}/{decimal_total_bytes} {msg} \
                     {decimal_bytes_per_sec}, {eta} left",
                ),
                None => (
                    ProgressBar::new_spinner(),
                    "{spinner} {decimal_bytes} {msg} {decimal_bytes_per_sec}",
                ),
            };
            let style = ProgressStyle::with_template(template);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_position(have);
            // The speed is that of this process.
            bar.reset_eta();
            self.bar = Some(bar);
        }
    }

    fn tenths(&self) -> u64 {
        self.total.map_or(0, |total| self.have.saturating_mul(STEPS) / total.max(1))
    }

    fn advanced(&mut self) {
        match &self.bar {
            Some(bar) => bar.set_position(self.have),
            None if self.tenths() > self.printed => {
                self.printed = self.tenths();
                if let Some(total) = self.total {
                    self.print(&format!(
                        "  {}% of {}",
                        (self.printed * 100 / STEPS).min(100),
                        size(total)
                    ));
                }
            }
            None => {}
        }
    }
}

impl Progress for Shown {
    fn on_event(&self, event: &Event<'_>) {
        let mut state = self.state();
        match *event {
            Event::RequestingList { url } => state.print(&format!("requesting {url}")),
            Event::Files { files, bytes, present, present_bytes } => {
                let there = match present {
                    0 => String::new(),
                    n => format!(", {n} of them present already"),
                };
                state.print(&format!("{files} files, {}{there}", size(bytes)));
                state.files = Some((present, files));
                state.begin(self.terminal, present_bytes, Some(bytes));
            }
            Event::OtherCount { listed, published } => state.print(&format!(
                "clstm: warning: this mirror has {listed} files, the published corpus {published}"
            )),
            // Many small files are not reported one by one.
            Event::Receiving { .. } if state.files.is_some() => {}
            Event::Receiving { name, from, total } => {
                let whole = total.map_or("of unknown length".to_owned(), size);
                let on = match from {
                    0 => String::new(),
                    from => format!(", continuing after {}", size(from)),
                };
                state.print(&format!("{name}: {whole}{on}"));
                state.begin(self.terminal, from, total);
            }
            Event::BytesReceived { bytes } => {
                state.have += bytes;
                state.advanced();
            }
            Event::Restarted { name, lost, reason } => {
                state.print(&format!("{name}: restarted from the beginning: {reason}"));
                state.have = state.have.saturating_sub(lost);
            }
            Event::Retrying { name, problem, wait } => state.print(&format!(
                "{name}: {problem}; trying again in {} s",
                wait.as_secs_f32().ceil()
            )),
            Event::TryingNextUrl { name, problem } => {
                state.print(&format!("{name}: {problem}; trying another server"));
            }
            Event::FileDone => {
                if let Some((done, files)) = &mut state.files {
                    *done += 1;
                    let message = format!("{done}/{files} files");
                    if let Some(bar) = &state.bar {
                        bar.set_message(message);
                    }
                }
            }
            Event::Verified { name, checksum } => state.print(&format!(
                "{name}: {} {} as published",
                checksum.algorithm(),
                checksum.hex()
            )),
            Event::ChecksumRecorded { name, sha256 } => {
                if let Some(bar) = state.bar.take() {
                    bar.finish_and_clear();
                }
                warn(&format!(
                    "no checksum of {name} is published: this download is trusted. Its SHA-256 is \
                     {sha256}; it is stored in {name}.sha256, and later downloads must match it"
                ));
            }
            Event::ChecksumUnchanged { name } => {
                state.print(&format!("{name}: identical to the first download"));
            }
            Event::Unpacking { name, files, bytes } => {
                if let Some(bar) = state.bar.take() {
                    bar.finish_and_clear();
                }
                state.print(&format!("unpacking {name}: {files} files, {}", size(bytes)));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(208_468_073), "208.5 MB");
        assert_eq!(size(8 << 30), "8.59 GB");
    }
}
