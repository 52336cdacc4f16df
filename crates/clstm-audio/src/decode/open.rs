//! Opening an input: which container it is, and its demuxer.

use std::fs::File;
use std::io::{self, Cursor};
use std::path::Path;

use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats::{AiffReader, CafReader, FlacReader, MkvReader, WavReader};

use super::demux::{Demuxer, SymphoniaDemuxer, TimeStamps, audio_tracks, failure};
use super::joined::Joined;
use super::limits::DecodeLimits;
use super::mp4::Mp4Demuxer;
use super::mpeg::{self, MpegDemuxer};
use super::ogg::OggDemuxer;
use super::scan::{Failure, Scanner};
use super::splice::{Part, Source, Spliced};
use super::{aiff, caf, flac, joined, matroska, wav};
use crate::describe::{describe_non_audio, unsupported, unsupported_container};
use crate::error::AudioError;
use crate::pipe_buffer::{EncodedBytes, PipeBuffer};
use crate::report::Damage;
use crate::sniff::{ContainerKind, sniff};

/// Bytes that decide what an input is.
const HEAD: usize = 4096;
/// Bytes of the header of an ID3v2 tag.
const ID3_HEADER: u64 = 10;

/// Something to decode, which can be opened more than once.
pub(super) trait Input {
    /// The source and its length in bytes.
    fn open(&self) -> io::Result<(Box<dyn Source + '_>, u64)>;

    /// The extension of its name, for messages.
    fn extension(&self) -> Option<&str>;

    /// An error of the operating system while reading it.
    fn io_error(&self, error: io::Error) -> AudioError;
}

/// Bytes without a path.
pub(super) struct Bytes<'b> {
    pub(super) bytes: EncodedBytes<'b>,
    pub(super) extension: Option<&'b str>,
}

impl Input for Bytes<'_> {
    fn open(&self) -> io::Result<(Box<dyn Source + '_>, u64)> {
        Ok(match self.bytes {
            EncodedBytes::Memory(bytes) => (Box::new(Cursor::new(bytes)), bytes.len() as u64),
            EncodedBytes::Pipe(buffer) => buffer.open(),
        })
    }

    fn extension(&self) -> Option<&str> {
        self.extension
    }

    fn io_error(&self, source: io::Error) -> AudioError {
        match self.bytes {
            // A cursor over memory fails only by ending early.
            EncodedBytes::Memory(_) => AudioError::damaged(source.to_string()),
            EncodedBytes::Pipe(_) => {
                AudioError::TemporaryFile { folder: std::env::temp_dir(), source }
            }
        }
    }
}

/// A regular file.
struct RegularFile<'p> {
    path: &'p Path,
    extension: Option<&'p str>,
}

impl Input for RegularFile<'_> {
    fn open(&self) -> io::Result<(Box<dyn Source + '_>, u64)> {
        let file = File::open(self.path)?;
        let len = file.metadata()?.len();
        Ok((Box::new(file), len))
    }

    fn extension(&self) -> Option<&str> {
        self.extension
    }

    fn io_error(&self, source: io::Error) -> AudioError {
        io_error(self.path, source)
    }
}

fn io_error(path: &Path, source: io::Error) -> AudioError {
    match source.kind() {
        io::ErrorKind::NotFound => AudioError::NotFound { path: path.to_owned() },
        io::ErrorKind::IsADirectory => AudioError::IsDirectory { path: path.to_owned() },
        _ => AudioError::Io { path: path.to_owned(), source },
    }
}

/// Runs `then` on the file at `path`. A pipe or a device is read to its end first.
pub(super) fn with_file<T>(
    path: &Path,
    limits: &DecodeLimits,
    then: impl FnOnce(&dyn Input) -> Result<T, AudioError>,
) -> Result<T, AudioError> {
    // Asked before opening: on Windows a folder cannot be opened at all.
    let metadata = std::fs::metadata(path).map_err(|source| io_error(path, source))?;
    if metadata.is_dir() {
        return Err(AudioError::IsDirectory { path: path.to_owned() });
    }
    let extension = path.extension().and_then(|e| e.to_str());
    if metadata.is_file() {
        return then(&RegularFile { path, extension });
    }
    let pipe = File::open(path).map_err(|source| io_error(path, source))?;
    let buffer = PipeBuffer::read(pipe, path, limits)?;
    then(&Bytes { bytes: EncodedBytes::Pipe(&buffer), extension })
}

/// Whether a recording may begin with `head`.
///
/// # Errors
/// Those of opening it.
pub(crate) fn check_head(head: &[u8], limits: &DecodeLimits) -> Result<(), AudioError> {
    let input = Bytes { bytes: EncodedBytes::Memory(head), extension: None };
    let found = scanner(&input, limits).and_then(|mut scan| identify(&mut scan, &input));
    found.map(|_| ()).map_err(|error| input_error(&input, error))
}

