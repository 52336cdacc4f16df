//! A tiny corpus of tones in RAVDESS's layout, a recipe that trains in a moment, and the command.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

pub(crate) use clstm_test_support::wav::wav_of;
use clstm_test_support::wav::wav16;
use serde_json::Value;

/// Samples a second of the corpus.
pub(crate) const RATE: u32 = 16_000;
/// Recordings of the corpus: 4 actors, 8 emotions, 2 repetitions.
pub(crate) const UTTERANCES: usize = 64;

/// Settings of a network of a few hundred weights, in the precision that every processor has.
pub(crate) const TINY: &[&str] = &[
    "network.segment_length=400",
    "frontend.segment_length=400",
    "frontend.min_steps=4",
    "frontend.max_steps=8",
    "crop_steps=6",
    "batch=16",
    "network.blocks.0.filters=4",
    "network.blocks.0.kernel_input=40",
    "network.blocks.1.filters=4",
    "network.blocks.2.filters=4",
    "network.blocks.3.filters=4",
    "network.gflb.hidden=4",
    "network.features=8",
    "precision=f32",
    "test_every=1",
    "checkpoint_every=1",
];

/// A folder for the files of this run of the tests. Held for as long as the process lives, so that
/// another run waits.
fn room() -> &'static Path {
    static ROOM: OnceLock<(PathBuf, File)> = OnceLock::new();
    let (room, _) = ROOM.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = File::create(target.join("clstm-cli.lock")).unwrap();
        lock.lock().unwrap();
        let room = target.join("clstm-cli");
        if room.exists() {
            fs::remove_dir_all(&room).unwrap();
        }
        fs::create_dir_all(&room).unwrap();
        (room, lock)
    });
    room
}

/// A path of its own for a test.
pub(crate) fn place(name: &str) -> PathBuf {
    room().join(name)
}

/// A new folder of its own for a test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = place(name);
    fs::create_dir_all(&path).unwrap();
    path
}

/// The corpus.
pub(crate) fn corpus() -> &'static Path {
    static CORPUS: OnceLock<PathBuf> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let root = folder("ravdess");
        for actor in 1..=4_u32 {
            let actor_folder = root.join(format!("Actor_{actor:02}"));
            fs::create_dir_all(&actor_folder).unwrap();
            for emotion in 1..=8_u32 {
                for repetition in 1..=2_u32 {
                    let name = format!("03-01-{emotion:02}-01-01-{repetition:02}-{actor:02}.wav");
                    let samples = voice(emotion, actor, repetition);
                    fs::write(actor_folder.join(name), pcm16(&samples, RATE)).unwrap();
                }
            }
        }
        root
    })
}

/// A tone of 0.25 s: the emotion determines its pitch, and each tone has its own noise.
pub(crate) fn voice(emotion: u32, actor: u32, repetition: u32) -> Vec<f32> {
    let pitch = 150.0 + 90.0 * emotion as f32 + 7.0 * actor as f32;
    let mut state = emotion * 1_000_003 + actor * 7_919 + repetition;
    (0..RATE / 4 + 40 * actor)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1 << 24) as f32 - 0.5;
            let phase = std::f32::consts::TAU * pitch * i as f32 / RATE as f32;
            0.3 * phase.sin() + 0.05 * noise
        })
        .collect()
}

/// The shipped recordings, some seconds of speech at [`RATE`].
pub(crate) fn speech() -> Vec<f32> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
    let samples = |name: &str| {
        let bytes = fs::read(assets.join(name)).unwrap();
        assert_eq!(&bytes[36..40], b"data", "a plain header");
        let samples = bytes[44..].chunks_exact(2);
        samples.map(|s| f32::from(i16::from_le_bytes([s[0], s[1]])) / 32_768.0).collect::<Vec<_>>()
    };
    [samples("sample.wav"), samples("sad.wav")].concat()
}

/// Recordings of speech, in the folders and with the names of the corpus: tones are not recognised.
pub(crate) fn voices() -> &'static Path {
    static VOICES: OnceLock<PathBuf> = OnceLock::new();
    VOICES.get_or_init(|| {
        let (root, speech) = (folder("voices"), speech());
        for (number, entry) in walk(corpus()).into_iter().enumerate() {
            let path = root.join(entry.strip_prefix(corpus()).unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // A second and a half each, from various places.
            let start = number * 709 % (speech.len() - 24_000);
            fs::write(path, pcm16(&speech[start..start + 24_000], RATE)).unwrap();
        }
        root
    })
}

/// The files below a folder, in the order of their names.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .collect()
}

/// The command.
pub(crate) fn clstm() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clstm"));
    command.stdin(Stdio::null());
    command
}

/// `train` or `cv` on the tiny corpus.
pub(crate) fn training(command: &str, out: &Path, epochs: usize) -> Command {
    let mut clstm = clstm();
    clstm.args([command, "--corpus", "ravdess", "--preset", "clstm"]);
    clstm.arg("--data").arg(corpus()).arg("--output").arg(out);
    clstm.args(["--epochs", &epochs.to_string()]);
    clstm.args(TINY.iter().flat_map(|setting| ["--set", setting]));
    clstm
}

/// A model of the tiny corpus.
pub(crate) fn model() -> &'static Path {
    static MODEL: OnceLock<PathBuf> = OnceLock::new();
    MODEL.get_or_init(|| {
        let out = place("shared-model");
        ok(&mut training("train", &out, 2));
        out.join("model.safetensors")
    })
}

/// `predict` with that model.
pub(crate) fn predict() -> Command {
    let mut command = clstm();
    // The corpus is of tones, which are no speech.
    command.args(["predict", "--min-speech", "0", "--model"]).arg(model());
    command
}

/// Runs a command that must end with this status.
pub(crate) fn status(command: &mut Command, expected: i32) -> Output {
    let output = command.output().unwrap();
    // What a command writes need not be UTF-8.
    let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (lossy(&output.stdout), lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(expected), "{command:?}\n{out}\n{err}");
    output
}

/// Runs a command that must succeed.
pub(crate) fn ok(command: &mut Command) -> Output {
    status(command, 0)
}

/// Runs a command that must exit with this status and print this on stderr.
pub(crate) fn complains(command: &mut Command, expected: i32, message: &str) -> Output {
    let output = status(command, expected);
    let err = text(&output.stderr);
    assert!(err.contains(message), "{message:?} is not in:\n{err}");
    output
}

/// Text of a stream.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every line as JSON; anything else among them fails.
pub(crate) fn json_lines(bytes: &[u8]) -> Vec<Value> {
    text(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A file of JSON.
pub(crate) fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The text of the probabilities of a line, digit for digit.
pub(crate) fn probabilities(line: &str) -> &str {
    let (_, rest) = line.split_once("\"probabilities\":{").unwrap();
    rest.split_once('}').unwrap().0
}

/// A mono WAV file of 16-bit samples.
pub(crate) fn pcm16(samples: &[f32], rate: u32) -> Vec<u8> {
    wav16(samples.iter().map(|x| (x * 32_767.0) as i16), rate)
}
