//! Driving the demuxer and the decoder, group by group.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;

use super::aac::SbrDetector;
use super::demux::{Demuxer, Event, Group, Ticks, reason};
use super::doubtful::{Doubtful, is_close};
use super::limits::DecodeLimits;
use super::open::{Input, Opened};
use super::output::{Block, Output, Sink};
use super::rate::RateConverter;
use super::scan::Failure;
use super::select::SelectedTrack;
use super::{mp4, vorbis};
use crate::error::AudioError;
use crate::level::replace_unusable;
use crate::report::{Damage, DecodeNote, DecodeReport};

/// Longest description that a container may give a decoder, in bytes.
const MAX_EXTRA_DATA: usize = 1 << 20;
/// Most frames in a packet or a block of one.
const MAX_PACKET_FRAMES: u64 = 1 << 17;
/// Most time at the end of the last packets that encoders fill: the longest packet of Opus.
const LONGEST_FILLING: Ticks = Ticks { value: 120, per_second: 1000 };
/// Time by which a time stamp goes back where it is wrong. Jitter of recorders is less.
const BACK: Ticks = Ticks { value: 250, per_second: 1000 };
/// Frames that a packet counts for if it cannot be decoded.
const LOST_FRAMES: u64 = 1024;

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

/// Decodes a track of `input` into `sink`.
pub(super) fn decode(
    input: &dyn Input,
    track: SelectedTrack<'_>,
    limits: &DecodeLimits,
    sink: Sink<'_>,
) -> Result<DecodeReport, AudioError> {
    let SelectedTrack { opened, notes, .. } = track;
    let container = opened.container;
    let mut output = Output::new(limits.clone());
    notes.into_iter().for_each(|note| output.note(note));
    match contain(|| Session::run(opened, limits, &mut output, sink)) {
        Some(Ok(())) => {}
        Some(Err(Failure::Audio(error))) => return Err(error),
        Some(Err(Failure::Io(error))) => return Err(input.io_error(error)),
        None => output.add_damage(Damage::new(PANICKED)),
    }
    if output.has_samples() {
        return match output.has_usable_samples() {
            true => Ok(output.finish(container)),
            false => Err(AudioError::NonFinite { at: 0 }),
        };
    }
    Err(output.into_damage().unwrap_or(AudioError::NoSamples))
}

/// A decoder and what it has been given. Its output is not part of it: what was handed out before a panic of the
/// decoder counts.
pub(super) struct Session {
    decoder: Box<dyn AudioDecoder>,
    /// Decoded frames that are still to be discarded.
    delay_left: u64,
    /// Frames of the current stream by its header.
    promised: Option<u64>,
    /// Damage of which the next time stamp shows how long it is.
    missing: Option<Damage>,
    /// A group that waits for the next one to show where it belongs.
    doubtful: Option<Doubtful>,
    /// Frame behind the last group, by the time stamps.
    end_by_time: Option<i64>,
    sbr: Option<SbrDetector>,
    /// Where the stream has another rate than the recording.
    converter: Option<RateConverter>,
    /// `[frames, channels]`
    interleaved: Vec<f32>,
    packet: Vec<f32>,
}

impl Session {
    /// A session at the beginning of a stream, whose first `delay` frames are left out and which has `promised` frames by its
    /// header.
    pub(super) fn new(
        params: &AudioCodecParameters,
        delay: u64,
        promised: Option<u64>,
        limits: &DecodeLimits,
    ) -> Result<Self, AudioError> {
        Ok(Self {
            decoder: decoder(params, limits)?,
            delay_left: delay,
            promised,
            missing: None,
            doubtful: None,
            end_by_time: None,
            sbr: (params.codec == CODEC_ID_AAC).then(SbrDetector::default),
            converter: None,
            interleaved: Vec::new(),
            packet: Vec::new(),
        })
    }

