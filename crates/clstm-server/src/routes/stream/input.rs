//! Input of a stream: its parameters, and the samples of its messages.

use axum::http::Uri;
use clstm::audio::{
    AudioError, ContainerKind, Damage, LiveDecoder, not_raw_samples, replace_unusable, sniff,
};
use clstm::{ChannelSelection, RecognizeError, StreamConfig, StreamError};

use crate::api_error::ApiError;
use crate::query::QueryParams;

/// The default sample rate, in Hz.
const DEFAULT_RATE: u32 = 16_000;

/// The rate of a container before its first samples, in Hz: that of all Opus.
const CONTAINER_RATE: u32 = 48_000;

/// First bytes that distinguish samples from the containers that are decoded while they arrive.
const MAGIC_BYTES: usize = 12;

/// Most channels of a container whose channels are recognised by themselves: what a MediaRecorder writes.
const CONTAINER_CHANNELS: usize = 2;

/// Most interleaved channels of raw samples: those of decoded recordings.
const MAX_INTERLEAVED: usize = 32;

/// Bytes at the start of raw samples in which the header of another container is looked for.
const SNIFFED_BYTES: usize = 4096;

/// How audio is announced. Whatever is announced, a stream that begins like a container is decoded as that container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// 16-bit integers, little-endian.
    S16,
    /// 32-bit floating point, little-endian, full scale ±1.
    F32,
    /// WebM, Ogg or fragmented MP4, as browsers record.
    Container,
}

/// The parameters of a stream.
pub(super) struct Params {
    pub(super) model: Option<String>,
    pub(super) rate: u32,
    pub(super) format: Format,
    /// Interleaved channels of raw samples.
    pub(super) interleaved: usize,
    pub(super) channels: ChannelSelection,
    pub(super) config: StreamConfig,
}

impl Params {
    /// # Errors
    /// For wrong parameters, and channels by themselves that are more than `max_channels`.
    pub(super) fn parse(uri: &Uri, max_channels: usize) -> Result<Self, ApiError> {
        let known =
            ["model", "rate", "format", "interleaved", "channels", "hop", "window", "lookahead"];
        let query = QueryParams::parse(uri, &known)?;
        let format = match query.text("format") {
            None | Some("s16le") => Format::S16,
            Some("f32le") => Format::F32,
            Some("webm" | "ogg" | "mp4") => Format::Container,
            Some(other) => {
                let message =
                    format!("format={other} is not `s16le`, `f32le`, `webm`, `ogg` or `mp4`");
                return Err(ApiError::request(message));
            }
        };
        let rate = match (query.number("rate")?, format) {
            (None, Format::Container) => CONTAINER_RATE,
            (Some(_), Format::Container) => {
                return Err(ApiError::request(
                    "`rate` is for raw samples; containers have their own",
                ));
            }
            (rate, _) => rate.unwrap_or(DEFAULT_RATE),
        };
        let live = StreamConfig::live();
        let config = StreamConfig {
            hop_s: query.number("hop")?.unwrap_or(live.hop_s),
            window_s: query.number("window")?,
            lookahead_s: query.number("lookahead")?.or(live.lookahead_s),
            ..live
        };
        let model = query.text("model").map(str::to_owned);
        let channels = query.channels()?;
        let interleaved = match (query.number("interleaved")?, format) {
            (Some(_), Format::Container) => {
                return Err(ApiError::request(
                    "`interleaved` is for raw samples; containers have their own channels",
                ));
            }
            (None, _) => 1,
            (Some(count @ 1..=MAX_INTERLEAVED), _) => count,
            (Some(_), _) => {
                let message = format!("interleaved is a number from 1 to {MAX_INTERLEAVED}");
                return Err(ApiError::request(message));
            }
        };
        if channels != ChannelSelection::Mix && interleaved > max_channels {
            let (channels, max) = (interleaved, max_channels);
            return Err(AudioError::TooManyChannels { channels, max }.into());
        }
        let announced = if format == Format::Container { CONTAINER_CHANNELS } else { interleaved };
        match channels {
            ChannelSelection::One(channel) if channel >= announced => {
                Err(RecognizeError::NoChannel { channel, channels: announced }.into())
            }
            _ => Ok(Self { model, rate, format, interleaved, channels, config }),
        }
    }

    /// Most channels that are recognised by themselves, and so the number of streams that this one counts as. Samples that begin
    /// like a container are decoded as one.
    pub(super) fn streams(&self) -> usize {
        match self.channels {
            ChannelSelection::Each => self.interleaved.max(CONTAINER_CHANNELS),
            _ => 1,
        }
    }
}

