//! Documents: Praat's TextGrid, and subtitles.

use std::fmt::Write;

use super::{Timeline, TimelineItem};
use crate::table::percent;
use crate::text::printable;

/// What a stretch shows, nothing without speech; `? ` before an answer to abstain from.
fn caption(
    stretch: &TimelineItem,
    labels: &[String],
    threshold: Option<f64>,
) -> Option<[String; 2]> {
    let emotion = stretch.label.as_ref()?;
    let unsure = threshold.is_some_and(|threshold| emotion.confidence < threshold);
    let label = labels.get(emotion.label_index)?;
    let mark = if unsure { "? " } else { "" };
    Some([format!("{mark}{}", printable(label)), percent(emotion.confidence)])
}

/// A TextGrid in the long format, with a tier for the labels and one for their confidences
/// (<https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>).
pub(super) fn textgrid(timeline: &Timeline, labels: &[String], threshold: Option<f64>) -> String {
    let end = timeline.stretches.last().map_or(0.0, |stretch| stretch.end_s);
    let mut text = format!(
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = {end}\n\
         tiers? <exists>\nsize = 2\nitem []:\n"
    );
    for (tier, name) in ["emotion", "confidence"].into_iter().enumerate() {
        let count = timeline.stretches.len();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "    item [{}]:\n        class = \"IntervalTier\"\n        name = \"{name}\"\n        \
             xmin = 0\n        xmax = {end}\n        intervals: size = {count}\n",
            tier + 1
        );
        for (i, stretch) in timeline.stretches.iter().enumerate() {
            let caption = caption(stretch, labels, threshold).map(|parts| parts[tier].clone());
            let caption = caption.unwrap_or_default().replace('"', "\"\"");
            let _ = write!(
                text,
                "        intervals [{}]:\n            xmin = {}\n            xmax = {}\n            \
                 text = \"{caption}\"\n",
                i + 1,
                stretch.start_s,
                stretch.end_s
            );
        }
    }
    text
}

/// SubRip subtitles of the stretches with speech.
pub(super) fn srt(timeline: &Timeline, labels: &[String], threshold: Option<f64>) -> String {
    let captions = timeline.stretches.iter().filter_map(|stretch| {
        let [label, sure] = caption(stretch, labels, threshold)?;
        Some((clock(stretch.start_s, ','), clock(stretch.end_s, ','), label, sure))
    });
    let lines = (1..).zip(captions).map(|(number, (start, end, label, sure))| {
        format!("{number}\n{start} --> {end}\n{} ({sure})\n\n", one_line(&label))
    });
    lines.collect()
}

/// WebVTT subtitles of the stretches with speech (<https://www.w3.org/TR/webvtt1/>).
pub(super) fn vtt(timeline: &Timeline, labels: &[String], threshold: Option<f64>) -> String {
    let captions = timeline.stretches.iter().filter_map(|stretch| {
        let [label, sure] = caption(stretch, labels, threshold)?;
        let label =
            one_line(&label).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (start, end) = (clock(stretch.start_s, '.'), clock(stretch.end_s, '.'));
        Some(format!("{start} --> {end}\n{label} ({sure})\n\n"))
    });
    format!("WEBVTT\n\n{}", captions.collect::<String>())
}

/// A caption ends at an empty line: labels must not bring one.
fn one_line(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Hours, minutes, seconds and milliseconds.
fn clock(seconds: f64, point: char) -> String {
    let ms = (seconds * 1000.0).round() as u64;
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{h:02}:{m:02}:{s:02}{point}{:03}", ms % 1000)
}
