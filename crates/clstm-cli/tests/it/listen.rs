//! `clstm listen`: raw samples in, moments and sections out, while they come.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{clstm, complains, json_lines, model, ok, place, text};

fn listen() -> Command {
    let mut command = clstm();
    command.args(["listen", "--hop", "0.25", "--format", "jsonl", "--model"]).arg(model());
    command
}

/// The samples of the shipped sample, 16-bit, as its file holds them behind a header of 44 bytes.
fn samples() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav");
    let bytes = fs::read(path).unwrap();
    assert_eq!(&bytes[36..40], b"data", "a plain header");
    assert_eq!(u32::from_le_bytes(bytes[24..28].try_into().unwrap()), rate());
    bytes[44..].to_vec()
}

/// Of the shipped sample.
fn rate() -> u32 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav");
    u32::from_le_bytes(fs::read(path).unwrap()[24..28].try_into().unwrap())
}

#[test]
fn a_pipe_gets_what_a_file_of_the_same_samples_gets() {
    let raw = place("listen.raw");
    fs::write(&raw, samples()).unwrap();
    let rate = rate().to_string();
    let file = ok(listen().args(["--rate", &rate, "--input"]).arg(&raw)).stdout;
    let lines = json_lines(&file);
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
    assert!(of("moment") >= 8 && of("section") >= 1, "{lines:?}");
    assert!(lines.iter().any(|line| line["label"].is_string()));

    let mut child = listen()
        .args(["--rate", &rate])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut from = BufReader::new(from).lines();
    // A second, and its four answers are there before more comes.
    let samples = samples();
    let (second, rest) = samples.split_at(2 * rate.parse::<usize>().unwrap() + 4096);
    for part in second.chunks(777) {
        to.write_all(part).unwrap();
    }
    to.flush().unwrap();
    let mut said: Vec<String> = (0..4).map(|_| from.next().unwrap().unwrap()).collect();
    to.write_all(rest).unwrap();
    drop(to);
    said.extend(from.map(|line| line.unwrap()));
    assert!(child.wait().unwrap().success());
    assert_eq!(said.join("\n") + "\n", text(&file));
}

#[test]
fn channels_are_mixed_and_half_samples_told() {
    let (mono, stereo) = (place("listen-mono.raw"), place("listen-stereo.raw"));
    let samples = samples();
    fs::write(&mono, &samples).unwrap();
    let doubled: Vec<u8> = samples.chunks_exact(2).flat_map(|s| [s, s].concat()).collect();
    fs::write(&stereo, &doubled).unwrap();
    let one = ok(listen().arg("--input").arg(&mono)).stdout;
    let two = ok(listen().args(["--channels", "2", "--input"]).arg(&stereo)).stdout;
    assert_eq!(text(&one), text(&two));
    let mut for_people = clstm();
    for_people.args(["listen", "--model"]).arg(model()).arg("--input").arg(&mono);
    let shown = ok(&mut for_people).stdout;
    assert!(text(&shown).lines().all(|line| line.contains("%") || line.contains("no speech")));

    fs::write(&mono, &samples[..samples.len() - 1]).unwrap();
    let told = complains(listen().arg("--input").arg(&mono), 1, "end within one");
    assert!(json_lines(&told.stdout).len() > 4, "what was heard before is told");
}

#[test]
fn what_cannot_be_heard_is_refused() {
    complains(listen().args(["--input", "none.raw"]), 1, "cannot read none.raw");
    complains(listen().args(["--rate", "5"]), 2, "sample rate");
    complains(listen().args(["--channels", "0"]), 2, "--channels");
    complains(listen().args(["--hop", "0"]), 2, "hop");
    // Nothing is a sound of no length.
    assert_eq!(ok(&mut listen()).stdout, b"");
}
