//! Input of a stream: its parameters, and the samples of its messages.

use axum::http::Uri;
use clstm::StreamConfig;
use clstm::audio::{AudioError, WebmStream, sniff};

use crate::api_error::ApiError;
use crate::query::QueryParams;

/// The default sample rate, in Hz.
const DEFAULT_RATE: u32 = 16_000;

/// Bytes at the start of raw samples in which the header of a container is looked for.
const SNIFFED_BYTES: usize = 4096;

/// How audio is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// 16-bit integers, little-endian.
    S16,
    /// 32-bit floating point, little-endian, full scale ±1.
    F32,
    /// WebM with Opus, as Chromium records.
    Webm,
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
            Some("webm") => Format::Webm,
            Some(other) => {
                let message = format!("format={other} is neither `s16le`, `f32le` nor `webm`");
                return Err(ApiError::request(message));
            }
        };
        let rate = match (query.number("rate")?, format) {
            (None, Format::Webm) => WebmStream::RATE,
            (Some(_), Format::Webm) => {
                return Err(ApiError::request("`rate` is for raw samples; WebM has its own"));
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
    decoder: Decoder,
    samples: Vec<f32>,
    count: u64,
    /// The first bytes of raw samples, at most [`SNIFFED_BYTES`].
    head: Vec<u8>,
}

/// State between messages.
enum Decoder {
    /// The first bytes of an incomplete sample; the same below.
    S16(Vec<u8>),
    F32(Vec<u8>),
    Webm(Box<WebmStream>),
}

impl SampleReader {
    pub(super) fn new(format: Format) -> Self {
        let decoder = match format {
            Format::S16 => Decoder::S16(Vec::new()),
            Format::F32 => Decoder::F32(Vec::new()),
            Format::Webm => Decoder::Webm(Box::default()),
        };
        Self { decoder, samples: Vec::new(), count: 0, head: Vec::new() }
    }

    /// Number of complete samples so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The samples that a message completes.
    ///
    /// # Errors
    /// If the message is not in the announced format, or raw samples begin with the header of a container.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<&[f32], AudioError> {
        let Self { decoder, samples, count, head } = self;
        if !matches!(decoder, Decoder::Webm(_)) {
            refuse_containers(head, bytes)?;
        }
        samples.clear();
        match decoder {
            Decoder::S16(rest) => complete::<2>(rest, bytes, |sample| {
                samples.push(f32::from(i16::from_le_bytes(sample)) / 32_768.0);
            }),
            Decoder::F32(rest) => complete::<4>(rest, bytes, |sample| {
                samples.push(f32::from_le_bytes(sample));
            }),
            Decoder::Webm(webm) => webm.push(bytes, samples)?,
        }
        *count += samples.len() as u64;
        Ok(samples)
    }
}

/// Fails if `head`, which grows by `bytes`, is the start of a container: its header would be read as noise.
fn refuse_containers(head: &mut Vec<u8>, bytes: &[u8]) -> Result<(), AudioError> {
    let missing = SNIFFED_BYTES.saturating_sub(head.len());
    if missing == 0 {
        return Ok(());
    }
    head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
    match sniff(head) {
        None => Ok(()),
        Some(kind) => {
            let reason = format!(
                "the stream is announced as raw samples and begins like {}: send samples without a header, \
                 `format=webm` for WebM, or the file to /v1/recognize",
                kind.name()
            );
            Err(AudioError::UnsupportedFormat { reason, extension: None })
        }
    }
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

    #[test]
    fn containers_are_not_read_as_samples() {
        let containers: [&[u8]; 5] = [
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"fLaC\0\0\0\x22",
            b"OggS\0\x02",
            b"\x1A\x45\xDF\xA3",
            b"\0\0\0\x18ftypM4A ",
        ];
        for container in containers {
            for size in [1, 3, 64] {
                let mut samples = SampleReader::new(Format::S16);
                let refused = container.chunks(size).any(|chunk| {
                    let outcome = samples.read(chunk);
                    matches!(outcome, Err(AudioError::UnsupportedFormat { .. }))
                });
                assert!(refused, "{container:?} in messages of {size}");
            }
        }
    }

    #[test]
    fn samples_do_not_depend_on_where_messages_end() {
        let values = [0.0_f32, 1.0, -1.0, 0.5, f32::MIN_POSITIVE];
        let floats: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let words: Vec<u8> = [0_i16, 1, -1, i16::MIN, i16::MAX].map(i16::to_le_bytes).concat();
        let expected = [0.0, 1.0, -1.0, -32_768.0, 32_767.0].map(|x: f32| x / 32_768.0);
        for size in 1..=11 {
            let read = |format, bytes: &[u8]| {
                let mut samples = SampleReader::new(format);
                let chunks = bytes.chunks(size);
                chunks.flat_map(|chunk| samples.read(chunk).unwrap().to_vec()).collect::<Vec<_>>()
            };
            assert_eq!(read(Format::F32, &floats), values, "{size}");
            assert_eq!(read(Format::S16, &words), expected, "{size}");
        }
    }
}
