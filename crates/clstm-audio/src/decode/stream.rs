//! Driving the demuxer and the decoder, packet by packet.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::LazyLock;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_FLAC, FORMAT_ID_MKV, FORMAT_ID_MP3, FORMAT_ID_OGG,
};
use symphonia::core::formats::{FormatId, FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use super::limits::DecodeLimits;
use super::mono::Mixer;
use super::opus::OpusDecoder;
use super::source::Input;
use crate::error::AudioError;

/// Takes mono samples and their rate in Hz, which is the same at each call.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&[f32], u32) -> Result<(), AudioError>;

/// Decodes `input` into `sink`.
///
/// A panic of the decoder on damaged data is caught and becomes a decode error; the panic hook of
/// the program still hears of it.
pub(super) fn decode(
    input: Input<'_>,
    limits: &DecodeLimits,
    sink: Sink<'_>,
) -> Result<(), AudioError> {
    // What the sink has gathered is thrown away on an error, so no broken state can be seen.
    catch_unwind(AssertUnwindSafe(|| run(input, limits, sink))).unwrap_or_else(|_| {
        Err(AudioError::damaged("the decoder failed on data that break the format's rules"))
    })
}

fn run(input: Input<'_>, limits: &DecodeLimits, sink: Sink<'_>) -> Result<(), AudioError> {
    let Input { media, extension, mpeg, webm_whole } = input;
    let mut hint = Hint::new();
    if let Some(extension) = &extension {
        hint.with_extension(extension);
    }
    let mut format = symphonia::default::get_probe()
        .probe(
            &hint,
            MediaSourceStream::new(media, Default::default()),
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .map_err(|error| match error {
            // The index of an MP4 often stands at its end.
            Error::Unsupported("isomp4: missing moov atom") => {
                AudioError::damaged("the index (moov atom) is missing; the file was cut short")
            }
            Error::Unsupported(reason) => AudioError::UnsupportedFormat {
                reason: reason.to_owned(),
                extension: extension.clone(),
            },
            error => failure(error, None),
        })?;
    if [FORMAT_ID_MP3, FORMAT_ID_ADTS].contains(&format.format_info().format) {
        mpeg?;
    }

    let mut session = Session::open(format.as_ref(), &extension)?;
    let mut position = Position::default();
    let mut mixer = Mixer::default();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // Another stream is chained behind this one.
            Err(Error::ResetRequired) => {
                session.close(&position)?;
                session = Session::open(format.as_ref(), &extension)?;
                continue;
            }
            // A segment of unknown length ends with the file.
            Err(Error::IoError(error))
                if webm_whole
                    && error.kind() == io::ErrorKind::UnexpectedEof
                    && format.format_info().format == FORMAT_ID_MKV =>
            {
                break;
            }
            Err(error) => return Err(failure(error, position.seconds())),
        };
        if packet.track_id != session.track_id {
            continue;
        }
        session.check_gap(&packet, &position)?;
        let decoded = match session.decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(error) => return Err(failure(error, position.seconds())),
        };
        if decoded.frames() == 0 {
            continue;
        }
        let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        let max_frames = limits.max_frames(rate, channels)?;
        if position.rate.is_some_and(|first| first != rate) {
            let reason = format!("the sample rate changes to {rate} Hz within the recording");
            return Err(AudioError::Decode { reason, at_s: position.seconds() });
        }
        if position.frames + decoded.frames() as u64 > max_frames {
            return Err(AudioError::TooLong { limit_s: limits.max_duration_s });
        }
        sink(mixer.mix(&decoded, position.frames)?, rate)?;
        session.frames += decoded.frames() as u64;
        position.frames += decoded.frames() as u64;
        position.rate = Some(rate);
    }
    session.close(&position)?;
    if position.frames == 0 { Err(AudioError::NoSamples) } else { Ok(()) }
}

/// How much has been decoded.
#[derive(Default)]
struct Position {
    frames: u64,
    rate: Option<u32>,
}

impl Position {
    fn seconds(&self) -> Option<f64> {
        self.rate.map(|rate| self.frames as f64 / f64::from(rate))
    }
}