/// Turns messages into samples. A message may end in the middle of a sample.
pub(super) struct SampleReader {
    announced: Format,
    /// `None` before the first [`MAGIC_BYTES`].
    decoder: Option<Decoder>,
    /// Rate of raw samples, and of a container before its first samples, in Hz.
    rate: u32,
    /// Interleaved channels of raw samples.
    interleaved: usize,
    /// Whether the channels of a container stay apart instead of being mixed down.
    apart: bool,
    samples: Vec<f32>,
    /// Complete frames so far.
    count: u64,
    /// What is wrong with raw samples.
    raw_damage: Option<Damage>,
    /// The first bytes: those before the decoder is known; of raw samples at most [`SNIFFED_BYTES`].
    head: Vec<u8>,
}

/// State between messages.
enum Decoder {
    /// The first bytes of an incomplete frame; the same below.
    S16(Vec<u8>),
    F32(Vec<u8>),
    Container(Box<LiveDecoder>),
}

impl SampleReader {
    pub(super) fn new(params: &Params) -> Self {
        Self {
            announced: params.format,
            decoder: None,
            rate: params.rate,
            interleaved: params.interleaved,
            apart: params.channels != ChannelSelection::Mix,
            samples: Vec::new(),
            count: 0,
            raw_damage: None,
            head: Vec::new(),
        }
    }

    /// Number of complete samples of each channel so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether the stream is known to hold raw samples.
    pub(super) fn is_raw(&self) -> bool {
        matches!(self.decoder, Some(Decoder::S16(_) | Decoder::F32(_)))
    }

    /// What is missing: of a damaged container, or of raw samples that are NaN, infinite or incomplete.
    pub(super) fn damage(&self) -> Option<&Damage> {
        match &self.decoder {
            Some(Decoder::Container(live)) => live.damage(),
            _ => self.raw_damage.as_ref(),
        }
    }

    /// Reads the samples that a message completes, and hands them to `sink`: interleaved samples `[frames, channels]`, the number
    /// of channels, which is 1 for a container that is mixed down, and the rate in Hz.
    ///
    /// # Errors
    /// If the message is not in the announced format, raw samples begin with the header of a container that cannot be
    /// decoded while it arrives, or a container has too many channels. Those of `sink`.
    pub(super) fn read(&mut self, bytes: &[u8], sink: Sink<'_>) -> Result<(), StreamError> {
        if self.decoder.is_some() {
            return self.decode(bytes, sink);
        }
        self.head.extend_from_slice(bytes);
        if self.head.len() < MAGIC_BYTES {
            return Ok(());
        }
        self.begin(sink)
    }

    /// Reads the samples of a stream that ended before its decoder was known, and what a container holds back.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub(super) fn finish(&mut self, sink: Sink<'_>) -> Result<(), StreamError> {
        if self.decoder.is_none() && !self.head.is_empty() {
            self.begin(sink)?;
        }
        if let Some(Decoder::S16(rest) | Decoder::F32(rest)) = &self.decoder
            && !rest.is_empty()
        {
            let message = "the stream ends within a sample; `format` or `interleaved` may be wrong";
            Damage::add(&mut self.raw_damage, Damage::new(message));
        }
        let Self { decoder: Some(Decoder::Container(live)), samples, count, .. } = self else {
            return Ok(());
        };
        if self.apart {
            return live.finish_channels(|block, channels, rate| {
                *count += (block.len() / channels.max(1)) as u64;
                sink(block, channels, rate)
            });
        }
        samples.clear();
        live.finish(samples)?;
        *count += samples.len() as u64;
        let rate = live.sample_rate().unwrap_or(self.rate);
        if samples.is_empty() { Ok(()) } else { sink(samples, 1, rate) }
    }

    /// Decides by the first bytes how the stream is decoded, and decodes them.
    fn begin(&mut self, sink: Sink<'_>) -> Result<(), StreamError> {
        let bytes = std::mem::take(&mut self.head);
        self.decoder = Some(match (sniff(&bytes), self.announced) {
            (Some(kind), _) => {
                let live = LiveDecoder::new(kind).map_err(|_| refused(kind))?;
                Decoder::Container(Box::new(live))
            }
            (None, Format::S16) => Decoder::S16(Vec::new()),
            (None, Format::F32) => Decoder::F32(Vec::new()),
            (None, Format::Container) => {
                let reason =
                    "the stream is announced as WebM, Ogg or MP4 and begins like none of them"
                        .to_owned();
                return Err(AudioError::UnsupportedFormat { reason, extension: None }.into());
            }
        });
        self.decode(&bytes, sink)
    }

    fn decode(&mut self, bytes: &[u8], sink: Sink<'_>) -> Result<(), StreamError> {
        let Self { decoder: Some(decoder), samples, count, head, .. } = self else { return Ok(()) };
        samples.clear();
        let channels = self.interleaved;
        match decoder {
            Decoder::S16(rest) => {
                refuse_containers(head, bytes)?;
                complete(rest, bytes, 2 * channels, |frames| {
                    let (words, _) = frames.as_chunks::<2>();
                    let words = words.iter().map(|word| i16::from_le_bytes(*word));
                    samples.extend(words.map(|word| f32::from(word) / 32_768.0));
                });
            }
            Decoder::F32(rest) => {
                refuse_containers(head, bytes)?;
                complete(rest, bytes, 4 * channels, |frames| {
                    let (words, _) = frames.as_chunks::<4>();
                    samples.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
                });
            }
            Decoder::Container(live) if self.apart => {
                return live.push_channels(bytes, |block, channels, rate| {
                    let max = CONTAINER_CHANNELS.max(self.interleaved);
                    if channels > max {
                        return Err(AudioError::TooManyChannels { channels, max }.into());
                    }
                    *count += (block.len() / channels.max(1)) as u64;
                    sink(block, channels, rate)
                });
            }
            Decoder::Container(live) => {
                live.push(bytes, samples)?;
                *count += samples.len() as u64;
                let rate = live.sample_rate().unwrap_or(self.rate);
                return sink(samples, 1, rate);
            }
        }
        if let Some((first, all)) = replace_unusable(samples) {
            let at_s = (*count + (first / channels) as u64) as f64 / f64::from(self.rate);
            let frames = all.div_ceil(channels);
            let damage = Damage::unusable_samples(all, frames, self.rate, at_s);
            Damage::add(&mut self.raw_damage, damage);
        }
        *count += (samples.len() / channels) as u64;
        sink(samples, channels, self.rate)
    }
}

