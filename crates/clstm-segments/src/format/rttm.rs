//! RTTM: `SPEAKER file channel start duration <NA> <NA> speaker <NA> <NA>`.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::caption::{one_line, probabilities, rounded};
use crate::edits::Edits;
use crate::lines::{lines, words};
use crate::{Annotation, Segment, SegmentsError, clock};

/// The content of a field that has none.
const NONE: &str = "<NA>";

/// The fields of each segment that are written to.
#[derive(Debug)]
pub(crate) struct Layout(Vec<Fields>);

#[derive(Debug)]
struct Fields {
    /// The orthography field: probabilities.
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
pub(crate) fn parse(
    text: &str,
    recording: Option<&str>,
) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    let only = one_of_several(text, recording)?;
    let (mut segments, mut fields) = (Vec::new(), Vec::new());
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
        segments.push(Segment::new(start, end.max(start), line.number)?.by(name));
        let field = |index: usize| {
            let (place, word) = words.get(index)?;
            Some(Field { place: place.clone(), empty: *word == NONE })
        };
        if let (Some(orthography), Some(subtype)) = (field(5), field(6)) {
            fields.push(Fields { orthography, subtype, confidence: field(8) });
        }
    }
    Ok((segments, Layout(fields)))
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

/// Writes the label to the field for the subtype, its probability to that for the confidence, and all probabilities to that for
/// the orthography, which lines of this type do not use.
pub(crate) fn annotate(layout: &Layout, annotations: &[Annotation], labels: &[String]) -> Edits {
    let mut edits = Edits::default();
    for (fields, annotation) in layout.0.iter().zip(annotations) {
        let mut set = |field: &Field, text: String| {
            if field.empty {
                edits.replace(field.place.clone(), text);
            }
        };
        let Some(emotion) = annotation.emotion() else {
            set(&fields.subtype, annotation.outcome.status().to_owned());
            continue;
        };
        let label = labels.get(emotion.label_index).map_or("", String::as_str);
        set(&fields.subtype, word(label));
        set(&fields.orthography, word(&probabilities(labels, &emotion.probabilities, ";")));
        if let Some(confidence) = &fields.confidence {
            set(confidence, rounded(emotion.confidence()).to_string());
        }
    }
    edits
}

/// A text as one word.
fn word(text: &str) -> String {
    let text = one_line(text).replace(' ', "_");
    if text.is_empty() { NONE.to_owned() } else { text }
}
