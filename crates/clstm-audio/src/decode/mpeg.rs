//! MPEG audio (MP1, MP2, MP3) and ADTS AAC: frames that follow each other without an index.
//!
//! The stream is walked from frame header to frame header. Where the chain breaks, the walk continues at the
//! next place where two frames follow each other, and what lies between is reported as damage. Tags
//! inside the stream (files joined to one) are passed over. Layouts: MPEG header ISO/IEC 11172-3,
//! 2.4.1.3; ADTS header ISO/IEC 13818-7, 6.2; Xing and LAME tags
//! <http://gabriel.mp3-tech.org/mp3infotag.html>; ID3v2 <https://id3.org/id3v2.4.0-structure>.

mod frame;
mod tag;

use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3,
};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

pub(super) use frame::Layer;
use frame::{FrameHeader, HEADER_LEN};
use tag::InfoTag;

use super::demux::{Demuxer, Event, Group, Ticks};
use super::scan::{Failure, Scanner};
use crate::error::AudioError;
use crate::report::Damage;
use crate::sniff::ContainerKind;

/// Bytes searched for the first frame of an input that does not begin with one.
const SEARCH_FIRST: u64 = 1 << 20;

/// The kind of frames that `bytes` begin with, if a second one follows the first.
pub(crate) fn kind_of(bytes: &[u8]) -> Option<ContainerKind> {
    let first = FrameHeader::read(bytes)?;
    let next = FrameHeader::read(bytes.get(first.len..)?)?;
    first.is_followed_by(&next).then_some(match first.layer {
        Layer::Adts => ContainerKind::Adts,
        _ => ContainerKind::Mpeg,
    })
}

/// Bytes of the ID3v2 tag at `at`, header and footer included.
pub(super) fn id3v2_len(scan: &mut Scanner<'_>, at: u64) -> Result<Option<u64>, Failure> {
    let Some(header) = scan.array::<10>(at)?.filter(|header| &header[..3] == b"ID3") else {
        return Ok(None);
    };
    // Four bytes of seven bits each.
    let body = header[6..10].iter().fold(0, |len, &byte| len << 7 | u64::from(byte & 0x7f));
    let footer = if header[5] & 0x10 != 0 { 10 } else { 0 };
    Ok(Some(10 + body + footer))
}

/// Where the first of three consecutive frames is, in an input that begins with something else.
pub(super) fn find(scan: &mut Scanner<'_>, from: u64) -> Result<Option<u64>, Failure> {
    let end = scan.len().min(from.saturating_add(SEARCH_FIRST));
    let mut at = from;
    while let Some(found) = next_sync(scan, at, end)? {
        let mut frame_at = found;
        let mut last: Option<FrameHeader> = None;
        let mut count = 0;
        while count < 3 {
            let Some(header) = header_at(scan, frame_at)? else { break };
            if last.is_some_and(|last| !last.is_followed_by(&header)) {
                break;
            }
            frame_at += header.len as u64;
            last = Some(header);
            count += 1;
        }
        if count == 3 {
            return Ok(Some(found));
        }
        at = found + 1;
    }
    Ok(None)
}

/// The position of the next byte of ones, from which a header may start.
fn next_sync(scan: &mut Scanner<'_>, from: u64, end: u64) -> Result<Option<u64>, Failure> {
    let mut at = from;
    while at < end {
        let window = scan.bytes(at, 4096)?;
        if window.is_empty() {
            return Ok(None);
        }
        match window.iter().position(|byte| *byte == 0xff) {
            Some(found) => return Ok(Some(at + found as u64).filter(|found| *found < end)),
            None => at += window.len() as u64,
        }
    }
    Ok(None)
}

fn header_at(scan: &mut Scanner<'_>, at: u64) -> Result<Option<FrameHeader>, Failure> {
    Ok(FrameHeader::read(scan.bytes(at, HEADER_LEN)?))
}

/// Longest Lyrics3 tag: its length has six digits.
const MAX_LYRICS: usize = 1_000_000;
/// Longest frame: Layer II with 384 kbit/s at 32 kHz has 1,729 bytes, AAC of two channels 1,537.
const MAX_FRAME: u64 = 2048;

/// One step of the walk.
enum Step {
    Frame { at: u64, header: FrameHeader },
    Damage(Damage),
}

/// The position of the walk over the frames.
#[derive(Clone)]
struct Walk {
    at: u64,
    /// The last good frame.
    last: Option<(u64, FrameHeader)>,
    /// The header that the stream has: what does not fit it is no frame.
    stream: FrameHeader,
    /// Whether it is reported that the last frame is incomplete.
    end_reported: bool,
    /// Up to here a search inside of tags found no frames: nothing is searched twice.
    searched_to: u64,
}

