//! The live view of a training in a pseudo-terminal.

#![cfg(unix)]

use crate::support::{place, training};
use crate::terminal::{Terminal, quoted, there_are_terminals};

#[test]
fn q_saves_and_gives_the_terminal_back() {
    if !there_are_terminals() {
        return;
    }
    let out = place("live");
    // A second of view is some steps of training.
    let mut terminal = Terminal::run(&quoted(&training("train", &out, 100_000)), &[]);
    terminal.until("continue with --resume", true);
    if let Some(status) = terminal.end() {
        assert_eq!(status.code(), Some(130), "{}", terminal.seen);
    }
    let after = terminal.after_the_view();
    assert!(after.contains("continue with --resume") && !after.contains("panicked"), "{after}");
    assert!(out.join("checkpoint.safetensors").exists());

    // With `--no-tui` it prints lines.
    let line = quoted(&training("train", &place("live-plain"), 1)) + " --no-tui";
    let mut plain = Terminal::run(&line, &[]);
    plain.until("sha256", false);
    let printed = &plain.seen;
    assert!(printed.contains("epoch 1/1: loss") && !printed.contains('\x1b'), "{printed}");
}
