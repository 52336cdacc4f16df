//! `clstm listen`: raw samples in, frames and segments out as they complete.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::support::{clstm, complains, json_lines, model, ok, place, text, wav_of};

fn listen() -> Command {
    let mut command = clstm();
    command
        .args(["listen", "--hop", "0.25", "--lookahead", "0", "--format", "jsonl", "--model"])
        .arg(model());
    command
}

/// The shipped sample.
fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav")
}

/// Processes a file as fast as possible.
fn fast(path: &Path) -> Command {
    let mut command = listen();
    command.args(["--no-realtime", "--input"]).arg(path);
    command
}

/// The samples of the shipped sample, 16-bit, as its file holds them behind a header of 44 bytes.
fn samples() -> Vec<u8> {
    let bytes = fs::read(sample()).unwrap();
    assert_eq!(&bytes[36..40], b"data", "a plain header");
    assert_eq!(u32::from_le_bytes(bytes[24..28].try_into().unwrap()), rate());
    bytes[44..].to_vec()
}

/// Of the shipped sample.
fn rate() -> u32 {
    u32::from_le_bytes(fs::read(sample()).unwrap()[24..28].try_into().unwrap())
}

#[test]
fn a_pipe_gets_what_a_file_of_the_same_samples_gets() {
    let raw = place("listen.raw");
    fs::write(&raw, samples()).unwrap();
    let rate = rate().to_string();
    let file = ok(fast(&raw).args(["--rate", &rate])).stdout;
    let lines = json_lines(&file);
    let of = |name: &str| lines.iter().filter(|line| line["type"] == name).count();
    assert!(of("frame") >= 8 && of("segment") >= 1, "{lines:?}");
    assert!(lines.iter().any(|line| line["label"].is_string()));

    let mut child = listen()
        .args(["--input", "-", "--rate", &rate])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut from = BufReader::new(from).lines();
    // The four frames of the first second are printed before more audio arrives.
    let samples = samples();
    let (second, rest) = samples.split_at(2 * rate.parse::<usize>().unwrap() + 4096);
    for part in second.chunks(777) {
        to.write_all(part).unwrap();
    }
    to.flush().unwrap();
    let mut printed: Vec<String> = (0..4).map(|_| from.next().unwrap().unwrap()).collect();
    to.write_all(rest).unwrap();
    drop(to);
    printed.extend(from.map(|line| line.unwrap()));
    assert!(child.wait().unwrap().success());
    assert_eq!(printed.join("\n") + "\n", text(&file));
}

/// The samples of the shipped sample on the left of two channels; `right` makes the other one.
fn stereo(right: impl Fn(i16) -> i16) -> Vec<u8> {
    let left = samples();
    let left = left.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]]));
    left.flat_map(|x| [x.to_le_bytes(), right(x).to_le_bytes()].concat()).collect()
}

#[test]
fn channels_are_recognised_by_themselves() {
    let (raw, recording) = (place("listen-each.raw"), place("listen-each.wav"));
    let data = stereo(|_| 0);
    fs::write(&raw, &data).unwrap();
    fs::write(&recording, wav_of(1, 2, rate(), 16, &data)).unwrap();
    let rate = rate().to_string();
    let two = |path: &Path| {
        let mut command = fast(path);
        if path == raw {
            command.args(["--channels", "2", "--rate", &rate]);
        }
        command
    };
    let each = json_lines(&ok(two(&raw).args(["--channel", "each"])).stdout);
    let of = |channel: u32, kind: &str| {
        let lines = each.iter().filter(|l| l["channel"] == channel && l["type"] == kind);
        lines.cloned().collect::<Vec<_>>()
    };
    assert_eq!(of(0, "frame").len(), of(1, "frame").len());
    assert!(of(0, "frame").iter().any(|line| line["label"].is_string()));
    assert!(of(1, "frame").iter().all(|line| line["label"].is_null()));
    assert_eq!(of(1, "segment").len(), 1);
    // The same from a recording, and from one channel.
    let sorted = |mut lines: Vec<serde_json::Value>| {
        lines.sort_by_key(|line| line["channel"].as_u64());
        lines
    };
    let file = json_lines(&ok(two(&recording).args(["--channel", "each"])).stdout);
    assert_eq!(sorted(file), sorted(each.clone()));
    let one = json_lines(&ok(two(&recording).args(["--channel", "1"])).stdout);
    assert!(one.iter().all(|line| line["channel"] == 1));
    assert_eq!(one.len(), of(1, "frame").len() + of(1, "segment").len());
    // For people as well.
    let mut people = clstm();
    people.args(["listen", "--no-realtime", "--channel", "each", "--model"]).arg(model());
    let shown = ok(people.arg("--input").arg(&recording));
    let lines = text(&shown.stdout);
    assert!(lines.contains("channel 0") && lines.contains("channel 1"), "{lines}");
    let summary = text(&shown.stderr);
    assert!(summary.contains("channel 0\n") && summary.contains("channel 1\n"), "{summary}");

    complains(two(&raw).args(["--channel", "2"]), 1, "channels 0 to 1");
    complains(two(&recording).args(["--channel", "2"]), 1, "channels 0 to 1");
    complains(fast(&raw).args(["--channels", "each"]), 2, "write --channel each");
    complains(fast(&raw).args(["--channel", "left"]), 2, "the number of a channel");
}

