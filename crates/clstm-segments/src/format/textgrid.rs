//! Praat's TextGrid, long and short.

use std::ops::Range;

use super::textgrid_tokens::{Tokens, Value};
use super::{choose_tiers, free_name};
use crate::caption::{EmotionTier, channel_suffix, channels, of_channel, tiers};
use crate::edits::Edits;
use crate::lines::{line_at, line_end};
use crate::{Annotation, Names, Segment, SegmentsError};

/// Where tiers are added.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The number of tiers, and its place.
    count: (usize, Range<usize>),
    /// Whether every value is on a line with its name.
    long: bool,
    /// Names of all tiers.
    names: Vec<String>,
    /// The tiers that were read.
    chosen: Vec<IntervalTier>,
}

#[derive(Debug)]
struct IntervalTier {
    name: String,
    /// Start and end as written.
    bounds: [String; 2],
    intervals: Vec<Interval>,
}

#[derive(Debug)]
struct Interval {
    /// Start and end as written.
    bounds: [String; 2],
    times: [f64; 2],
    text: String,
    line: usize,
}

/// Reads the intervals with text of the named tiers. Points and further tiers are kept.
pub(crate) fn parse(
    text: &str,
    wanted: &[String],
) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    if text.starts_with("ooBinaryFile") {
        let reason = "this is a binary TextGrid; save it as a text file in Praat";
        return Err(SegmentsError::structure(reason));
    }
    let mut tokens = Tokens::new(text);
    let kind = tokens.text("file type \"ooTextFile\"")?;
    let class = tokens.text("object class \"TextGrid\"")?;
    if !kind.0.starts_with("ooTextFile") || class.0 != "TextGrid" {
        let reason = format!("this is no TextGrid: it begins with {:?} and {:?}", kind.0, class.0);
        return Err(SegmentsError::structure(reason));
    }
    tokens.number("start")?;
    tokens.number("end")?;
    match tokens.next()? {
        Some(token) if token.value == Value::Flag("<exists>".to_owned()) => {}
        Some(token) if token.value == Value::Flag("<absent>".to_owned()) => {
            return Err(SegmentsError::structure("the TextGrid has no tiers"));
        }
        other => return Err(tokens.unexpected("flag <exists>", other)),
    }
    let count = tokens.count("number of tiers")?;
    let long = text[..count.1.start].contains("xmin");
    let (mut names, mut tiers) = (Vec::new(), Vec::new());
    let mut lines = LineCounter::new(text);
    for _ in 0..count.0 {
        let (class, place) = tokens.text("class of a tier")?;
        let (name, _) = tokens.text("name of a tier")?;
        names.push(name.clone());
        match class.as_str() {
            "IntervalTier" => tiers.push(interval_tier(text, &mut tokens, name, &mut lines)?),
            "TextTier" => point_tier(&mut tokens)?,
            _ => {
                let reason = format!("{class:?} is not a class of a tier");
                return Err(SegmentsError::line(line_at(text, place.start), reason));
            }
        }
    }
    let known: Vec<&str> = tiers.iter().map(|tier| tier.name.as_str()).collect();
    let chosen = choose_tiers(&known, wanted)?;
    let several = chosen.len() > 1;
    let mut all: Vec<Option<IntervalTier>> = tiers.into_iter().map(Some).collect();
    // A tier that is named twice is read once.
    let chosen: Vec<IntervalTier> =
        chosen.into_iter().filter_map(|index| all.get_mut(index)?.take()).collect();
    let mut segments = Vec::new();
    for tier in &chosen {
        let speaker = several.then_some(tier.name.as_str());
        for interval in tier.intervals.iter().filter(|interval| interval.is_spoken()) {
            let [start_s, end_s] = interval.times;
            let segment = Segment::new(start_s, end_s, interval.line)?;
            segments.push(segment.by(speaker).with_text(&interval.text));
        }
    }
    Ok((segments, Layout { count, long, names, chosen }))
}

impl Interval {
    /// Whether it has text: intervals without are pauses.
    fn is_spoken(&self) -> bool {
        !self.text.trim().is_empty()
    }
}

/// Counts lines of increasing places.
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> LineCounter<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    fn line(&mut self, at: usize) -> usize {
        let passed = &self.text.as_bytes()[self.at..at];
        let lf = passed.iter().filter(|byte| **byte == b'\n').count();
        self.line += if lf > 0 { lf } else { passed.iter().filter(|byte| **byte == b'\r').count() };
        self.at = at;
        self.line
    }
}

