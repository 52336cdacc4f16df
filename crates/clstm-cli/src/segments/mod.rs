//! How recognised segments are written: rows for programs and people, and a summary by speaker.

mod rows;

use clstm::DimensionInfo;
use clstm::audio::Damage;
use clstm_segments::{Annotation, Segment, SpeakerSummary, summarize};

use crate::table::{Table, percent};
use crate::text::printable;

pub(crate) use rows::SegmentRows;

/// A segment and what was recognised in it, in one channel or in the mean of all.
pub(crate) struct SegmentResult<'a> {
    pub(crate) segment: &'a Segment,
    pub(crate) annotation: Annotation,
    /// Share of the segment that is speech.
    pub(crate) speech: f64,
}

/// The segments of a recording and what was recognised in them.
pub(crate) struct SegmentResults<'a> {
    /// As shown.
    pub(crate) path: &'a str,
    pub(crate) duration_s: f64,
    /// One for each segment, or for each channel of a segment.
    pub(crate) results: Vec<SegmentResult<'a>>,
    /// What is missing of the recording.
    pub(crate) damage: Option<&'a Damage>,
}

impl SegmentResults<'_> {
    /// Summaries by speaker and channel.
    pub(crate) fn speakers(&self, labels: usize) -> Vec<SpeakerSummary> {
        summarize(self.results.iter().map(|result| (result.segment, &result.annotation)), labels)
    }

    /// The annotations of each of the segments.
    pub(crate) fn annotations(&self, segments: &[Segment]) -> Vec<Vec<Annotation>> {
        let mut rest = self.results.iter().peekable();
        let of = |segment: &Segment| {
            let own = |result: &&SegmentResult<'_>| std::ptr::eq(result.segment, segment);
            std::iter::from_fn(|| rest.next_if(own)).map(|it| it.annotation.clone()).collect()
        };
        segments.iter().map(of).collect()
    }
}

/// Shares of time by emotion, mean confidences and continuous targets, for people.
pub(crate) fn summary_table(
    summaries: &[SpeakerSummary],
    labels: &[String],
    dimensions: &[DimensionInfo],
) -> String {
    let channels = summaries.iter().any(|summary| summary.channel.is_some());
    let mut head = vec!["speaker"];
    head.extend(channels.then_some("channel"));
    head.extend(["segments", "labelled", "seconds", "confidence"]);
    let names: Vec<String> = dimensions.iter().map(|it| printable(&it.name)).collect();
    head.extend(names.iter().map(String::as_str));
    head.push("share of time");
    let mut table = Table::new(1, head);
    for summary in summaries {
        let mut shares: Vec<(&String, f64)> =
            labels.iter().zip(summary.time.iter().copied()).filter(|(_, p)| *p > 0.0).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        let shares: Vec<String> =
            shares.iter().map(|(label, share)| format!("{label} {}", percent(*share))).collect();
        let none = || "-".to_owned();
        let mut row = vec![summary.speaker.clone().unwrap_or_else(none)];
        row.extend(channels.then(|| summary.channel.map_or_else(none, |it| it.to_string())));
        row.extend([
            summary.segments.to_string(),
            summary.labelled.to_string(),
            format!("{:.1}", summary.labelled_s),
            summary.confidence.map_or_else(none, percent),
        ]);
        row.extend((0..names.len()).map(|index| {
            let value = summary.dimensions.get(index);
            value.map_or_else(none, |value| format!("{value:.2}"))
        }));
        row.push(shares.join(", "));
        table.row(row);
    }
    table.to_string()
}
