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

/// The items of a channel; without a number, of the whole recording.
pub(super) type Track<'a> = (Option<usize>, &'a [TimelineItem]);

/// A TextGrid in the long format, with a tier for the labels and one for their confidences, of each channel
/// (<https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>).
pub(super) fn textgrid(tracks: &[Track<'_>], labels: &[String], threshold: Option<f64>) -> String {
    let ends = tracks.iter().filter_map(|(_, items)| Some(items.last()?.end_s));
    let (end, size) = (ends.fold(0.0, f64::max), 2 * tracks.len());
    let mut text = format!(
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = {end}\n\
         tiers? <exists>\nsize = {size}\nitem []:\n"
    );
    let tiers = tracks.iter().flat_map(|track| [(0, "emotion", track), (1, "confidence", track)]);
    for (number, (part, name, (channel, items))) in tiers.enumerate() {
        let count = items.len();
        let channel = channel.map_or(String::new(), |channel| format!(" {channel}"));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "    item [{}]:\n        class = \"IntervalTier\"\n        name = \"{name}{channel}\"\n        \
             xmin = 0\n        xmax = {end}\n        intervals: size = {count}\n",
            number + 1
        );
        for (i, item) in items.iter().enumerate() {
            let caption = caption(item, labels, threshold).map(|parts| parts[part].clone());
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

/// Start, end and text of the captions of all channels, by their start.
fn captions(
    tracks: &[Track<'_>],
    labels: &[String],
    threshold: Option<f64>,
) -> Vec<(f64, f64, String)> {
    let each = tracks.iter().flat_map(|(channel, items)| {
        items.iter().filter_map(move |item| {
            let [label, confidence] = caption(item, labels, threshold)?;
            let channel = channel.map_or(String::new(), |channel| format!("channel {channel}: "));
            let text = format!("{channel}{} ({confidence})", one_line(&label));
            Some((item.start_s, item.end_s, text))
        })
    });
    let mut all: Vec<_> = each.collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// SubRip subtitles of the items with speech.
pub(super) fn srt(tracks: &[Track<'_>], labels: &[String], threshold: Option<f64>) -> String {
    let captions = (1..).zip(captions(tracks, labels, threshold));
    let lines = captions.map(|(number, (start, end, text))| {
        format!("{number}\n{} --> {}\n{text}\n\n", clock(start, ','), clock(end, ','))
    });
    lines.collect()
}

/// WebVTT subtitles of the items with speech (<https://www.w3.org/TR/webvtt1/>).
pub(super) fn vtt(tracks: &[Track<'_>], labels: &[String], threshold: Option<f64>) -> String {
    let captions = captions(tracks, labels, threshold).into_iter().map(|(start, end, text)| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!("{} --> {}\n{text}\n\n", clock(start, '.'), clock(end, '.'))
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