impl Walk {
    /// The next frame or damage; `None` at the end.
    fn step(&mut self, scan: &mut Scanner<'_>) -> Result<Option<Step>, Failure> {
        loop {
            if self.at >= scan.len() {
                return Ok(None);
            }
            let at = self.at;
            let header = header_at(scan, at)?.filter(|header| self.stream.is_followed_by(header));
            if let Some(header) = header {
                let end = at + header.len as u64;
                if end > scan.len() {
                    if std::mem::replace(&mut self.end_reported, true) {
                        self.at = scan.len();
                        return Ok(Some(Step::Frame { at, header }));
                    }
                    let lacking = end - scan.len();
                    let message =
                        format!("the last frame lacks {lacking} bytes; the file was cut short");
                    let missing_s = header.seconds() * lacking as f64 / header.len as f64;
                    let damage = Damage::new(message).missing(missing_s);
                    return Ok(Some(Step::Damage(damage.at_byte(scan.base() + at))));
                }
                // A header with a flipped bit may be valid and give a wrong length.
                let follows = end == scan.len()
                    || header_at(scan, end)?.is_some_and(|next| self.stream.is_followed_by(&next))
                    || tail_len(scan, end)?.is_some();
                let hidden = match follows {
                    true => None,
                    false => self.resync(scan, at + 4, at + MAX_FRAME)?.filter(|next| {
                        // A wrong length is too long, or too short for a stream of equal frames.
                        let last_len = self.last.map_or(0, |(_, last)| last.len as u64);
                        *next < end || (next - at).abs_diff(last_len) <= 1
                    }),
                };
                let Some(next) = hidden else {
                    self.at = end;
                    self.last = Some((at, header));
                    return Ok(Some(Step::Frame { at, header }));
                };
                self.at = next;
                let message =
                    format!("the frame at byte {} has a damaged header", scan.base() + at);
                let damage = Damage::new(message).missing(self.stream.seconds());
                return Ok(Some(Step::Damage(damage.at_byte(scan.base() + at))));
            }
            if let Some(len) = tail_len(scan, at)? {
                self.at = self.behind_tag(scan, at, len)?;
                continue;
            }
            return self.break_at(scan, at).map(Some);
        }
    }

    /// Where the walk continues behind the tag of `len` bytes at `at`: at the first frames inside of it if its length leads
    /// neither to a frame nor to another tag or the end. Such a length would lose the frames.
    fn behind_tag(&mut self, scan: &mut Scanner<'_>, at: u64, len: u64) -> Result<u64, Failure> {
        let end = at.saturating_add(len.max(1));
        let fits = end == scan.len()
            || header_at(scan, end)?.is_some_and(|next| self.stream.is_followed_by(&next))
            || end < scan.len() && tail_len(scan, end)?.is_some();
        if fits {
            return Ok(end);
        }
        let (from, to) = (self.searched_to.max(at + 1), end.min(scan.len()));
        if let Some(found) = self.resync(scan, from, to)? {
            return Ok(found);
        }
        self.searched_to = to;
        Ok(end)
    }

    /// Continues behind a place where no frame is.
    fn break_at(&mut self, scan: &mut Scanner<'_>, at: u64) -> Result<Step, Failure> {
        let len = scan.len();
        // Files joined to one may differ in layer, rate or channels.
        if let Some(next) = self.resync(scan, at, len)? {
            self.at = next;
        } else if let Some((next, header)) = self.other_stream(scan, at)? {
            (self.at, self.stream) = (next, header);
            if next == at {
                self.at = at + header.len as u64;
                self.last = Some((at, header));
                return Ok(Step::Frame { at, header });
            }
        } else {
            self.at = len;
        }
        let gap = self.at - at;
        let frames = gap as f64 / self.last.map_or(self.stream.len, |(_, last)| last.len) as f64;
        let message = match self.at == len {
            true => format!("{gap} bytes behind the last frame are not audio"),
            false => format!("no frame at byte {}; {gap} bytes were passed over", scan.base() + at),
        };
        // What follows the last frame is more often a tag or a page of HTML than a lost frame.
        let lost_s = if self.at == len { 0.0 } else { frames.round() * self.stream.seconds() };
        Ok(Step::Damage(Damage::new(message).missing(lost_s).at_byte(scan.base() + at)))
    }

    /// The first place in `from..end` where two frames of the stream follow each other.
    fn resync(&self, scan: &mut Scanner<'_>, from: u64, end: u64) -> Result<Option<u64>, Failure> {
        let mut at = from;
        while let Some(found) = next_sync(scan, at, end)? {
            if let Some(header) = header_at(scan, found)?
                && self.stream.is_followed_by(&header)
            {
                let next = found + header.len as u64;
                if next == scan.len()
                    || header_at(scan, next)?.is_some_and(|next| header.is_followed_by(&next))
                {
                    return Ok(Some(found));
                }
            }
            at = found + 1;
        }
        Ok(None)
    }