#[test]
fn channels_in_opposite_phase_do_not_cancel() {
    let raw = place("listen-antiphase.raw");
    fs::write(&raw, stereo(|x| x.saturating_neg())).unwrap();
    let rate = rate().to_string();
    let lines = json_lines(&ok(fast(&raw).args(["--channels", "2", "--rate", &rate])).stdout);
    assert!(lines.iter().any(|line| line["label"].is_string()), "{lines:?}");
    assert!(lines.iter().all(|line| line.get("channel").is_none()));
}

#[test]
fn channels_are_mixed_and_partial_samples_reported() {
    let (mono, stereo) = (place("listen-mono.raw"), place("listen-stereo.raw"));
    let samples = samples();
    fs::write(&mono, &samples).unwrap();
    let doubled: Vec<u8> = samples.chunks_exact(2).flat_map(|s| [s, s].concat()).collect();
    fs::write(&stereo, &doubled).unwrap();
    let one = ok(&mut fast(&mono)).stdout;
    let two = ok(fast(&stereo).args(["--channels", "2"])).stdout;
    assert_eq!(text(&one), text(&two));
    let mut for_people = clstm();
    for_people.args(["listen", "--no-realtime", "--model"]).arg(model()).arg("--input").arg(&mono);
    let shown = ok(&mut for_people);
    // Without real time there is no latency to report.
    let after = text(&shown.stderr);
    assert!(after.contains("listen-mono.raw with") && !after.contains(" ms "), "{after}");
    assert!(
        text(&shown.stdout).lines().all(|line| line.contains("%") || line.contains("no speech"))
    );

    fs::write(&mono, &samples[..samples.len() - 1]).unwrap();
    let reported = complains(&mut fast(&mono), 1, "ends within a sample");
    assert!(json_lines(&reported.stdout).len() > 4, "what was recognised before is reported");
}

#[test]
fn a_recording_is_recognised_as_its_samples_are_and_takes_its_time() {
    let raw = place("listen-decoded.raw");
    fs::write(&raw, samples()).unwrap();
    let expected = ok(fast(&raw).args(["--rate", &rate().to_string()])).stdout;
    assert_eq!(text(&ok(&mut fast(&sample())).stdout), text(&expected));

    let events = place("listen-events.jsonl");
    let begun = Instant::now();
    let mut live = clstm();
    live.args(["listen", "--hop", "0.25", "--lookahead", "0", "--model"]).arg(model());
    let shown = ok(live.arg("--input").arg(sample()).arg("--output").arg(&events));
    let seconds = samples().len() as f64 / 2.0 / f64::from(rate());
    assert!(begun.elapsed().as_secs_f64() >= seconds);
    assert_eq!(fs::read(&events).unwrap(), expected);
    assert_eq!(text(&shown.stdout), "");
}

#[test]
fn what_cannot_be_recognised_is_refused() {
    complains(&mut fast("none.raw".as_ref()), 1, "cannot read none.raw");
    complains(&mut fast("none.wav".as_ref()), 1, "cannot read none.wav");
    let text = place("listen.txt");
    fs::write(&text, "no sound").unwrap();
    complains(&mut fast(&text), 1, "listen.txt: not a recording: it is a text file");
    let pipe = || {
        let mut command = listen();
        command.args(["--input", "-"]);
        command
    };
    complains(pipe().args(["--rate", "5"]), 2, "5 is not in 1000..=768000");
    complains(pipe().args(["--channels", "0"]), 2, "--channels");
    complains(pipe().args(["--hop", "0"]), 2, "hop");
    complains(pipe().args(["--device", "USB"]), 2, "cannot be used with");
    complains(listen().args(["--rate", "8000"]), 2, "--input");
    complains(pipe().args(["--output", "no/such/folder/x"]), 1, "cannot write no/such/folder/x");
    // Empty input is audio of length zero.
    assert_eq!(ok(&mut pipe()).stdout, b"");
}

