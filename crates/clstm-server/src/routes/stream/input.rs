//! Input of a stream: its parameters, and the samples of its messages.

use axum::http::Uri;
use clstm::StreamConfig;
use clstm::audio::{AudioError, ContainerKind, Damage, LiveDecoder, sniff};

use crate::api_error::ApiError;
use crate::query::QueryParams;

/// The default sample rate, in Hz.
const DEFAULT_RATE: u32 = 16_000;

/// The rate of a container before its first samples, in Hz: that of all Opus.
const CONTAINER_RATE: u32 = 48_000;

/// First bytes that distinguish samples from the containers that are decoded while they arrive.
const MAGIC_BYTES: usize = 12;

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
    pub(super) config: StreamConfig,
}

impl Params {
    pub(super) fn parse(uri: &Uri) -> Result<Self, ApiError> {
        let known = ["model", "rate", "format", "hop", "window", "lookahead"];
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
        Ok(Self { model, rate, format, config })
    }
}

/// Turns messages into samples. A message may end in the middle of a sample.
pub(super) struct SampleReader {
    announced: Format,
    /// `None` before the first [`MAGIC_BYTES`].
    decoder: Option<Decoder>,
    /// Rate of raw samples, and of a container before its first samples, in Hz.
    rate: u32,
    samples: Vec<f32>,
    count: u64,
    /// The first bytes: those before the decoder is known; of raw samples at most [`SNIFFED_BYTES`].
    head: Vec<u8>,
}

/// State between messages.
enum Decoder {
    /// The first bytes of an incomplete sample; the same below.
    S16(Vec<u8>),
    F32(Vec<u8>),
    Container(LiveDecoder),
}

impl SampleReader {
    pub(super) fn new(announced: Format, rate: u32) -> Self {
        let (samples, head) = (Vec::new(), Vec::new());
        Self { announced, decoder: None, rate, samples, count: 0, head }
    }

    /// Number of complete samples so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Rate of the samples, in Hz. It does not change after the first sample.
    pub(super) fn rate(&self) -> u32 {
        match &self.decoder {
            Some(Decoder::Container(live)) => live.sample_rate().unwrap_or(self.rate),
            _ => self.rate,
        }
    }

    /// Whether the stream is known to hold raw samples.
    pub(super) fn is_raw(&self) -> bool {
        matches!(self.decoder, Some(Decoder::S16(_) | Decoder::F32(_)))
    }

    /// What is missing of a damaged container.
    pub(super) fn damage(&self) -> Option<&Damage> {
        match &self.decoder {
            Some(Decoder::Container(live)) => live.damage(),
            _ => None,
        }
    }

    /// The samples that the last message completed.
    pub(super) fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Reads the samples that a message completes.
    ///
    /// # Errors
    /// If the message is not in the announced format, or raw samples begin with the header of a container that cannot be
    /// decoded while it arrives.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), AudioError> {
        self.samples.clear();
        if self.decoder.is_some() {
            self.decode(bytes)?;
        } else {
            self.head.extend_from_slice(bytes);
            if self.head.len() >= MAGIC_BYTES {
                self.begin()?;
            }
        }
        Ok(())
    }

    /// Reads the samples of a stream that ended before its decoder was known.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub(super) fn finish(&mut self) -> Result<(), AudioError> {
        self.samples.clear();
        if self.decoder.is_none() && !self.head.is_empty() {
            self.begin()?;
        }
        Ok(())
    }

    /// Decides by the first bytes how the stream is decoded, and decodes them.
    fn begin(&mut self) -> Result<(), AudioError> {
        let bytes = std::mem::take(&mut self.head);
        self.decoder = Some(match (sniff(&bytes), self.announced) {
            (Some(kind), _) => {
                Decoder::Container(LiveDecoder::new(kind).map_err(|_| refused(kind))?)
            }
            (None, Format::S16) => Decoder::S16(Vec::new()),
            (None, Format::F32) => Decoder::F32(Vec::new()),
            (None, Format::Container) => {
                let reason =
                    "the stream is announced as WebM, Ogg or MP4 and begins like none of them"
                        .to_owned();
                return Err(AudioError::UnsupportedFormat { reason, extension: None });
            }
        });
        self.decode(&bytes)
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<(), AudioError> {
        let Self { decoder: Some(decoder), samples, count, head, .. } = self else { return Ok(()) };
        match decoder {
            Decoder::S16(rest) => {
                refuse_containers(head, bytes)?;
                complete::<2>(rest, bytes, |sample| {
                    samples.push(f32::from(i16::from_le_bytes(sample)) / 32_768.0);
                });
            }
            Decoder::F32(rest) => {
                refuse_containers(head, bytes)?;
                complete::<4>(rest, bytes, |sample| samples.push(f32::from_le_bytes(sample)));
            }
            Decoder::Container(live) => live.push(bytes, samples)?,
        }
        *count += samples.len() as u64;
        Ok(())
    }
}

