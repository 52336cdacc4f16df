//! Context of short segments.

use crate::Segment;

/// Length in seconds up to which a segment is extended by its context: half of the longest window of the network.
const TARGET_S: f64 = 1.5;

/// The start and the end that a segment is recognised with: one shorter than 1.5 s is extended by up to `context_s` seconds on
/// each side, to 1.5 s in all, but not into a segment of another speaker. Segments without a speaker are of one speaker.
#[must_use]
pub fn with_context(segments: &[Segment], context_s: f64) -> Vec<[f64; 2]> {
    let before = Neighbours::new(segments, |segment| [segment.start_s, segment.end_s]);
    // Mirrored in time, what follows comes before.
    let after = Neighbours::new(segments, |segment| [-segment.end_s, -segment.start_s]);
    let mut extended: Vec<[f64; 2]> =
        segments.iter().map(|segment| [segment.start_s, segment.end_s]).collect();
    if context_s <= 0.0 {
        return extended;
    }
    for (side, neighbours) in [before, after].iter().enumerate() {
        for (index, latest) in neighbours.latest_of_others(segments) {
            let segment = &segments[index];
            let wanted = context_s.min((TARGET_S - segment.duration_s()) / 2.0).max(0.0);
            let edge = if side == 0 { segment.start_s } else { -segment.end_s };
            let edge = (edge - wanted).max(latest.min(edge));
            extended[index][side] = if side == 0 { edge.max(0.0) } else { -edge };
        }
    }
    extended
}

/// Segments in the order in which they begin.
struct Neighbours {
    order: Vec<usize>,
    /// Start and end of each segment.
    times: Vec<[f64; 2]>,
}

impl Neighbours {
    fn new(segments: &[Segment], times: fn(&Segment) -> [f64; 2]) -> Self {
        let times: Vec<[f64; 2]> = segments.iter().map(times).collect();
        let mut order: Vec<usize> = (0..segments.len()).collect();
        order.sort_by(|a, b| times[*a][0].total_cmp(&times[*b][0]));
        Self { order, times }
    }

    /// For each segment the latest end of those of other speakers that begin before it.
    fn latest_of_others(&self, segments: &[Segment]) -> Vec<(usize, f64)> {
        // The latest end, and the latest one of another speaker.
        let mut best: [Option<(usize, f64)>; 2] = [None, None];
        let same = |a: usize, b: usize| segments[a].speaker == segments[b].speaker;
        let mut found = Vec::with_capacity(self.order.len());
        // Segments that begin together are before each other.
        let begins_together = |a: &usize, b: &usize| self.times[*a][0] == self.times[*b][0];
        for together in self.order.chunk_by(begins_together) {
            for index in together {
                let entry = (*index, self.times[*index][1]);
                let [first, second] = &mut best;
                match first {
                    Some((holder, end)) if same(*holder, *index) => {
                        *end = end.max(entry.1);
                    }
                    Some((_, end)) if *end >= entry.1 => {
                        if second.is_none_or(|(_, end)| end < entry.1) {
                            *second = Some(entry);
                        }
                    }
                    _ => {
                        *second = *first;
                        *first = Some(entry);
                    }
                }
            }
            for index in together {
                let other = best.iter().flatten().find(|(holder, _)| !same(*holder, *index));
                found.push((*index, other.map_or(f64::NEG_INFINITY, |(_, end)| *end)));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::with_context;
    use crate::Segment;

    fn segment(start_s: f64, end_s: f64, speaker: &str) -> Segment {
        Segment::new(start_s, end_s, 1).unwrap().by(Some(speaker))
    }

    #[test]
    fn short_segments_are_extended_but_not_into_other_speakers() {
        let segments = [
            segment(0.1, 0.6, "a"),
            segment(0.7, 1.2, "b"),
            segment(1.3, 4.0, "a"),
            segment(5.0, 5.5, "a"),
            segment(5.4, 9.0, "b"),
        ];
        let close = |found: [f64; 2], expected: [f64; 2]| {
            assert!(
                found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-9),
                "{found:?} {expected:?}"
            );
        };
        let extended = with_context(&segments, 1.0);
        close(extended[0], [0.0, 0.7]);
        close(extended[1], [0.6, 1.3]);
        close(extended[2], [1.3, 4.0]);
        // Overlapped by the other speaker at its end, free at its start.
        close(extended[3], [4.5, 5.5]);
        close(extended[4], [5.4, 9.0]);
        close(with_context(&segments, 0.2)[3], [4.8, 5.5]);
        close(with_context(&segments, 0.0)[3], [5.0, 5.5]);
    }

    /// The rule by comparing all pairs.
    fn plainly(segments: &[Segment], context_s: f64) -> Vec<[f64; 2]> {
        let others = |own: &Segment| {
            segments.iter().filter(move |s| s.speaker != own.speaker).cloned().collect::<Vec<_>>()
        };
        let each = |own: &Segment| {
            let wanted = context_s.min((1.5 - own.duration_s()) / 2.0).max(0.0);
            let (mut start, mut end) = (own.start_s - wanted, own.end_s + wanted);
            for other in others(own) {
                if other.start_s <= own.start_s {
                    start = start.max(other.end_s.min(own.start_s));
                }
                if other.end_s >= own.end_s {
                    end = end.min(other.start_s.max(own.end_s));
                }
            }
            [start.max(0.0), end]
        };
        segments.iter().map(each).collect()
    }

    #[test]
    fn the_fast_search_finds_what_comparing_all_pairs_finds() {
        let mut state = 7_u32;
        let mut next = |range: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % range
        };
        for _ in 0..300 {
            let count = next(12);
            let segments: Vec<Segment> = (0..count)
                .map(|_| {
                    let start = f64::from(next(40)) / 4.0;
                    segment(
                        start,
                        start + f64::from(next(12)) / 4.0,
                        ["a", "b", "c"][next(3) as usize],
                    )
                })
                .collect();
            let (fast, plain) = (with_context(&segments, 0.6), plainly(&segments, 0.6));
            assert_eq!(fast, plain, "{segments:?}");
        }
    }
}