    /// Three consecutive frames of another kind, no further than a frame away.
    fn other_stream(
        &self,
        scan: &mut Scanner<'_>,
        from: u64,
    ) -> Result<Option<(u64, FrameHeader)>, Failure> {
        let mut at = from;
        while let Some(found) = next_sync(scan, at, from + 4096)? {
            if let Some(first) = header_at(scan, found)?
                && first.layer.is_adts() == self.stream.layer.is_adts()
            {
                let second = header_at(scan, found + first.len as u64)?;
                if let Some(second) = second.filter(|second| first.is_followed_by(second)) {
                    let third = found + (first.len + second.len) as u64;
                    if header_at(scan, third)?.is_some_and(|third| first.is_followed_by(&third)) {
                        return Ok(Some((found, first)));
                    }
                }
            }
            at = found + 1;
        }
        Ok(None)
    }
}

/// Bytes of a tag between frames; of zeros, if nothing else follows up to the end.
pub(super) fn tail_len(scan: &mut Scanner<'_>, at: u64) -> Result<Option<u64>, Failure> {
    if let Some(len) = id3v2_len(scan, at)? {
        return Ok(Some(len));
    }
    let start = scan.bytes(at, 32)?;
    if start.starts_with(b"TAG") {
        return Ok(Some(128));
    }
    if start.starts_with(b"APETAGEX") && start.len() >= 24 {
        // The size is that of items and footer; a header of 32 bytes comes before.
        let size = u64::from(u32::from_le_bytes([start[12], start[13], start[14], start[15]]));
        let is_header = start[23] & 0x20 != 0;
        return Ok(Some(if is_header { size + 32 } else { 32 }));
    }
    if start.starts_with(b"LYRICSBEGIN") {
        return lyrics_len(scan, at).map(Some);
    }
    let mut end = at;
    while end < scan.len() {
        let window = scan.bytes(end, 4096)?;
        if window.iter().any(|byte| *byte != 0) {
            return Ok(None);
        }
        end += window.len() as u64;
    }
    Ok(Some(end - at))
}

/// Bytes of the Lyrics3 tag at `at`, which ends with a mark; without one it reaches to the end.
fn lyrics_len(scan: &mut Scanner<'_>, at: u64) -> Result<u64, Failure> {
    let tag = scan.bytes(at, MAX_LYRICS)?;
    let ends = [&b"LYRICSEND"[..], b"LYRICS200"];
    let is_end = |bytes: &[u8]| ends.contains(&bytes);
    let mark = tag.windows(ends[0].len()).position(is_end);
    Ok(mark.map_or(scan.len() - at, |mark| (mark + ends[0].len()) as u64))
}

/// Bytes before the first frame that are neither tags nor, behind a tag, zeros: lost frames or something else.
fn leading_junk(scan: &mut Scanner<'_>, first: u64) -> Result<Option<u64>, Failure> {
    let mut at = 0;
    while at < first
        && let Some(len) = tail_len(scan, at)?
    {
        at = at.saturating_add(len);
    }
    let mut behind = at;
    while at > 0 && behind < first {
        let window = scan.bytes(behind, (first - behind).min(4096) as usize)?;
        if window.iter().any(|byte| *byte != 0) {
            break;
        }
        behind += window.len() as u64;
    }
    // A stream that was recorded from its middle on begins within a frame.
    Ok(Some(first.saturating_sub(behind)).filter(|junk| *junk > MAX_FRAME))
}

/// Frames of MPEG audio or ADTS.
pub(super) struct MpegDemuxer<'a> {
    scan: Scanner<'a>,
    walk: Walk,
    params: AudioCodecParameters,
    /// The stream of `params`.
    current: FrameHeader,
    /// A frame that begins another stream.
    held: Option<(u64, FrameHeader)>,
    /// Frames before the sound by the LAME tag.
    delay: u64,
    /// Frames to present, if the end is known.
    presented: Option<u64>,
    /// Frames of samples of the whole stream, as far as its frames show.
    total: u64,
    /// Frames of samples so far, delay included.
    position: u64,
    /// Damage that is known before the first frame.
    early: Option<Damage>,
}