#[cfg(not(feature = "microphone"))]
#[test]
fn a_build_without_microphones_names_the_feature() {
    for more in [&[][..], &["--device", "USB"], &["--list-devices"]] {
        let reported = complains(listen().args(more), 2, "--features microphone");
        let reported = text(&reported.stderr);
        assert!(
            reported.contains("arecord") && reported.contains("| clstm listen --input -"),
            "{reported}"
        );
    }
}

#[test]
fn a_container_is_decoded_wherever_raw_samples_are_read() {
    let (bytes, rate) = (fs::read(sample()).unwrap(), rate().to_string());
    let raw = place("listen-sniffed-samples.raw");
    fs::write(&raw, samples()).unwrap();
    let expected = text(&ok(fast(&raw).args(["--rate", &rate])).stdout);
    let piped = |bytes: &[u8], more: &[&str]| {
        let mut child = listen()
            .args(["--input", "-"])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        (text(&output.stdout), text(&output.stderr))
    };
    assert_eq!(piped(&bytes, &[]).0, expected, "a WAV file in a pipe");
    let (events, printed) = piped(&bytes, &["--rate", "8000"]);
    assert_eq!(events, expected);
    assert!(printed.contains("--rate, --sample-format and --channels are ignored"), "{printed}");
    // The length is unknown in pipes.
    let mut unknown = bytes.clone();
    unknown[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(piped(&unknown, &[]).0, expected);
    let named = place("listen-sniffed.raw");
    fs::write(&named, &bytes).unwrap();
    assert_eq!(text(&ok(&mut fast(&named)).stdout), expected, "a WAV file named .raw");
    // Stereo at another rate: the length is that of the recording.
    let stereo: Vec<u8> = samples().chunks_exact(2).flat_map(|s| [s, s].concat()).collect();
    let double = 2 * rate.parse::<u32>().unwrap();
    let wav = crate::support::wav_of(1, 2, double, 16, &stereo);
    let lines = json_lines(piped(&wav, &[]).0.as_bytes());
    let end = lines.last().unwrap()["end_s"].as_f64().unwrap();
    let seconds = samples().len() as f64 / 2.0 / f64::from(double);
    assert!((end - seconds).abs() < 0.01, "{end} s instead of {seconds} s");
}

#[test]
fn a_damaged_input_is_processed_and_marked() {
    let bytes = fs::read(sample()).unwrap();
    // In the middle of a sample.
    let cut = place("listen-cut.wav");
    fs::write(&cut, &bytes[..bytes.len() / 2 / 2 * 2 + 1]).unwrap();
    let named = place("listen-cut.raw");
    fs::copy(&cut, &named).unwrap();
    for path in [&cut, &named] {
        let output = ok(&mut fast(path));
        let lines = json_lines(&output.stdout);
        let (last, events) = lines.split_last().unwrap();
        assert!(events.iter().any(|event| event["type"] == "frame"), "{lines:?}");
        assert_eq!(last["type"], "damaged", "{last}");
        assert!((last["missing_s"].as_f64().unwrap() - 1.12).abs() < 0.02, "{last}");
        assert!(text(&output.stderr).contains(": damaged: "), "a warning");
        let strict = complains(fast(path).arg("--strict"), 1, "damaged: ");
        assert_eq!(json_lines(&strict.stdout).last(), Some(last), "processed in any case");
    }
    let mut for_people = clstm();
    for_people.args(["listen", "--no-realtime", "--model"]).arg(model()).arg("--input").arg(&cut);
    let shown = ok(&mut for_people);
    assert!(text(&shown.stderr).contains(" damaged: 1.12 s missing"), "{}", text(&shown.stderr));
    // A writer to a pipe does not know the length.
    let mut unknown = bytes[..bytes.len() / 2 / 2 * 2].to_vec();
    unknown[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(&named, &unknown).unwrap();
    let lines = json_lines(&ok(&mut fast(&named)).stdout);
    assert!(lines.iter().all(|line| line["type"] != "damaged"));
}