/// Fails if `head`, which grows by `bytes`, is the start of a container: its header would be read as noise. Some need
/// more bytes than [`MAGIC_BYTES`] to be recognised.
fn refuse_containers(head: &mut Vec<u8>, bytes: &[u8]) -> Result<(), AudioError> {
    let missing = SNIFFED_BYTES.saturating_sub(head.len());
    if missing == 0 {
        return Ok(());
    }
    head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
    sniff(head).map_or(Ok(()), |kind| Err(refused(kind)))
}

fn refused(kind: ContainerKind) -> AudioError {
    let reason = format!(
        "the stream begins like {}, which cannot be decoded while it arrives: send samples without a header, WebM, Ogg or \
         fragmented MP4 as browsers record them, or the file to /v1/recognize",
        kind.name()
    );
    AudioError::UnsupportedFormat { reason, extension: None }
}

/// Splits bytes into arrays of `N`, beginning with the remainder of the previous message.
fn complete<const N: usize>(rest: &mut Vec<u8>, mut bytes: &[u8], mut take: impl FnMut([u8; N])) {
    if !rest.is_empty() {
        let (missing, others) = bytes.split_at(bytes.len().min(N - rest.len()));
        rest.extend_from_slice(missing);
        bytes = others;
        match <[u8; N]>::try_from(rest.as_slice()) {
            Ok(sample) => take(sample),
            Err(_) => return,
        }
    }
    let (whole, others) = bytes.as_chunks::<N>();
    whole.iter().for_each(|sample| take(*sample));
    rest.clear();
    rest.extend_from_slice(others);
}

#[cfg(test)]
mod tests {
    use clstm::audio::AudioError;

    use super::{Format, SampleReader};

    fn reader(format: Format) -> SampleReader {
        SampleReader::new(format, 16_000)
    }

    #[test]
    fn containers_are_not_read_as_samples() {
        let containers: [&[u8]; 3] =
            [b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC\0\0\0\x22\0\0\0\0", b"ID3\x04\0\0\0\0\0\0\0\0"];
        for container in containers {
            for size in [1, 3, 64] {
                let mut samples = reader(Format::S16);
                let refused = container.chunks(size).any(|chunk| {
                    let outcome = samples.read(chunk);
                    matches!(outcome, Err(AudioError::UnsupportedFormat { .. }))
                });
                assert!(refused, "{container:?} in messages of {size}");
                assert_eq!(samples.count(), 0);
            }
        }
    }

    #[test]
    fn samples_do_not_depend_on_where_messages_end() {
        let values = [0.0_f32, 1.0, -1.0, 0.5, f32::MIN_POSITIVE];
        let floats: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let words: Vec<u8> = [0_i16, 1, -1, i16::MIN, i16::MAX].map(i16::to_le_bytes).concat();
        let expected = [0.0, 1.0, -1.0, -32_768.0, 32_767.0].map(|x: f32| x / 32_768.0);
        for size in 1..=21 {
            let read = |format, bytes: &[u8]| {
                let mut samples = reader(format);
                let mut all = Vec::new();
                for chunk in bytes.chunks(size) {
                    samples.read(chunk).unwrap();
                    all.extend_from_slice(samples.samples());
                }
                // A stream of a few samples is shorter than the header of a container.
                samples.finish().unwrap();
                all.extend_from_slice(samples.samples());
                all
            };
            assert_eq!(read(Format::F32, &floats), values, "{size}");
            assert_eq!(read(Format::S16, &words), expected, "{size}");
        }
    }
}
