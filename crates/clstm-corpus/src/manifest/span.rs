//! Utterances that are parts of a recording.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::problem::ManifestError;
use super::row::{Column, Row};
use crate::Utterance;

/// The span of a row, in seconds; the error names the column and the reason.
pub(super) fn of(row: &Row) -> Result<Option<(f64, f64)>, (Column, String)> {
    let seconds = |column: Column| match row.get(column).map(str::parse::<f64>) {
        None => Ok(None),
        Some(Ok(value)) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
        Some(_) => {
            let text = row.get(column).unwrap_or_default();
            Err((column, format!("{text:?}; write seconds, from 0, such as 12.5")))
        }
    };
    match (seconds(Column::StartS)?, seconds(Column::EndS)?) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if start < end => Ok(Some((start, end))),
        (Some(start), Some(end)) => {
            Err((Column::EndS, format!("{end} s is not after the start, {start} s")))
        }
        (None, Some(_)) => Err((Column::StartS, "empty, though there is an end".to_owned())),
        (Some(_), None) => Err((Column::EndS, "empty, though there is a start".to_owned())),
    }
}

/// Refuses rows that list a file again, or an overlapping part of it: random folds would put the
/// same samples on both sides. `./a.wav` is `a.wav`; links and copies are for `check`.
pub(super) fn apart(rows: &[Row], utterances: &[Utterance]) -> Result<(), ManifestError> {
    let mut of_recording: BTreeMap<(PathBuf, Option<u64>), Vec<Place<'_>>> = BTreeMap::new();
    for (row, utterance) in rows.iter().zip(utterances) {
        let (start_s, end_s) = utterance.span.unwrap_or((0.0, f64::INFINITY));
        let place = Place { start_s, end_s, row, id: &utterance.id };
        let recording = (utterance.path.components().collect(), utterance.row);
        of_recording.entry(recording).or_default().push(place);
    }
    let mut problems = Vec::new();
    for mut places in of_recording.into_values() {
        places.sort_by(|a, b| a.start_s.total_cmp(&b.start_s).then(a.row.line.cmp(&b.row.line)));
        let mut places = places.into_iter();
        // Of those so far, the one that reaches furthest.
        let Some(mut furthest) = places.next() else { continue };
        for place in places {
            if place.start_s < furthest.end_s {
                let (first, again) = match furthest.row.line <= place.row.line {
                    true => (furthest.row.place(), place.row),
                    false => (place.row.place(), furthest.row),
                };
                let problem = match place.end_s.is_infinite() && furthest.end_s.is_infinite() {
                    true => format!("{} is on {first} already", place.id),
                    false => format!("overlaps with the part of the recording on {first}"),
                };
                problems.push(again.problem(Column::Path, problem));
            }
            if place.end_s > furthest.end_s {
                furthest = place;
            }
        }
    }
    problems.sort_by_key(|problem| problem.line);
    match problems.len() {
        0 => Ok(()),
        n => Err(ManifestError::of_rows(
            format!("lists {n} of its recordings again; leave one row for each"),
            problems,
        )),
    }
}

/// Where in a recording a row's utterance lies.
struct Place<'a> {
    start_s: f64,
    /// Infinite for a whole recording.
    end_s: f64,
    row: &'a Row,
    id: &'a str,
}
