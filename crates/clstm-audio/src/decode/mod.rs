//! From the bytes of a recording to mono samples.
//!
//! Symphonia demuxes and decodes. Around it stand the checks that it leaves out, because a player
//! should go on where a measurement must not: [`wav`] and [`mpeg`] look for data that are cut
//! short or damaged between frames, [`stream`] for gaps between packets.

mod length;
mod limits;
mod mono;
mod mpeg;
mod opus;
mod source;
mod stream;
mod wav;
mod webm;
mod webm_stream;

use std::path::Path;

pub use length::promised_s;
pub use limits::DecodeLimits;
pub use webm_stream::WebmStream;

use crate::error::AudioError;
use crate::resample::Resampler;
use crate::waveform::Waveform;

/// Decodes a file at its own rate; the channels are mixed down to their mean.
///
/// A pipe or device is read to its end first. The format is found by content, not by name. The
/// delay that encoders put before the first sample is removed from MP3, Vorbis and Opus; AAC keeps it
/// (64 ms at 16 kHz).
///
/// # Errors
///
/// Any [`AudioError`] but `BadConfig`; see there for what each one means.
pub fn decode_file(path: &Path, limits: &DecodeLimits) -> Result<Waveform, AudioError> {
    let mut waveform = Waveform { samples: Vec::new(), sample_rate: 0 };
    source::with_file(path, limits, |input| {
        stream::decode(input, limits, &mut |chunk, rate| {
            waveform.sample_rate = rate;
            waveform.samples.extend_from_slice(chunk);
            Ok(())
        })
    })?;
    Ok(waveform)
}

/// Decodes a recording in memory, such as the body of a request, like [`decode_file`].
///
/// `extension_hint`, without its dot, serves messages only.
///
/// # Errors
///
/// Like [`decode_file`], without those about paths.
pub fn decode_bytes(
    bytes: impl AsRef<[u8]>,
    extension_hint: Option<&str>,
    limits: &DecodeLimits,
) -> Result<Waveform, AudioError> {
    let mut waveform = Waveform { samples: Vec::new(), sample_rate: 0 };
    source::with_bytes(bytes.as_ref(), extension_hint, limits, |input| {
        stream::decode(input, limits, &mut |chunk, rate| {
            waveform.sample_rate = rate;
            waveform.samples.extend_from_slice(chunk);
            Ok(())
        })
    })?;
    Ok(waveform)
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
) -> Result<Waveform, AudioError> {
    let mut loader = Loader::new(sample_rate)?;
    source::with_file(path, limits, |input| {
        stream::decode(input, limits, &mut |chunk, rate| loader.push(chunk, rate))
    })?;
    loader.finish()
}

/// Decodes and resamples a recording in memory, like [`load_file`].
///
/// # Errors
///
/// Like [`load_file`], without those about paths.
pub fn load_bytes(
    bytes: impl AsRef<[u8]>,
    extension_hint: Option<&str>,
    sample_rate: u32,
    limits: &DecodeLimits,
) -> Result<Waveform, AudioError> {
    let mut loader = Loader::new(sample_rate)?;
    source::with_bytes(bytes.as_ref(), extension_hint, limits, |input| {
        stream::decode(input, limits, &mut |chunk, rate| loader.push(chunk, rate))
    })?;
    loader.finish()
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
) -> Result<(), E> {
    let mut sink = Sink { sink: &mut sink, refused: None };
    let decoded = source::with_file(path, limits, |input| {
        stream::decode(input, limits, &mut |chunk, rate| sink.push(chunk, rate))
    });
    sink.result(decoded)
}

/// Decodes a recording in memory at its own rate into `sink`, chunk by chunk, like [`stream_file`].
///
/// `extension_hint`, without its dot, serves messages only.
///
/// # Errors
///
/// Like [`stream_file`], without those about paths.
pub fn stream_bytes<E: From<AudioError>>(
    bytes: impl AsRef<[u8]>,
    extension_hint: Option<&str>,
    limits: &DecodeLimits,
    mut sink: impl FnMut(&[f32], u32) -> Result<(), E>,
) -> Result<(), E> {
    let mut sink = Sink { sink: &mut sink, refused: None };
    let decoded = source::with_bytes(bytes.as_ref(), extension_hint, limits, |input| {
        stream::decode(input, limits, &mut |chunk, rate| sink.push(chunk, rate))
    });
    sink.result(decoded)
}

/// Lets a caller's sink end the decoding with an error of its own.
struct Sink<'a, F, E> {
    sink: &'a mut F,
    refused: Option<E>,
}

impl<F: FnMut(&[f32], u32) -> Result<(), E>, E: From<AudioError>> Sink<'_, F, E> {
    fn push(&mut self, chunk: &[f32], rate: u32) -> Result<(), AudioError> {
        (self.sink)(chunk, rate).map_err(|error| {
            self.refused = Some(error);
            // Only ends the decoding: the error above is what is told.
            AudioError::NoSamples
        })
    }

    fn result(self, decoded: Result<(), AudioError>) -> Result<(), E> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok(decoded?),
        }
    }
}

/// Resamples what the decoder gives, once the first chunk has told the rate.
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
