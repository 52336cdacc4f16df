//! Which audio track of an input has speech, and which of its channels.
//!
//! The first of several tracks may be silence or music, and a hum on one of two channels takes half of the speech in
//! their mean. One pass over the input decides, before it is decoded; it ends where the decision is clear, which
//! for stereo is after some seconds of speech. Mono recordings of one track need no such pass.

use super::limits::DecodeLimits;
use super::open::{self, Input, Opened};
use super::output::{Block, Output};
use super::scan::Failure;
use super::stream::{PANICKED, Session, contain};
use crate::error::AudioError;
use crate::report::DecodeNote;
use crate::resample::Resampler;
use crate::speech::SpeechGate;

/// Audio tracks that are tried.
const MAX_TRACKS: usize = 8;
/// Channels that are examined; the others are never left out.
const MAX_CHANNELS: usize = 8;
/// RMS of a block above which a track has sound: -60 dBFS.
const SOUND_RMS: f64 = 1e-3;
/// Least seconds of speech of a track with speech. A tenth of a second passes the gate by chance.
const LEAST_S: f64 = 0.3;
/// Seconds of speech with which a channel is never left out.
const ENOUGH_S: f64 = 1.0;
/// Share of the speech of the best channel below which another one has none.
const LEAST_SHARE: f64 = 0.1;
/// Power, relative to that of the best channel, below which a channel does not matter: -40 dB.
const LEAST_POWER: f64 = 1e-4;

/// What a caller does with the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// They are mixed down to one.
    Mixed,
    /// They stay apart.
    Apart,
}

/// An opened track.
pub(super) struct SelectedTrack<'a> {
    pub(super) opened: Opened<'a>,
    pub(super) notes: Vec<DecodeNote>,
    /// Channels to be left out of the mix-down: empty for none.
    pub(super) left_out: Vec<bool>,
}

/// Opens the first audio track that has speech; without any, the first one that has sound.
pub(super) fn select<'a>(
    input: &'a dyn Input,
    limits: &DecodeLimits,
    channels: Channels,
) -> Result<SelectedTrack<'a>, AudioError> {
    let open = |index| match contain(|| open::open(input, index, limits)) {
        Some(Ok(opened)) => Ok(opened),
        Some(Err(Failure::Audio(error))) => Err(error),
        Some(Err(Failure::Io(error))) => Err(input.io_error(error)),
        None => Err(AudioError::damaged(PANICKED)),
    };
    let mut first_error = None;
    let (mut with_sound, mut first) = (None, None);
    let mut tracks = 1;
    let mut index = 0;
    while index < tracks.min(MAX_TRACKS) {
        match open(index) {
            Ok(opened) if opened.tracks == 1 => {
                if channels == Channels::Apart || is_mono(&opened) {
                    return Ok(SelectedTrack { opened, notes: Vec::new(), left_out: Vec::new() });
                }
                let left_out = examine(opened, limits, channels)?.without_speech();
                return Ok(SelectedTrack { opened: open(index)?, notes: Vec::new(), left_out });
            }
            Ok(opened) => {
                tracks = opened.tracks;
                let examined = examine(opened, limits, channels)?;
                let has_speech = examined.has_speech();
                let note = DecodeNote::TrackSelected { track: index + 1, of: tracks, has_speech };
                let found = (index, note, examined.without_speech());
                if has_speech {
                    first = Some(found);
                    with_sound = None;
                    break;
                }
                if examined.has_sound {
                    with_sound = with_sound.or(Some(found));
                } else {
                    first = first.or(Some(found));
                }
            }
            // Another track may have a codec that is supported.
            Err(error @ AudioError::UnsupportedCodec { .. }) if index + 1 < MAX_TRACKS => {
                first_error = first_error.or(Some(error));
                tracks = tracks.max(index + 2);
            }
            Err(AudioError::NoAudioTrack) if first_error.is_some() => break,
            Err(error) => return Err(first_error.unwrap_or(error)),
        }
        index += 1;
    }
    match (with_sound.or(first), first_error) {
        (Some((index, note, left_out)), _) => {
            Ok(SelectedTrack { opened: open(index)?, notes: vec![note], left_out })
        }
        (None, Some(error)) => Err(error),
        (None, None) => Err(AudioError::NoAudioTrack),
    }
}