fn input_error(input: &dyn Input, failure: Failure) -> AudioError {
    match failure {
        Failure::Audio(error) => error,
        Failure::Io(error) => input.io_error(error),
    }
}

/// An opened audio track.
pub(super) struct Opened<'a> {
    pub(super) container: ContainerKind,
    pub(super) demuxer: Box<dyn Demuxer + 'a>,
    /// Audio tracks of the container.
    pub(super) tracks: usize,
    /// What the header shows to be missing.
    pub(super) damage: Option<Damage>,
    /// First byte, in the input, of a recording that is joined to this one.
    pub(super) next: Option<u64>,
}

fn scanner<'a>(input: &'a dyn Input, limits: &DecodeLimits) -> Result<Scanner<'a>, Failure> {
    let (source, len) = input.open()?;
    if len == 0 {
        return Err(AudioError::Empty.into());
    }
    if len > limits.max_bytes {
        return Err(AudioError::TooLarge { limit_bytes: limits.max_bytes }.into());
    }
    Ok(Scanner::new(source, len, limits.deadline))
}

/// Opens audio track number `index` of an input, from 0, with the recordings that are joined to the first.
pub(super) fn open<'a>(
    input: &'a dyn Input,
    index: usize,
    limits: &DecodeLimits,
) -> Result<Opened<'a>, Failure> {
    let opened = open_at(input, 0, index, limits)?;
    let Some(next) = opened.next else { return Ok(opened) };
    let (_, len) = input.open()?;
    let joined = Joined::new(input, limits, index, opened.demuxer, next, len);
    Ok(Opened { demuxer: Box::new(joined), ..opened })
}

/// Opens audio track number `index`, from 0, of the recording at byte `at` of an input.
pub(super) fn open_at<'a>(
    input: &'a dyn Input,
    at: u64,
    index: usize,
    limits: &DecodeLimits,
) -> Result<Opened<'a>, Failure> {
    let mut scan = scanner(input, limits)?;
    scan.skip_head(at);
    let (container, first) = identify(&mut scan, input)?;
    let deadline = limits.deadline;
    let extension = input.extension();
    let one = |demuxer: Box<dyn Demuxer + 'a>, damage, next: Option<u64>| Opened {
        container,
        demuxer,
        tracks: 1,
        damage,
        next,
    };
    if container != ContainerKind::Mpeg && container != ContainerKind::Adts {
        scan.skip_head(first);
    }
    let base = scan.base();
    Ok(match container {
        ContainerKind::Wav => {
            let layout = wav::layout(&mut scan, limits)?;
            let next = layout.next.map(|next| base + next);
            if let Some(name) = wav::unsupported_codec(layout.codec) {
                return Err(AudioError::unsupported_codec(name).into());
            }
            // MP2 and MP3 in WAV.
            if matches!(layout.codec, 0x50 | 0x55) {
                scan.truncate(layout.data_end);
                scan.skip_head(layout.data_at);
                return Ok(one(Box::new(MpegDemuxer::open(scan, 0)?), layout.damage, next));
            }
            let media = media(scan, layout.parts, deadline);
            let reader = WavReader::try_new(media, FormatOptions::default());
            one(Box::new(symphonia(reader, TimeStamps::Ignored, extension)?), layout.damage, next)
        }
        ContainerKind::Aiff => {
            let aiff::Layout { parts, is_wav, damage, next } = aiff::layout(&mut scan, limits)?;
            let next = next.map(|next| base + next);
            let demuxer = pcm_or(media(scan, parts, deadline), is_wav, extension, |media| {
                AiffReader::try_new(media, FormatOptions::default())
            })?;
            one(Box::new(demuxer), damage, next)
        }
        ContainerKind::Flac => {
            let flac::Layout { parts, frame_bytes, next } = flac::layout(&mut scan)?;
            let reader =
                FlacReader::try_new(media(scan, parts, deadline), FormatOptions::default());
            let demuxer = symphonia(reader, TimeStamps::Used, extension)?;
            let demuxer = demuxer.expect_bytes(Some(frame_bytes));
            one(Box::new(demuxer), None, next.map(|next| base + next))
        }
        ContainerKind::Caf => {
            let caf = caf::layout(&mut scan, limits)?;
            let next = caf.next.map(|next| base + next);
            let demuxer =
                pcm_or(media(scan, caf.parts, deadline), caf.is_wav, extension, |media| {
                    CafReader::try_new(media, FormatOptions::default())
                })?;
            let demuxer = demuxer
                .discard_at_start(caf.priming)
                .discard_frames_at_end(caf.padding)
                .expect_bytes(caf.packet_bytes);
            one(Box::new(demuxer), caf.damage, next)
        }
        ContainerKind::Matroska => {
            let layout = matroska::layout(&mut scan)?;
            let codec = layout.codecs.get(index).and_then(|id| matroska::unsupported_codec(id));
            if let Some(name) = codec {
                return Err(AudioError::unsupported_codec(name).into());
            }
            let media = media(scan, layout.parts, deadline);
            let reader = MkvReader::try_new(media, FormatOptions::default())
                .map_err(|error| failure(error, extension))?;
            let tracks = audio_tracks(&reader).count();
            let demuxer =
                SymphoniaDemuxer::new(Box::new(reader), index, TimeStamps::Used, false, true)?
                    .discard_at_end(layout.end_discard_ns);
            let next = layout.next.map(|next| base + next);
            Opened { container, demuxer: Box::new(demuxer), tracks, damage: layout.damage, next }
        }
        ContainerKind::Mpeg | ContainerKind::Adts => {
            one(Box::new(MpegDemuxer::open(scan, first)?), None, None)
        }
        ContainerKind::Ogg => {
            let demuxer = OggDemuxer::open(scan, index, limits)?;
            let tracks = demuxer.tracks();
            Opened { container, demuxer: Box::new(demuxer), tracks, damage: None, next: None }
        }
        ContainerKind::Mp4 => {
            let demuxer = Mp4Demuxer::open(scan, index, limits)?;
            let (tracks, next) = (demuxer.tracks(), demuxer.joined_at());
            Opened { container, demuxer: Box::new(demuxer), tracks, damage: None, next }
        }
        other => {
            return Err(unsupported_container(other, scan.bytes(0, HEAD)?).into());
        }
    })
}

