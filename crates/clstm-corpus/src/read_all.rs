//! Reading every recording of a corpus once, in parallel.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::path::Path;

use clstm_audio::{
    AudioError, DecodeLimits, Decoded, SILENCE_FLOOR, Waveform, decode_bytes, decode_file,
    load_bytes, load_file,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{Corpus, Fingerprint, Utterance, parquet};

/// Properties of a decoded recording.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measurement {
    /// Fingerprint of the samples.
    pub fingerprint: Fingerprint,
    /// Samples, after mixing down to one channel.
    pub samples: usize,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Whether it holds no sound: its RMS, the mean removed, is below
    /// [`SILENCE_FLOOR`].
    pub silent: bool,
    /// Samples in runs of three or more at the full scale of 16 bits, all of one sign. That is what
    /// audio editors call clipping: two in a row may be the crest of a sine at 100 Hz.
    pub clipped: usize,
}

/// The largest positive sample of 16 bits; finer formats reach beyond it.
const FULL_SCALE: f32 = 32_767.0 / 32_768.0;

/// Fewer samples in a row at full scale are no clipping, as for the defaults of Audacity's *Find
/// Clipping*. At 48 kHz a full-scale sine of 100 Hz or more is there for at most two.
const RUN: usize = 3;

impl Measurement {
    fn of(samples: &[f32], sample_rate: u32) -> Self {
        Self {
            fingerprint: Fingerprint::of(samples),
            samples: samples.len(),
            sample_rate,
            silent: silent(samples),
            clipped: clipped(samples),
        }
    }

    /// Duration in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.samples as f64 / f64::from(self.sample_rate.max(1))
    }
}

/// Decodes every recording; the results are in the order of [`Corpus::utterances`].
///
/// Runs on rayon's current thread pool and holds one decoded recording per thread.
#[must_use]
pub fn measure(corpus: &Corpus) -> Vec<Result<Measurement, AudioError>> {
    let all: Vec<usize> = (0..corpus.utterances.len()).collect();
    read_each(corpus, &all, &DecodeLimits::default(), |_, waveform, within| {
        Ok(Measurement::of(&waveform.samples[within], waveform.sample_rate))
    })
}

/// Where the content of a recording is.
#[derive(Debug, Clone, Copy)]
pub enum AudioSource<'a> {
    /// A file of its own.
    File(&'a Path),
    /// In memory, for as long as it is read: a recording in a Parquet file.
    Bytes(&'a [u8]),
}

impl AudioSource<'_> {
    /// Decodes the recording.
    ///
    /// # Errors
    /// Those of [`decode_file`].
    pub fn decode(self, limits: &DecodeLimits) -> Result<Decoded, AudioError> {
        match self {
            Self::File(path) => decode_file(path, limits),
            Self::Bytes(bytes) => decode_bytes(bytes, None, limits),
        }
    }

    /// Decodes the recording and resamples it to `sample_rate` in Hz on the way.
    ///
    /// # Errors
    /// Those of [`load_file`].
    pub fn load(self, sample_rate: u32, limits: &DecodeLimits) -> Result<Decoded, AudioError> {
        match self {
            Self::File(path) => load_file(path, sample_rate, limits),
            Self::Bytes(bytes) => load_bytes(bytes, None, sample_rate, limits),
        }
    }
}

/// Decodes the recordings of the utterances `of` the corpus, each recording once for all of its parts, and
/// gives to `read` the utterance, the recording's waveform and where in it the utterance lies. The results
/// are in the order of `of`.
///
/// Runs on rayon's current thread pool and holds one decoded recording per thread.
///
/// # Panics
///
/// If an index in `of` is out of range.
pub fn read_each<T: Send>(
    corpus: &Corpus,
    of: &[usize],
    limits: &DecodeLimits,
    read: impl Fn(&Utterance, &Waveform, Range<usize>) -> Result<T, AudioError> + Sync,
) -> Vec<Result<T, AudioError>> {
    let mut recordings: Vec<(&Utterance, Vec<usize>)> = Vec::new();
    let mut recording_of: HashMap<(&Path, Option<u64>), usize> = HashMap::new();
    for (at, &index) in of.iter().enumerate() {
        let utterance = &corpus.utterances[index];
        let key = (utterance.path.as_path(), utterance.row);
        let recording = *recording_of.entry(key).or_insert_with(|| {
            recordings.push((utterance, Vec::new()));
            recordings.len() - 1
        });
        recordings[recording].1.push(at);
    }
    let firsts: Vec<&Utterance> = recordings.iter().map(|(first, _)| *first).collect();
    let of_recording = |recording: usize, source: Result<AudioSource<'_>, AudioError>| {
        // An error is no copy of itself: each part of a recording that cannot be read tries again.
        let mut decoded = None;
        let mut part = |at: usize| {
            let utterance = &corpus.utterances[of[at]];
            if decoded.is_none() {
                let source = source.as_ref().map_err(again)?;
                decoded = Some(source.decode(limits)?.strict()?);
            }
            let Some(waveform) = &decoded else { return Err(AudioError::NoSamples) };
            read(utterance, waveform, sample_range(waveform, utterance.span)?)
        };
        recordings[recording].1.iter().map(|&at| (at, part(at))).collect::<Vec<_>>()
    };
    in_order(each_recording(&firsts, of_recording).into_iter().flatten())
}

