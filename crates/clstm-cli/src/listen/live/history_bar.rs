//! The last minutes as rows of cells, a row a minute.

use std::collections::VecDeque;

use crate::listen::session::ShownFrame;

/// Seconds of a row.
const ROW_S: f64 = 60.0;
/// Cells that a row may have: half a second each, a second, two, four, or six.
const CELLS: [usize; 5] = [120, 60, 30, 15, 10];

/// Content of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing: in the future, or no longer kept.
    Empty,
    /// No speech.
    NoSpeech,
    /// Mostly this label.
    Label(usize),
}

/// A minute.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Where it begins, in seconds.
    pub(super) start_s: f64,
    pub(super) cells: Vec<Cell>,
}

/// The number of cells of a row that fits into `columns`; `None` if not even the coarsest fits.
pub(super) fn cells_for(columns: usize) -> Option<usize> {
    CELLS.into_iter().find(|cells| *cells <= columns)
}

/// At most `count` rows; the last is the current minute, at `now_s`.
pub(super) fn rows(
    frames: &VecDeque<ShownFrame>,
    now_s: f64,
    count: usize,
    cells: usize,
) -> Vec<Row> {
    let last = (now_s / ROW_S).floor();
    let kept = frames.front().map_or(last, |first| (first.start_s / ROW_S).floor());
    let first = kept.max(last + 1.0 - count as f64);
    let minutes = (first as u64..=last as u64).rev().take(count);
    let mut rows: Vec<Row> = minutes.map(|minute| row(frames, minute as f64, cells)).collect();
    rows.reverse();
    rows
}

fn row(frames: &VecDeque<ShownFrame>, minute: f64, count: usize) -> Row {
    let start_s = minute * ROW_S;
    let cell_s = ROW_S / count as f64;
    let cells = (0..count).map(|n| {
        let start_s = start_s + n as f64 * cell_s;
        cell(frames, start_s, start_s + cell_s)
    });
    Row { start_s, cells: cells.collect() }
}

/// The label with the most time in an interval. Ties: the label that comes first, and speech before no speech.
fn cell(frames: &VecDeque<ShownFrame>, start_s: f64, end_s: f64) -> Cell {
    let from = frames.partition_point(|frame| frame.end_s <= start_s);
    // A cell has few labels: a list is faster than a map and keeps their order.
    let mut shares: Vec<(Option<usize>, f64)> = Vec::new();
    for frame in frames.range(from..).take_while(|frame| frame.start_s < end_s) {
        let share = frame.end_s.min(end_s) - frame.start_s.max(start_s);
        match shares.iter_mut().find(|(label, _)| *label == frame.label) {
            Some((_, sum)) => *sum += share,
            None => shares.push((frame.label, share)),
        }
    }
    // Sums of hops are not exact.
    let more = |a: f64, b: f64| a > b + 1e-9;
    let mut most: Option<(Option<usize>, f64)> = None;
    for (label, share) in shares {
        let wins = most.is_none_or(|(other, best)| {
            more(share, best) || (other.is_none() && !more(best, share))
        });
        if wins {
            most = Some((label, share));
        }
    }
    match most {
        None => Cell::Empty,
        Some((None, _)) => Cell::NoSpeech,
        Some((Some(label), _)) => Cell::Label(label),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::{Cell, ShownFrame, cells_for, rows};

    fn frames(labels: &[Option<usize>], hop_s: f64) -> VecDeque<ShownFrame> {
        let frame = |(number, label): (usize, &Option<usize>)| {
            let start_s = number as f64 * hop_s;
            ShownFrame { start_s, end_s: start_s + hop_s, label: *label }
        };
        labels.iter().enumerate().map(frame).collect()
    }

    #[test]
    fn a_cell_is_what_takes_most_of_it() {
        let [none, a, b] = [None, Some(0), Some(1)];
        let shown = frames(&[none, a, b, a, a, none, none, none, b], 0.5);
        let [row] = &rows(&shown, 4.5, 3, 60)[..] else { panic!("one minute") };
        let [quiet, label] = [|| Cell::NoSpeech, || Cell::Label(0)];
        // Speech before none, and what comes first of equals.
        assert_eq!(row.cells[..5], [label(), Cell::Label(1), label(), quiet(), Cell::Label(1)]);
        assert!(row.cells[5..].iter().all(|cell| *cell == Cell::Empty));
        let [row] = &rows(&shown, 4.5, 3, 10)[..] else { panic!("one minute") };
        assert_eq!(row.cells[0], quiet(), "2 s of none, 1.5 s of one label, 1 s of the other");
        let [row] = &rows(&shown, 4.5, 3, 120)[..] else { panic!("one minute") };
        assert_eq!(row.cells[..3], [quiet(), label(), Cell::Label(1)]);
        // A frame longer than a cell fills some.
        let [row] = &rows(&frames(&[a, b], 3.0), 6.0, 1, 60)[..] else { panic!("one minute") };
        assert_eq!(row.cells[..7].iter().filter(|cell| **cell == label()).count(), 3);
        assert_eq!(row.cells[6], Cell::Empty);
    }

    #[test]
    fn the_last_row_is_the_minute_under_way() {
        let shown = frames(&[Some(0); 400], 0.5);
        let starts = |now_s: f64, count: usize| -> Vec<f64> {
            rows(&shown, now_s, count, 30).iter().map(|row| row.start_s).collect()
        };
        assert_eq!(starts(200.0, 2), [120.0, 180.0]);
        assert_eq!(starts(200.0, 9), [0.0, 60.0, 120.0, 180.0]);
        assert_eq!(starts(200.0, 0), [0.0; 0]);
        // A row for a minute without frames yet.
        assert_eq!(starts(240.1, 2), [180.0, 240.0]);
        assert_eq!(rows(&VecDeque::new(), 0.0, 4, 60).len(), 1);
        // Frames that are no longer kept have no rows.
        let later: VecDeque<ShownFrame> =
            shown.iter().copied().filter(|m| m.start_s >= 130.0).collect();
        assert_eq!(rows(&later, 200.0, 9, 30)[0].start_s, 120.0);
        assert_eq!(rows(&later, 200.0, 9, 30)[0].cells[..6], {
            let [e, l] = [Cell::Empty, Cell::Label(0)];
            [e, e, e, e, e, l]
        });
    }

    #[test]
    fn rows_fit_their_width() {
        let fitting: Vec<_> = [9, 10, 59, 60, 119, 300].into_iter().map(cells_for).collect();
        let expected = [None, Some(10), Some(30), Some(60), Some(60), Some(120)];
        assert_eq!(fitting, expected);
    }
}
