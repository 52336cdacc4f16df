//! One test for every bug that was found.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::support::{
    RATE, clstm, complains, folder, json_lines, model, ok, pcm16, predict, speech, status, text,
    training,
};

fn recording(name: &str) -> std::path::PathBuf {
    let path = folder("regression").join(name);
    if !path.exists() {
        fs::write(&path, pcm16(&speech(), RATE)).unwrap();
    }
    path
}

/// A million threads took more than a minute to start, as did a million processes.
#[test]
fn numbers_of_threads_and_processes_have_a_limit() {
    let path = recording("a.wav");
    let range = "expected a whole number from 1 to 1024";
    for number in ["0", "-1", "1000000", "99999999999999999999"] {
        complains(clstm().arg("predict").arg(&path).args(["--threads", number]), 2, range);
    }
    let workers = ["serve", "--port", "0", "--decode-workers", "1000000"];
    complains(clstm().args(workers), 2, "expected a whole number from 0 to 1024");
    complains(clstm().args(["serve", "--max-body", "0"]), 2, "expected a whole number from 1 to");
}

/// Messages on numbers named a field of the library, or called -1 an unexpected argument.
#[test]
fn messages_on_numbers_name_the_option_and_its_range() {
    let path = recording("a.wav");
    for value in ["nan", "inf", "-1", "0", "1e300"] {
        let mut command = clstm();
        command.arg("predict").arg(&path).args(["--timeline", "--hop", value]);
        complains(
            &mut command,
            2,
            "'--hop <SECONDS>': expected a number of seconds from 0.1 to 3600",
        );
        let mut command = clstm();
        command.args(["listen", "--input"]).arg(&path).args(["--hop", value]);
        complains(
            &mut command,
            2,
            "'--hop <SECONDS>': expected a number of seconds from 0.1 to 3600",
        );
    }
    let evaluate = ["evaluate", "--corpus", "manifest", "--data", "x.csv", "--tta-shifts", "0"];
    complains(clstm().args(evaluate), 2, "expected a whole number from 1 to 64");
    let listen = ["listen", "--input", "-", "--rate", "0"];
    complains(clstm().args(listen), 2, "0 is not in 1000..=768000");
}

/// A key of thousands of parts was compared with all settings for minutes.
#[test]
fn a_long_settings_key_is_refused_at_once() {
    let key = "a.".repeat(20_000) + "b=1";
    let out = folder("regression").join("run");
    complains(training("train", &out, 1).args(["--set", &key]), 2, "at most 16 parts");
}

/// A pipe in a folder was passed over without a word.
#[cfg(unix)]
#[test]
fn pipes_in_a_folder_are_counted() {
    let inside = folder("regression").join("with-pipe");
    fs::create_dir_all(&inside).unwrap();
    fs::copy(recording("a.wav"), inside.join("a.wav")).unwrap();
    let pipe = inside.join("pipe.wav");
    if !pipe.exists() {
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
    }
    let output = ok(clstm().arg("predict").arg(&inside));
    assert!(text(&output.stderr).contains("left out 1 pipes or devices"));
}

