//! A label track of Audacity: `start TAB end TAB label`, and below it `\ TAB low TAB high` for a spectral selection.

use crate::caption::caption;
use crate::edits::Edits;
use crate::lines::lines;
use crate::{Annotation, Names, Segment, SegmentsError, WriteOptions, clock};

/// The places of the captions, one a segment.
#[derive(Debug)]
pub(crate) struct Layout(Vec<Place>);

#[derive(Debug)]
struct Place {
    at: usize,
    before: &'static str,
    after: &'static str,
}

/// Reads the labels. A label at one point of time has no duration.
pub(crate) fn parse(text: &str) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    let (mut segments, mut places) = (Vec::new(), Vec::new());
    for line in lines(text) {
        if line.is_blank() || line.text.starts_with('\\') {
            continue;
        }
        let mut cells = line.text.splitn(3, '\t');
        let mut time = |name: &str| {
            let cell = cells.next().unwrap_or_default();
            clock::number(cell).ok_or_else(|| {
                let reason = format!(
                    "the {name} {cell:?} is not a number; a line is START, END and LABEL, separated by tabs"
                );
                SegmentsError::line(line.number, reason)
            })
        };
        let (start_s, end_s) = (time("start")?, time("end")?);
        let label = cells.next();
        segments
            .push(Segment::new(start_s, end_s, line.number)?.with_text(label.unwrap_or_default()));
        let at = line.end() - label.map_or(0, str::len);
        places.push(Place {
            at,
            before: if label.is_some() { "" } else { "\t" },
            after: if label.is_some_and(|label| !label.is_empty()) { " " } else { "" },
        });
    }
    Ok((segments, Layout(places)))
}

/// Puts `[sad 81%] ` before the text of each label.
pub(crate) fn annotate(
    layout: &Layout,
    annotations: &[Vec<Annotation>],
    names: Names<'_>,
    options: &WriteOptions,
) -> Edits {
    let mut edits = Edits::default();
    let all = layout.0.iter().zip(annotations);
    for (Place { at, before, after }, found) in all.filter(|(_, found)| !found.is_empty()) {
        edits.insert(*at, format!("{before}[{}]{after}", caption(found, names, options)));
    }
    edits
}
