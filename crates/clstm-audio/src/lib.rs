//! Decoding, resampling, level, trimming and segmentation of recordings.
//!
//! A recording becomes network input in four steps, each its own module and each usable alone:
//!
//! 1. [`load_file`] or [`load_bytes`] decode WAV, AIFF, FLAC, MP3, Ogg, WebM and M4A/AAC, mix the
//!    channels down to one and resample, chunk by chunk.
//! 2. [`speech_bounds`] finds the speech between the quiet edges.
//! 3. [`rms_normalize`] brings the clip to the target level (Eq. 1 of the paper).
//! 4. [`segment()`] cuts the span into the time steps of the network.
//!
//! ```
//! use clstm_audio::{SegmentConfig, TrimConfig, Waveform};
//!
//! # fn main() -> Result<(), clstm_audio::AudioError> {
//! # let sine = (0..8000).map(|n| (n as f32 * 0.2).sin()).collect();
//! # let recording = Waveform { samples: sine, sample_rate: 8000 };
//! // let recording = clstm_audio::decode_file(path, &DecodeLimits::default())?.waveform;
//! let mut clip = clstm_audio::resample(&recording, 16_000)?;
//! let bounds = clstm_audio::speech_bounds(&clip.samples, 16_000, &TrimConfig::default());
//! let speech = &mut clip.samples[bounds];
//! clstm_audio::rms_normalize(speech, 0.1);
//!
//! let config = SegmentConfig { length: 1600, hop: 1600, steps: 30 };
//! let mut steps = vec![0.0; config.steps * config.length];
//! clstm_audio::segment(speech, &config, &mut steps);
//! assert_eq!(config.steps_used(speech.len()), 10);
//! # Ok(())
//! # }
//! ```
//!
//! Samples are `f32` at full scale ±1, lengths are in samples and rates in Hz unless a name ends
//! in a unit (`_s` seconds, `_db` decibels). The crate does not depend on networks or corpora.

#![forbid(unsafe_code)]

mod decode;
mod describe;
mod error;
mod extensions;
mod level;
mod pipe_buffer;
mod read_bounded;
mod report;
mod resample;
mod segment;
mod sniff;
mod speech;
mod trim;
mod waveform;

pub use decode::{
    DecodeLimits, Downmixer, decode_bytes, decode_file, header_duration_s, is_decoding, load_bytes,
    load_channels_bytes, load_channels_file, load_file, stream_bytes, stream_channels_bytes,
    stream_channels_file, stream_file,
};
#[cfg(feature = "opus")]
pub use decode::{LiveDecoder, WebmStream};
pub use describe::not_raw_samples;
pub use error::AudioError;
pub use extensions::EXTENSIONS;
pub use level::{
    LOUDEST, Level, SILENCE_FLOOR, remove_dc, replace_unusable, rms, rms_dbfs, rms_normalize,
};
pub use pipe_buffer::{EncodedAudio, EncodedBytes, PipeBuffer};
pub use read_bounded::{MAX_LIST_BYTES, MAX_SETTINGS_BYTES, read_bounded, read_text_bounded};
pub use report::{Damage, DecodeNote, DecodeReport, Decoded, DecodedChannels};
pub use resample::{Resampler, resample};
pub use segment::{SegmentConfig, Windows, segment, windows};
pub use sniff::{ContainerKind, sniff};
pub use speech::{SpeechGate, speech_seconds};
pub use trim::{TrimConfig, speech_bounds};
pub use waveform::Waveform;