/// The header of a file that is not decoded was processed as samples.
#[test]
fn a_pipe_that_is_no_raw_audio_is_refused() {
    let inputs = [
        (b"RIFF\0\0\0\0AVI LIST".repeat(300), "AVI"),
        (b"RIFX\0\0\0\0WAVEfmt ".repeat(300), "RIFX"),
        (b"wvpk\0\0\0\0\x10\x04\0\0".repeat(300), "WavPack"),
        (b"<!DOCTYPE html><html></html>\n".repeat(100), "HTML"),
    ];
    for (bytes, word) in inputs {
        let mut command = clstm();
        command.args(["listen", "--input", "-", "--format", "jsonl"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The command may end before it has read all.
        let _ = child.stdin.take().unwrap().write_all(&bytes);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{word}");
        assert!(output.stdout.is_empty(), "{word}: {}", text(&output.stdout));
        assert!(text(&output.stderr).contains(word), "{word}: {}", text(&output.stderr));
    }
}

/// Segments in RTTM were written to `x.srt` as RTTM, and a file without segments gave nothing at all.
#[test]
fn segments_are_not_written_under_the_ending_of_another_format() {
    let path = recording("a.wav");
    let rttm = folder("regression").join("a.rttm");
    fs::write(&rttm, "SPEAKER a 1 0.0 1.0 <NA> <NA> anna <NA> <NA>\n").unwrap();
    let output = folder("regression").join("x.srt");
    let mut command = clstm();
    command.arg("predict").arg(&path).arg("--segments").arg(&rttm).arg("--output").arg(&output);
    complains(&mut command, 2, "--output ends with .srt, but the segments are in RTTM");
    assert!(!output.exists());

    let empty = folder("regression").join("empty.rttm");
    fs::write(&empty, "").unwrap();
    let output = ok(clstm().arg("predict").arg(&path).arg("--segments").arg(&empty));
    assert!(text(&output.stderr).contains("the file has no segments"));
}

/// A recording in a pipe was in memory as a whole, and a pipe without an end was read up to 8 GiB.
#[cfg(unix)]
#[test]
fn a_long_recording_in_a_pipe_goes_to_a_temporary_file() {
    // 66 MiB of 16-bit samples.
    let samples = speech().iter().copied().cycle().take(33 << 20).collect::<Vec<_>>();
    let path = folder("regression").join("long.wav");
    fs::write(&path, pcm16(&samples, 768_000)).unwrap();
    let timeline = || {
        let mut command = predict();
        command.args(["--timeline", "--format", "jsonl"]);
        command
    };
    let open = |path: &Path| Stdio::from(fs::File::open(path).unwrap());
    let file = json_lines(&ok(timeline().arg(&path)).stdout);
    let mut piped = json_lines(&ok(timeline().arg("-").stdin(open(&path))).stdout);
    piped[0]["path"] = file[0]["path"].clone();
    assert_eq!(piped, file);

    let mut without_space = timeline();
    without_space.arg("-").stdin(open(&path)).env("TMPDIR", "/nonexistent");
    let line = json_lines(&status(&mut without_space, 1).stdout);
    let error = line[0]["error"]["message"].as_str().unwrap();
    assert!(error.contains("in a temporary file in /nonexistent"), "{error}");

    let endless = status(timeline().arg("-").stdin(open(Path::new("/dev/zero"))), 1);
    assert_eq!(json_lines(&endless.stdout)[0]["error"]["kind"], "format");
    fs::remove_file(&path).unwrap();
}

/// Values of `serve` of a wrong form failed when the server started, with status 1.
#[test]
fn origins_and_hosts_of_a_wrong_form_are_usage_errors() {
    for (option, value, form) in [
        ("--cors", "x", "expected an origin, such as https://example.org"),
        ("--cors", "https://example.org/page", "expected an origin"),
        ("--cors", "ftp://example.org", "expected an origin"),
        ("--host", "localhost", "expected an IP address, such as 127.0.0.1"),
        ("--allowed-host", "https://example.org", "expected a host name without scheme"),
        ("--allowed-host", "example.org:8765", "expected a host name without scheme"),
    ] {
        let output = complains(clstm().args(["serve", "--port", "0", option, value]), 2, form);
        let message = text(&output.stderr);
        assert!(message.contains(&format!("'{value}'")) && message.contains(option), "{message}");
    }
}

/// The frames of a WAV in a pipe, as JSON lines.
fn piped(bytes: &[u8], more: &[&str]) -> Vec<serde_json::Value> {
    let mut command = clstm();
    command.args(["listen", "--input", "-", "--format", "jsonl", "--lookahead", "0", "--model"]);
    command.arg(crate::support::model()).args(more);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    crate::support::json_lines(&output.stdout)
}

/// The second chunk of samples of a WAV in a pipe, and a WAV behind another one, were passed over.
#[test]
fn all_samples_of_a_wav_in_a_pipe_are_processed() {
    let whole = pcm16(&speech(), RATE);
    let (header, samples) = whole.split_at(44);
    let chunk =
        |samples: &[u8]| [b"data", &(samples.len() as u32).to_le_bytes()[..], samples].concat();
    let riff = |chunks: &[Vec<u8>]| [header[..36].to_vec(), chunks.concat()].concat();
    let expected = piped(&whole, &[]);
    assert!(expected.iter().any(|line| line["label"].is_string()));
    let (one, two) = samples.split_at(samples.len() / 4 * 2);
    let list = b"LIST\x03\0\0\0abc\0".to_vec();
    assert_eq!(piped(&riff(&[chunk(one), chunk(two)]), &[]), expected);
    assert_eq!(piped(&riff(&[chunk(one), list, chunk(two)]), &[]), expected);
    assert_eq!(piped(&[riff(&[chunk(one)]), riff(&[chunk(two)])].concat(), &[]), expected);
    // What is no audio is reported.
    let html = b"<html>504 Gateway Timeout</html> ".repeat(4);
    let lines = piped(&[&whole[..], &html].concat(), &[]);
    assert_eq!(lines[..lines.len() - 1], expected);
    assert_eq!(lines.last().unwrap()["type"], "damaged");
}

/// One NaN refused a recording, and ended a stream.
#[test]
fn samples_that_are_no_numbers_mark_a_recording_as_damaged() {
    let mut samples = speech();
    samples[RATE as usize] = f32::NAN;
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    let wav = crate::support::wav_of(3, 1, RATE, 32, &data);
    let path = folder("regression").join("nan.wav");
    fs::write(&path, &wav).unwrap();
    let predict = || {
        let mut command = clstm();
        command.arg("predict").arg(&path).args(["--format", "jsonl"]);
        command
    };
    let output = ok(&mut predict());
    let line = &crate::support::json_lines(&output.stdout)[0];
    assert!(line["label"].is_string(), "{line}");
    assert_eq!((&line["damaged"]["count"], &line["damaged"]["at_s"]), (&1.into(), &1.0.into()));
    let strict = complains(predict().arg("--strict"), 1, "1 of 1 recordings failed");
    let printed = text(&strict.stdout);
    assert!(printed.contains("NaN, infinite or huge, the first at 1.000 s"), "{printed}");
    for (bytes, more) in [(&wav, &[][..]), (&data, &["--sample-format", "f32le"][..])] {
        let lines = piped(bytes, more);
        let last = lines.last().unwrap();
        assert_eq!((&last["type"], &last["count"]), (&"damaged".into(), &1.into()), "{last}");
    }
}

/// A file of results with a torn last row, or with zeros, was continued behind it.
#[test]
fn results_with_a_torn_last_row_are_continued() {
    let (one, two) = (recording("resume-a.wav"), recording("resume-b.wav"));
    for (format, torn) in [("csv", "b.wav,1.0,"), ("jsonl", "{\"path\":\"b.wav\",\"dur")] {
        let results = folder("regression").join(format!("resume.{format}"));
        let predict = |paths: &[&std::path::Path]| {
            let mut command = clstm();
            command.arg("predict").args(paths).args(["--format", format, "--resume", "--output"]);
            command.arg(&results);
            command
        };
        ok(&mut predict(&[&one, &two]));
        let expected = fs::read(&results).unwrap();
        fs::remove_file(&results).unwrap();
        ok(&mut predict(&[&one]));
        let first = fs::read(&results).unwrap();
        for tail in [torn.to_owned(), format!("{torn}\n"), format!("{torn}\0\0\0\0")] {
            fs::write(&results, [&first[..], tail.as_bytes()].concat()).unwrap();
            ok(&mut predict(&[&one, &two]));
            assert_eq!(text(&fs::read(&results).unwrap()), text(&expected), "{format}: {tail:?}");
        }
        let zeros = [&first[..], b"\0\0\0\n"].concat();
        fs::write(&results, &zeros).unwrap();
        complains(&mut predict(&[&one, &two]), 1, "has a NUL character");
        assert_eq!(fs::read(&results).unwrap(), zeros, "nothing is lost");
    }
}

/// Exports of annotation tools and results to be resumed were read to the end of a device.
#[cfg(unix)]
#[test]
fn annotations_and_results_without_end_are_refused() {
    let path = recording("a.wav");
    for tool in ["label-studio", "audformat"] {
        let manifest = ["corpus", "manifest", "/dev/zero", "--from", tool];
        complains(clstm().args(manifest), 1, "/dev/zero");
    }
    let mut resumed = predict();
    resumed.arg(&path).args(["--format", "jsonl", "--resume", "--output", "/dev/zero"]);
    complains(&mut resumed, 1, "/dev/zero: it is no file");
    // A pipe among documents, without a writer.
    let documents = folder("regression-documents");
    let made = std::process::Command::new("mkfifo").arg(documents.join("a.TextGrid")).status();
    assert!(made.unwrap().success());
    let mut manifest = clstm();
    manifest.args(["corpus", "manifest", "--from", "textgrid"]).arg(&documents);
    complains(&mut manifest, 1, "has no .TextGrid files");
}

/// An output onto the file of a model that is named by its folder destroyed the model.
#[test]
fn the_file_of_a_model_folder_is_never_replaced() {
    let folder = folder("regression-model");
    let weights = folder.join("model.safetensors");
    fs::copy(model(), &weights).unwrap();
    let path = recording("a.wav");
    let commands: [&[&str]; 3] = [
        &["predict", "--format", "csv", "--force"],
        &["predict", "--timeline", "--force"],
        &["listen", "--no-realtime", "--force"],
    ];
    for command in commands {
        let mut run = clstm();
        run.args(command).arg("--model").arg(&folder).arg("--output").arg(&weights);
        if command[0] == "listen" {
            run.arg("--input");
        }
        complains(run.arg(&path), 2, "would replace the model");
        assert!(fs::read(&weights).unwrap() == fs::read(model()).unwrap(), "{command:?}");
    }
    let mut export = clstm();
    export.args(["export", "--force", "--model"]).arg(&folder).arg("--output").arg(&weights);
    complains(&mut export, 2, "would replace the model");
}

/// Rows of given segments, and all tables, did not mark a damaged recording.
#[test]
fn every_format_marks_a_damaged_recording() {
    let folder = folder("regression-damaged");
    let (cut, rttm) = (folder.join("cut.wav"), folder.join("cut.rttm"));
    let whole = pcm16(&speech(), RATE);
    fs::write(&cut, &whole[..whole.len() - 4_000]).unwrap();
    fs::write(&rttm, "SPEAKER cut 1 0.2 1.0 <NA> <NA> anna <NA> <NA>\n").unwrap();
    let with_segments = ["--segments", rttm.to_str().unwrap()];
    for more in [&[][..], &["--channels", "each"], &["--timeline"], &with_segments] {
        let run = |format: &str| {
            let mut command = predict();
            command.arg(&cut).args(more).args(["--format", format]);
            text(&ok(&mut command).stdout)
        };
        let line = &json_lines(run("jsonl").as_bytes())[0];
        assert!((line["damaged"]["missing_s"].as_f64().unwrap() - 0.125).abs() < 1e-6, "{line}");
        let csv = run("csv");
        assert!(csv.lines().next().unwrap().contains(",damaged"), "{csv}");
        assert!(csv.lines().nth(1).unwrap().contains("was cut short"), "{csv}");
        let table = run("table");
        assert!(table.contains("  (damaged, 0.1"), "{table}");
    }
    let mut annotate = clstm();
    annotate.args(["annotate", "export", "--to", "elan", "--force", "--output"]);
    let output = ok(annotate.arg(folder.join("annotations")).arg(&cut));
    assert!(text(&output.stderr).contains("cut.wav: damaged: 0.1"), "{}", text(&output.stderr));
}

/// Labels that begin like formulas were written as they are to the table of given segments.
#[test]
fn labels_in_a_table_of_segments_are_no_formulas() {
    let folder = folder("regression-formulas");
    let (classes, table) = (folder.join("classes.toml"), folder.join("segments.csv"));
    let labels = ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"];
    let names = ["=1+1", "@sum"];
    let map: String =
        labels.iter().zip(names.iter().cycle()).map(|(l, n)| format!("{l} = \"{n}\"\n")).collect();
    fs::write(&classes, format!("[labels]\n{map}")).unwrap();
    fs::write(&table, "start,end\n0.1,1.4\n").unwrap();
    let mut command = predict();
    command.arg(recording("a.wav")).arg("--classes").arg(&classes).arg("--segments").arg(&table);
    let written = text(&ok(&mut command).stdout);
    let row = written.lines().nth(1).unwrap();
    assert!(row.contains(",'=1+1,") || row.contains(",'@sum,"), "{written}");
    for cell in written.lines().flat_map(|line| line.split(',')) {
        assert!(!cell.starts_with(['=', '@', '+']), "{written}");
    }
}