fn is_mono(opened: &Opened<'_>) -> bool {
    let channels = opened.demuxer.params().channels.as_ref();
    channels.is_some_and(|channels| channels.count() == 1) && opened.next.is_none()
}

/// What the pass over a track found.
#[derive(Default)]
struct Examined {
    has_sound: bool,
    channels: Vec<Channel>,
}

/// One channel of the track.
struct Channel {
    gate: Box<SpeechGate>,
    resampler: Resampler,
    /// Samples at the rate of the gate that do not fill a block yet.
    rest: Vec<f32>,
    speech_s: f64,
    energy: f64,
}

impl Channel {
    fn new(rate: u32) -> Result<Self, AudioError> {
        Ok(Self {
            gate: Box::default(),
            resampler: Resampler::new(rate, SpeechGate::RATE)?,
            rest: Vec::new(),
            speech_s: 0.0,
            energy: 0.0,
        })
    }

    fn push(&mut self, samples: &[f32]) -> Result<(), AudioError> {
        self.energy += samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
        self.resampler.push(samples, &mut self.rest)?;
        let (blocks, _) = self.rest.as_chunks::<{ SpeechGate::BLOCK }>();
        for block in blocks {
            self.gate.push(block);
            if self.gate.is_active() && self.gate.is_speech() {
                self.speech_s += SpeechGate::BLOCK as f64 / f64::from(SpeechGate::RATE);
            }
        }
        let used = blocks.len() * SpeechGate::BLOCK;
        self.rest.drain(..used);
        Ok(())
    }
}

impl Examined {
    fn push(&mut self, block: Block<'_>, samples: &mut Vec<f32>) -> Result<(), AudioError> {
        if self.channels.is_empty() {
            let count = block.channels.min(MAX_CHANNELS);
            let channels = (0..count).map(|_| Channel::new(block.sample_rate));
            self.channels = channels.collect::<Result<_, _>>()?;
        }
        let power: f64 = block.interleaved.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        self.has_sound |= power > SOUND_RMS * SOUND_RMS * block.interleaved.len() as f64;
        for (index, channel) in self.channels.iter_mut().enumerate().take(block.channels) {
            samples.clear();
            samples.extend(block.interleaved.iter().skip(index).step_by(block.channels));
            channel.push(samples)?;
        }
        Ok(())
    }

    fn has_speech(&self) -> bool {
        self.channels.iter().any(|channel| channel.speech_s >= LEAST_S)
    }

    /// Whether more of the track changes nothing.
    fn is_clear(&self, channels: Channels) -> bool {
        match channels {
            Channels::Apart => self.has_speech(),
            Channels::Mixed => match self.channels.len() {
                1 => self.has_speech(),
                _ => self.channels.iter().all(|channel| channel.speech_s >= ENOUGH_S),
            },
        }
    }

    /// The channels that have sound and no speech, beside one with speech.
    fn without_speech(&self) -> Vec<bool> {
        let best = self.channels.iter().max_by(|a, b| a.speech_s.total_cmp(&b.speech_s));
        let Some(best) = best.filter(|best| best.speech_s >= LEAST_S) else { return Vec::new() };
        let least_s = ENOUGH_S.min(LEAST_SHARE * best.speech_s);
        let is_left_out = |channel: &Channel| {
            channel.speech_s < least_s && channel.energy > LEAST_POWER * best.energy
        };
        self.channels.iter().map(is_left_out).collect()
    }
}

/// Decodes a track up to where the decision is clear.
fn examine(
    opened: Opened<'_>,
    limits: &DecodeLimits,
    channels: Channels,
) -> Result<Examined, AudioError> {
    let is_one_track = opened.tracks == 1;
    let mut examined = Examined::default();
    let mut samples = Vec::new();
    let mut output = Output::new(limits.clone());
    let mut sink = |block: Block<'_>| {
        examined.push(block, &mut samples)?;
        let is_one_channel = is_one_track && block.channels == 1;
        // Ends the decoding; nothing sees the error.
        if is_one_channel || examined.is_clear(channels) {
            return Err(AudioError::NoSamples);
        }
        Ok(())
    };
    match contain(|| Session::run(opened, limits, &mut output, &mut sink)) {
        Some(Err(Failure::Audio(error @ AudioError::DeadlineExceeded))) => Err(error),
        // Other errors come again when the track is decoded.
        _ => Ok(examined),
    }
}