/// Gives to `read` the recordings of the utterances `of` the corpus, which are whole recordings. The results are in the order
/// of `of`.
///
/// Runs on rayon's current thread pool. Of Parquet files memory holds a page and some recordings.
///
/// # Panics
///
/// If an index in `of` is out of range.
pub fn read_whole<T: Send>(
    corpus: &Corpus,
    of: &[usize],
    read: impl Fn(AudioSource<'_>) -> Result<T, AudioError> + Sync,
) -> Vec<Result<T, AudioError>> {
    let utterances: Vec<&Utterance> = of.iter().map(|&index| &corpus.utterances[index]).collect();
    each_recording(&utterances, |_, source| read(source?))
}

/// Gives to `read` each of these recordings with its place in `recordings`. Files are read in parallel; a Parquet file is read once.
fn each_recording<T: Send>(
    recordings: &[&Utterance],
    read: impl Fn(usize, Result<AudioSource<'_>, AudioError>) -> T + Sync,
) -> Vec<T> {
    let mut files: Vec<usize> = Vec::new();
    let mut tables: BTreeMap<&Path, Vec<(u64, usize)>> = BTreeMap::new();
    for (place, utterance) in recordings.iter().enumerate() {
        match utterance.row {
            None => files.push(place),
            Some(row) => tables.entry(utterance.path.as_path()).or_default().push((row, place)),
        }
    }
    let of_file =
        |&place: &usize| (place, read(place, Ok(AudioSource::File(&recordings[place].path))));
    let mut results: Vec<(usize, T)> = files.par_iter().map(of_file).collect();
    for (path, mut of_table) in tables {
        of_table.sort_unstable();
        let rows: Vec<u64> = of_table.iter().map(|(row, _)| *row).collect();
        results.extend(parquet::read_rows(path, &rows, |at, bytes| {
            let place = of_table[at].1;
            (place, read(place, bytes.map(AudioSource::Bytes)))
        }));
    }
    in_order(results)
}

/// The error of a recording that could not be read from its table, for another part of it.
fn again(error: &AudioError) -> AudioError {
    match error {
        AudioError::Io { path, source } => AudioError::Io {
            path: path.clone(),
            source: io::Error::new(source.kind(), source.to_string()),
        },
        _ => AudioError::Empty,
    }
}

fn in_order<T>(results: impl IntoIterator<Item = (usize, T)>) -> Vec<T> {
    let mut results: Vec<(usize, T)> = results.into_iter().collect();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Where the samples of a span in seconds lie in a recording, rounded to the nearest; all of them
/// where there is none.
///
/// # Errors
///
/// [`AudioError::OutOfRange`] where the recording ends before the span does, or no sample lies in it.
pub fn sample_range(
    waveform: &Waveform,
    span: Option<(f64, f64)>,
) -> Result<Range<usize>, AudioError> {
    let held = waveform.samples.len();
    let Some((start_s, end_s)) = span else { return Ok(0..held) };
    // A span that ends where the recording does may round to one sample more.
    let at = |seconds: f64| (seconds * f64::from(waveform.sample_rate)).round() as usize;
    let (start, end) = (at(start_s), at(end_s));
    if start >= end || start >= held || end > held + 1 {
        let duration_s = waveform.duration_s();
        return Err(AudioError::OutOfRange { start_s, end_s, duration_s });
    }
    Ok(start..end.min(held))
}

fn silent(samples: &[f32]) -> bool {
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let power = samples.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    power.sqrt() < SILENCE_FLOOR
}

fn clipped(samples: &[f32]) -> usize {
    let side = |x: f32| {
        if x >= FULL_SCALE {
            1
        } else if x <= -FULL_SCALE {
            -1
        } else {
            0
        }
    };
    let runs = samples.chunk_by(|&a, &b| side(a) == side(b));
    runs.filter(|run| run.len() >= RUN && side(run[0]) != 0).map(<[f32]>::len).sum()
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::{clipped, silent};

    #[test]
    fn runs_at_full_scale_are_clipped() {
        assert_eq!(clipped(&[0.0, 1.0, 1.0, 0.5]), 0);
        assert_eq!(clipped(&[0.0, 1.0, 1.0, 1.0, 0.5, -1.0, -1.0, -1.0, -1.0]), 7);
        assert_eq!(clipped(&[1.0, -1.0, 1.0, -1.0]), 0, "a tone at half the rate");
        assert_eq!(clipped(&[]), 0);
        let sine = |hz: f32, peak: f32| -> Vec<f32> {
            let wave = |i: usize| peak * (TAU * hz * i as f32 / 48_000.0).sin();
            (0..48_000).map(|i| wave(i).clamp(-1.0, 1.0)).collect()
        };
        assert_eq!(clipped(&sine(100.0, 1.0)), 0, "full scale is not too loud");
        assert!(clipped(&sine(100.0, 1.1)) > 1000);
    }

    #[test]
    fn an_offset_alone_is_silence() {
        assert!(silent(&[]) && silent(&[0.0; 100]) && silent(&[0.25; 100]));
        assert!(!silent(&[0.0, 1e-4, 0.0, -1e-4]));
    }
}
