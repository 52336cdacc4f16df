//! Ogg: packets of the first audio stream with sound, and their place in time.
//!
//! Pages carry a checksum, a number and, as "granule position", the time behind their last packet. What a
//! page lacks shows in all three, so that a lost part is reported and filled with silence. Comments,
//! which can be as large as the file, are passed over. Formats: RFC 3533 (Ogg), RFC 7845 (Opus), the
//! Vorbis I specification, and <https://xiph.org/flac/ogg_mapping.html>.

mod page;
#[cfg(feature = "opus")]
mod push;

use symphonia::core::audio::layouts::CHANNEL_LAYOUT_STEREO;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_OPUS, CODEC_ID_VORBIS};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use page::{Page, Pages};
#[cfg(feature = "opus")]
pub(super) use push::OggPush;

use super::demux::{Demuxer, Event, Group, Ticks};
use super::limits::DecodeLimits;
use super::opus_head::{Head, RATE};
use super::scan::{Failure, Scanner, le};
use super::vorbis;
use crate::error::AudioError;
use crate::report::Damage;

/// Longest packet that is put together, in bytes: Vorbis set-up headers are 4 to 8 KiB, FLAC frames
/// of 8 channels up to 2 MiB.
const MAX_PACKET: usize = 2 << 20;
/// Most logical streams that begin together.
const MAX_STREAMS: usize = 64;
/// Most chained streams: a constant, and one for each 16 KiB of input. A stream of one second takes
/// 4 KiB and more.
const MIN_CHAIN: u64 = 64;
const CHAIN_BYTES: u64 = 16 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Opus,
    Vorbis,
    Flac,
}

/// A logical stream.
struct Stream {
    serial: u32,
    codec: Codec,
    /// Header packets still to come.
    headers_left: u32,
    /// Whether the number of header packets is not known: those of FLAC before its first frame are none of sound.
    skips_headers: bool,
    /// Identification header, and behind it the set-up header of Vorbis.
    headers: Vec<u8>,
    sample_rate: u32,
    channels: usize,
    /// Frames before the sound.
    pre_skip: i64,
    /// The beginning of a packet that continues in the next page.
    partial: Vec<u8>,
    /// Whether the beginning of the open packet is missing or too long to be held.
    skip_partial: bool,
    next_page: Option<u32>,
    /// Whether packets of sound were found.
    begun: bool,
}

/// Packets of an Ogg file.
pub(super) struct OggDemuxer<'a> {
    pages: Pages<'a>,
    limits: DecodeLimits,
    /// Which of the audio streams is used, from 0.
    index: usize,
    /// How many audio streams there are.
    tracks: usize,
    stream: Stream,
    params: AudioCodecParameters,
    /// The first page of the next chained stream.
    held: Option<Page>,
    chained: u64,
    max_chained: u64,
    /// Numbers of the streams that began together, and of those whose beginning is missing.
    serials: Vec<u32>,
    /// Whether the headers of the current stream could be read.
    is_readable: bool,
    /// What is missing before the next packet of the stream.
    missing: Option<Damage>,
    /// Found and not yet handed out.
    queue: std::collections::VecDeque<Event>,
    ended: bool,
}

impl<'a> OggDemuxer<'a> {
    /// Reads the headers of audio stream number `index`.
    pub(super) fn open(
        scan: Scanner<'a>,
        index: usize,
        limits: &DecodeLimits,
    ) -> Result<Self, Failure> {
        let max_chained = MIN_CHAIN + scan.len() / CHAIN_BYTES;
        let mut pages = Pages::new(scan);
        let mut damages = Vec::new();
        let first = pages.next(&mut damages)?;
        let first = first.ok_or_else(|| AudioError::damaged("the Ogg file has no intact page"))?;
        let mut demuxer = Self {
            pages,
            limits: limits.clone(),
            index,
            tracks: 0,
            stream: Stream::unknown(),
            params: AudioCodecParameters::new(),
            held: Some(first),
            chained: 0,
            max_chained,
            serials: Vec::new(),
            is_readable: true,
            missing: None,
            queue: std::collections::VecDeque::new(),
            ended: false,
        };
        demuxer.begin_stream()?;
        demuxer.queue.extend(damages.into_iter().map(Event::Damage));
        Ok(demuxer)
    }

    /// Audio streams that begin together.
    pub(super) fn tracks(&self) -> usize {
        self.tracks
    }

