//! The formats, one file each.

pub(crate) mod audacity;
pub(crate) mod csv;
pub(crate) mod eaf;
mod eaf_document;
pub(crate) mod rttm;
pub(crate) mod srt;
pub(crate) mod textgrid;
mod textgrid_tokens;
pub(crate) mod vtt;
pub(crate) mod whisper;

use std::collections::HashSet;
use std::path::Path;

use crate::SegmentsError;

/// A format of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Rich Transcription Time Marked (NIST RT-09 evaluation plan, appendix A), of diarisers.
    Rttm,
    /// SubRip subtitles.
    Srt,
    /// WebVTT (<https://www.w3.org/TR/webvtt1/>).
    Vtt,
    /// Praat's TextGrid as text, long or short
    /// (<https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>).
    TextGrid,
    /// ELAN's annotation document (EAF 2.6 to 3.0, <https://www.mpi.nl/tools/elan/EAFv3.0.xsd>).
    Eaf,
    /// A label track of Audacity: start, end and label, separated by tabs.
    Audacity,
    /// A table with a header that has `start` and `end` (or `duration`), and perhaps `speaker` and `text`.
    Csv,
    /// The JSON of Whisper and whisperX.
    Whisper,
}

/// Names of the formats, for messages.
const KNOWN: &str =
    "RTTM, SRT, WebVTT, TextGrid, ELAN .eaf, Audacity labels (.txt), CSV, Whisper JSON";

impl Format {
    /// All formats.
    pub const ALL: [Self; 8] = [
        Self::Rttm,
        Self::Srt,
        Self::Vtt,
        Self::TextGrid,
        Self::Eaf,
        Self::Audacity,
        Self::Csv,
        Self::Whisper,
    ];

    /// The format by its name, or else by its content.
    ///
    /// # Errors
    /// [`SegmentsError::UnknownFormat`].
    pub fn detect(path: &Path, bytes: &[u8]) -> Result<Self, SegmentsError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let by_name = extension.and_then(|extension| {
            let is = |format: &&Self| format.extension().eq_ignore_ascii_case(extension);
            Self::ALL
                .iter()
                .find(is)
                .copied()
                .or_else(|| extension.eq_ignore_ascii_case("tsv").then_some(Self::Csv))
        });
        match by_name.or_else(|| Self::by_content(bytes)) {
            Some(format) => Ok(format),
            None => Err(SegmentsError::UnknownFormat { known: KNOWN }),
        }
    }

    fn by_content(bytes: &[u8]) -> Option<Self> {
        let (text, _) = crate::encoding::Encoding::decode(bytes).ok()?;
        let text = text.trim_start();
        let first = crate::lines::lines(text).find(|line| !line.is_blank())?.text;
        if text.starts_with("WEBVTT") {
            return Some(Self::Vtt);
        }
        if text.starts_with(['{', '[']) {
            return Some(Self::Whisper);
        }
        if text.starts_with('<') && text.contains("<ANNOTATION_DOCUMENT") {
            return Some(Self::Eaf);
        }
        if text.starts_with("File type") || text.starts_with("\"ooTextFile") {
            return Some(Self::TextGrid);
        }
        if first.starts_with("SPEAKER ") || first.starts_with(";;") {
            return Some(Self::Rttm);
        }
        let arrow = crate::lines::lines(text).take(3).any(|line| line.text.contains("-->"));
        if arrow {
            return Some(Self::Srt);
        }
        let tabs = first.split('\t').take(2).filter(|cell| crate::clock::number(cell).is_some());
        if tabs.count() == 2 {
            return Some(Self::Audacity);
        }
        csv::has_header(first).then_some(Self::Csv)
    }

    /// The usual extension of files, without its dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Rttm => "rttm",
            Self::Srt => "srt",
            Self::Vtt => "vtt",
            Self::TextGrid => "TextGrid",
            Self::Eaf => "eaf",
            Self::Audacity => "txt",
            Self::Csv => "csv",
            Self::Whisper => "json",
        }
    }

    /// Name of the format, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rttm => "RTTM",
            Self::Srt => "SRT",
            Self::Vtt => "WebVTT",
            Self::TextGrid => "TextGrid",
            Self::Eaf => "ELAN",
            Self::Audacity => "Audacity labels",
            Self::Csv => "CSV",
            Self::Whisper => "Whisper JSON",
        }
    }

    /// Whether segments are in tiers.
    pub(crate) fn has_tiers(self) -> bool {
        matches!(self, Self::TextGrid | Self::Eaf)
    }
}

/// Checks the names of the tiers to read against those of the file: the only one, or those that were named.
///
/// # Errors
/// [`SegmentsError::NoTier`] and [`SegmentsError::SeveralTiers`].
pub(crate) fn choose_tiers(known: &[&str], wanted: &[String]) -> Result<Vec<usize>, SegmentsError> {
    let listed = || known.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    match (wanted, known) {
        ([], [_]) => Ok(vec![0]),
        ([], []) => Err(SegmentsError::structure("the file has no tier with times")),
        ([], _) => Err(SegmentsError::SeveralTiers { known: listed() }),
        _ => wanted
            .iter()
            .map(|name| {
                known
                    .iter()
                    .position(|tier| tier == name)
                    .ok_or_else(|| SegmentsError::NoTier { wanted: name.clone(), known: listed() })
            })
            .collect(),
    }
}

/// A name that is not taken: `name`, or `name 2`, `name 3` and so on.
pub(crate) fn free_name<S: AsRef<str>>(name: &str, taken: &[S]) -> String {
    // A file may have all of them up to a large number.
    let taken: HashSet<&str> = taken.iter().map(AsRef::as_ref).collect();
    let free = |name: &String| !taken.contains(name.as_str());
    let numbered = (2..).map(|number| format!("{name} {number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(free).unwrap_or_default()
}
