//! Every input of a corpus, and deterministic mutations of them.
//!
//! `CLSTM_FUZZ_SECONDS=600` mutates for so long instead, from a seed by the clock; an input that fails is written to
//! `fuzz/artifacts/TARGET/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use clstm_fuzz_targets::hostile::floods;
use clstm_fuzz_targets::mutate::Mutator;
use clstm_fuzz_targets::{TARGETS, run};

/// Mutations of a corpus in tests.
const MUTATIONS: u64 = 300;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The names of the files of a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The inputs of a corpus, and for recordings the fixtures of the decoders and small floods.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut folders = vec![fuzz().join("corpus").join(target)];
    let recordings = fuzz().join("../crates/clstm-audio/tests/fixtures");
    let suffixes: &[&str] = match target {
        "decode" => &["wav", "aiff", "flac", "mp3", "ogg", "opus", "webm", "m4a", "mp4", "aac"],
        "decode_ogg" => &["ogg", "opus"],
        "webm_stream" => &["webm"],
        _ => &[],
    };
    if !suffixes.is_empty() {
        folders.push(recordings);
    }
    let mut inputs = Vec::new();
    for (number, folder) in folders.iter().enumerate() {
        for name in names(folder) {
            let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
            if number == 0 || suffixes.contains(&suffix) {
                inputs.push((name.clone(), fs::read(folder.join(name)).unwrap()));
            }
        }
    }
    if target == "decode" {
        let small = floods(1 << 12).into_iter();
        inputs.extend(small.map(|flood| (flood.name.to_owned(), flood.bytes)));
    }
    inputs
}

/// Writes an input that fails where it can be found.
struct Artifact<'a> {
    target: &'a str,
    input: &'a [u8],
}

impl Drop for Artifact<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let folder = fuzz().join("artifacts").join(self.target);
            let name = self
                .input
                .iter()
                .fold(0_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
            let path = folder.join(format!("{name:016x}"));
            let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, self.input));
            eprintln!("the input is {} ({written:?})", path.display());
        }
    }
}

fn check(target: &str, input: &[u8]) {
    let artifact = Artifact { target, input };
    run(target, artifact.input);
}

fn replay(target: &str) {
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "no corpus");
    for (_, input) in &corpus {
        check(target, input);
    }
    let seconds = std::env::var("CLSTM_FUZZ_SECONDS").ok().map(|text| text.parse().unwrap());
    let (seed, end) = match seconds {
        Some(seconds) => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            (now.as_nanos() as u64, Some(Instant::now() + Duration::from_secs(seconds)))
        }
        None => (1, None),
    };
    let mut mutator = Mutator::new(seed);
    let mut count = 0;
    while end.map_or(count < MUTATIONS, |end| Instant::now() < end) {
        let at = |number: u64| &corpus[(number % corpus.len() as u64) as usize].1[..];
        let input = mutator.mutate(at(count), at(count / 7 + 1));
        check(target, &input);
        count += 1;
    }
    eprintln!("{target}: {} inputs, {count} mutations", corpus.len());
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(#[test] fn $target() { replay(stringify!($target)); })*
        const REPLAYED: &[&str] = &[$(stringify!($target)),*];
    };
}

replays! {
    decode decode_ogg opus_packets webm_stream live_stream segments model manifest emo_evaluation label_map recipe checkpoint run_folder http
    form socket
}

#[test]
fn every_target_has_a_corpus_a_fuzzer_and_a_replay() {
    let targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(targets, REPLAYED);
    let mut sorted: Vec<String> = targets.iter().map(|name| (*name).to_owned()).collect();
    sorted.sort();
    assert_eq!(names(&fuzz().join("corpus")), sorted);
    let binaries: Vec<String> = sorted.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), binaries);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}
