//! The JSON of Whisper and whisperX: `{"segments": [{"start", "end", "text", "speaker", "words"}]}`, or the list alone.

use std::ops::Range;

use serde_json::json;

use crate::caption::rounded;
use crate::edits::Edits;
use crate::json_scan::Scanner;
use crate::lines::lines;
use crate::{Annotation, Names, Segment, SegmentsError, channel};

/// The member that is added to a segment.
const MEMBER: &str = "emotion";

/// The places of the members, one a segment.
#[derive(Debug)]
pub(crate) struct Layout(Vec<Place>);

#[derive(Debug)]
enum Place {
    /// The value of the member, which is there already.
    Value(Range<usize>),
    /// Before the end of the object; it has other members.
    End(usize),
}

type Members = Vec<(String, Range<usize>)>;

/// Reads the segments. One without times takes those of its words. Unless channels are `needed`, one that is no channel is
/// ignored.
pub(crate) fn parse(text: &str, needed: bool) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    let mut scanner = Scanner::new(text, 0);
    let list = if text.trim_start().starts_with('[') {
        scanner.value()?
    } else {
        let members = scanner.object()?;
        member(&members, "segments").ok_or_else(|| {
            SegmentsError::structure("the JSON has no list \"segments\", as Whisper writes it")
        })?
    };
    scanner.end()?;
    let starts: Vec<usize> = lines(text).map(|line| line.start).collect();
    let (mut segments, mut places) = (Vec::new(), Vec::new());
    for object in Scanner::new(text, list.start).array()? {
        let line = starts.partition_point(|start| *start <= object.start);
        let members = Scanner::new(text, object.start).object()?;
        let (words_start, words_end) = word_times(text, &members)?;
        let time = |name: &str, words: Option<f64>| {
            let own = member(&members, name).and_then(|place| text[place].parse().ok());
            own.or(words).ok_or_else(|| {
                SegmentsError::line(line, format!("the segment has no number {name:?}"))
            })
        };
        let (start_s, end_s) = (time("start", words_start)?, time("end", words_end)?);
        let string = |name: &str| {
            let place = member(&members, name)?;
            serde_json::from_str::<String>(&text[place]).ok()
        };
        let segment = Segment::new(start_s, end_s, line)?.by(string("speaker").as_deref());
        let number = member(&members, "channel").map_or("", |place| &text[place]);
        let number = if number == "null" { "" } else { number.trim_matches('"') };
        let segment = segment.on(channel::parse(number, line, needed)?);
        segments.push(segment.with_text(&string("text").unwrap_or_default()));
        places.push(match member(&members, MEMBER) {
            Some(place) => Place::Value(place),
            None => Place::End(members.last().map_or(object.end - 1, |(_, place)| place.end)),
        });
    }
    Ok((segments, Layout(places)))
}

fn member(members: &Members, name: &str) -> Option<Range<usize>> {
    members.iter().find(|(known, _)| known == name).map(|(_, place)| place.clone())
}

/// The first start and the last end of the words of a segment. Words that could not be aligned have none.
fn word_times(text: &str, segment: &Members) -> Result<(Option<f64>, Option<f64>), SegmentsError> {
    let Some(words) = member(segment, "words").filter(|place| text[place.clone()].starts_with('['))
    else {
        return Ok((None, None));
    };
    let (mut first, mut last): (Option<f64>, Option<f64>) = (None, None);
    for word in Scanner::new(text, words.start).array()? {
        if !text[word.clone()].starts_with('{') {
            continue;
        }
        let members = Scanner::new(text, word.start).object()?;
        let time = |name| member(&members, name).and_then(|place| text[place].parse().ok());
        first = first.or(time("start"));
        last = time("end").or(last);
    }
    Ok((first, last))
}

/// Adds the member `emotion` to each segment, or replaces the one that is there. For several channels it is a list.
pub(crate) fn annotate(
    layout: &Layout,
    annotations: &[Vec<Annotation>],
    names: Names<'_>,
) -> Edits {
    let mut edits = Edits::default();
    for (place, annotations) in layout.0.iter().zip(annotations) {
        let each = annotations.iter().map(|annotation| value(annotation, names));
        let value = match &each.collect::<Vec<_>>()[..] {
            [] => continue,
            [value] => value.clone(),
            values => format!("[{}]", values.join(", ")),
        };
        match place {
            Place::Value(place) => edits.replace(place.clone(), value),
            Place::End(at) => edits.insert(*at, format!(", \"{MEMBER}\": {value}")),
        }
    }
    edits
}

/// An annotation as JSON, with the labels in their order.
fn value(annotation: &Annotation, names: Names<'_>) -> String {
    let pair = |(name, value): (&str, f64)| format!("{}: {}", json!(name), rounded(value));
    let object = |pairs: Vec<String>| format!("{{{}}}", pairs.join(", "));
    let channel = annotation.channel.map(|channel| format!("\"channel\": {channel}"));
    let mut members: Vec<String> = channel.into_iter().collect();
    members.push(format!("\"status\": {}", json!(annotation.outcome.status())));
    if let Some(emotion) = annotation.emotion() {
        members.push(format!("\"label\": {}", json!(names.label(emotion.label_index))));
        members.push(format!("\"confidence\": {}", rounded(emotion.confidence())));
        members.push(format!("\"unsure\": {}", emotion.unsure));
        let labels = names.labels.iter().map(String::as_str);
        let pairs = labels.zip(emotion.probabilities.iter().copied()).map(pair);
        members.push(format!("\"probabilities\": {}", object(pairs.collect())));
        let values: Vec<String> = names.values(&emotion.dimensions).map(pair).collect();
        if !values.is_empty() {
            members.push(format!("\"dimensions\": {}", object(values)));
        }
    }
    if annotation.clipped {
        members.push("\"clipped\": true".to_owned());
    }
    object(members)
}
