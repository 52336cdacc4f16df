//! Durations and times are those of ffmpeg, in inputs that ffmpeg makes, where it is installed.

use std::path::Path;
use std::process::Command;

use clstm_audio::{DecodeLimits, decode_file, resample};

use crate::support::{Format, sine, wav};

/// Largest difference of a time, in seconds.
const TOLERANCE_S: f64 = 0.02;
const RATE: u32 = 16_000;

fn ffmpeg(args: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(args).output();
    let output = output.ok()?;
    let message = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        println!("ffmpeg {args:?}: {message}");
    }
    output.status.success().then_some(output.stdout)
}

/// Seconds of silence before the first loud sample, and of all samples.
fn times(samples: &[f32], rate: u32) -> (f64, f64) {
    let start = samples.iter().position(|x| x.abs() > 0.1).unwrap_or(samples.len());
    (start as f64 / f64::from(rate), samples.len() as f64 / f64::from(rate))
}

/// The time stamp of the first packet that is presented.
fn start_time(path: &str) -> f64 {
    let args = [
        "-v",
        "error",
        "-select_streams",
        "a:0",
        "-show_entries",
        "frame=pts_time",
        "-of",
        "csv=p=0",
    ];
    let output =
        Command::new("ffprobe").args(args).args(["-read_intervals", "%+#1", path]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let first = text.ok().and_then(|text| text.split([',', '\n']).next()?.trim().parse().ok());
    first.unwrap_or(0.0)
}

#[test]
fn durations_and_starts_agree() {
    if ffmpeg(&["-version"]).is_none() {
        eprintln!("skipped: no ffmpeg here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // A tone from 1 s on, of a length that no packet divides.
    let sound = [vec![0.0; RATE as usize], sine(440.0, 0.5, RATE, 1.2345)].concat();
    std::fs::write(path("in.wav"), wav(&sound, RATE, 1, Format::S16)).unwrap();
    let input = path("in.wav");
    let plain: [(&str, &[&str]); 13] = [
        ("a.mp3", &[]),
        ("vbr.mp3", &["-ar", "44100", "-q:a", "4"]),
        ("untagged.mp3", &["-write_xing", "0"]),
        ("a.m4a", &["-ar", "44100"]),
        ("16k.m4a", &[]),
        (
            "fragmented.mp4",
            &["-ar", "48000", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000"],
        ),
        ("a.aac", &["-ar", "44100"]),
        ("a.opus", &[]),
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.webm", &["-c:a", "libopus"]),
        ("a.mka", &["-c:a", "flac"]),
        ("a.flac", &[]),
        ("alac.m4a", &["-c:a", "alac"]),
    ];
    let mut compared = 0;
    for (name, options) in plain {
        let out = path(name);
        let args = [&["-i", &input][..], options, &[&out]].concat();
        if ffmpeg(&args).is_none() {
            continue;
        }
        compare(&out, 0.0);
        compared += 1;
    }
    assert!(compared >= 8, "ffmpeg has too few encoders: {compared}");
    // The audio track begins two seconds late.
    for (name, codec) in [("late.mp4", "aac"), ("late.mkv", "libopus"), ("late.webm", "libopus")] {
        let out = path(name);
        let args = ["-itsoffset", "2", "-i", &input, "-ar", "48000", "-c:a", codec, &out];
        let video = ["-f", "lavfi", "-i", "color=c=black:s=64x64:r=5:d=4"];
        let made = ffmpeg(&[&video[..], &args].concat());
        if made.is_some() {
            compare(&out, start_time(&out));
        }
    }
}

/// Compares a file with ffmpeg's decode, which begins at `start_s`.
fn compare(path: &str, start_s: f64) {
    let args = ["-i", path, "-map", "0:a:0", "-f", "f32le", "-ac", "1", "-ar", "16000", "-"];
    let bytes = ffmpeg(&args).unwrap();
    let (chunks, _) = bytes.as_chunks::<4>();
    let expected: Vec<f32> = chunks.iter().map(|sample| f32::from_le_bytes(*sample)).collect();
    let (onset, duration) = times(&expected, RATE);
    let decoded = decode_file(Path::new(path), &DecodeLimits::default()).unwrap().strict().unwrap();
    let decoded = resample(&decoded, RATE).unwrap();
    let (own_onset, own_duration) = times(&decoded.samples, RATE);
    println!(
        "{path}: onset {own_onset:.4}, duration {own_duration:.4}; ffmpeg {:.4}, {:.4}",
        onset + start_s,
        duration + start_s
    );
    assert!((own_onset - onset - start_s).abs() < TOLERANCE_S, "{path}: {own_onset}");
    assert!((own_duration - duration - start_s).abs() < TOLERANCE_S, "{path}: {own_duration}");
}
