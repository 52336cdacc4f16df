//! ELAN documents with pre-annotations.

use quick_xml::escape::escape;

use super::PreAnnotation;
use crate::Names;
use crate::caption::tiers;

/// A document for a recording: a tier `emotion` with the parts that have a prediction, in which labels are corrected, and tiers
/// for confidence, probabilities and each continuous target that refer to it.
#[must_use]
pub fn document<'a>(recording: &PreAnnotation, names: impl Into<Names<'a>>, media: &str) -> String {
    let names = names.into();
    let spoken: Vec<_> =
        recording.parts.iter().filter(|(.., part)| part.emotion().is_some()).collect();
    // Not beyond the end of the recording.
    let ms = |seconds: f64| (1000.0 * seconds + 1e-6).floor() as u64;
    let mut slots = String::new();
    for (index, (start, end, _)) in spoken.iter().enumerate() {
        for (number, time) in [(2 * index + 1, start), (2 * index + 2, end)] {
            slots += &format!(
                "        <TIME_SLOT TIME_SLOT_ID=\"ts{number}\" TIME_VALUE=\"{}\"/>\n",
                ms(*time)
            );
        }
    }
    let mut elements = String::new();
    let mut id = 0;
    for (place, tier) in tiers(names).iter().enumerate() {
        let parent = if place == 0 {
            "LINGUISTIC_TYPE_REF=\"emotion\"".to_owned()
        } else {
            "LINGUISTIC_TYPE_REF=\"prediction\" PARENT_REF=\"emotion\"".to_owned()
        };
        let name = escape(tier.name.as_str());
        elements += &format!("    <TIER {parent} TIER_ID=\"{name}\">\n");
        for (index, (_, _, part)) in spoken.iter().enumerate() {
            id += 1;
            let value = tier.text(part, names);
            let element = if place == 0 { "ALIGNABLE_ANNOTATION" } else { "REF_ANNOTATION" };
            let reference = match place {
                0 => format!(
                    "TIME_SLOT_REF1=\"ts{}\" TIME_SLOT_REF2=\"ts{}\"",
                    2 * index + 1,
                    2 * index + 2
                ),
                _ => format!("ANNOTATION_REF=\"a{}\"", index + 1),
            };
            elements += &format!(
                "        <ANNOTATION>\n            <{element} ANNOTATION_ID=\"a{id}\" {reference}>\n                \
                 <ANNOTATION_VALUE>{}</ANNOTATION_VALUE>\n            </{element}>\n        </ANNOTATION>\n",
                escape(value.as_str())
            );
        }
        elements += "    </TIER>\n";
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ANNOTATION_DOCUMENT AUTHOR=\"clstm\" \
         DATE=\"1970-01-01T00:00:00+00:00\" FORMAT=\"3.0\" VERSION=\"3.0\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:noNamespaceSchemaLocation=\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\">\n    <HEADER MEDIA_FILE=\"\" \
         TIME_UNITS=\"milliseconds\">\n        <MEDIA_DESCRIPTOR MEDIA_URL=\"{}\" MIME_TYPE=\"audio/*\"/>\n        \
         <PROPERTY NAME=\"lastUsedAnnotationId\">{id}</PROPERTY>\n    </HEADER>\n    <TIME_ORDER>\n{slots}    \
         </TIME_ORDER>\n{elements}    <LINGUISTIC_TYPE GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"emotion\" \
         TIME_ALIGNABLE=\"true\"/>\n    <LINGUISTIC_TYPE CONSTRAINTS=\"Symbolic_Association\" \
         GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"prediction\" TIME_ALIGNABLE=\"false\"/>\n    <CONSTRAINT \
         DESCRIPTION=\"1-1 association with a parent annotation\" STEREOTYPE=\"Symbolic_Association\"/>\n\
         </ANNOTATION_DOCUMENT>\n",
        escape(media)
    )
}