/// One track and its decoder.
struct Session {
    format: FormatId,
    track_id: u32,
    decoder: Box<dyn AudioDecoder>,
    /// Frames the container promises, where its promise is exact.
    promised: Option<u64>,
    frames: u64,
    /// Time stamp at which the next packet must begin.
    next_pts: Option<i64>,
}

impl Session {
    fn open(format: &dyn FormatReader, extension: &Option<String>) -> Result<Self, AudioError> {
        let unsupported = |reason: &str| AudioError::UnsupportedFormat {
            reason: reason.to_owned(),
            extension: extension.clone(),
        };
        let track = format.default_track(TrackType::Audio).ok_or(AudioError::NoAudioTrack)?;
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            return Err(unsupported("the codec of the audio track is not known"));
        };
        // Verification compares FLAC with the MD5 sum of the encoder.
        let options = AudioDecoderOptions::default().verify(true);
        let decoder =
            codecs().make_audio_decoder(params, &options).map_err(|error| match error {
                Error::Unsupported(reason) => unsupported(reason),
                error => failure(error, None),
            })?;
        let format = format.format_info().format;
        Ok(Self {
            format,
            track_id: track.id,
            decoder,
            promised: promised_frames(format, track),
            frames: 0,
            next_pts: None,
        })
    }

    /// FLAC and Ogg demuxers skip what fails its checksum; the time stamps show the gap.
    fn check_gap(&mut self, packet: &Packet, position: &Position) -> Result<(), AudioError> {
        let pts = packet.pts.get();
        let gap = self.next_pts.map_or(0, |expected| pts.saturating_sub(expected));
        if gap > 0 && [FORMAT_ID_FLAC, FORMAT_ID_OGG].contains(&self.format) {
            let reason = format!("{gap} samples are missing; a part is unreadable");
            return Err(AudioError::Decode { reason, at_s: position.seconds() });
        }
        let duration = i64::try_from(packet.block_dur().get()).unwrap_or(i64::MAX);
        self.next_pts = Some(pts.saturating_add(duration));
        Ok(())
    }

    /// The checks that only the end of a track allows.
    fn close(&mut self, position: &Position) -> Result<(), AudioError> {
        let at_s = position.seconds();
        if let Some(promised) = self.promised.filter(|&promised| self.frames < promised) {
            let reason = format!(
                "the header promises {promised} samples, {} could be decoded; the file was cut \
                 short or a part is unreadable",
                self.frames
            );
            return Err(AudioError::Decode { reason, at_s });
        }
        if self.decoder.finalize().verify_ok == Some(false) {
            let reason = "the decoded samples do not have the checksum in the header".to_owned();
            return Err(AudioError::Decode { reason, at_s });
        }
        Ok(())
    }
}

/// Symphonia's decoders, and that of Opus.
fn codecs() -> &'static CodecRegistry {
    static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        codecs.register_audio_decoder::<OpusDecoder>();
        codecs
    });
    &CODECS
}

/// The length in the header of FLAC, which counts exactly. Elsewhere it is rounded, estimated or,
/// for MP3, checked by `mpeg`.
fn promised_frames(format: FormatId, track: &Track) -> Option<u64> {
    track.num_frames.filter(|_| format == FORMAT_ID_FLAC)
}

/// An error of the demuxer or decoder in our words.
pub(super) fn failure(error: Error, at_s: Option<f64>) -> AudioError {
    match error {
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            AudioError::Decode { reason: "the file ends too early; it was cut short".into(), at_s }
        }
        // The path is filled in by `name_io`, which knows it.
        Error::IoError(source) => AudioError::Io { path: Default::default(), source },
        Error::Unsupported(reason) => {
            AudioError::UnsupportedFormat { reason: reason.to_owned(), extension: None }
        }
        error => AudioError::Decode { reason: error.to_string(), at_s },
    }
}

/// Puts the path into an error of the disk.
pub(super) fn name_io(error: AudioError, path: &Path) -> AudioError {
    match error {
        AudioError::Io { source, .. } => AudioError::Io { path: path.to_owned(), source },
        error => error,
    }
}