impl<'a> MpegDemuxer<'a> {
    /// Walks the stream once to count its frames; the first frame is at `first`.
    pub(super) fn open(mut scan: Scanner<'a>, first: u64) -> Result<Self, Failure> {
        let header = header_at(&mut scan, first)?
            .ok_or_else(|| AudioError::damaged("the first frame is damaged"))?;
        let mut walk =
            Walk { at: first, last: None, stream: header, end_reported: false, searched_to: 0 };
        let tag = info_tag(&mut scan, first, &header)?;
        if tag.is_some() {
            walk.at = first + header.len as u64;
        }
        // How many frames there are decides where the encoder's padding begins.
        let (mut frames, mut counting, mut whole) = (0_u64, walk.clone(), true);
        while let Some(step) = counting.step(&mut scan)? {
            match step {
                Step::Frame { at, header } => {
                    frames += u64::from(info_tag(&mut scan, at, &header)?.is_none());
                }
                Step::Damage(_) => whole = false,
            }
        }
        let InfoTag { frames: promised, delay, padding, .. } = tag.unwrap_or_default();
        let total = frames * header.samples as u64;
        let presented = tag.map(|_| total.saturating_sub(u64::from(delay) + u64::from(padding)));
        // Some encoders count the frame of the tag itself, so one frame of doubt remains.
        let missing = promised.map_or(0, |promised| u64::from(promised).saturating_sub(frames));
        let mut early = (missing > 1 && whole).then(|| {
            let promised = promised.unwrap_or(0);
            let message = format!("the header promises {promised} frames, the file has {frames}");
            Damage::new(message).missing(missing as f64 * header.seconds())
        });
        if let Some(junk) = leading_junk(&mut scan, first)? {
            let message = format!("{junk} bytes before the first frame are not audio");
            let lost_s = (junk as f64 / header.len as f64).round() * header.seconds();
            Damage::add(&mut early, Damage::new(message).missing(lost_s).at_byte(scan.base()));
        }
        Ok(Self {
            params: params_of(&header),
            current: header,
            held: None,
            // Of a file with missing frames the end is not the one that the padding was counted for.
            presented: presented.filter(|_| missing <= 1),
            delay: u64::from(delay),
            total: presented.unwrap_or(total),
            position: 0,
            early,
            scan,
            walk,
        })
    }
}

/// The tag in the frame at `at`. Files joined to one have some in the middle.
fn info_tag(
    scan: &mut Scanner<'_>,
    at: u64,
    header: &FrameHeader,
) -> Result<Option<InfoTag>, Failure> {
    Ok(match header.layer {
        Layer::Three => InfoTag::read(scan.bytes(at, header.len)?, header),
        _ => None,
    })
}

fn params_of(header: &FrameHeader) -> AudioCodecParameters {
    let mut params = AudioCodecParameters::new();
    params
        .for_codec(match header.layer {
            Layer::One => CODEC_ID_MP1,
            Layer::Two => CODEC_ID_MP2,
            Layer::Three => CODEC_ID_MP3,
            Layer::Adts => CODEC_ID_AAC,
        })
        .with_sample_rate(header.sample_rate);
    match header.channels {
        1 => params.with_channels(CHANNEL_LAYOUT_MONO),
        2 => params.with_channels(CHANNEL_LAYOUT_STEREO),
        _ => &mut params,
    };
    params
}

impl Demuxer for MpegDemuxer<'_> {
    fn params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn header_duration_s(&self) -> Option<f64> {
        Some(self.total as f64 / f64::from(self.current.sample_rate))
    }

    fn next(&mut self) -> Result<Option<Event>, Failure> {
        if let Some(damage) = self.early.take() {
            return Ok(Some(Event::Damage(damage)));
        }
        let (at, header) = loop {
            let step = match self.held.take() {
                Some((at, header)) => Some(Step::Frame { at, header }),
                None => self.walk.step(&mut self.scan)?,
            };
            match step {
                None => return Ok(None),
                Some(Step::Damage(damage)) => return Ok(Some(Event::Damage(damage))),
                Some(Step::Frame { at, header }) => {
                    if info_tag(&mut self.scan, at, &header)?.is_none() {
                        break (at, header);
                    }
                }
            }
        };
        if !self.current.has_format_of(&header) {
            self.params = params_of(&header);
            self.current = header;
            self.held = Some((at, header));
            (self.position, self.delay, self.presented) = (0, 0, None);
            return Ok(Some(Event::NewStream));
        }
        let mut data =
            self.scan.bytes(at, header.len)?.get(header.payload_at..).unwrap_or_default().to_vec();
        // The last frame may be incomplete; what it has is decoded.
        data.resize(header.len - header.payload_at, 0);
        let samples = header.samples as u64;
        let packet =
            Packet::new(0, Timestamp::from(0), Duration::new(samples), data.into_boxed_slice());
        let start = self.position;
        self.position += samples;
        let lead = self.delay.saturating_sub(start).min(samples);
        let end = self.presented.map_or(u64::MAX, |presented| self.delay + presented);
        let tail = self.position.saturating_sub(end.max(start)).min(samples - lead);
        let ticks = |value: u64| Ticks { value: value as i64, per_second: header.sample_rate };
        let discard = (lead + tail > 0).then(|| (ticks(lead), ticks(tail)));
        let at_byte = Some(self.scan.base() + at);
        Ok(Some(Event::Group(Group { discard, at_byte, ..Group::of(packet) })))
    }
}

#[cfg(test)]
mod tests;
