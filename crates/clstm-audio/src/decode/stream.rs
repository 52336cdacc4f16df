//! Driving the demuxer and the decoder, group by group.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;

use super::aac::SbrDetector;
use super::demux::{Event, Group, Ticks, reason};
use super::limits::DecodeLimits;
use super::open::{self, Input, Opened};
use super::output::{Block, Output, Sink};
use super::scan::Failure;
use super::{mp4, vorbis};
use crate::error::AudioError;
use crate::report::{Damage, DecodeNote, DecodeReport};

/// Longest description that a container may give a decoder, in bytes.
const MAX_EXTRA_DATA: usize = 1 << 20;
/// Most frames in a packet or a block of one.
const MAX_PACKET_FRAMES: u64 = 1 << 17;
/// Frames that a packet counts for if it cannot be decoded.
const LOST_FRAMES: u64 = 1024;
/// Audio tracks that are tried for sound.
const MAX_TRACKS: usize = 8;
/// RMS of a block above which a track has sound: -60 dBFS.
const SOUND_RMS: f64 = 1e-3;

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a decoder is running on this thread. A panic is then caught and becomes an error of the
/// recording: a panic hook can leave out its backtrace.
#[must_use]
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Runs `decoder`; a panic of it becomes `None`.
pub(super) fn contain<T>(decoder: impl FnOnce() -> T) -> Option<T> {
    let before = DECODING.replace(true);
    // What was in work is thrown away, so that no broken state can be seen.
    let result = catch_unwind(AssertUnwindSafe(decoder));
    DECODING.set(before);
    result.ok()
}

/// What a panic of a decoder is reported as.
pub(super) const PANICKED: &str = "the decoder failed on data that break the format's rules";

/// Decodes the first audio track with sound into `sink`.
pub(super) fn decode(
    input: &dyn Input,
    limits: &DecodeLimits,
    sink: Sink<'_>,
) -> Result<DecodeReport, AudioError> {
    let (opened, note) = open_track(input, limits)?;
    let container = opened.container;
    let mut output = Output::new(limits.clone());
    note.into_iter().for_each(|note| output.note(note));
    match contain(|| Session::run(opened, limits, &mut output, sink)) {
        Some(Ok(())) => {}
        Some(Err(Failure::Audio(error))) => return Err(error),
        Some(Err(Failure::Io(error))) => return Err(input.io_error(error)),
        None => output.add_damage(Damage::new(PANICKED)),
    }
    if output.has_samples() {
        return Ok(output.finish(container));
    }
    Err(output.into_damage().unwrap_or(AudioError::NoSamples))
}

