//! The live view of `clstm listen` in a pseudo-terminal.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::support::{clstm, json_lines, model, place};
use crate::terminal::{Terminal, quoted, there_are_terminals};

fn listen() -> Command {
    let mut command = clstm();
    command.args(["listen", "--hop", "0.25", "--model"]).arg(model());
    command
}

fn sample() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/sample.wav")
}

/// The codes of all colours and emphases that were used.
fn styles(seen: &str) -> BTreeSet<u16> {
    let sequences = seen.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        rest[end..].starts_with('m').then(|| &rest[..end])
    });
    let codes = sequences.flat_map(|codes| codes.split(';').map(str::parse::<u16>));
    codes.filter_map(Result::ok).collect()
}

#[test]
fn q_ends_also_where_the_sound_comes_from_a_pipe() {
    if !there_are_terminals() {
        return;
    }
    // Raw samples, and then a pipe that stays open without data: only the key ends it soon.
    let events = place("live-events.jsonl");
    let command = quoted(listen().args(["--input", "-", "--output"]).arg(&events));
    let line = format!("(tail -c +45 '{}'; sleep 60) | {command}", sample());
    let mut terminal = Terminal::run(&line, &[]);
    terminal.until("events are in", true);
    terminal.end();
    let after = terminal.after_the_view();
    assert!(after.contains("of standard input with"), "{after}");
    assert!(after.contains("ms on average"), "{after}");
    assert!(!after.contains("panicked"), "{after}");
    assert!(styles(&terminal.seen).iter().any(|code| *code >= 30), "there are colours");
    let lines = json_lines(&std::fs::read(events).unwrap());
    assert!(lines.len() > 4 && lines.iter().any(|line| line["label"].is_string()), "{lines:?}");
}

#[test]
fn a_recording_is_played_to_its_end_without_colours_if_they_are_not_wanted() {
    if !there_are_terminals() {
        return;
    }
    let line = quoted(listen().args(["--no-realtime", "--input", sample()]));
    let mut terminal = Terminal::run(&line, &[("NO_COLOR", "1")]);
    terminal.until("processed 0:", false);
    if let Some(status) = terminal.end() {
        assert_eq!(status.code(), Some(0), "{}", terminal.seen);
    }
    assert!(terminal.after_the_view().contains("sample.wav with"), "{}", terminal.seen);
    // Plain, bold, faint, reversed.
    let styles = styles(&terminal.seen);
    assert!(styles.is_subset(&BTreeSet::from([0, 1, 2, 7])), "{styles:?}");
}

#[test]
fn the_terminal_is_restored_before_an_error_is_printed() {
    if !there_are_terminals() {
        return;
    }
    let odd = place("live-odd.raw");
    std::fs::write(&odd, [0; 16_001]).unwrap();
    let mut terminal = Terminal::run(&quoted(listen().arg("--input").arg(&odd)), &[]);
    terminal.until("the data ends within a sample", false);
    if let Some(status) = terminal.end() {
        assert_eq!(status.code(), Some(1), "{}", terminal.seen);
    }
    assert!(terminal.after_the_view().contains("the data ends within a sample"));
}

#[test]
fn lines_are_printed_where_they_are_wanted() {
    if !there_are_terminals() {
        return;
    }
    let sound = Path::new(sample());
    for wanted in [&["--no-tui"][..], &["--format", "jsonl"]] {
        let command = quoted(listen().args(wanted).arg("--no-realtime").arg("--input").arg(sound));
        let mut terminal = Terminal::run(&(command + "; echo the end"), &[]);
        terminal.until("the end", false);
        let printed = &terminal.seen;
        assert!(!printed.contains('\x1b') && printed.lines().count() > 8, "{printed}");
    }
}