    /// Decodes an opened track.
    pub(super) fn run(
        mut opened: Opened<'_>,
        limits: &DecodeLimits,
        output: &mut Output,
        sink: Sink<'_>,
    ) -> Result<(), Failure> {
        opened.damage.take().into_iter().for_each(|damage| output.add_damage(damage));
        let demuxer = opened.demuxer.as_mut();
        let (delay, promised) = (demuxer.delay(), demuxer.promised_frames());
        let mut session = Self::new(demuxer.params(), delay, promised, limits)?;
        loop {
            output.check_deadline()?;
            match demuxer.next()? {
                None => break,
                Some(Event::Note(note)) => output.note(note),
                Some(Event::Damage(damage)) => output.add_damage(damage),
                Some(Event::Group(group)) => session.group(group, output, sink)?,
                Some(Event::NewStream) => {
                    session.close(output, sink)?;
                    match decoder(demuxer.params(), limits) {
                        Ok(decoder) => session.decoder = decoder,
                        Err(error) if output.has_samples() => {
                            let damage = Damage::new(error.to_string());
                            output.add_damage(damage.missing(rest_s(demuxer)?));
                            return Ok(());
                        }
                        Err(error) => return Err(error.into()),
                    }
                    session.delay_left = demuxer.delay();
                    session.promised = demuxer.promised_frames();
                    output.begin_stream();
                }
            }
        }
        session.close(output, sink)?;
        if session.sbr.as_ref().is_some_and(SbrDetector::has_sbr) {
            let sample_rate = output.sample_rate();
            output.note(DecodeNote::HalfBandwidth { sample_rate });
        }
        Ok(())
    }

    /// Decodes a group and hands it out.
    pub(super) fn group(
        &mut self,
        mut group: Group,
        output: &mut Output,
        sink: Sink<'_>,
    ) -> Result<(), Failure> {
        self.interleaved.clear();
        if let Some(damage) = group.missing_before.take() {
            Damage::add(&mut self.missing, damage);
        }
        let is_timed = group.start.or(group.end).is_some();
        let packets = std::mem::take(&mut group.packets);
        let (mut rate, mut channels, mut lost, mut last) = (0, 0, 0, 0);
        for packet in &packets {
            if let Some(sbr) = &mut self.sbr {
                sbr.observe(&packet.data);
            }
            let decoded = match self.decoder.decode(packet) {
                Ok(decoded) => decoded,
                Err(Error::Unsupported(what)) if !output.has_samples() => {
                    let reason = what.to_owned();
                    return Err(AudioError::UnsupportedFormat { reason, extension: None }.into());
                }
                Err(error) => {
                    let frames = packet.dur.get();
                    output.count_work(frames.max(LOST_FRAMES))?;
                    lost += frames;
                    let rate = f64::from(output.sample_rate().max(1));
                    let mut damage = Damage::new(reason(&error)).missing(match rate {
                        1.0 => 0.0,
                        rate => frames as f64 / rate,
                    });
                    damage.at_byte = group.at_byte;
                    if frames == 0 && is_timed {
                        Damage::add(&mut self.missing, damage);
                    } else {
                        output.add_damage(damage);
                    }
                    continue;
                }
            };
            if decoded.frames() == 0 {
                continue;
            }
            let (packet_rate, count) = (decoded.spec().rate(), decoded.spec().channels().count());
            output.admit(packet_rate, count, decoded.frames())?;
            if rate != 0 && rate != packet_rate {
                output.add_damage(Damage::new("the sample rate changes within a packet"));
                continue;
            }
            if channels != 0 && channels != count {
                output.add_damage(Damage::new("the number of channels changes"));
                continue;
            }
            (rate, channels, last) = (packet_rate, count, decoded.frames());
            if packets.len() == 1 {
                decoded.copy_to_vec_interleaved::<f32>(&mut self.interleaved);
            } else {
                decoded.copy_to_vec_interleaved::<f32>(&mut self.packet);
                self.interleaved.extend_from_slice(&self.packet);
            }
        }
        if channels == 0 {
            // Without time stamps nothing else shows how much is missing.
            let rate = output.sample_rate();
            let lost = self.converter.as_ref().map_or(lost, |converter| converter.scale(lost));
            if lost > 0 && !is_timed && output.has_samples() {
                output.push_silence(sink, lost, rate, output.channels())?;
            }
            return Ok(());
        }
        let to = output.sample_rate();
        if rate == to {
            self.flush_converter(output, sink)?;
        } else {
            self.settle(None, output, sink)?;
            self.convert(rate, channels, &mut group, output, sink)?;
        }
        self.place(&group, last, to, channels, output, sink)?;
        Ok(())
    }

