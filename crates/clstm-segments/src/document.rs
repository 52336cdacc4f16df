//! A file of segments, kept as it was read.

use crate::encoding::Encoding;
use crate::format::{audacity, csv, eaf, rttm, srt, textgrid, vtt, whisper};
use crate::{Annotation, Format, Names, Segment, SegmentsError};

/// Most segments of a file.
const MAX_SEGMENTS: usize = 1_000_000;

/// How a file is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Tiers of TextGrid and ELAN files whose segments are read; empty for the only tier. The name of a tier is the
    /// speaker of its segments where several are named and the file has no speakers.
    pub tiers: Vec<String>,
    /// Name of the recording, without its extension: of an RTTM file with segments of several recordings, those of
    /// this one are read.
    pub recording: Option<String>,
    /// Whether the channels of the segments are needed. One that is no number is then an error, else none.
    pub channels: bool,
}

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// Number of labels in the text of formats without a place for all probabilities: SRT, WebVTT, Audacity.
    pub top: usize,
}

impl Default for WriteOptions {
    /// The most probable label.
    fn default() -> Self {
        Self { top: 1 }
    }
}

/// A file of segments.
#[derive(Debug)]
pub struct Document {
    format: Format,
    encoding: Encoding,
    text: String,
    segments: Vec<Segment>,
    layout: Layout,
}

/// Where emotions go, by format.
#[derive(Debug)]
enum Layout {
    Rttm(rttm::Layout),
    Srt(srt::Layout),
    Vtt(vtt::Layout),
    TextGrid(textgrid::Layout),
    Eaf(eaf::Layout),
    Audacity(audacity::Layout),
    Csv(csv::Layout),
    Whisper(whisper::Layout),
}

impl Document {
    /// Reads a file in a format: see [`Format::detect`].
    ///
    /// # Errors
    /// [`SegmentsError`] names the line where it can. Negative and reversed times are errors; overlapping segments are not.
    pub fn parse(
        bytes: &[u8],
        format: Format,
        options: &ReadOptions,
    ) -> Result<Self, SegmentsError> {
        if !options.tiers.is_empty() && !format.has_tiers() {
            return Err(SegmentsError::NoTiers { format: format.name() });
        }
        let (text, encoding) = Encoding::decode(bytes)?;
        let (tiers, channels) = (&options.tiers[..], options.channels);
        let (segments, layout) = match format {
            Format::Rttm => {
                let recording = options.recording.as_deref();
                rttm::parse(&text, recording, channels).map(|(s, l)| (s, Layout::Rttm(l)))
            }
            Format::Srt => srt::parse(&text).map(|(s, l)| (s, Layout::Srt(l))),
            Format::Vtt => vtt::parse(&text).map(|(s, l)| (s, Layout::Vtt(l))),
            Format::TextGrid => {
                textgrid::parse(&text, tiers).map(|(s, l)| (s, Layout::TextGrid(l)))
            }
            Format::Eaf => eaf::parse(&text, tiers).map(|(s, l)| (s, Layout::Eaf(l))),
            Format::Audacity => audacity::parse(&text).map(|(s, l)| (s, Layout::Audacity(l))),
            Format::Csv => csv::parse(&text, channels).map(|(s, l)| (s, Layout::Csv(l))),
            Format::Whisper => {
                whisper::parse(&text, channels).map(|(s, l)| (s, Layout::Whisper(l)))
            }
        }?;
        if segments.len() > MAX_SEGMENTS {
            return Err(SegmentsError::TooMany { most: MAX_SEGMENTS });
        }
        Ok(Self { format, encoding, text, segments, layout })
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The segments in the order of the file.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names of the tiers that were read; none for formats without tiers.
    pub fn tiers(&self) -> impl Iterator<Item = &str> {
        let (textgrid, eaf) = match &self.layout {
            Layout::TextGrid(layout) => (&layout.chosen[..], &[][..]),
            Layout::Eaf(layout) => (&[][..], &layout.chosen[..]),
            _ => (&[][..], &[][..]),
        };
        let textgrid = textgrid.iter().map(|tier| tier.name.as_str());
        textgrid.chain(eaf.iter().map(|(name, _)| name.as_str()))
    }

    /// Addresses of the recordings that the file names: paths or `file:` URLs, those relative to the file first. Only ELAN
    /// documents have them.
    #[must_use]
    pub fn media_urls(&self) -> &[String] {
        match &self.layout {
            Layout::Eaf(layout) => &layout.media,
            _ => &[],
        }
    }

    /// The file with an annotation for each segment, in their order; segments beyond the annotations stay as they are.
    #[must_use]
    pub fn write<'a>(
        &self,
        annotations: &[Annotation],
        names: impl Into<Names<'a>>,
        options: &WriteOptions,
    ) -> Vec<u8> {
        let each: Vec<Vec<Annotation>> = annotations.iter().map(|one| vec![one.clone()]).collect();
        self.write_channels(&each, names, options)
    }

    /// The file with the annotations of each segment, one for each channel that was processed: see
    /// [`Annotation::channel`].
    #[must_use]
    pub fn write_channels<'a>(
        &self,
        annotations: &[Vec<Annotation>],
        names: impl Into<Names<'a>>,
        options: &WriteOptions,
    ) -> Vec<u8> {
        let (text, names) = (self.text.as_str(), names.into());
        let edits = match &self.layout {
            Layout::Rttm(layout) => rttm::annotate(text, layout, annotations, names),
            Layout::Srt(layout) => srt::annotate(layout, annotations, names, options),
            Layout::Vtt(layout) => vtt::annotate(text, layout, annotations, names, options),
            Layout::TextGrid(layout) => textgrid::annotate(text, layout, annotations, names),
            Layout::Eaf(layout) => eaf::annotate(text, layout, annotations, names),
            Layout::Audacity(layout) => audacity::annotate(layout, annotations, names, options),
            Layout::Csv(layout) => csv::annotate(text, layout, annotations, names),
            Layout::Whisper(layout) => whisper::annotate(layout, annotations, names),
        };
        self.encoding.encode(&edits.apply(text))
    }
}
