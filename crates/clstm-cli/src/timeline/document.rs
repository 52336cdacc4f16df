//! Documents: Praat's TextGrid, and subtitles.

use std::fmt::Write;

use clstm::DimensionInfo;

use super::TimelineItem;
use crate::table::percent;
use crate::text::printable;

/// What the documents of a model are made of.
#[derive(Clone, Copy)]
pub(super) struct Wording<'a> {
    pub(super) labels: &'a [String],
    pub(super) dimensions: &'a [DimensionInfo],
    /// Confidences below it are marked with `? `.
    pub(super) threshold: Option<f64>,
}

impl Wording<'_> {
    /// The label of an item; `None` without speech.
    fn label(&self, item: &TimelineItem) -> Option<String> {
        let score = item.label.as_ref()?;
        let unsure = self.threshold.is_some_and(|threshold| score.confidence < threshold);
        let label = self.labels.get(score.label_index)?;
        Some(format!("{}{}", if unsure { "? " } else { "" }, printable(label)))
    }
}

/// The items of a channel; without a number, of the whole recording.
pub(super) type Track<'a> = (Option<usize>, &'a [TimelineItem]);

/// A TextGrid in the long format, with a tier for the labels, one for their confidences and one for each continuous target, of
/// each channel (<https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>).
pub(super) fn textgrid(tracks: &[Track<'_>], wording: Wording<'_>) -> String {
    let ends = tracks.iter().filter_map(|(_, items)| Some(items.last()?.end_s));
    let end = ends.fold(0.0, f64::max);
    let mut text = format!(
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = {end}\n\
         tiers? <exists>\nsize = {}\nitem []:\n",
        (2 + wording.dimensions.len()) * tracks.len()
    );
    let mut number = 0;
    for (channel, items) in tracks {
        let confidence =
            |item: &TimelineItem| item.label.as_ref().map(|score| percent(score.confidence));
        let mut tiers: Vec<(String, Vec<Option<String>>)> = vec![
            ("emotion".to_owned(), items.iter().map(|item| wording.label(item)).collect()),
            ("confidence".to_owned(), items.iter().map(confidence).collect()),
        ];
        for (index, dimension) in wording.dimensions.iter().enumerate() {
            let value = |item: &TimelineItem| {
                let value = *item.label.as_ref()?.dimensions.get(index)?;
                Some(format!("{value:.4}"))
            };
            tiers.push((printable(&dimension.name), items.iter().map(value).collect()));
        }
        let channel = channel.map_or(String::new(), |channel| format!(" {channel}"));
        for (name, texts) in tiers {
            number += 1;
            let name = name.replace('"', "\"\"");
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "    item [{number}]:\n        class = \"IntervalTier\"\n        name = \"{name}{channel}\"\n        \
                 xmin = 0\n        xmax = {end}\n        intervals: size = {}\n",
                items.len()
            );
            for (i, (item, caption)) in items.iter().zip(texts).enumerate() {
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
    }
    text
}

/// Start, end and text of the captions of all channels, by their start.
fn captions(tracks: &[Track<'_>], wording: Wording<'_>) -> Vec<(f64, f64, String)> {
    let each = tracks.iter().flat_map(|(channel, items)| {
        items.iter().filter_map(move |item| {
            let (label, score) = (wording.label(item)?, item.label.as_ref()?);
            let channel = channel.map_or(String::new(), |channel| format!("channel {channel}: "));
            let values = wording.dimensions.iter().zip(score.dimensions.iter());
            let values: String = values
                .map(|(it, value)| format!(", {} {value:.2}", one_line(&printable(&it.name))))
                .collect();
            let confidence = percent(score.confidence);
            let text = format!("{channel}{} ({confidence}){values}", one_line(&label));
            Some((item.start_s, item.end_s, text))
        })
    });
    let mut all: Vec<_> = each.collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// SubRip subtitles of the items with speech.
pub(super) fn srt(tracks: &[Track<'_>], wording: Wording<'_>) -> String {
    let captions = (1..).zip(captions(tracks, wording));
    let lines = captions.map(|(number, (start, end, text))| {
        format!("{number}\n{} --> {}\n{text}\n\n", clock(start, ','), clock(end, ','))
    });
    lines.collect()
}

/// WebVTT subtitles of the items with speech (<https://www.w3.org/TR/webvtt1/>).
pub(super) fn vtt(tracks: &[Track<'_>], wording: Wording<'_>) -> String {
    let captions = captions(tracks, wording).into_iter().map(|(start, end, text)| {
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
