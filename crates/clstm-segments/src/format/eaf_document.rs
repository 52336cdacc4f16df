//! What an ELAN document consists of, with the places where elements can be added.

use std::collections::HashMap;
use std::ops::Range;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, escape};

use crate::SegmentsError;
use crate::lines::line_at;

/// A document.
#[derive(Debug, Default)]
pub(super) struct EafDocument {
    /// Milliseconds of the time slots in the order of the document; `None` for those that are not aligned.
    pub(super) slots: Vec<Option<f64>>,
    /// Index of a slot by its id.
    pub(super) slot_ids: HashMap<String, usize>,
    pub(super) tiers: Vec<Tier>,
    /// Addresses of the recordings, those relative to the document first.
    pub(super) media: Vec<String>,
    /// All ids of annotations.
    pub(super) annotation_ids: Vec<String>,
    /// Ids of linguistic types.
    pub(super) types: Vec<String>,
    /// Whether the constraint of symbolic associations is declared.
    pub(super) has_association: bool,
    /// The number of the property `lastUsedAnnotationId`.
    pub(super) last_id: Option<Range<usize>>,
    /// The byte after the last tier, linguistic type, and constraint.
    pub(super) after_tier: Option<usize>,
    pub(super) after_type: Option<usize>,
    pub(super) after_constraint: Option<usize>,
    /// The byte after the last of what must come before a constraint.
    pub(super) before_constraint: Option<usize>,
}

/// A tier.
#[derive(Debug)]
pub(super) struct Tier {
    pub(super) id: String,
    pub(super) participant: Option<String>,
    pub(super) annotations: Vec<Annotation>,
}

/// An annotation of a tier.
#[derive(Debug)]
pub(super) struct Annotation {
    pub(super) id: String,
    pub(super) times: Times,
    pub(super) value: String,
    pub(super) line: usize,
}

/// Where the times of an annotation come from.
#[derive(Debug)]
pub(super) enum Times {
    /// Ids of two time slots.
    Slots(String, String),
    /// The id of another annotation.
    Of(String),
}

/// Deepest nesting of elements; ELAN has six levels.
const MAX_DEPTH: usize = 64;

