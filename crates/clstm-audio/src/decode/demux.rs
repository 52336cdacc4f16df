//! What demuxers hand to the decoder.

use std::io;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::packet::Packet;

use super::opus_head::Head;
use super::scan::Failure;
use super::splice::DiskFailure;
use super::splice::Refused;
use crate::error::AudioError;
use crate::report::{Damage, DecodeNote};

/// Time in ticks of `per_second` Hz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticks {
    pub(super) value: i64,
    pub(super) per_second: u32,
}

impl Ticks {
    /// The nearest frame at `rate` Hz.
    pub(super) fn frames(self, rate: u32) -> i64 {
        let per_second = i128::from(self.per_second.max(1));
        let scaled = i128::from(self.value) * i128::from(rate) * 2 + per_second;
        i64::try_from(scaled.div_euclid(2 * per_second)).unwrap_or(i64::MAX)
    }
}

/// Packets that belong together, in order, and their place in time.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) packets: Vec<Packet>,
    /// Presentation time of the first decoded frame, discarded or not. Negative times are not
    /// presented.
    pub(super) start: Option<Ticks>,
    /// Whether `start` is not rounded.
    pub(super) exact: bool,
    /// Presentation time behind the last decoded frame, where that is known instead of `start`.
    pub(super) end: Option<Ticks>,
    /// Whether no frame behind `end` is presented.
    pub(super) trim_at_end: bool,
    /// Presentation time of the first frame of a stream, where the container gives it apart from `end`.
    pub(super) begins_at: Option<Ticks>,
    /// Decoded time that is not presented, at the beginning and at the end of the group.
    pub(super) discard: Option<(Ticks, Ticks)>,
    /// First byte in the input, where it is known.
    pub(super) at_byte: Option<u64>,
    /// What is missing before the group. The time stamps show how long it is.
    pub(super) missing_before: Option<Damage>,
}

impl Group {
    pub(super) fn of(packet: Packet) -> Self {
        Self { packets: vec![packet], ..Self::default() }
    }
}

/// The next thing in an input.
#[derive(Debug)]
pub(super) enum Event {
    Group(Group),
    /// Another stream follows, with its own parameters; its times begin at 0 again.
    NewStream,
    /// A part that is missing or was left out.
    Damage(Damage),
    Note(DecodeNote),
}

/// A container of audio.
pub(super) trait Demuxer {
    /// Parameters of the decoded track.
    fn params(&self) -> &AudioCodecParameters;

    /// The next event; `None` at the end.
    fn next(&mut self) -> Result<Option<Event>, Failure>;

    /// Decoded frames at the beginning that are the encoder's delay.
    fn delay(&self) -> u64 {
        0
    }

    /// Length of the presentation by the header, in seconds.
    fn header_duration_s(&self) -> Option<f64> {
        None
    }

    /// Presented frames of the whole track, where the container counts exactly.
    fn promised_frames(&self) -> Option<u64> {
        None
    }
}

/// How a container of Symphonia is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeStamps {
    /// Packets follow each other without gaps.
    Ignored,
    /// Time stamps show gaps.
    Used,
}

/// A demuxer of Symphonia.
pub(super) struct SymphoniaDemuxer<'a> {
    reader: Box<dyn FormatReader + 'a>,
    track_id: u32,
    params: AudioCodecParameters,
    per_second: u32,
    time_stamps: TimeStamps,
    promised_frames: Option<u64>,
    header_duration_s: Option<f64>,
    delay: u64,
    /// Whether the input ends where an element ends, so that an unexpected end is none.
    ends_cleanly: bool,
    /// Nanoseconds at the end of the last packet that are not presented.
    end_discard_ns: u64,
    /// Bytes of all packets, where they fill a known range, and bytes of the packets so far.
    expected_bytes: Option<u64>,
    bytes: u64,
    /// The packet before the one to come, which may be the last.
    held: Option<Packet>,
    /// What follows the last packet.
    after: Option<Event>,
    ended: bool,
}

impl<'a> SymphoniaDemuxer<'a> {
    /// Uses audio track number `index` of `reader`, from 0.
    pub(super) fn new(
        reader: Box<dyn FormatReader + 'a>,
        index: usize,
        time_stamps: TimeStamps,
        counts_exactly: bool,
        ends_cleanly: bool,
    ) -> Result<Self, AudioError> {
        let track = audio_tracks(reader.as_ref()).nth(index).ok_or(AudioError::NoAudioTrack)?;
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err(AudioError::NoAudioTrack);
        };
        let promised = track.num_frames.filter(|_| counts_exactly);
        let rate = f64::from(params.sample_rate.unwrap_or(0));
        let duration_s = track.num_frames.map(|frames| frames as f64 / rate);
        let time_base = track.time_base.map(|base| (base.numer.get(), base.denom.get()));
        let (id, mut params) = (track.id, params.clone());
        let mut delay = 0;
        if params.codec == CODEC_ID_OPUS
            && let Some(head) = &params.extra_data
        {
            delay = Head::read(head)?.pre_skip as u64;
            params.extra_data = Some(Head::without_pre_skip(head).into_boxed_slice());
        }
        // Only time bases of whole ticks a second can be used.
        let per_second = match time_base {
            Some((numer, denom)) if denom % numer == 0 => denom / numer,
            _ => 0,
        };
        Ok(Self {
            reader,
            track_id: id,
            params,
            per_second,
            time_stamps: if per_second == 0 { TimeStamps::Ignored } else { time_stamps },
            promised_frames: promised,
            header_duration_s: duration_s.filter(|s| s.is_finite() && *s > 0.0),
            delay,
            ends_cleanly,
            end_discard_ns: 0,
            expected_bytes: None,
            bytes: 0,
            held: None,
            after: None,
            ended: false,
        })
    }
}