    /// Converts the decoded samples of a group to the rate of the recording. Its times become those of the whole
    /// stream: the converter holds samples back.
    fn convert(
        &mut self,
        rate: u32,
        channels: usize,
        group: &mut Group,
        output: &mut Output,
        sink: Sink<'_>,
    ) -> Result<(), AudioError> {
        let at_s = output.seconds().unwrap_or(0.0);
        if let Some((first, count)) = replace_unusable(&mut self.interleaved) {
            let at_s = at_s + (first / channels) as f64 / f64::from(rate.max(1));
            let frames = count.div_ceil(channels);
            output.add_damage(Damage::unusable_samples(count, frames, rate, at_s));
        }
        let before = self.converter.take_if(|converter| !converter.takes(rate, channels));
        if let Some(mut before) = before {
            before.finish(output, sink)?;
        }
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => {
                let new = RateConverter::new(rate, output.sample_rate(), channels)?;
                self.delay_left = new.scale(self.delay_left);
                // Less one frame, for rounding.
                self.promised = self.promised.map(|n| new.scale(n).saturating_sub(1));
                none.insert(new)
            }
        };
        let frames = |ticks: Ticks| ticks.frames(output.sample_rate()).max(0).unsigned_abs();
        if let Some((lead, tail)) = group.discard.take() {
            self.delay_left = self.delay_left.saturating_add(frames(lead));
            converter.discard_at_end = frames(tail);
        }
        converter.end = group.end.filter(|_| group.trim_at_end).map(frames);
        (group.start, group.end) = (None, None);
        converter.convert(&mut self.interleaved)
    }

    /// Hands out what is held back at the end of a stream.
    pub(super) fn flush(&mut self, output: &mut Output, sink: Sink<'_>) -> Result<(), AudioError> {
        self.settle(None, output, sink)?;
        self.flush_converter(output, sink)
    }

    fn flush_converter(&mut self, output: &mut Output, sink: Sink<'_>) -> Result<(), AudioError> {
        self.converter.take().map_or(Ok(()), |mut converter| converter.finish(output, sink))
    }

    /// Hands out a group that waits: the next one begins at frame `next` by its time.
    fn settle(
        &mut self,
        next: Option<i64>,
        output: &mut Output,
        sink: Sink<'_>,
    ) -> Result<(), AudioError> {
        self.doubtful.take().map_or(Ok(()), |doubtful| doubtful.place(next, output, sink))
    }

    /// Hands out the decoded frames of a group at their time, less what is discarded. Its last packet has `last` frames.
    fn place(
        &mut self,
        group: &Group,
        last: usize,
        rate: u32,
        channels: usize,
        output: &mut Output,
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
        if let Some(start) = start {
            self.check_order(group, start, [lead, end], output);
        }
        let group_end = group.end.map(|end| end.frames(rate));
        let count = i64::try_from(decoded).unwrap_or(i64::MAX);
        self.settle(group_end.map(|end| end.saturating_sub(count)), output, sink)?;
        let mut doubted = None;
        if let Some(group_end) = group_end {
            let by_end = group_end.saturating_sub(count);
            let is_first = !output.stream_has_begun();
            let here = match group.begins_at.filter(|_| is_first) {
                Some(start) => start.frames(rate),
                None => output.stream_frames(),
            };
            // Where something is missing, the time alone shows how much.
            let contradicts = self.missing.is_none() && !is_close(by_end, here, rate);
            let is_late = by_end > here;
            if start.is_none() {
                start = Some(by_end);
                if group.trim_at_end {
                    // On the last page the time is that of the end of the sound, not of the packets.
                    start = Some(by_end.max(here));
                    if contradicts && is_late {
                        start = Some(here);
                        output.add_damage(contradiction(group));
                    }
                } else if is_first && by_end > 0 {
                    output.remove_offset(by_end);
                } else if contradicts && is_first != is_late {
                    doubted = Some((here, group_end));
                } else if output.stream_frames() > 0 {
                    // Nothing is presented again.
                    start = Some(by_end.max(here));
                    if contradicts {
                        output.add_damage(contradiction(group));
                    }
                }
            }
            if let Some(start) = start.filter(|_| group.trim_at_end) {
                // Encoders fill the last packet; more than that is no filling.
                let filled = start.saturating_add(count).saturating_sub(group_end).max(0);
                let filled = filled.unsigned_abs();
                if filled <= (last as u64).max(frames(LONGEST_FILLING)) {
                    end = end.min(decoded.saturating_sub(filled)).max(lead);
                } else {
                    output.add_damage(contradiction(group));
                }
            }
        }
        output.mark_begun();
        let interleaved = &self.interleaved[lead as usize * channels..end as usize * channels];
        let block = Block { interleaved, channels, sample_rate: rate };
        if block.interleaved.is_empty() {
            return Ok(());
        }
        let missing = self.missing.take();
        let Some(start) = start else {
            missing.into_iter().for_each(|damage| output.add_damage(damage));
            return output.push(sink, block);
        };
        let lead = i64::try_from(lead).unwrap_or(0);
        let start = start.saturating_add(lead);
        if let Some((here, ends_at)) = doubted {
            let (by_time, by_order) = (start, here.saturating_add(lead));
            self.doubtful =
                Some(Doubtful::new(block, by_time, by_order, ends_at, contradiction(group)));
            return Ok(());
        }
        if let Some(damage) = missing {
            let gap = start.saturating_sub(output.stream_frames()).max(0);
            output.add_damage(damage.missing(gap as f64 / f64::from(rate.max(1))));
        }
        output.push_at(sink, block, start, group.exact)
    }

    /// Reports a group whose time stamp, frame `start`, goes back behind the group before it: one of the two is wrong. Of its
    /// decoded frames the range `presented` is presented.
    fn check_order(&mut self, group: &Group, start: i64, presented: [u64; 2], output: &mut Output) {
        let [first, end] = presented.map(|n| start.saturating_add_unsigned(n));
        let back = self.end_by_time.map_or(0, |before| before.saturating_sub(first));
        if back > BACK.frames(output.sample_rate()) {
            let seconds = back as f64 / f64::from(output.sample_rate().max(1));
            let message = format!("a time stamp goes back by {seconds:.2} s: times may be wrong");
            output.add_damage(Damage { at_byte: group.at_byte, ..Damage::new(message) });
        }
        self.end_by_time = Some(end);
    }

    /// The checks that only the end of a stream allows.
    fn close(&mut self, output: &mut Output, sink: Sink<'_>) -> Result<(), AudioError> {
        self.flush(output, sink)?;
        self.missing.take().into_iter().for_each(|damage| output.add_damage(damage));
        self.end_by_time = None;
        if self.decoder.finalize().verify_ok == Some(false) && !output.is_damaged() {
            let message = "the decoded samples do not have the checksum in the header";
            output.add_damage(Damage::new(message));
        }
        if let Some(promised) = self.promised {
            check_end(output, promised);
        }
        Ok(())
    }
}

