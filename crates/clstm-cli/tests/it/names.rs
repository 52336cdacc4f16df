//! Names of files and labels: shown safely, kept distinct.

#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::{folder, json_lines, ok, place, predict, status, text};

fn sample() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/sample.wav");
    fs::read(path).unwrap()
}

#[test]
fn names_that_are_not_utf_8_stay_distinct_and_resume_skips_none() {
    let root = folder("names-bytes");
    for name in [&b"a\xff.wav"[..], b"a\xfe.wav", b"a\\xff.wav"] {
        fs::write(root.join(OsStr::from_bytes(name)), sample()).unwrap();
    }
    for format in ["jsonl", "csv"] {
        let rows = place(&format!("names-bytes.{format}"));
        let run = |more: &[&str]| {
            let mut command = predict();
            command.arg(&root).args(["--format", format, "--output"]).arg(&rows).args(more);
            ok(&mut command)
        };
        run(&[]);
        let whole = fs::read_to_string(&rows).unwrap();
        let first = usize::from(format == "csv");
        let paths: std::collections::BTreeSet<&str> =
            whole.lines().skip(first).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(paths.len(), 3, "{whole}");
        // Without its last row, the run completes it.
        let cut = whole.trim_end().rfind('\n').unwrap() + 1;
        fs::write(&rows, &whole[..cut]).unwrap();
        assert!(text(&run(&["--resume"]).stderr).contains("2 of 3 recordings are done already"));
        assert_eq!(fs::read_to_string(&rows).unwrap(), whole);
    }
}

#[test]
fn nothing_that_a_terminal_obeys_is_printed() {
    let root = folder("names-escapes");
    let names = ["\u{1b}[31mred.wav", "new\nline.wav", "\u{202e}vaw.wav", "\u{9b}2J.wav"];
    for name in names {
        fs::write(root.join(name), sample()).unwrap();
    }
    fs::write(root.join("\u{1b}]0;title\u{7}.wav"), b"no audio").unwrap();
    let unsafe_letters = ['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}'];
    for more in [&[][..], &["--timeline"], &["--format", "jsonl"]] {
        let output = status(predict().arg(&root).args(more), 1);
        for stream in [&output.stdout, &output.stderr] {
            let stream = text(stream);
            assert!(!stream.contains(unsafe_letters), "{stream:?}");
            assert!(!stream.contains("new\nline"), "{stream:?}");
        }
    }
    // JSON reads back to the very names.
    let lines = json_lines(&status(predict().arg(&root).args(["--format", "jsonl"]), 1).stdout);
    for name in names {
        let path = root.join(name);
        assert!(lines.iter().any(|line| line["path"] == path.to_str().unwrap()), "{name:?}");
    }
    let csv = text(&status(predict().arg(&root).args(["--format", "csv"]), 1).stdout);
    assert!(csv.contains("new\nline.wav\""), "quoted: {csv}");
    let formula = folder("names-formula");
    fs::write(formula.join("=1+2.wav"), sample()).unwrap();
    let mut command = predict();
    command.current_dir(&formula).args(["=1+2.wav", "--format", "csv"]);
    let csv = text(&ok(&mut command).stdout);
    assert!(csv.lines().nth(1).unwrap().starts_with("'=1+2.wav,"), "{csv}");
}

#[test]
fn files_that_a_folder_leaves_out_are_counted() {
    let root = folder("names-left-out");
    fs::write(root.join("a.wav"), sample()).unwrap();
    for name in ["b.txt", "c.TXT", "d", ".hidden.wav", "e.json"] {
        fs::write(root.join(name), "no audio").unwrap();
    }
    let printed = text(&ok(predict().arg(&root)).stderr);
    assert!(
        printed.contains("left out 2 .txt, 1 .json, 1 without extension, 1 hidden"),
        "{printed}"
    );
}