impl SymphoniaDemuxer<'_> {
    /// Leaves out the first frames of the track, which are the encoder's delay.
    pub(super) fn discard_at_start(mut self, frames: u64) -> Self {
        self.delay = self.delay.max(frames);
        self
    }

    /// Leaves out the last frames of the track, by which the encoder filled its last packet.
    pub(super) fn discard_frames_at_end(self, frames: u64) -> Self {
        let rate = u64::from(self.params.sample_rate.unwrap_or(0).max(1));
        let nanoseconds = frames.saturating_mul(1_000_000_000).div_ceil(rate);
        self.discard_at_end(nanoseconds)
    }

    /// Leaves out the last nanoseconds of the track.
    pub(super) fn discard_at_end(mut self, nanoseconds: u64) -> Self {
        self.end_discard_ns = nanoseconds;
        self
    }

    /// Packets of `bytes` in all are to be expected, if it is given; what lies between or behind them is damage.
    pub(super) fn expect_bytes(mut self, bytes: Option<u64>) -> Self {
        self.expected_bytes = bytes;
        self
    }

    /// Damage if some of the bytes were in no packet.
    fn unused_bytes(&mut self) -> Option<Event> {
        let unused = self.expected_bytes.take()?.checked_sub(self.bytes).filter(|n| *n > 0)?;
        let message = format!("{unused} bytes between or behind the frames are not audio");
        Some(Event::Damage(Damage::new(message)))
    }

    fn group(&self, packet: Packet) -> Group {
        let start = Ticks { value: packet.pts.get(), per_second: self.per_second };
        let start = (self.time_stamps == TimeStamps::Used).then_some(start);
        Group { start, exact: self.promised_frames.is_some(), ..Group::of(packet) }
    }

    /// The last packet, at the end.
    fn last(&mut self) -> Option<Event> {
        let packet = self.held.take()?;
        let none = Ticks { value: 0, per_second: 1 };
        let value = i64::try_from(self.end_discard_ns).unwrap_or(0);
        let tail = Ticks { value, per_second: 1_000_000_000 };
        Some(Event::Group(Group { discard: Some((none, tail)), ..self.group(packet) }))
    }
}

/// The audio tracks of a container, in their order.
pub(super) fn audio_tracks<'r>(
    reader: &'r (dyn FormatReader + 'r),
) -> impl Iterator<Item = &'r symphonia::core::formats::Track> {
    reader.tracks().iter().filter(|track| track.track_type() == Some(TrackType::Audio))
}

impl Demuxer for SymphoniaDemuxer<'_> {
    fn params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn next(&mut self) -> Result<Option<Event>, Failure> {
        while !self.ended {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(self.last().or_else(|| self.unused_bytes())),
                Err(error) => {
                    self.ended = true;
                    return match error {
                        Error::IoError(error) if is_own(&error) => Err(own(error)),
                        Error::IoError(error)
                            if error.kind() == io::ErrorKind::UnexpectedEof
                                && self.ends_cleanly =>
                        {
                            Ok(self.last())
                        }
                        error => {
                            let damage = Event::Damage(Damage::new(reason(&error)));
                            Ok(Some(match self.held.take() {
                                Some(packet) => {
                                    self.after = Some(damage);
                                    Event::Group(self.group(packet))
                                }
                                None => damage,
                            }))
                        }
                    };
                }
            };
            if packet.track_id != self.track_id {
                continue;
            }
            self.bytes += packet.data.len() as u64;
            let packet = match self.end_discard_ns {
                0 => packet,
                _ => match self.held.replace(packet) {
                    Some(before) => before,
                    None => continue,
                },
            };
            return Ok(Some(Event::Group(self.group(packet))));
        }
        Ok(self.after.take())
    }

    fn delay(&self) -> u64 {
        self.delay
    }

    fn header_duration_s(&self) -> Option<f64> {
        self.header_duration_s
    }

    fn promised_frames(&self) -> Option<u64> {
        self.promised_frames
    }
}

/// Whether an error comes from the disk or from a limit, not from the content.
pub(super) fn is_own(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<DiskFailure>() || inner.is::<Refused>())
}

/// An error for which [`is_own`] holds.
fn own(error: io::Error) -> Failure {
    if let Some(refused) = error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
        return Failure::Audio((*refused).into());
    }
    match error.into_inner().map(|inner| inner.downcast::<DiskFailure>()) {
        Some(Ok(disk)) => Failure::Io(disk.0),
        // Not reached: `is_own` holds.
        _ => Failure::Io(io::ErrorKind::Other.into()),
    }
}

/// What Symphonia found wrong with the content, in words.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the file ends too early; it was cut short".to_owned()
        }
        Error::IoError(error) => error.to_string(),
        Error::DecodeError(what) | Error::LimitError(what) | Error::Unsupported(what) => {
            (*what).to_owned()
        }
        error => error.to_string(),
    }
}

/// An error of Symphonia before any sample was decoded.
pub(super) fn failure(error: Error, extension: Option<&str>) -> Failure {
    match error {
        Error::IoError(error) if is_own(&error) => own(error),
        Error::Unsupported(reason) => AudioError::UnsupportedFormat {
            reason: reason.to_owned(),
            extension: extension.map(str::to_owned),
        }
        .into(),
        error => AudioError::damaged(reason(&error)).into(),
    }
}
