//! Documents: Praat's TextGrid, and subtitles.

use std::fmt::Write;

use super::TimelineItem;
use crate::table::percent;
use crate::text::printable;

/// Label and confidence of an item; `None` without speech. `? ` marks a confidence below the threshold.
fn caption(item: &TimelineItem, labels: &[String], threshold: Option<f64>) -> Option<[String; 2]> {
    let score = item.label.as_ref()?;
    let unsure = threshold.is_some_and(|threshold| score.confidence < threshold);
    let label = labels.get(score.label_index)?;
    let mark = if unsure { "? " } else { "" };
    Some([format!("{mark}{}", printable(label)), percent(score.confidence)])
}

/// A TextGrid in the long format, with a tier for the labels and one for their confidences
/// (<https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>).
pub(super) fn textgrid(
    items: &[TimelineItem],
    labels: &[String],
    threshold: Option<f64>,
) -> String {
    let end = items.last().map_or(0.0, |item| item.end_s);
    let mut text = format!(
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = {end}\n\
         tiers? <exists>\nsize = 2\nitem []:\n"
    );
    for (tier, name) in ["emotion", "confidence"].into_iter().enumerate() {
        let count = items.len();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "    item [{}]:\n        class = \"IntervalTier\"\n        name = \"{name}\"\n        \
             xmin = 0\n        xmax = {end}\n        intervals: size = {count}\n",
            tier + 1
        );
        for (i, item) in items.iter().enumerate() {
            let caption = caption(item, labels, threshold).map(|parts| parts[tier].clone());
            let caption = caption.unwrap_or_default().replace('"', "\"\"");
            let _ = write!(
                text,
                "        intervals [{}]:\n            xmin = {}\n            xmax = {}\n            \
                 text = \"{caption}\"\n",
                i + 1,
                item.start_s,
                item.end_s
            );
        }
    }
    text
}

/// SubRip subtitles of the items with speech.
pub(super) fn srt(items: &[TimelineItem], labels: &[String], threshold: Option<f64>) -> String {
    let captions = items.iter().filter_map(|item| {
        let [label, confidence] = caption(item, labels, threshold)?;
        Some((clock(item.start_s, ','), clock(item.end_s, ','), label, confidence))
    });
    let lines = (1..).zip(captions).map(|(number, (start, end, label, confidence))| {
        format!("{number}\n{start} --> {end}\n{} ({confidence})\n\n", one_line(&label))
    });
    lines.collect()
}

/// WebVTT subtitles of the items with speech (<https://www.w3.org/TR/webvtt1/>).
pub(super) fn vtt(items: &[TimelineItem], labels: &[String], threshold: Option<f64>) -> String {
    let captions = items.iter().filter_map(|item| {
        let [label, confidence] = caption(item, labels, threshold)?;
        let label =
            one_line(&label).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (start, end) = (clock(item.start_s, '.'), clock(item.end_s, '.'));
        Some(format!("{start} --> {end}\n{label} ({confidence})\n\n"))
    });
    format!("WEBVTT\n\n{}", captions.collect::<String>())
}

/// An empty line would end a caption.
fn one_line(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Hours, minutes, seconds and milliseconds.
fn clock(seconds: f64, point: char) -> String {
    let ms = (seconds * 1000.0).round() as u64;
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{h:02}:{m:02}:{s:02}{point}{:03}", ms % 1000)
}
