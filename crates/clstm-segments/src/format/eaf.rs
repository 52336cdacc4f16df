//! ELAN's annotation document.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use quick_xml::escape::escape;

use super::eaf_document::{EafDocument, Tier, Times, read};
use super::{choose_tiers, free_name};
use crate::caption::{EmotionTier, channel_suffix, channels, of_channel, tiers};
use crate::edits::Edits;
use crate::lines::line_end;
use crate::{Annotation, Names, Segment, SegmentsError};

/// Longest chain of annotations that refer to each other.
const MAX_CHAIN: usize = 32;

/// Where tiers are added.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The tiers that were read: their names and the ids of their annotations.
    pub(crate) chosen: Vec<(String, Vec<String>)>,
    tier_ids: Vec<String>,
    pub(crate) media: Vec<String>,
    types: Vec<String>,
    /// The first number of new annotations; wider than those that are read.
    next_id: u128,
    last_id: Option<Range<usize>>,
    after_tier: usize,
    after_type: usize,
    /// Where the constraint goes; `None` if it is there.
    constraint: Option<usize>,
}

/// Reads the annotations of the named tiers; those of a tier that refers to another have its times.
pub(crate) fn parse(
    text: &str,
    wanted: &[String],
) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    if !text.contains("<ANNOTATION_DOCUMENT") {
        return Err(SegmentsError::structure("this is no ELAN document: no ANNOTATION_DOCUMENT"));
    }
    // The reader would skip it, and count the places of all elements without it.
    if text.starts_with('\u{feff}') {
        return Err(SegmentsError::structure("the ELAN document has two byte order marks"));
    }
    let document = read(text)?;
    let places = document.after_tier.zip(document.after_type);
    let Some((after_tier, after_type)) = places else {
        return Err(SegmentsError::structure(
            "the ELAN document has no TIME_ORDER or no LINGUISTIC_TYPE",
        ));
    };
    // Without a name only tiers with times of their own are meant.
    let aligned = |tier: &Tier| {
        tier.annotations.iter().any(|annotation| matches!(annotation.times, Times::Slots(..)))
    };
    let candidates: Vec<usize> = (0..document.tiers.len())
        .filter(|index| !wanted.is_empty() || aligned(&document.tiers[*index]))
        .collect();
    let known: Vec<&str> =
        candidates.iter().map(|index| document.tiers[*index].id.as_str()).collect();
    let tiers = choose_tiers(&known, wanted)?;
    let mut seen = HashSet::new();
    let tiers: Vec<usize> = tiers
        .into_iter()
        .map(|index| candidates[index])
        .filter(|index| seen.insert(*index))
        .collect();
    let times = AnnotationTimes::new(&document);
    let (mut segments, mut chosen) = (Vec::new(), Vec::new());
    for index in &tiers {
        let tier = &document.tiers[*index];
        let own = (tiers.len() > 1).then_some(tier.id.as_str());
        let participant = tier.participant.as_deref().filter(|name| !name.trim().is_empty());
        for annotation in &tier.annotations {
            let found = times.of(&annotation.id);
            let [start, end] = found.ok_or_else(|| {
                let reason = format!("the annotation {} has no times", annotation.id);
                SegmentsError::line(annotation.line, reason)
            })?;
            let segment = Segment::new(start / 1000.0, end / 1000.0, annotation.line)?;
            segments.push(segment.by(participant.or(own)).with_text(&annotation.value));
        }
        let ids = tier.annotations.iter().map(|annotation| annotation.id.clone()).collect();
        chosen.push((tier.id.clone(), ids));
    }
    let last = document.last_id.as_ref().and_then(|place| text[place.clone()].parse::<u64>().ok());
    let used = document.annotation_ids.iter();
    let used = used.filter_map(|id| id.strip_prefix('a')?.parse::<u64>().ok());
    let before_constraint = document.before_constraint.unwrap_or(after_type);
    let layout = Layout {
        chosen,
        next_id: used.chain(last).max().map_or(0, u128::from) + 1,
        last_id: document.last_id.clone(),
        after_tier,
        after_type,
        constraint: (!document.has_association)
            .then(|| document.after_constraint.unwrap_or(before_constraint)),
        tier_ids: document.tiers.iter().map(|tier| tier.id.clone()).collect(),
        media: document.media,
        types: document.types,
    };
    Ok((segments, layout))
}

/// Times of all annotations, in milliseconds.
struct AnnotationTimes<'a> {
    slots: Vec<Option<f64>>,
    document: &'a EafDocument,
    by_id: HashMap<&'a str, &'a Times>,
}

impl<'a> AnnotationTimes<'a> {
    fn new(document: &'a EafDocument) -> Self {
        let all = document.tiers.iter().flat_map(|tier| &tier.annotations);
        let by_id = all.map(|annotation| (annotation.id.as_str(), &annotation.times)).collect();
        Self { slots: interpolated(document), document, by_id }
    }