    /// Reads the headers of the streams that begin with the held page.
    fn begin_stream(&mut self) -> Result<(), Failure> {
        self.serials.clear();
        self.is_readable = false;
        let mut streams = Vec::new();
        let mut other = None;
        let mut seen = 0;
        // The first pages of all streams come first.
        while let Some(page) = self.next_page()? {
            if !page.is_first {
                self.held = Some(page);
                break;
            }
            self.serials.push(page.serial);
            seen += 1;
            if seen > MAX_STREAMS {
                return Err(AudioError::TooComplex { what: "streams of an Ogg file" }.into());
            }
            match Stream::of(&page) {
                Ok(stream) => streams.push(stream),
                Err(error) => other = Some(error),
            }
        }
        self.tracks = streams.len();
        if streams.is_empty() {
            return Err(other.unwrap_or(AudioError::NoAudioTrack).into());
        }
        let index = self.index.min(streams.len() - 1);
        self.stream = streams.swap_remove(index);
        while self.stream.headers_left > 0 {
            let Some(page) = self.next_page()? else {
                let reason = "the Ogg file ends within its headers";
                return Err(AudioError::damaged(reason).into());
            };
            if page.serial == self.stream.serial {
                let (packets, _) = self.stream.packets(&page);
                if page.is_first || packets.is_none() {
                    let reason = "the headers of the Ogg file are damaged";
                    return Err(AudioError::damaged(reason).into());
                }
                let mut packets = packets.unwrap_or_default().into_iter();
                while self.stream.headers_left > 0
                    && let Some(packet) = packets.next()
                {
                    self.stream.take_header(packet)?;
                }
                // Sound on the page of the last header, against the rules but seen.
                let rest: Vec<_> = packets.collect();
                if !rest.is_empty() {
                    let group = self.stream.group(rest, &page);
                    self.queue.push_back(Event::Group(group));
                }
            }
        }
        self.params = self.stream.params(&self.limits)?;
        self.is_readable = true;
        Ok(())
    }

    /// Reports a page of a stream whose beginning is missing. Pages of another track are none.
    fn note_foreign(&mut self, page: &Page) {
        if self.serials.len() < 2 * MAX_STREAMS && !self.serials.contains(&page.serial) {
            self.serials.push(page.serial);
            let message = format!("the beginning of the stream at byte {} is missing", page.at);
            self.queue.push_back(Event::Damage(Damage::new(message).at_byte(page.at)));
        }
    }

    fn next_page(&mut self) -> Result<Option<Page>, Failure> {
        if let Some(page) = self.held.take() {
            return Ok(Some(page));
        }
        let mut damages = Vec::new();
        let page = self.pages.next(&mut damages)?;
        self.queue.extend(damages.into_iter().map(Event::Damage));
        Ok(page)
    }
}

impl Demuxer for OggDemuxer<'_> {
    fn params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            if self.ended {
                return Ok(None);
            }
            let Some(page) = self.next_page()? else {
                self.ended = true;
                self.queue.extend(self.missing.take().map(Event::Damage));
                if !self.stream.partial.is_empty() {
                    let message = "the last packet is incomplete; the file was cut short";
                    self.queue.push_back(Event::Damage(Damage::new(message)));
                }
                continue;
            };
            if page.is_first {
                self.queue.extend(self.missing.take().map(Event::Damage));
                self.chained += 1;
                if self.chained > self.max_chained {
                    return Err(AudioError::TooComplex { what: "chained streams" }.into());
                }
                self.held = Some(page);
                match self.begin_stream() {
                    Ok(()) => self.queue.push_front(Event::NewStream),
                    Err(Failure::Audio(
                        error @ (AudioError::TooComplex { .. } | AudioError::DeadlineExceeded),
                    )) => {
                        return Err(error.into());
                    }
                    // Another chained stream may follow.
                    Err(Failure::Audio(error)) => {
                        self.queue.push_back(Event::Damage(Damage::new(error.to_string())));
                    }
                    Err(error) => return Err(error),
                }
                continue;
            }
            if !self.is_readable {
                continue;
            }
            if page.serial != self.stream.serial {
                self.note_foreign(&page);
                continue;
            }
            let expected = self.stream.next_page;
            let (packets, missing) = self.stream.packets(&page);
            if missing {
                let lost = expected.and_then(|expected| page.number.checked_sub(expected));
                let message = match lost {
                    Some(lost) => format!("{lost} pages are missing before byte {}", page.at),
                    None => format!("the pages are out of order at byte {}", page.at),
                };
                self.missing = self.missing.take().or(Some(Damage::new(message).at_byte(page.at)));
            }
            let Some(packets) = packets else {
                return Err(AudioError::TooComplex { what: "bytes of an Ogg packet" }.into());
            };
            if !packets.is_empty() {
                let missing_before = self.missing.take();
                let group = Group { missing_before, ..self.stream.group(packets, &page) };
                self.queue.push_back(Event::Group(group));
            }
        }
    }
}

impl Stream {
    fn unknown() -> Self {
        Self {
            serial: 0,
            codec: Codec::Vorbis,
            headers_left: 0,
            skips_headers: false,
            headers: Vec::new(),
            sample_rate: 0,
            channels: 0,
            pre_skip: 0,
            partial: Vec::new(),
            skip_partial: false,
            next_page: None,
            begun: false,
        }
    }

