//! From the bytes of a recording to samples.
//!
//! [`open`] finds the container and walks over its headers; only what a demuxer needs is handed to it, so that
//! what a header requests is bounded before it is allocated. WAV, AIFF, FLAC, CAF and Matroska are then
//! demuxed by Symphonia; [`mpeg`], [`ogg`] and [`mp4`] here, because their time stamps, edit lists
//! and damage matter and Symphonia leaves them out. [`stream`] decodes packet by packet, and
//! [`output`] puts the samples at their time: gaps become silence, the encoder's delay is left out.
//!
//! Damage does not end the decoding: what can be decoded is returned with a [`Damage`](crate::Damage).

mod aac;
mod aiff;
mod caf;
mod chunks;
mod demux;
mod doubtful;
mod flac;
mod header;
mod high_pass;
mod joined;
mod limits;
#[cfg(feature = "opus")]
mod live;
mod matroska;
mod mix;
mod mp4;
mod mpeg;
mod ogg;
mod open;
#[cfg(feature = "opus")]
mod opus;
#[cfg_attr(not(feature = "opus"), allow(dead_code))]
mod opus_head;
mod output;
mod rate;
mod scan;
mod select;
mod splice;
mod stream;
mod tail;
mod vorbis;
mod wav;
#[cfg_attr(not(feature = "opus"), allow(dead_code))]
mod webm;
#[cfg(feature = "opus")]
mod webm_stream;

use std::path::Path;

pub use header::header_duration_s;
pub use limits::DecodeLimits;
#[cfg(feature = "opus")]
pub use live::LiveDecoder;
pub use mix::Downmixer;
pub(crate) use mpeg::kind_of as mpeg_kind;
pub(crate) use open::check_head;
pub(crate) use splice::{Source, seek_position};
pub use stream::is_decoding;
#[cfg(feature = "opus")]
pub use webm_stream::WebmStream;

use mix::Mixer;
use open::{Bytes, Input};
use output::Block;
use select::{Channels, select};

use crate::error::AudioError;
use crate::pipe_buffer::EncodedAudio;
use crate::report::{DecodeNote, DecodeReport, Decoded, DecodedChannels};
use crate::resample::Resampler;
use crate::waveform::Waveform;

/// Decodes a file at its own sample rate, its channels mixed down to one.
///
/// A pipe or device is read to its end first. The format is found by content, not by name. Sample 0 is time
/// 0 of the container: the delay that encoders put before the first sample is removed, a track that starts
/// late and gaps between packets become silence, and edit lists are followed. Of several audio tracks the
/// first with speech is decoded. The mix-down is the mean of the channels; channels in phase
/// opposition are aligned first, and channels that have sound but no speech, beside one with speech, are left out.
///
/// What can be decoded of a damaged recording is returned, with
/// [`DecodeReport::damage`]; [`Decoded::strict`] turns that into an error.
///
/// # Errors
///
/// Any [`AudioError`] but `BadConfig`; see there for what each one means.
pub fn decode_file(path: &Path, limits: &DecodeLimits) -> Result<Decoded, AudioError> {
    open::with_file(path, limits, |input| whole(input, limits))
}

/// Decodes a recording in memory, such as the body of a request, or a [`PipeBuffer`](crate::PipeBuffer), like [`decode_file`].
///
/// `extension_hint`, without its dot, is used in messages only.
///
/// # Errors
///
/// Like [`decode_file`], without those about paths.
pub fn decode_bytes(
    bytes: impl EncodedAudio,
    extension_hint: Option<&str>,
    limits: &DecodeLimits,
) -> Result<Decoded, AudioError> {
    whole(&Bytes { bytes: bytes.encoded(), extension: extension_hint }, limits)
}

/// Decodes a file and resamples it to `sample_rate` on the way, chunk by chunk.
///
/// The memory used is that of the result: an hour of 96 kHz 24-bit 5.1 needs no more than an hour
/// of mono at the target rate. The samples are those of [`decode_file`] and
/// [`resample`](crate::resample()), bit for bit.
///
/// # Errors
///
/// Like [`decode_file`], and [`AudioError::BadSampleRate`] for a target that cannot be reached.
pub fn load_file(
    path: &Path,
    sample_rate: u32,
    limits: &DecodeLimits,
) -> Result<Decoded, AudioError> {
    Loader::new(sample_rate)?;
    open::with_file(path, limits, |input| load(input, sample_rate, limits))
}