    /// The times of an annotation; `None` if a reference leads nowhere.
    fn of(&self, id: &str) -> Option<[f64; 2]> {
        let mut id = id;
        for _ in 0..MAX_CHAIN {
            match self.by_id.get(id)? {
                Times::Of(other) => id = other,
                Times::Slots(from, to) => {
                    let time = |slot: &String| {
                        self.slots.get(*self.document.slot_ids.get(slot)?).copied().flatten()
                    };
                    return Some([time(from)?, time(to)?]);
                }
            }
        }
        None
    }
}

/// The times of the slots. Slots without a time share the interval between the annotations around them equally, as in ELAN.
fn interpolated(document: &EafDocument) -> Vec<Option<f64>> {
    let mut slots = document.slots.clone();
    for tier in &document.tiers {
        // The chain of slots of a tier: each annotation begins where the one before ended.
        let mut chain: Vec<usize> = Vec::new();
        for annotation in &tier.annotations {
            let Times::Slots(from, to) = &annotation.times else { continue };
            let slot = |id: &String| document.slot_ids.get(id).copied();
            let (Some(from), Some(to)) = (slot(from), slot(to)) else { continue };
            if chain.last() != Some(&from) {
                fill(&mut slots, &chain);
                chain = vec![from];
            }
            chain.push(to);
        }
        fill(&mut slots, &chain);
    }
    slots
}

/// Gives slots between two known ones equally spaced times.
fn fill(slots: &mut [Option<f64>], chain: &[usize]) {
    let mut before: Option<(usize, f64)> = None;
    for (position, slot) in chain.iter().enumerate() {
        let Some(time) = slots[*slot] else { continue };
        if let Some((from, start)) = before {
            let count = (position - from) as f64;
            for between in from + 1..position {
                let share = (between - from) as f64 / count;
                slots[chain[between]] = Some(start + share * (time - start));
            }
        }
        before = Some((position, time));
    }
}

const CONSTRAINT: &str = "<CONSTRAINT DESCRIPTION=\"1-1 association with a parent annotation\" \
                          STEREOTYPE=\"Symbolic_Association\"/>";

/// Adds tiers below each tier that was read: NAME emotion, NAME confidence, NAME probabilities and one for each continuous
/// target. Those of a channel end with its number. Each annotation refers to the one that it describes.
pub(crate) fn annotate(
    text: &str,
    layout: &Layout,
    annotations: &[Vec<Annotation>],
    names: Names<'_>,
) -> Edits {
    let end = line_end(text);
    let mut edits = Edits::default();
    let kind = free_name("emotion", &layout.types);
    let (mut taken, mut id) = (layout.tier_ids.clone(), layout.next_id);
    let (mut added, mut rest) = (String::new(), annotations);
    let channels = channels(annotations);
    // Without annotations, tiers without content.
    let channels = if channels.is_empty() { vec![None] } else { channels };
    let kinds = tiers(names);
    let all: Vec<(Option<usize>, &EmotionTier)> =
        channels.iter().flat_map(|channel| kinds.iter().map(|kind| (*channel, kind))).collect();
    for (parent, ids) in &layout.chosen {
        let (own, others) = rest.split_at(ids.len().min(rest.len()));
        rest = others;
        for (channel, tier) in &all {
            let name = format!("{parent} {}{}", tier.name, channel_suffix(*channel));
            let name = free_name(&name, &taken);
            added += &format!(
                "{end}    <TIER LINGUISTIC_TYPE_REF=\"{}\" PARENT_REF=\"{}\" TIER_ID=\"{}\">{end}",
                escape(kind.as_str()),
                escape(parent.as_str()),
                escape(name.as_str())
            );
            let found = own.iter().map(|annotations| of_channel(annotations, *channel));
            for (reference, annotation) in ids.iter().zip(found) {
                let Some(annotation) = annotation else { continue };
                added += &format!(
                    "        <ANNOTATION>{end}            <REF_ANNOTATION ANNOTATION_ID=\"a{id}\" \
                     ANNOTATION_REF=\"{}\">{end}                <ANNOTATION_VALUE>{}</ANNOTATION_VALUE>{end}            \
                     </REF_ANNOTATION>{end}        </ANNOTATION>{end}",
                    escape(reference.as_str()),
                    escape(tier.text(annotation, names).as_str())
                );
                id += 1;
            }
            added += "    </TIER>";
            taken.push(name);
        }
    }
    edits.insert(layout.after_tier, added);
    edits.insert(
        layout.after_type,
        format!(
            "{end}    <LINGUISTIC_TYPE CONSTRAINTS=\"Symbolic_Association\" GRAPHIC_REFERENCES=\"false\" \
             LINGUISTIC_TYPE_ID=\"{}\" TIME_ALIGNABLE=\"false\"/>",
            escape(kind.as_str())
        ),
    );
    if let Some(at) = layout.constraint {
        edits.insert(at, format!("{end}    {CONSTRAINT}"));
    }
    if let Some(place) = &layout.last_id {
        edits.replace(place.clone(), (id - 1).to_string());
    }
    edits
}
