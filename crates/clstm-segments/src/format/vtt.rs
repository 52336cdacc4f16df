//! WebVTT: cues between notes, styles and regions.

use serde_json::json;

use super::srt::{speaker_prefix, times};
use crate::caption::{caption, one_line, rounded};
use crate::edits::Edits;
use crate::lines::{Line, line_end, lines};
use crate::{Annotation, Names, Segment, SegmentsError, WriteOptions};

/// The places of the cues, one a segment.
#[derive(Debug)]
pub(crate) struct Layout(Vec<Place>);

#[derive(Debug)]
struct Place {
    /// First byte of the cue: its identifier, or its times.
    cue: usize,
    /// Where the caption goes.
    at: usize,
    /// Whether the cue has text.
    has_text: bool,
}

/// Reads the cues; notes, styles and regions are kept.
pub(crate) fn parse(text: &str) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    let mut rest = lines(text).peekable();
    let head = rest.next().filter(|line| {
        line.text
            .strip_prefix("WEBVTT")
            .is_some_and(|more| more.is_empty() || more.starts_with([' ', '\t']))
    });
    if head.is_none() {
        return Err(SegmentsError::line(1, "a WebVTT file begins with the line WEBVTT"));
    }
    // The rest of the header.
    while rest.next_if(|line| !line.is_blank() && !line.text.contains("-->")).is_some() {}
    let (mut segments, mut places) = (Vec::new(), Vec::new());
    while let Some(line) = rest.next() {
        if line.is_blank() {
            continue;
        }
        let cue = line.start;
        let timing = match times(&line)? {
            Some(found) => Some((line, found)),
            // The identifier of a cue, or a note, style or region.
            None => match rest.next_if(|next| next.text.contains("-->")) {
                Some(next) => times(&next)?.map(|found| (next, found)),
                None => None,
            },
        };
        let body: Vec<Line<'_>> =
            std::iter::from_fn(|| rest.next_if(|next| !next.is_blank())).collect();
        let Some((line, (start_s, end_s))) = timing else { continue };
        let words: Vec<&str> = body.iter().map(|line| line.text.trim()).collect();
        let words = words.join("\n");
        let first = body.first().map_or("", |first| first.text);
        let (voice, before) = voice(first);
        let (speaker, prefix) = match voice {
            Some(voice) => (Some(voice), before),
            None => speaker_prefix(first),
        };
        segments.push(Segment::new(start_s, end_s, line.number)?.by(speaker).with_text(&words));
        places.push(Place {
            cue,
            at: body.first().map_or(line.end(), |first| first.start + prefix),
            has_text: !body.is_empty(),
        });
    }
    Ok((segments, Layout(places)))
}

/// The speaker of a voice tag `<v Anna>` at the beginning, and its length with the tag.
fn voice(text: &str) -> (Option<&str>, usize) {
    let tag = text.strip_prefix("<v").and_then(|rest| rest.split_once('>'));
    match tag.and_then(|(tag, words)| Some((tag.split_once([' ', '\t'])?.1, words))) {
        Some((name, words)) => (Some(name), text.len() - words.len()),
        None => (None, 0),
    }
}

/// Puts a note with all probabilities and continuous targets before each cue, one for each channel, and `[sad 81%] ` before its text, within the voice tag.
pub(crate) fn annotate(
    text: &str,
    layout: &Layout,
    annotations: &[Vec<Annotation>],
    names: Names<'_>,
    options: &WriteOptions,
) -> Edits {
    let (mut edits, line_end) = (Edits::default(), line_end(text));
    // The values of continuous targets are in the note.
    let labels_only = Names { dimensions: &[], ..names };
    let all = layout.0.iter().zip(annotations);
    for (place, annotations) in all.filter(|(_, annotations)| !annotations.is_empty()) {
        for annotation in annotations {
            let note = note(annotation, names);
            edits.insert(place.cue, format!("NOTE clstm {note}{line_end}{line_end}"));
        }
        let caption = caption(annotations, labels_only, options);
        let caption = caption.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        edits.insert(
            place.at,
            match place.has_text {
                true => format!("[{caption}] "),
                false => format!("{line_end}[{caption}]"),
            },
        );
    }
    edits
}

/// The annotation as JSON in one line. A note must not contain an arrow; the end of one can only be in a string.
fn note(annotation: &Annotation, names: Names<'_>) -> String {
    let pair = |(name, value): (&str, f64)| format!("{}:{}", json!(one_line(name)), rounded(value));
    let object = |pairs: Vec<String>| format!("{{{}}}", pairs.join(","));
    let channel = annotation.channel.map(|channel| format!("\"channel\":{channel}"));
    let mut members: Vec<String> = channel.into_iter().collect();
    let Some(emotion) = annotation.emotion() else {
        members.push(format!("\"status\":{}", json!(annotation.outcome.status())));
        return object(members);
    };
    members.push(format!("\"label\":{}", json!(one_line(names.label(emotion.label_index)))));
    members.push(format!("\"confidence\":{}", rounded(emotion.confidence())));
    let labels = names.labels.iter().map(String::as_str);
    let pairs = labels.zip(emotion.probabilities.iter().copied()).map(pair);
    members.push(format!("\"probabilities\":{}", object(pairs.collect())));
    let values: Vec<String> = names.values(&emotion.dimensions).map(pair).collect();
    if !values.is_empty() {
        members.push(format!("\"dimensions\":{}", object(values)));
    }
    object(members).replace("-->", "--\\u003e")
}