/// Opens the first audio track that has sound.
fn open_track<'a>(
    input: &'a dyn Input,
    limits: &DecodeLimits,
) -> Result<(Opened<'a>, Option<DecodeNote>), AudioError> {
    let open = |index| match contain(|| open::open(input, index, limits)) {
        Some(Ok(opened)) => Ok(opened),
        Some(Err(Failure::Audio(error))) => Err(error),
        Some(Err(Failure::Io(error))) => Err(input.io_error(error)),
        None => Err(AudioError::damaged(PANICKED)),
    };
    let mut first_error = None;
    let mut first_silent = None;
    let mut tracks = 1;
    let mut index = 0;
    while index < tracks.min(MAX_TRACKS) {
        match open(index) {
            Ok(opened) if opened.tracks == 1 => return Ok((opened, None)),
            Ok(opened) => {
                tracks = opened.tracks;
                let note = DecodeNote::TrackSelected { track: index + 1, of: tracks };
                if has_sound(opened, limits)? {
                    return Ok((open(index)?, Some(note)));
                }
                first_silent = first_silent.or(Some((index, note)));
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
    match (first_silent, first_error) {
        (Some((index, note)), _) => Ok((open(index)?, Some(note))),
        (None, Some(error)) => Err(error),
        (None, None) => Err(AudioError::NoAudioTrack),
    }
}

/// Whether any block of a track is louder than the noise of a silent one.
fn has_sound(opened: Opened<'_>, limits: &DecodeLimits) -> Result<bool, AudioError> {
    let mut found = false;
    let mut output = Output::new(limits.clone());
    let mut sink = |block: Block<'_>| {
        let power: f64 = block.interleaved.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        found = power > SOUND_RMS * SOUND_RMS * block.interleaved.len() as f64;
        // Ends the decoding; nothing sees the error.
        if found { Err(AudioError::NoSamples) } else { Ok(()) }
    };
    let result = contain(|| Session::run(opened, limits, &mut output, &mut sink));
    match result {
        Some(Err(Failure::Audio(error @ AudioError::DeadlineExceeded))) => Err(error),
        _ => Ok(found),
    }
}

/// A decoder and what it has been given.
struct Session<'o> {
    decoder: Box<dyn AudioDecoder>,
    output: &'o mut Output,
    /// Decoded frames that are still to be discarded.
    delay_left: u64,
    sbr: Option<SbrDetector>,
    /// `[frames, channels]`
    interleaved: Vec<f32>,
    packet: Vec<f32>,
}

impl<'o> Session<'o> {
    fn run(
        mut opened: Opened<'_>,
        limits: &DecodeLimits,
        output: &'o mut Output,
        sink: Sink<'_>,
    ) -> Result<(), Failure> {
        opened.damage.take().into_iter().for_each(|damage| output.add_damage(damage));
        let demuxer = opened.demuxer.as_mut();
        let mut session = Self {
            decoder: decoder(demuxer.params(), limits)?,
            output,
            delay_left: demuxer.delay(),
            sbr: (demuxer.params().codec == CODEC_ID_AAC).then(SbrDetector::default),
            interleaved: Vec::new(),
            packet: Vec::new(),
        };
        loop {
            session.output.check_deadline()?;
            match demuxer.next()? {
                None => break,
                Some(Event::Note(note)) => session.output.note(note),
                Some(Event::Damage(damage)) => session.output.add_damage(damage),
                Some(Event::Group(group)) => {
                    if !session.group(group, sink)? {
                        return Ok(());
                    }
                }
                Some(Event::NewStream) => {
                    session.close();
                    match decoder(demuxer.params(), limits) {
                        Ok(decoder) => session.decoder = decoder,
                        Err(error) if session.output.has_samples() => {
                            session.output.add_damage(Damage::new(error.to_string()));
                            return Ok(());
                        }
                        Err(error) => return Err(error.into()),
                    }
                    session.delay_left = demuxer.delay();
                    session.output.begin_stream();
                }
            }
        }
        session.close();
        if let Some(promised) = demuxer.promised_frames() {
            session.check_end(promised);
        }
        if session.sbr.as_ref().is_some_and(SbrDetector::has_sbr) {
            let sample_rate = session.output.sample_rate();
            session.output.note(DecodeNote::HalfBandwidth { sample_rate });
        }
        Ok(())
    }

    /// Decodes a group and hands it out; false if nothing behind it can be.
    fn group(&mut self, group: Group, sink: Sink<'_>) -> Result<bool, Failure> {
        self.interleaved.clear();
        let (mut rate, mut channels, mut lost) = (0, 0, 0);
        for packet in &group.packets {
            if let Some(sbr) = &mut self.sbr {
                sbr.observe(&packet.data);
            }
            let decoded = match self.decoder.decode(packet) {
                Ok(decoded) => decoded,
                Err(Error::Unsupported(what)) if !self.output.has_samples() => {
                    let reason = what.to_owned();
                    return Err(AudioError::UnsupportedFormat { reason, extension: None }.into());
                }
                Err(error) => {
                    let frames = packet.dur.get();
                    self.output.count_work(frames.max(LOST_FRAMES))?;
                    lost += frames;
                    let rate = f64::from(self.output.sample_rate().max(1));
                    let mut damage = Damage::new(reason(&error)).missing(match rate {
                        1.0 => 0.0,
                        rate => frames as f64 / rate,
                    });
                    damage.at_byte = group.at_byte;
                    self.output.add_damage(damage);
                    continue;
                }
            };
            if decoded.frames() == 0 {
                continue;
            }
            let (packet_rate, count) = (decoded.spec().rate(), decoded.spec().channels().count());
            match self.output.admit(packet_rate, count, decoded.frames()) {
                // The rate changes: what came before is handed out already.
                Err(AudioError::Decode { reason, .. }) if self.output.has_samples() => {
                    self.output.add_damage(Damage::new(reason));
                    return Ok(false);
                }
                result => result?,
            }
            if channels != 0 && channels != count {
                self.output.add_damage(Damage::new("the number of channels changes"));
                continue;
            }
            (rate, channels) = (packet_rate, count);
            if group.packets.len() == 1 {
                decoded.copy_to_vec_interleaved::<f32>(&mut self.interleaved);
            } else {
                decoded.copy_to_vec_interleaved::<f32>(&mut self.packet);
                self.interleaved.extend_from_slice(&self.packet);
            }
        }
        if channels == 0 {
            // Without time stamps nothing else shows how much is missing.
            let (rate, is_timed) = (self.output.sample_rate(), group.start.or(group.end).is_some());
            if lost > 0 && !is_timed && self.output.has_samples() {
                self.output.push_silence(sink, lost, rate, self.output.channels())?;
            }
            return Ok(true);
        }
        self.place(&group, rate, channels, sink)?;
        Ok(true)
    }

    /// Hands out the decoded frames of a group at their time, less what is discarded.
    fn place(
        &mut self,
        group: &Group,
        rate: u32,
        channels: usize,
        sink: Sink<'_>,
    ) -> Result<(), AudioError> {
        let decoded = (self.interleaved.len() / channels) as u64;
        let frames = |ticks: Ticks| ticks.frames(rate).max(0).unsigned_abs();
        let (lead, tail) =
            group.discard.map_or((0, 0), |(lead, tail)| (frames(lead), frames(tail)));
        let delay = self.delay_left.min(decoded);
        self.delay_left -= delay;
        let lead = (lead + delay).min(decoded);
        let mut end = decoded - tail.min(decoded - lead);

        let mut start = group.start.map(|start| start.frames(rate));
        if let Some(group_end) = group.end.map(|end| end.frames(rate)) {
            let by_end = group_end.saturating_sub(i64::try_from(decoded).unwrap_or(i64::MAX));
            let here = self.output.stream_frames();
            if start.is_none() {
                if here == 0 && !self.output.stream_has_begun() && by_end > 0 && !group.trim_at_end
                {
                    self.output.remove_offset(by_end);
                }
                // On the last page the time is that of the end of the sound, not of the packets.
                start = Some(if group.trim_at_end {
                    by_end.max(self.output.stream_frames())
                } else {
                    by_end
                });
            }
            if let Some(start) = start.filter(|_| group.trim_at_end) {
                let presented = group_end.saturating_sub(start).max(0).unsigned_abs();
                end = end.min(presented).max(lead);
            }
        }
        self.output.mark_begun();
        let interleaved = &self.interleaved[lead as usize * channels..end as usize * channels];
        let block = Block { interleaved, channels, sample_rate: rate };
        if block.interleaved.is_empty() {
            return Ok(());
        }
        match start {
            Some(start) => {
                let start = start.saturating_add(i64::try_from(lead).unwrap_or(0));
                self.output.push_at(sink, block, start, group.exact)
            }
            None => self.output.push(sink, block),
        }
    }

    /// The checks that only the end of a stream allows.
    fn close(&mut self) {
        if self.decoder.finalize().verify_ok == Some(false) && !self.output.is_damaged() {
            let message = "the decoded samples do not have the checksum in the header";
            self.output.add_damage(Damage::new(message));
        }
    }

    /// Compares the length with that in the header.
    fn check_end(&mut self, promised: u64) {
        let decoded = self.output.stream_frames().max(0).unsigned_abs();
        if decoded < promised {
            let missing = (promised - decoded) as f64 / f64::from(self.output.sample_rate().max(1));
            let message = format!(
                "the header promises {promised} samples, {decoded} could be decoded; the file was cut \
                 short or a part is unreadable"
            );
            self.output.add_damage(Damage::new(message).missing(missing));
        }
    }
}

/// A decoder for a track, unless it would need too much memory.
fn decoder(
    params: &AudioCodecParameters,
    limits: &DecodeLimits,
) -> Result<Box<dyn AudioDecoder>, AudioError> {
    let channels = params.channels.as_ref().map_or(1, |channels| channels.count());
    if let Some(rate) = params.sample_rate {
        limits.max_frames(rate, channels)?;
    }
    let too_large = |n: Option<u64>| n.is_some_and(|n| n > MAX_PACKET_FRAMES);
    if too_large(params.max_frames_per_packet) || too_large(params.frames_per_block) {
        return Err(AudioError::TooComplex { what: "frames in a packet" });
    }
    let extra_data = params.extra_data.as_deref().unwrap_or_default();
    if extra_data.len() > MAX_EXTRA_DATA {
        return Err(AudioError::TooComplex { what: "the description of a codec" });
    }
    match params.codec {
        CODEC_ID_VORBIS => {
            // Behind the identification header of 30 bytes.
            let setup = extra_data.get(30..).unwrap_or_default();
            vorbis::check_setup(setup)?;
        }
        CODEC_ID_ALAC => mp4::check_alac(extra_data)?,
        _ => {}
    }
    // Verification compares FLAC with the MD5 sum of the encoder.
    let options = AudioDecoderOptions::default().verify(true);
    codecs().make_audio_decoder(params, &options).map_err(|error| match error {
        Error::Unsupported(reason) => {
            AudioError::UnsupportedFormat { reason: reason.to_owned(), extension: None }
        }
        error => AudioError::damaged(reason(&error)),
    })
}

/// Symphonia's decoders, and that of Opus.
fn codecs() -> &'static CodecRegistry {
    static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        #[cfg(feature = "opus")]
        codecs.register_audio_decoder::<super::opus::OpusDecoder>();
        codecs
    });
    &CODECS
}