fn interval_tier(
    text: &str,
    tokens: &mut Tokens<'_>,
    name: String,
    lines: &mut LineCounter<'_>,
) -> Result<IntervalTier, SegmentsError> {
    let written = |place: Range<usize>| text[place].to_owned();
    let (_, from) = tokens.number("start of the tier")?;
    let (_, to) = tokens.number("end of the tier")?;
    let (count, _) = tokens.count("number of intervals")?;
    let mut intervals = Vec::new();
    for _ in 0..count {
        let (start, from) = tokens.number("start of an interval")?;
        let (end, to) = tokens.number("end of an interval")?;
        let line = lines.line(from.start);
        let (text, _) = tokens.text("text of an interval")?;
        let bounds = [written(from), written(to)];
        intervals.push(Interval { bounds, times: [start, end], text, line });
    }
    Ok(IntervalTier { name, bounds: [written(from), written(to)], intervals })
}

fn point_tier(tokens: &mut Tokens<'_>) -> Result<(), SegmentsError> {
    tokens.number("start of the tier")?;
    tokens.number("end of the tier")?;
    let (count, _) = tokens.count("number of points")?;
    for _ in 0..count {
        tokens.number("time of a point")?;
        tokens.text("mark of a point")?;
    }
    Ok(())
}

/// Adds tiers for each tier that was read, with its intervals: NAME emotion, NAME confidence, NAME probabilities and one for
/// each continuous target. Those of a channel end with its number.
pub(crate) fn annotate(
    text: &str,
    layout: &Layout,
    annotations: &[Vec<Annotation>],
    names: Names<'_>,
) -> Edits {
    let mut edits = Edits::default();
    let end = line_end(text);
    let (count, place) = &layout.count;
    let mut added = String::new();
    if !text.ends_with(['\n', '\r']) {
        added += end;
    }
    let mut number = *count;
    let mut taken: Vec<String> = layout.names.clone();
    let mut rest = annotations;
    let channels = channels(annotations);
    // Without annotations, tiers without text.
    let channels = if channels.is_empty() { vec![None] } else { channels };
    let kinds = tiers(names);
    let all: Vec<(Option<usize>, &EmotionTier)> =
        channels.iter().flat_map(|channel| kinds.iter().map(|kind| (*channel, kind))).collect();
    for tier in &layout.chosen {
        let spoken = tier.intervals.iter().filter(|interval| interval.is_spoken()).count();
        let (own, others) = rest.split_at(spoken.min(rest.len()));
        rest = others;
        for (channel, kind) in &all {
            let known: Vec<&str> = taken.iter().map(String::as_str).collect();
            let name = format!("{} {}{}", tier.name, kind.name, channel_suffix(*channel));
            let name = free_name(&name, &known);
            number += 1;
            let cells = own.iter().map(|annotations| {
                let annotation = of_channel(annotations, *channel);
                annotation.map_or(String::new(), |annotation| kind.text(annotation, names))
            });
            added += &written_tier(layout.long, number, &name, tier, cells, end);
            taken.push(name);
        }
    }
    edits.replace(place.clone(), number.to_string());
    edits.insert(text.len(), added);
    edits
}

fn written_tier(
    long: bool,
    number: usize,
    name: &str,
    tier: &IntervalTier,
    mut cells: impl Iterator<Item = String>,
    end: &str,
) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let [from, to] = &tier.bounds;
    let count = tier.intervals.len();
    let mut lines = match long {
        true => vec![
            format!("    item [{number}]:"),
            "        class = \"IntervalTier\"".to_owned(),
            format!("        name = {}", quoted(name)),
            format!("        xmin = {from}"),
            format!("        xmax = {to}"),
            format!("        intervals: size = {count}"),
        ],
        false => vec![
            "\"IntervalTier\"".to_owned(),
            quoted(name),
            from.clone(),
            to.clone(),
            count.to_string(),
        ],
    };
    for (index, interval) in tier.intervals.iter().enumerate() {
        let cell = if interval.is_spoken() { cells.next() } else { None };
        let cell = quoted(&cell.unwrap_or_default());
        let [from, to] = &interval.bounds;
        match long {
            true => lines.extend([
                format!("        intervals [{}]:", index + 1),
                format!("            xmin = {from}"),
                format!("            xmax = {to}"),
                format!("            text = {cell}"),
            ]),
            false => lines.extend([from.clone(), to.clone(), cell]),
        }
    }
    lines.into_iter().map(|line| line + end).collect()
}
