//! How recognised segments are written: rows for programs and people, and a summary by speaker.

mod rows;

use clstm_segments::{Annotation, Segment, SpeakerSummary};

use crate::table::{Table, percent};

pub(crate) use rows::SegmentRows;

/// The segments of a recording and what was recognised in them.
pub(crate) struct SegmentResults<'a> {
    /// As shown.
    pub(crate) path: &'a str,
    pub(crate) duration_s: f64,
    pub(crate) segments: &'a [Segment],
    /// One a segment.
    pub(crate) annotations: &'a [Annotation],
    /// Share of each segment that is speech.
    pub(crate) speech: Vec<f64>,
}

/// Shares of time by emotion and mean confidences, for people.
pub(crate) fn summary_table(summaries: &[SpeakerSummary], labels: &[String]) -> String {
    let head = ["speaker", "segments", "labelled", "seconds", "confidence", "share of time"];
    let mut table = Table::new(1, head);
    for summary in summaries {
        let mut shares: Vec<(&String, f64)> =
            labels.iter().zip(summary.time.iter().copied()).filter(|(_, p)| *p > 0.0).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        let shares: Vec<String> =
            shares.iter().map(|(label, share)| format!("{label} {}", percent(*share))).collect();
        table.row([
            summary.speaker.clone().unwrap_or_else(|| "-".to_owned()),
            summary.segments.to_string(),
            summary.labelled.to_string(),
            format!("{:.1}", summary.labelled_s),
            summary.confidence.map_or("-".to_owned(), percent),
            shares.join(", "),
        ]);
    }
    table.to_string()
}