/// Reads a document.
pub(super) fn read(text: &str) -> Result<EafDocument, SegmentsError> {
    let mut reader = Reader::from_str(text);
    let mut document = EafDocument::default();
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut property = false;
    let mut lines = LineOf::default();
    loop {
        let start = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| {
            let line = line_at(text, reader.error_position() as usize);
            SegmentsError::line(line, format!("no valid XML: {error}"))
        })?;
        let end = reader.buffer_position() as usize;
        match event {
            Event::Start(element) => {
                let name = element.name().as_ref().to_owned();
                property = name == "PROPERTY" && is_last_id(&element);
                begin(&mut document, &name, &element, lines.at(text, start))?;
                open.push((name, end));
                if open.len() > MAX_DEPTH {
                    let line = line_at(text, start);
                    return Err(SegmentsError::line(line, "elements are nested too deeply"));
                }
            }
            Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                begin(&mut document, &name, &element, lines.at(text, start))?;
                finish(&mut document, &name, end);
            }
            Event::End(_) => {
                let Some((name, content)) = open.pop() else { continue };
                if name == "ANNOTATION_VALUE" {
                    let raw = &text[content..start];
                    let value = escape::unescape(raw).map_or(raw.to_owned(), |v| v.into_owned());
                    let tier = document.tiers.last_mut();
                    if let Some(annotation) = tier.and_then(|tier| tier.annotations.last_mut()) {
                        annotation.value = value;
                    }
                }
                if name == "PROPERTY" && property {
                    let trimmed = text[content..start].trim();
                    let lead = text[content..start].find(trimmed).unwrap_or(0);
                    let place = content + lead..content + lead + trimmed.len();
                    document.last_id = Some(place).filter(|_| trimmed.parse::<u64>().is_ok());
                }
                finish(&mut document, &name, end);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if let Some((name, content)) = open.pop() {
        let line = line_at(text, content);
        return Err(SegmentsError::line(line, format!("the element {name} is never closed")));
    }
    Ok(document)
}

/// Counts lines of increasing places.
#[derive(Default)]
struct LineOf {
    at: usize,
    passed: usize,
}

impl LineOf {
    fn at(&mut self, text: &str, at: usize) -> usize {
        // The element begins behind the white space of the text before it.
        let passed = text.as_bytes().get(self.at..at).unwrap_or_default();
        self.passed += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = at;
        self.passed + 1
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|found| found.key.as_ref() == name)?;
    let raw: &str = &found.value;
    Some(escape::unescape(raw).map_or(raw.to_owned(), |value| value.into_owned()))
}

fn is_last_id(element: &BytesStart<'_>) -> bool {
    attribute(element, "NAME").as_deref() == Some("lastUsedAnnotationId")
}

/// Takes what an element's attributes have.
fn begin(
    document: &mut EafDocument,
    name: &str,
    element: &BytesStart<'_>,
    line: usize,
) -> Result<(), SegmentsError> {
    let required = |wanted: &str| {
        attribute(element, wanted).ok_or_else(|| {
            SegmentsError::line(line, format!("the element {name} has no attribute {wanted}"))
        })
    };
    match name {
        "HEADER" => {
            let units = attribute(element, "TIME_UNITS");
            if let Some(units) = units.filter(|units| units != "milliseconds") {
                let reason = format!("times in {units} are not supported, only milliseconds");
                return Err(SegmentsError::line(line, reason));
            }
        }
        "MEDIA_DESCRIPTOR" => {
            let urls = ["RELATIVE_MEDIA_URL", "MEDIA_URL"].map(|name| attribute(element, name));
            document.media.extend(urls.into_iter().flatten().filter(|url| !url.is_empty()));
        }
        "TIME_SLOT" => {
            let time = match attribute(element, "TIME_VALUE") {
                None => None,
                Some(text) => Some(text.trim().parse::<f64>().map_err(|_| {
                    SegmentsError::line(line, format!("the time {text:?} is not a number"))
                })?),
            };
            document.slot_ids.insert(required("TIME_SLOT_ID")?, document.slots.len());
            document.slots.push(time);
        }
        "TIER" => {
            let (id, participant) = (required("TIER_ID")?, attribute(element, "PARTICIPANT"));
            document.tiers.push(Tier { id, participant, annotations: Vec::new() });
        }
        "ALIGNABLE_ANNOTATION" | "REF_ANNOTATION" => {
            let id = required("ANNOTATION_ID")?;
            let times = match name {
                "REF_ANNOTATION" => Times::Of(required("ANNOTATION_REF")?),
                _ => Times::Slots(required("TIME_SLOT_REF1")?, required("TIME_SLOT_REF2")?),
            };
            document.annotation_ids.push(id.clone());
            let tier = document
                .tiers
                .last_mut()
                .ok_or_else(|| SegmentsError::line(line, "an annotation outside of a tier"))?;
            tier.annotations.push(Annotation { id, times, value: String::new(), line });
        }
        "LINGUISTIC_TYPE" => document.types.extend(attribute(element, "LINGUISTIC_TYPE_ID")),
        "CONSTRAINT" => {
            let stereotype = attribute(element, "STEREOTYPE");
            document.has_association |= stereotype.as_deref() == Some("Symbolic_Association");
        }
        _ => {}
    }
    Ok(())
}

/// Stores where an element ended.
fn finish(document: &mut EafDocument, name: &str, end: usize) {
    match name {
        "TIER" | "TIME_ORDER" => document.after_tier = Some(end),
        "LINGUISTIC_TYPE" => document.after_type = Some(end),
        "CONSTRAINT" => document.after_constraint = Some(end),
        _ => {}
    }
    if matches!(name, "TIER" | "TIME_ORDER" | "LINGUISTIC_TYPE" | "LOCALE" | "LANGUAGE") {
        document.before_constraint = Some(end);
    }
}