/// Takes interleaved samples, their number of channels and their rate in Hz.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&[f32], usize, u32) -> Result<(), StreamError>;

/// Fails if `head`, which grows by `bytes`, is the start of a container: its header would be read as noise. Some need
/// more bytes than [`MAGIC_BYTES`] to be recognised.
fn refuse_containers(head: &mut Vec<u8>, bytes: &[u8]) -> Result<(), AudioError> {
    let missing = SNIFFED_BYTES.saturating_sub(head.len());
    if missing == 0 {
        return Ok(());
    }
    head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
    match sniff(head) {
        Some(kind) => Err(refused(kind)),
        None => not_raw_samples(head).map_or(Ok(()), Err),
    }
}

fn refused(kind: ContainerKind) -> AudioError {
    let reason = format!(
        "the stream begins like {}, which cannot be decoded while it arrives: send samples without a header, WebM, Ogg or \
         fragmented MP4 as browsers record them, or the file to /v1/recognize",
        kind.name()
    );
    AudioError::UnsupportedFormat { reason, extension: None }
}

/// Passes bytes on in whole frames of `frame` bytes, beginning with the remainder of the previous message.
fn complete(rest: &mut Vec<u8>, mut bytes: &[u8], frame: usize, mut take: impl FnMut(&[u8])) {
    if !rest.is_empty() {
        let (missing, others) = bytes.split_at(bytes.len().min(frame - rest.len()));
        rest.extend_from_slice(missing);
        bytes = others;
        if rest.len() < frame {
            return;
        }
        take(rest);
        rest.clear();
    }
    let (whole, others) = bytes.split_at(bytes.len() / frame * frame);
    take(whole);
    rest.extend_from_slice(others);
}

#[cfg(test)]
mod tests {
    use clstm::audio::AudioError;
    use clstm::{RecognizeError, StreamError};

    use super::{Params, SampleReader};

    fn reader(query: &str) -> SampleReader {
        let uri = format!("/v1/stream?{query}").parse().expect("an address");
        SampleReader::new(&Params::parse(&uri, 8).expect("parameters"))
    }

    /// All samples of a stream whose bytes arrive in messages of this size, and their number of channels.
    fn read(query: &str, bytes: &[u8], size: usize) -> Result<(Vec<f32>, usize), StreamError> {
        let (mut reader, mut all, mut layout) = (reader(query), Vec::new(), 0);
        let mut sink = |samples: &[f32], channels: usize, _: u32| {
            all.extend_from_slice(samples);
            layout = channels;
            Ok(())
        };
        for message in bytes.chunks(size) {
            reader.read(message, &mut sink)?;
        }
        // A stream of a few samples is shorter than the header of a container.
        reader.finish(&mut sink)?;
        assert_eq!(reader.count() as usize * layout, all.len(), "{query}");
        Ok((all, layout))
    }

