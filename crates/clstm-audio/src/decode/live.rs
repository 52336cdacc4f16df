//! Decoding of live recordings in pieces that are cut anywhere.

use symphonia::core::codecs::audio::AudioCodecParameters;

use super::demux::Event;
use super::limits::DecodeLimits;
use super::mix::Mixer;
use super::mp4::Mp4Push;
use super::ogg::OggPush;
use super::output::{Output, Sink};
use super::scan::Failure;
use super::stream::{PANICKED, Session, contain};
use super::webm_stream::{MAX_GAP_S, WebmStream};
use crate::error::AudioError;
use crate::report::Damage;
use crate::sniff::ContainerKind;

/// Takes what a push demuxer finds, and the parameters of its track.
pub(super) type Take<'a> =
    &'a mut dyn FnMut(&AudioCodecParameters, Event) -> Result<(), AudioError>;

/// Decodes what a browser's `MediaRecorder` writes, in pieces that are cut anywhere: WebM with Opus (Chromium), Ogg with
/// Opus (Firefox), and fragmented MP4 with AAC or Opus (Safari, Chromium).
///
/// The samples do not depend on how the bytes are cut, and are those of [`decode_bytes`](crate::decode_bytes) for
/// the whole recording, gaps of more than 5 s aside, which are not filled. What is held between pieces is less than
/// 64 KiB of WebM or Ogg, or an index and a fragment of MP4 of together at most 1.1 MiB.
#[derive(Debug)]
pub struct LiveDecoder {
    kind: Kind,
    mixer: Mixer,
}

#[derive(Debug)]
enum Kind {
    Webm(Box<WebmStream>),
    Packets(Box<Packets>),
}

/// A demuxer and the decoder of its packets.
struct Packets {
    demuxer: Demuxer,
    decoding: Decoding,
}

enum Demuxer {
    Ogg(Box<OggPush>),
    Mp4(Mp4Push),
}

struct Decoding {
    limits: DecodeLimits,
    /// `None` before the first packet.
    session: Option<Session>,
    output: Output,
}

impl LiveDecoder {
    /// A decoder at the beginning of a recording.
    ///
    /// # Errors
    /// For a container that browsers do not record live.
    pub fn new(container: ContainerKind) -> Result<Self, AudioError> {
        let limits = DecodeLimits { max_duration_s: f64::INFINITY, ..DecodeLimits::default() };
        let packets = |demuxer| {
            let output = Output::new(limits.clone());
            let decoding = Decoding { limits: limits.clone(), session: None, output };
            Kind::Packets(Box::new(Packets { demuxer, decoding }))
        };
        let kind = match container {
            ContainerKind::Matroska => Kind::Webm(Box::default()),
            ContainerKind::Ogg => packets(Demuxer::Ogg(Box::new(OggPush::new(limits.clone())))),
            ContainerKind::Mp4 => packets(Demuxer::Mp4(Mp4Push::new(limits.clone()))),
            other => {
                let name = other.name();
                let reason =
                    format!("{name} cannot be decoded while it arrives; WebM, Ogg and MP4 can");
                return Err(AudioError::UnsupportedFormat { reason, extension: None });
            }
        };
        Ok(Self { kind, mixer: Mixer::default() })
    }

    /// Rate of the samples, in Hz; `None` before the first ones.
    #[must_use]
    pub fn sample_rate(&self) -> Option<u32> {
        match &self.kind {
            Kind::Webm(_) => Some(WebmStream::RATE),
            Kind::Packets(packets) => {
                Some(packets.decoding.output.sample_rate()).filter(|rate| *rate > 0)
            }
        }
    }