/// The container of an input, and where it begins: behind ID3v2 tags, which any of them may have.
fn identify(scan: &mut Scanner<'_>, input: &dyn Input) -> Result<(ContainerKind, u64), Failure> {
    let mut at = 0;
    while let Some(len) = mpeg::id3v2_len(scan, at)? {
        at += len;
    }
    if let Some(kind) = sniff(scan.bytes(at, HEAD)?) {
        return Ok((kind, at));
    }
    // A tag whose length is wrong: the recording begins inside of it.
    if at > 0
        && let Some(first) = mpeg::find(scan, ID3_HEADER)?.filter(|first| *first < at)
    {
        let kind = sniff(scan.bytes(first, HEAD)?).unwrap_or(ContainerKind::Mpeg);
        return Ok((kind, first));
    }
    if at > 0
        && let Some(first) = joined::find(scan, ID3_HEADER)?
        && let Some(kind) = sniff(scan.bytes(first, HEAD)?)
    {
        return Ok((kind, first));
    }
    let head = scan.bytes(at, HEAD)?;
    if let Some(error) = unsupported(head) {
        return Err(error.into());
    }
    let is_silent = head.iter().all(|byte| *byte == 0);
    let what = describe_non_audio(head);
    let extension = input.extension().map(str::to_owned);
    if let Some(what) = what.filter(|_| !is_silent) {
        return Err(AudioError::NotAudio { what, extension }.into());
    }
    // A stream that was recorded from its middle on.
    if let Some(first) = mpeg::find(scan, at)? {
        let kind = sniff(scan.bytes(first, HEAD)?).unwrap_or(ContainerKind::Mpeg);
        return Ok((kind, first));
    }
    Err(match (at, what) {
        (0, Some(what)) => AudioError::NotAudio { what, extension },
        (0, None) => {
            let reason = "the content is of no known format".to_owned();
            AudioError::UnsupportedFormat { reason, extension }
        }
        _ => AudioError::damaged("no audio follows the ID3 tag"),
    }
    .into())
}

fn media<'a>(
    scan: Scanner<'a>,
    parts: Vec<Part>,
    deadline: Option<std::time::Instant>,
) -> MediaSourceStream<'a> {
    let source = Spliced::new(scan.into_source(), parts, deadline);
    MediaSourceStream::new(Box::new(source), Default::default())
}

/// The only track of a container that has its samples in a row, or of a WAV that it was rewritten to.
fn pcm_or<'a, R: FormatReader + 'a>(
    media: MediaSourceStream<'a>,
    is_wav: bool,
    extension: Option<&str>,
    open: impl FnOnce(MediaSourceStream<'a>) -> Result<R, symphonia::core::errors::Error>,
) -> Result<SymphoniaDemuxer<'a>, Failure> {
    match is_wav {
        true => {
            let reader = WavReader::try_new(media, FormatOptions::default());
            symphonia(reader, TimeStamps::Ignored, extension)
        }
        false => symphonia(open(media), TimeStamps::Ignored, extension),
    }
}

/// The only track of a container of Symphonia.
fn symphonia<'a>(
    reader: Result<impl FormatReader + 'a, symphonia::core::errors::Error>,
    time_stamps: TimeStamps,
    extension: Option<&str>,
) -> Result<SymphoniaDemuxer<'a>, Failure> {
    let reader = reader.map_err(|error| failure(error, extension))?;
    let counts_exactly = time_stamps == TimeStamps::Used;
    Ok(SymphoniaDemuxer::new(Box::new(reader), 0, time_stamps, counts_exactly, false)?)
}
