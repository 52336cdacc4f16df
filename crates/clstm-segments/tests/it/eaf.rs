//! ELAN's annotation document.

use clstm_segments::{Document, Format, ReadOptions};

use crate::samples::{EAF, annotated, parse, read, spans};

fn tier(text: &str, name: &str) -> Document {
    let options = ReadOptions { tiers: vec![name.to_owned()], ..ReadOptions::default() };
    Document::parse(text.as_bytes(), Format::Eaf, &options).unwrap()
}

#[test]
fn annotations_are_segments_and_open_slots_are_interpolated() {
    let document = read(Format::Eaf, EAF);
    let anna = || Some("Anna".to_owned());
    assert_eq!(spans(&document), [(0.5, 2.0, anna()), (2.0, 3.5, anna())]);
    assert_eq!(document.segments()[0].text.as_deref(), Some("good <morning>"));
    assert_eq!(document.segments()[1].text, None);
    // A tier that refers to another has its times.
    assert_eq!(spans(&tier(EAF, "gloss")), [(0.5, 2.0, None)]);
}

#[test]
fn addresses_of_recordings_are_read_with_relative_ones_first() {
    let header = EAF.find("<TIME_ORDER>").unwrap();
    let media = "<MEDIA_DESCRIPTOR MEDIA_URL=\"file:///calls/a&amp;b.wav\" \
                 RELATIVE_MEDIA_URL=\"../calls/a&amp;b.wav\"/>";
    let text = [&EAF[..header], media, &EAF[header..]].concat();
    let document = read(Format::Eaf, &text);
    assert!(
        document
            .media_urls()
            .ends_with(&["../calls/a&b.wav".to_owned(), "file:///calls/a&b.wav".to_owned()])
    );
}

#[test]
fn tiers_that_refer_to_the_annotations_are_added() {
    let written = annotated(Format::Eaf, EAF);
    let again = tier(&written, "A & words emotion");
    let found: Vec<_> =
        again.segments().iter().map(|s| (s.start_s, s.text.as_deref().unwrap())).collect();
    assert_eq!(found, [(0.5, "sad"), (2.0, "no_speech")]);
    let p = tier(&written, "A & words probabilities");
    assert_eq!(p.segments()[0].text.as_deref(), Some("happy=0.2 sad=0.8"));
    assert!(written.contains("NAME=\"lastUsedAnnotationId\">13<"), "{written}");
    assert_eq!(written.matches("STEREOTYPE=\"Symbolic_Association\"").count(), 1);
    // Twice: identifiers and names stay unique.
    let document = tier(&written, "A & words");
    let twice = document.write(
        &crate::samples::annotations(2),
        &crate::samples::labels(),
        &Default::default(),
    );
    let twice = String::from_utf8(twice).unwrap();
    assert!(twice.contains("TIER_ID=\"A &amp; words emotion 2\""), "{twice}");
    let ids: Vec<&str> = twice
        .split(" ANNOTATION_ID=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let unique: std::collections::HashSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    let constraint =
        EAF.lines().filter(|line| !line.contains("<CONSTRAINT")).collect::<Vec<_>>().join("\n");
    assert!(annotated(Format::Eaf, &constraint).contains("STEREOTYPE=\"Symbolic_Association\""));
}

#[test]
fn mistakes_have_a_line_and_a_reason() {
    for (from, to, part) in [
        ("ANNOTATION_REF=\"a1\"", "ANNOTATION_REF=\"a3\"", "has no times"),
        ("TIME_SLOT_REF1=\"ts1\"", "TIME_SLOT_REF1=\"ts9\"", "has no times"),
        ("TIME_VALUE=\"500\"", "TIME_VALUE=\"-500\"", "negative"),
        ("TIME_VALUE=\"3500\"", "TIME_VALUE=\"300\"", "before the start"),
        ("TIME_UNITS=\"milliseconds\"", "TIME_UNITS=\"PAL-frames\"", "PAL-frames"),
        ("TIER_ID=\"gloss\"", "", "TIER_ID"),
        ("</TIER>", "", "line"),
        ("<ANNOTATION_DOCUMENT", "<OTHER", "no ANNOTATION_DOCUMENT"),
    ] {
        let text = EAF.replace(from, to);
        let options = ReadOptions {
            tiers: if from.contains("REF=\"a1") { vec!["gloss".to_owned()] } else { Vec::new() },
            ..ReadOptions::default()
        };
        let error =
            Document::parse(text.as_bytes(), Format::Eaf, &options).unwrap_err().to_string();
        assert!(error.contains(part), "{part:?}: {error}");
    }
    let error = parse(Format::Eaf, &EAF[..EAF.len() - 30]).unwrap_err().to_string();
    assert!(error.contains("line"), "{error}");
}