    /// What is missing so far. Of WebM these are wrong time stamps; other damage of WebM is an error of [`push`](Self::push).
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        match &self.kind {
            Kind::Webm(webm) => webm.damage(),
            Kind::Packets(packets) => packets.decoding.output.damage(),
        }
    }

    /// Takes the next bytes and appends the samples that they complete, mixed down to one channel.
    ///
    /// # Errors
    /// If the recording is not of the announced container, or of a codec that is not supported. The recording cannot
    /// continue then.
    pub fn push(&mut self, bytes: &[u8], samples: &mut Vec<f32>) -> Result<(), AudioError> {
        let Self { kind, mixer } = self;
        kind.push(bytes, &mut |block| {
            samples.extend_from_slice(mixer.mix(block));
            Ok(())
        })
    }

    /// Takes the next bytes and hands the samples that they complete to `sink` without mixing the channels: interleaved
    /// samples `[frames, channels]`, the number of channels, and the rate in Hz. The number of channels may change.
    ///
    /// # Errors
    /// Those of [`push`](Self::push), and the first error of `sink`. The recording cannot continue then.
    pub fn push_channels<E: From<AudioError>>(
        &mut self,
        bytes: &[u8],
        mut sink: impl FnMut(&[f32], usize, u32) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut refused = None;
        let decoded = self.kind.push(bytes, &mut |block| {
            let taken = sink(block.interleaved, block.channels, block.sample_rate);
            super::keep_error(taken, &mut refused)
        });
        super::result(decoded, refused)
    }

    /// Ends the recording: appends the samples that waited for more of it, mixed down to one channel.
    ///
    /// # Errors
    /// Those of [`push`](Self::push).
    pub fn finish(&mut self, samples: &mut Vec<f32>) -> Result<(), AudioError> {
        let Self { kind, mixer } = self;
        kind.finish(&mut |block| {
            samples.extend_from_slice(mixer.mix(block));
            Ok(())
        })
    }

    /// Ends the recording: hands the samples that waited for more of it to `sink`, as
    /// [`push_channels`](Self::push_channels) does.
    ///
    /// # Errors
    /// Those of [`push`](Self::push), and the first error of `sink`.
    pub fn finish_channels<E: From<AudioError>>(
        &mut self,
        mut sink: impl FnMut(&[f32], usize, u32) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut refused = None;
        let decoded = self.kind.finish(&mut |block| {
            let taken = sink(block.interleaved, block.channels, block.sample_rate);
            super::keep_error(taken, &mut refused)
        });
        super::result(decoded, refused)
    }
}

impl Kind {
    fn finish(&mut self, sink: Sink<'_>) -> Result<(), AudioError> {
        let Self::Packets(packets) = self else { return Ok(()) };
        let Decoding { session, output, .. } = &mut packets.decoding;
        session.as_mut().map_or(Ok(()), |session| session.flush(output, sink))
    }

    fn push(&mut self, bytes: &[u8], sink: Sink<'_>) -> Result<(), AudioError> {
        let packets = match self {
            Self::Webm(webm) => return webm.push_blocks(bytes, sink),
            Self::Packets(packets) => packets,
        };
        let Packets { demuxer, decoding } = &mut **packets;
        decoding.output.set_max_gap(MAX_GAP_S);
        let filled = decoding.output.filled();
        let mut take = |params: &AudioCodecParameters, event: Event| {
            decoding.take(params, event, sink)?;
            // A jump of the time stamps cannot use more memory.
            let rate = f64::from(decoding.output.sample_rate().max(1));
            let silence_s = (decoding.output.filled() - filled) as f64 / rate;
            decoding.output.set_max_gap((MAX_GAP_S - silence_s).max(0.0));
            Ok(())
        };
        let decoded = contain(|| match demuxer {
            Demuxer::Ogg(ogg) => ogg.push(bytes, &mut take),
            Demuxer::Mp4(mp4) => mp4.push(bytes, &mut take),
        });
        decoded.unwrap_or_else(|| Err(AudioError::damaged(PANICKED)))
    }
}

impl Decoding {
    fn take(
        &mut self,
        params: &AudioCodecParameters,
        event: Event,
        sink: Sink<'_>,
    ) -> Result<(), AudioError> {
        let Self { limits, session, output } = self;
        let group = match event {
            Event::Note(note) => {
                output.note(note);
                return Ok(());
            }
            Event::Damage(damage) => {
                output.add_damage(damage);
                return Ok(());
            }
            Event::NewStream => {
                if let Some(mut before) = session.take() {
                    before.flush(output, sink)?;
                }
                output.begin_stream();
                return Ok(());
            }
            Event::Group(group) => group,
        };
        let session = match session {
            Some(session) => session,
            // The demuxers of both leave the encoder's delay out by its time.
            none => none.insert(Session::new(params, 0, None, limits)?),
        };
        match session.group(group, output, sink) {
            Ok(()) => Ok(()),
            Err(Failure::Audio(error)) => Err(error),
            Err(Failure::Io(error)) => Err(AudioError::damaged(error.to_string())),
        }
    }
}

impl std::fmt::Debug for Packets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packets")
            .field("seconds", &self.decoding.output.seconds())
            .finish_non_exhaustive()
    }
}