/// Decodes and resamples a recording in memory, like [`load_file`].
///
/// # Errors
///
/// Like [`load_file`], without those about paths.
pub fn load_bytes(
    bytes: impl EncodedAudio,
    extension_hint: Option<&str>,
    sample_rate: u32,
    limits: &DecodeLimits,
) -> Result<Decoded, AudioError> {
    load(&Bytes { bytes: bytes.encoded(), extension: extension_hint }, sample_rate, limits)
}

/// Decodes a file and resamples each of its channels to `sample_rate`.
///
/// The memory used is that of the result, which grows with the number of channels.
///
/// # Errors
///
/// Like [`load_file`].
pub fn load_channels_file(
    path: &Path,
    sample_rate: u32,
    limits: &DecodeLimits,
) -> Result<DecodedChannels, AudioError> {
    Loader::new(sample_rate)?;
    open::with_file(path, limits, |input| load_channels(input, sample_rate, limits))
}

/// Decodes a recording in memory and resamples each of its channels, like [`load_channels_file`].
///
/// # Errors
///
/// Like [`load_file`], without those about paths.
pub fn load_channels_bytes(
    bytes: impl EncodedAudio,
    extension_hint: Option<&str>,
    sample_rate: u32,
    limits: &DecodeLimits,
) -> Result<DecodedChannels, AudioError> {
    let input = Bytes { bytes: bytes.encoded(), extension: extension_hint };
    load_channels(&input, sample_rate, limits)
}

/// Decodes a file at its own rate into `sink`, chunk by chunk: mono samples and their rate in Hz, the
/// same at each call. The memory used does not grow with the length of the recording.
///
/// # Errors
///
/// Like [`decode_file`], after some samples perhaps; and the first error of `sink`, which ends it.
pub fn stream_file<E: From<AudioError>>(
    path: &Path,
    limits: &DecodeLimits,
    mut sink: impl FnMut(&[f32], u32) -> Result<(), E>,
) -> Result<DecodeReport, E> {
    let mut refused = None;
    let decoded = open::with_file(path, limits, |input| {
        mono(input, limits, &mut |chunk, rate| keep_error(sink(chunk, rate), &mut refused))
    });
    result(decoded, refused)
}

/// Decodes a recording in memory at its own rate into `sink`, chunk by chunk, like [`stream_file`].
///
/// `extension_hint`, without its dot, is used in messages only.
///
/// # Errors
///
/// Like [`stream_file`], without those about paths.
pub fn stream_bytes<E: From<AudioError>>(
    bytes: impl EncodedAudio,
    extension_hint: Option<&str>,
    limits: &DecodeLimits,
    mut sink: impl FnMut(&[f32], u32) -> Result<(), E>,
) -> Result<DecodeReport, E> {
    let input = Bytes { bytes: bytes.encoded(), extension: extension_hint };
    let mut refused = None;
    let decoded =
        mono(&input, limits, &mut |chunk, rate| keep_error(sink(chunk, rate), &mut refused));
    result(decoded, refused)
}

/// Decodes a file at its own rate into `sink`, chunk by chunk, without mixing its channels: interleaved
/// samples `[frames, channels]`, the number of channels, and the rate in Hz.
///
/// # Errors
///
/// Like [`stream_file`].
pub fn stream_channels_file<E: From<AudioError>>(
    path: &Path,
    limits: &DecodeLimits,
    mut sink: impl FnMut(&[f32], usize, u32) -> Result<(), E>,
) -> Result<DecodeReport, E> {
    let mut refused = None;
    let decoded = open::with_file(path, limits, |input| {
        let track = select(input, limits, Channels::Apart)?;
        stream::decode(input, track, limits, &mut |block: Block<'_>| {
            let taken = sink(block.interleaved, block.channels, block.sample_rate);
            keep_error(taken, &mut refused)
        })
    });
    result(decoded, refused)
}

/// Decodes a recording in memory without mixing its channels, like [`stream_channels_file`].
///
/// `extension_hint`, without its dot, is used in messages only.
///
/// # Errors
///
/// Like [`stream_channels_file`], without those about paths.
pub fn stream_channels_bytes<E: From<AudioError>>(
    bytes: impl EncodedAudio,
    extension_hint: Option<&str>,
    limits: &DecodeLimits,
    mut sink: impl FnMut(&[f32], usize, u32) -> Result<(), E>,
) -> Result<DecodeReport, E> {
    let input = Bytes { bytes: bytes.encoded(), extension: extension_hint };
    let mut refused = None;
    let decoded = select(&input, limits, Channels::Apart).and_then(|track| {
        stream::decode(&input, track, limits, &mut |block: Block<'_>| {
            let taken = sink(block.interleaved, block.channels, block.sample_rate);
            keep_error(taken, &mut refused)
        })
    });
    result(decoded, refused)
}