/// The damage of a time stamp that is not used.
fn contradiction(group: &Group) -> Damage {
    let message = "a time stamp contradicts the length of the sound before it and was ignored";
    Damage { at_byte: group.at_byte, ..Damage::new(message) }
}

/// Compares the length with that in the header.
fn check_end(output: &mut Output, promised: u64) {
    let decoded = output.stream_frames().max(0).unsigned_abs();
    if decoded < promised {
        let missing = (promised - decoded) as f64 / f64::from(output.sample_rate().max(1));
        let message = format!(
            "the header promises {promised} samples, {decoded} could be decoded; the file was cut \
             short or a part is unreadable"
        );
        output.add_damage(Damage::new(message).missing(missing));
    }
}

/// Seconds of what the demuxer has left, as far as its time stamps, or else its packets, show.
fn rest_s(demuxer: &mut dyn Demuxer) -> Result<f64, Failure> {
    let seconds = |ticks: Ticks| ticks.value as f64 / f64::from(ticks.per_second.max(1));
    let (mut all_s, mut packets_s, mut end_s) = (0.0, 0.0, 0.0_f64);
    while let Some(event) = demuxer.next()? {
        match event {
            Event::Group(group) => {
                let frames: u64 = group.packets.iter().map(|packet| packet.dur.get()).sum();
                packets_s += frames as f64 / f64::from(demuxer.params().sample_rate.unwrap_or(1));
                end_s = end_s.max(group.end.or(group.start).map_or(0.0, seconds));
            }
            Event::NewStream => {
                all_s += if end_s > 0.0 { end_s } else { packets_s };
                (packets_s, end_s) = (0.0, 0.0);
            }
            Event::Damage(_) | Event::Note(_) => {}
        }
    }
    Ok(all_s + if end_s > 0.0 { end_s } else { packets_s })
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