    /// The stream that begins with `page`.
    fn of(page: &Page) -> Result<Self, AudioError> {
        let packet = page.segments().next().map_or(&[][..], |(packet, _)| packet);
        let mut stream = Self {
            serial: page.serial,
            headers: packet.to_vec(),
            next_page: Some(page.number.wrapping_add(1)),
            ..Self::unknown()
        };
        let damaged = || AudioError::damaged("the first header of the Ogg file is damaged");
        if packet.starts_with(b"OpusHead") {
            let head = Head::read(packet)?;
            // The encoder's delay is left out by its time, which is negative.
            stream.headers = Head::without_pre_skip(packet);
            stream.codec = Codec::Opus;
            stream.headers_left = 1;
            stream.sample_rate = RATE;
            stream.channels = head.channels;
            stream.pre_skip = head.pre_skip as i64;
        } else if packet.starts_with(b"\x01vorbis") {
            let fields = packet.get(11..16).ok_or_else(damaged)?;
            stream.codec = Codec::Vorbis;
            stream.headers_left = 2;
            stream.channels = usize::from(fields[0]);
            stream.sample_rate = le(&fields[1..]) as u32;
        } else if packet.starts_with(b"\x7fFLAC") {
            // 9 bytes of the mapping, `fLaC`, the header of the first block and its 34 bytes.
            let info = packet.get(17..51).ok_or_else(damaged)?;
            stream.codec = Codec::Flac;
            stream.headers_left = u32::from(u16::from_be_bytes([packet[7], packet[8]]));
            stream.skips_headers = stream.headers_left == 0;
            stream.sample_rate =
                u32::from(info[10]) << 12 | u32::from(info[11]) << 4 | u32::from(info[12]) >> 4;
            stream.channels = usize::from(info[12] >> 1 & 7) + 1;
            stream.headers = info.to_vec();
        } else {
            let name = match packet {
                [b'S', b'p', b'e', b'e', b'x', ..] => "Speex",
                [0x80, b't', b'h', b'e', b'o', ..] => return Err(AudioError::NoAudioTrack),
                [b'P', b'C', b'M', ..] => "PCM in Ogg",
                _ => "an unknown codec",
            };
            return Err(AudioError::unsupported_codec(name));
        }
        Ok(stream)
    }

    fn take_header(&mut self, packet: Vec<u8>) -> Result<(), AudioError> {
        self.headers_left -= 1;
        if self.codec == Codec::Vorbis && packet.starts_with(b"\x05vorbis") {
            vorbis::check_setup(&packet)?;
            self.headers.extend(packet);
        }
        Ok(())
    }

    fn params(&self, limits: &DecodeLimits) -> Result<AudioCodecParameters, AudioError> {
        limits.max_frames(self.sample_rate, self.channels)?;
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(match self.codec {
                Codec::Opus => CODEC_ID_OPUS,
                Codec::Vorbis => CODEC_ID_VORBIS,
                Codec::Flac => CODEC_ID_FLAC,
            })
            .with_sample_rate(self.sample_rate)
            .with_extra_data(self.headers.clone().into_boxed_slice());
        if self.channels == 2 {
            params.with_channels(CHANNEL_LAYOUT_STEREO);
        }
        Ok(params)
    }

    /// The packets that `page` completes, `None` if one is too long; and whether a page before it is
    /// missing.
    fn packets(&mut self, page: &Page) -> (Option<Vec<Vec<u8>>>, bool) {
        let missing = self.next_page.is_some_and(|expected| expected != page.number);
        self.next_page = Some(page.number.wrapping_add(1));
        let is_header = self.headers_left > 0;
        if missing || !page.continues {
            self.partial.clear();
            // The rest of a packet without its beginning.
            self.skip_partial = missing && page.continues;
        }
        let mut packets = Vec::new();
        for (part, is_end) in page.segments() {
            if self.partial.len() + part.len() > MAX_PACKET {
                // Only comments are that long: a picture.
                if !is_header {
                    return (None, missing);
                }
                self.skip_partial = true;
                self.partial.clear();
            }
            if !self.skip_partial {
                self.partial.extend_from_slice(part);
            }
            if is_end {
                let packet = std::mem::take(&mut self.partial);
                // Frames of FLAC begin with eight ones.
                self.skips_headers &= packet.first() != Some(&0xff);
                if (!self.skip_partial && !self.skips_headers) || is_header {
                    packets.push(packet);
                }
                self.skip_partial = false;
            }
        }
        (Some(packets), missing)
    }

    /// The packets of a page as one group.
    fn group(&mut self, packets: Vec<Vec<u8>>, page: &Page) -> Group {
        let is_first = !std::mem::replace(&mut self.begun, true);
        let packet = |data: Vec<u8>| {
            Packet::new(0, Timestamp::from(0), Duration::new(0), data.into_boxed_slice())
        };
        let end = page.granule.map(|granule| Ticks {
            value: granule.saturating_sub(self.pre_skip),
            per_second: self.sample_rate,
        });
        // Of a stream of one page the time gives the end alone.
        let start = Ticks { value: -self.pre_skip, per_second: self.sample_rate };
        Group {
            start: (is_first && page.is_last).then_some(start),
            begins_at: is_first.then_some(start),
            exact: true,
            packets: packets.into_iter().filter(|data| !data.is_empty()).map(packet).collect(),
            end,
            trim_at_end: page.is_last,
            at_byte: Some(page.at),
            ..Group::default()
        }
    }
}