/// Keeps the error of a caller's sink and ends the decoding with another one, which is dropped.
fn keep_error<E>(taken: Result<(), E>, refused: &mut Option<E>) -> Result<(), AudioError> {
    taken.map_err(|error| {
        *refused = Some(error);
        AudioError::NoSamples
    })
}

fn result<T, E: From<AudioError>>(
    decoded: Result<T, AudioError>,
    refused: Option<E>,
) -> Result<T, E> {
    match refused {
        Some(error) => Err(error),
        None => Ok(decoded?),
    }
}

/// Takes mono samples and their rate in Hz.
type MonoSink<'a> = &'a mut dyn FnMut(&[f32], u32) -> Result<(), AudioError>;

/// Decodes and mixes down.
fn mono(
    input: &dyn Input,
    limits: &DecodeLimits,
    sink: MonoSink<'_>,
) -> Result<DecodeReport, AudioError> {
    let mut track = select(input, limits, Channels::Mixed)?;
    let left_out = std::mem::take(&mut track.left_out);
    let numbers = left_out.iter().enumerate().filter(|(_, left_out)| **left_out);
    let numbers: Vec<usize> = numbers.map(|(channel, _)| channel + 1).collect();
    let mut mixer = Mixer::leaving_out(left_out);
    let mut report = stream::decode(input, track, limits, &mut |block: Block<'_>| {
        let rate = block.sample_rate;
        sink(mixer.mix(block), rate)
    })?;
    if mixer.any_inverted() {
        report.notes.push(DecodeNote::OutOfPhase);
    }
    if !numbers.is_empty() {
        report.notes.push(DecodeNote::ChannelsLeftOut { channels: numbers });
    }
    Ok(report)
}

fn whole(input: &dyn Input, limits: &DecodeLimits) -> Result<Decoded, AudioError> {
    let mut waveform = Waveform { samples: Vec::new(), sample_rate: 0 };
    let report = mono(input, limits, &mut |chunk, rate| {
        waveform.sample_rate = rate;
        waveform.samples.extend_from_slice(chunk);
        Ok(())
    })?;
    Ok(Decoded { waveform, report })
}

fn load(input: &dyn Input, sample_rate: u32, limits: &DecodeLimits) -> Result<Decoded, AudioError> {
    let mut loader = Loader::new(sample_rate)?;
    let report = mono(input, limits, &mut |chunk, rate| loader.push(chunk, rate))?;
    Ok(Decoded { waveform: loader.finish()?, report })
}

fn load_channels(
    input: &dyn Input,
    sample_rate: u32,
    limits: &DecodeLimits,
) -> Result<DecodedChannels, AudioError> {
    let mut loaders: Vec<Loader> = Vec::new();
    let mut channel: Vec<f32> = Vec::new();
    let track = select(input, limits, Channels::Apart)?;
    let report = stream::decode(input, track, limits, &mut |block: Block<'_>| {
        if loaders.is_empty() {
            loaders =
                (0..block.channels).map(|_| Loader::new(sample_rate)).collect::<Result<_, _>>()?;
        }
        for (index, loader) in loaders.iter_mut().enumerate() {
            channel.clear();
            // A part with fewer channels (files joined to one) gives its last one to the others.
            let index = index.min(block.channels - 1);
            channel.extend(block.interleaved.iter().skip(index).step_by(block.channels));
            loader.push(&channel, block.sample_rate)?;
        }
        Ok(())
    })?;
    let finished = loaders.into_iter().map(|loader| Ok(loader.finish()?.samples));
    let channels = finished.collect::<Result<_, AudioError>>()?;
    Ok(DecodedChannels { channels, sample_rate, report })
}

/// Resamples decoded chunks; the first one decides the rate.
struct Loader {
    target: u32,
    resampler: Option<Resampler>,
    samples: Vec<f32>,
}

impl Loader {
    fn new(target: u32) -> Result<Self, AudioError> {
        // Wrong targets are refused before a file is opened.
        Resampler::new(target, target)?;
        Ok(Self { target, resampler: None, samples: Vec::new() })
    }

    fn push(&mut self, chunk: &[f32], rate: u32) -> Result<(), AudioError> {
        let resampler = match &mut self.resampler {
            Some(resampler) => resampler,
            empty => empty.insert(Resampler::new(rate, self.target)?),
        };
        resampler.push(chunk, &mut self.samples)
    }

    fn finish(mut self) -> Result<Waveform, AudioError> {
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.samples)?;
        }
        Ok(Waveform { samples: self.samples, sample_rate: self.target })
    }
}
