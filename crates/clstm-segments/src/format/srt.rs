//! SRT: cues of a number, a line with two times, and text.

use crate::caption::caption;
use crate::edits::Edits;
use crate::lines::{Line, lines};
use crate::{Annotation, Names, Segment, SegmentsError, WriteOptions, clock};

/// The places of the captions, one a segment.
#[derive(Debug)]
pub(crate) struct Layout(Vec<Place>);

#[derive(Debug)]
struct Place {
    at: usize,
    /// The cue has no text: the caption gets a line of its own.
    line_end: Option<&'static str>,
}

/// Reads the cues. A number before the times is not required.
pub(crate) fn parse(text: &str) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    let (mut segments, mut places) = (Vec::new(), Vec::new());
    let mut rest = lines(text).peekable();
    while let Some(line) = rest.next() {
        if line.is_blank() {
            continue;
        }
        let Some((start_s, end_s)) = times(&line)? else {
            // The number of a cue.
            if rest.peek().is_some_and(|next| next.text.contains("-->")) {
                continue;
            }
            let reason = "expected a line such as 00:00:01,000 --> 00:00:02,500".to_owned();
            return Err(SegmentsError::line(line.number, reason));
        };
        let body: Vec<Line<'_>> =
            std::iter::from_fn(|| rest.next_if(|next| !next.is_blank())).collect();
        let words: Vec<&str> = body.iter().map(|line| line.text.trim()).collect();
        let words = words.join("\n");
        let (speaker, _) = speaker_prefix(&words);
        segments.push(Segment::new(start_s, end_s, line.number)?.by(speaker).with_text(&words));
        places.push(match body.first() {
            Some(first) => {
                let indent = first.text.len() - first.text.trim_start().len();
                let (_, prefix) = speaker_prefix(first.text.trim_start());
                Place { at: first.start + indent + prefix, line_end: None }
            }
            None => Place { at: line.end(), line_end: Some(crate::lines::line_end(text)) },
        });
    }
    Ok((segments, Layout(places)))
}

/// The two times of a line with an arrow; `None` for other lines.
pub(crate) fn times(line: &Line<'_>) -> Result<Option<(f64, f64)>, SegmentsError> {
    let Some((start, end)) = line.text.split_once("-->") else { return Ok(None) };
    // Coordinates or settings may follow the end.
    let end = end.split_whitespace().next().unwrap_or_default();
    let parse =
        |time: &str| clock::parse(time).map_err(|reason| SegmentsError::line(line.number, reason));
    Ok(Some((parse(start.trim())?, parse(end)?)))
}

/// The speaker of `[SPEAKER_00]: words`, as whisperX writes it, and the bytes before the words.
pub(crate) fn speaker_prefix(text: &str) -> (Option<&str>, usize) {
    let named = text.strip_prefix('[').and_then(|rest| rest.split_once("]:"));
    match named {
        Some((speaker, words)) if !speaker.contains(['[', '\n']) => {
            (Some(speaker), text.len() - words.trim_start_matches(' ').len())
        }
        _ => (None, 0),
    }
}

/// Puts `[sad 81%] ` before the text of each cue, behind the speaker.
pub(crate) fn annotate(
    layout: &Layout,
    annotations: &[Vec<Annotation>],
    names: Names<'_>,
    options: &WriteOptions,
) -> Edits {
    let mut edits = Edits::default();
    let all = layout.0.iter().zip(annotations);
    for (place, annotations) in all.filter(|(_, annotations)| !annotations.is_empty()) {
        let caption = caption(annotations, names, options);
        edits.insert(
            place.at,
            match place.line_end {
                None => format!("[{caption}] "),
                Some(line_end) => format!("{line_end}[{caption}]"),
            },
        );
    }
    edits
}