    #[test]
    fn containers_are_not_read_as_samples() {
        let containers: [&[u8]; 3] =
            [b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC\0\0\0\x22\0\0\0\0", b"ID3\x04\0\0\0\0\0\0\0\0"];
        for container in containers {
            for size in [1, 3, 64] {
                for query in ["", "interleaved=2&channels=each"] {
                    let outcome = read(query, container, size);
                    assert!(
                        matches!(
                            outcome,
                            Err(StreamError::Recognize(RecognizeError::Audio(
                                AudioError::UnsupportedFormat { .. }
                            )))
                        ),
                        "{container:?} in messages of {size}"
                    );
                }
            }
        }
    }

    #[test]
    fn samples_do_not_depend_on_where_messages_end() {
        let values = [0.0_f32, 1.0, -1.0, 0.5, f32::MIN_POSITIVE, 0.25];
        let floats: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let words: Vec<u8> = [0_i16, 1, -1, i16::MIN, i16::MAX, 2].map(i16::to_le_bytes).concat();
        let expected = [0.0, 1.0, -1.0, -32_768.0, 32_767.0, 2.0].map(|x: f32| x / 32_768.0);
        for size in 1..=25 {
            let samples = |query, bytes| read(query, bytes, size).expect("samples");
            assert_eq!(samples("format=f32le", &floats), (values.to_vec(), 1), "{size}");
            assert_eq!(samples("format=s16le", &words), (expected.to_vec(), 1), "{size}");
            let apart = "format=f32le&interleaved=2&channels=each";
            assert_eq!(samples(apart, &floats), (values.to_vec(), 2), "{size}");
            let apart = "interleaved=3&channels=1";
            assert_eq!(samples(apart, &words), (expected.to_vec(), 3), "{size}");
        }
    }

    /// One NaN ended the stream.
    #[test]
    fn samples_that_are_no_numbers_become_silence_and_are_reported() {
        let mut values = [0.5_f32; 64];
        (values[20], values[21], values[40]) = (f32::NAN, f32::INFINITY, 1e38);
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        for size in [5, 64, 256] {
            let mut reader = reader("format=f32le&interleaved=2&rate=8000");
            let mut all = Vec::new();
            for message in bytes.chunks(size) {
                let mut sink = |samples: &[f32], _: usize, _: u32| {
                    all.extend_from_slice(samples);
                    Ok(())
                };
                reader.read(message, &mut sink).expect("samples");
            }
            let silent = |n: usize| [20, 21, 40].contains(&n);
            assert!(all.iter().enumerate().all(|(n, x)| *x == if silent(n) { 0.0 } else { 0.5 }));
            let damage = reader.damage().expect("damage");
            assert_eq!((damage.count, damage.at_s), (3, Some(10.0 / 8000.0)), "{damage:?}");
        }
    }

    /// The rest of a sample was dropped without a mark: it shows that the format or the channels are others.
    #[test]
    fn a_stream_that_ends_within_a_sample_is_reported() {
        for (query, whole) in
            [("format=s16le", 2), ("format=f32le", 4), ("interleaved=2", 4), ("interleaved=3", 6)]
        {
            for extra in 0..whole {
                let mut reader = reader(query);
                let mut sink = |_: &[f32], _: usize, _: u32| Ok(());
                for message in vec![1; 16 * whole + extra].chunks(5) {
                    reader.read(message, &mut sink).expect("samples");
                }
                assert!(reader.damage().is_none());
                reader.finish(&mut sink).expect("samples");
                let damage = reader.damage().map(|damage| damage.message.as_str());
                let is_reported = damage.is_some_and(|message| message.contains("within a sample"));
                assert_eq!(is_reported, extra > 0, "{query}: {damage:?}");
            }
        }
    }

    #[test]
    fn channels_that_are_not_there_are_refused() {
        let parse = |query: &str| {
            let uri = format!("/v1/stream?{query}").parse().expect("an address");
            Params::parse(&uri, 8).map_err(|error| (error.status().as_u16(), error.word()))
        };
        for (query, expected) in [
            ("channels=1", (422, "channels")),
            ("interleaved=2&channels=2", (422, "channels")),
            ("interleaved=9&channels=each", (422, "channels")),
            ("interleaved=32&channels=0", (422, "channels")),
            ("format=webm&channels=2", (422, "channels")),
            ("interleaved=0", (400, "request")),
            ("interleaved=33", (400, "request")),
            ("interleaved=two", (400, "request")),
            ("format=ogg&interleaved=2", (400, "request")),
            ("channels=left", (400, "request")),
            ("channels=-1", (400, "request")),
        ] {
            assert_eq!(parse(query).err(), Some(expected), "{query}");
        }
        for (query, streams) in [
            ("", 1),
            ("interleaved=32", 1),
            ("channels=each", 2),
            ("interleaved=8&channels=each", 8),
            ("interleaved=8&channels=7", 1),
            ("format=webm&channels=each", 2),
        ] {
            assert_eq!(parse(query).map(|params| params.streams()), Ok(streams), "{query}");
        }
    }
}
