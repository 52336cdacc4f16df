//! What the fuzzers run: one function for each parser of input that others may have written.
//!
//! A function panics if a promise is broken: a result that is not finite, a server that no longer responds. `fuzz/` wraps each for
//! libFuzzer, and `tests/it` replays the corpora of `fuzz/corpus` with [mutations](mutate) on stable Rust.

#![forbid(unsafe_code)]

mod audio;
#[cfg(feature = "lists")]
mod folder;
pub mod hostile;
#[cfg(feature = "lists")]
mod lists;
#[cfg(feature = "files")]
mod model;
pub mod mutate;
mod ogg;
#[cfg(feature = "files")]
mod runs;
#[cfg(feature = "files")]
mod safetensors_file;
mod segments;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "files")]
mod settings;

/// A function that is fuzzed.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its libFuzzer binary and of its corpus.
    pub name: &'static str,
    /// Panics if the bytes break a promise.
    pub run: fn(&[u8]),
}

/// All targets of the enabled features.
pub const TARGETS: &[Target] = &[
    Target { name: "decode", run: audio::decode },
    Target { name: "decode_ogg", run: ogg::decode_repaired },
    Target { name: "opus_packets", run: ogg::opus_packets },
    Target { name: "webm_stream", run: audio::webm_stream },
    Target { name: "live_stream", run: audio::live_stream },
    Target { name: "segments", run: segments::segments },
    #[cfg(feature = "files")]
    Target { name: "model", run: model::model },
    #[cfg(feature = "lists")]
    Target { name: "manifest", run: lists::manifest },
    #[cfg(feature = "lists")]
    Target { name: "emo_evaluation", run: lists::emo_evaluation },
    #[cfg(feature = "lists")]
    Target { name: "label_map", run: lists::label_map },
    #[cfg(feature = "files")]
    Target { name: "recipe", run: settings::recipe },
    #[cfg(feature = "files")]
    Target { name: "checkpoint", run: runs::checkpoint },
    #[cfg(feature = "files")]
    Target { name: "run_folder", run: runs::run_folder },
    #[cfg(feature = "server")]
    Target { name: "http", run: server::http },
    #[cfg(feature = "server")]
    Target { name: "form", run: server::form },
    #[cfg(feature = "server")]
    Target { name: "socket", run: server::socket },
];

/// Runs a target by its name.
///
/// # Panics
/// If there is no such target, and where the target does.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let Some(target) = target else { panic!("no target is named {name}") };
    (target.run)(data);
}

/// Keeps the hook for panics, except inside of decoders of other crates: the library returns these panics as errors of the
/// recording. A panic of its own code is a defect, also where it is caught.
pub fn allow_panics_of_decoders() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_own = panic.location().is_some_and(|place| place.file().contains("crates/clstm-"));
        if is_own || !clstm_audio::is_decoding() {
            hook(panic);
        }
    }));
}
