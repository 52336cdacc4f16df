//! RTTM: `SPEAKER file channel start duration <NA> <NA> speaker <NA> <NA>`.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::caption::{one_line, probabilities, rounded};
use crate::edits::Edits;
use crate::lines::{line_end, lines, words};
use crate::{Annotation, Names, Segment, SegmentsError, channel, clock};

/// The content of a field that has none.
const NONE: &str = "<NA>";

/// The lines of the segments.
#[derive(Debug)]
pub(crate) struct Layout {
    lines: Vec<SpeakerLine>,
    /// The number of the first channel.
    first_channel: usize,
}

/// The fields of a line that are written to.
#[derive(Debug)]
struct SpeakerLine {
    /// The line without its end.
    place: Range<usize>,
    channel: Field,
    /// The orthography field: probabilities and continuous targets.
    orthography: Field,
    /// The subtype field: the label.
    subtype: Field,
    /// The confidence field, where the line has one.
    confidence: Option<Field>,
}

/// A field's place and whether it is empty: what other tools wrote stays.
#[derive(Debug)]
struct Field {
    place: Range<usize>,
    empty: bool,
}

/// Reads the lines of type SPEAKER; others are kept. If they are of several recordings, those of `recording` are read.
/// Channels count from 1, or from 0 if a line has channel 0; `A` and `B` count as 1 and 2. Unless they are
/// `needed`, one that is no channel is ignored.
pub(crate) fn parse(
    text: &str,
    recording: Option<&str>,
    needed: bool,
) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    let only = one_of_several(text, recording)?;
    let (mut segments, mut found, mut first_channel) = (Vec::new(), Vec::new(), 1);
    for line in lines(text) {
        let words = words(&line);
        if words.first().is_none_or(|(_, word)| *word != "SPEAKER") {
            continue;
        }
        let refuse = |reason: String| SegmentsError::line(line.number, reason);
        if words.len() < 8 {
            return Err(refuse(format!(
                "a SPEAKER line has the fields SPEAKER FILE CHANNEL START DURATION <NA> <NA> NAME, but this \
                 one has {}",
                words.len()
            )));
        }
        if only.is_some_and(|only| words[1].1 != only) {
            continue;
        }
        let seconds = |index: usize, name: &str| {
            let (_, word) = &words[index];
            clock::number(word)
                .ok_or_else(|| refuse(format!("the {name} {word:?} is not a number")))
        };
        let (start, duration) = (seconds(3, "start")?, seconds(4, "duration")?);
        if duration < 0.0 {
            return Err(refuse(format!("the duration {duration} s is negative")));
        }
        // The sum of two decimals has rounding errors, which no file has.
        let end = ((start + duration) * 1e6).round() / 1e6;
        let name = Some(words[7].1).filter(|name| *name != NONE);
        let channel = match words[2].1 {
            NONE => None,
            "A" => Some(1),
            "B" => Some(2),
            number => channel::parse(number, line.number, needed)?,
        };
        if channel == Some(0) {
            first_channel = 0;
        }
        let segment = Segment::new(start, end.max(start), line.number)?.by(name).on(channel);
        let field = |index: usize| {
            let (place, word) = words.get(index)?;
            Some(Field { place: place.clone(), empty: *word == NONE })
        };
        if let (Some(channel), Some(orthography), Some(subtype)) = (field(2), field(5), field(6)) {
            let (place, confidence) = (line.start..line.end(), field(8));
            segments.push(segment);
            found.push(SpeakerLine { place, channel, orthography, subtype, confidence });
        }
    }
    for segment in &mut segments {
        segment.channel = segment.channel.map(|channel| channel - first_channel);
    }
    Ok((segments, Layout { lines: found, first_channel }))
}

/// Most recordings that a message names.
const NAMED: usize = 5;

/// The recording whose lines are read, if the file has lines of several.
///
/// # Errors
/// If it has none of `recording`.
fn one_of_several<'a>(
    text: &str,
    recording: Option<&'a str>,
) -> Result<Option<&'a str>, SegmentsError> {
    let mut names = BTreeSet::new();
    for line in lines(text) {
        if let [(_, "SPEAKER"), (_, name), ..] = words(&line)[..] {
            names.insert(name.to_owned());
        }
    }
    match recording {
        _ if names.len() < 2 => Ok(None),
        Some(name) if names.contains(name) => Ok(Some(name)),
        _ => {
            let named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
            let rest = if names.len() > NAMED { ", ..." } else { "" };
            Err(SegmentsError::structure(format!(
                "the file has segments of {} recordings ({}{rest}), none of them named like this recording; \
                 name the recording like its segments, or give a file with its segments alone",
                names.len(),
                named.join(", ")
            )))
        }
    }
}

/// Writes the label to the field for the subtype, its probability to that for the confidence, and all probabilities and
/// continuous targets to that for the orthography, which lines of this type do not use. A segment of several channels has a
/// line for each.
pub(crate) fn annotate(
    text: &str,
    layout: &Layout,
    annotations: &[Vec<Annotation>],
    names: Names<'_>,
) -> Edits {
    let mut edits = Edits::default();
    let end = line_end(text);
    for (line, annotations) in layout.lines.iter().zip(annotations) {
        let each = annotations.iter().map(|annotation| {
            let changes = line.changes(annotation, layout.first_channel, names);
            changes.apply(&text[line.place.clone()])
        });
        let written: Vec<String> = each.collect();
        if !written.is_empty() {
            edits.replace(line.place.clone(), written.join(end));
        }
    }
    edits
}

impl SpeakerLine {
    /// The changes of the line for an annotation; places count from the start of the line.
    fn changes(&self, annotation: &Annotation, first_channel: usize, names: Names<'_>) -> Edits {
        let mut edits = Edits::default();
        let start = self.place.start;
        let mut set = |field: &Field, text: String| {
            if field.empty {
                edits.replace(field.place.start - start..field.place.end - start, text);
            }
        };
        if let Some(channel) = annotation.channel {
            set(&self.channel, (channel + first_channel).to_string());
        }
        let Some(emotion) = annotation.emotion() else {
            set(&self.subtype, annotation.outcome.status().to_owned());
            return edits;
        };
        set(&self.subtype, word(names.label(emotion.label_index)));
        let mut all = probabilities(names.labels, &emotion.probabilities, ";");
        for (name, value) in names.values(&emotion.dimensions) {
            all += &format!(";dim_{}={}", one_line(name), rounded(value));
        }
        set(&self.orthography, word(&all));
        if let Some(confidence) = &self.confidence {
            set(confidence, rounded(emotion.confidence()).to_string());
        }
        edits
    }
}

/// A text as one word.
fn word(text: &str) -> String {
    let text = one_line(text).replace(' ', "_");
    if text.is_empty() { NONE.to_owned() } else { text }
}
