//! Praat's TextGrid.

use clstm_segments::{Document, Format, ReadOptions, SegmentsError, WriteOptions};

use crate::samples::{SHORT_TEXTGRID, TEXTGRID, annotated, annotations, labels, parse, read};

fn tiers(names: &[&str]) -> ReadOptions {
    ReadOptions {
        tiers: names.iter().map(|&name| name.to_owned()).collect(),
        ..ReadOptions::default()
    }
}

#[test]
fn intervals_with_text_are_segments_and_get_tiers() {
    let document = read(Format::TextGrid, TEXTGRID);
    let texts: Vec<&str> = document.segments().iter().map(|s| s.text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["good \"morning\" ! [1]", "hello"]);
    assert_eq!(document.segments()[0].line, 20);
    let written = annotated(Format::TextGrid, TEXTGRID);
    assert!(written.contains("\nsize = 5\n"), "{written}");
    for name in ["words emotion", "words confidence", "words probabilities"] {
        assert!(written.contains(&format!("name = \"{name}\"")), "{written}");
    }
    let again =
        Document::parse(written.as_bytes(), Format::TextGrid, &tiers(&["words emotion"])).unwrap();
    let found: Vec<_> =
        again.segments().iter().map(|s| (s.start_s, s.text.as_deref().unwrap())).collect();
    assert_eq!(found, [(0.5, "sad"), (2.75, "no_speech")]);
    // Once more: names stay unique.
    let document =
        Document::parse(written.as_bytes(), Format::TextGrid, &tiers(&["words"])).unwrap();
    let twice = document.write(&annotations(2), &labels(), &WriteOptions::default());
    let twice = String::from_utf8(twice).unwrap();
    assert!(
        twice.contains("name = \"words emotion 2\"") && twice.contains("\nsize = 8\n"),
        "{twice}"
    );
}

#[test]
fn the_short_format_stays_short() {
    let written = annotated(Format::TextGrid, SHORT_TEXTGRID);
    let tier = "\"IntervalTier\"\n\"words emotion\"\n0\n3.5\n2\n0\n2.75\n\"sad\"\n2.75\n3.5\n\"no_speech\"\n";
    assert!(written.contains("<exists>\n4\n") && written.contains(tier), "{written}");
    assert!(!written.contains("xmin"), "{written}");
}

#[test]
fn tiers_are_chosen_by_name() {
    let two = TEXTGRID.replace("TextTier", "IntervalTier").replace("points: size = 1", "intervals: size = 1").replace(
        "        points [1]:\n            number = 1.25\n            mark = \"x\"",
        "        intervals [1]:\n            xmin = 0\n            xmax = 3.5\n            text = \"x\"",
    );
    let error = parse(Format::TextGrid, &two).unwrap_err();
    assert!(
        matches!(&error, SegmentsError::SeveralTiers { known } if known == "\"words\", \"clicks\""),
        "{error}"
    );
    let error = Document::parse(two.as_bytes(), Format::TextGrid, &tiers(&["word"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no tier \"word\" with times; there are: \"words\", \"clicks\""
    );
    let both =
        Document::parse(two.as_bytes(), Format::TextGrid, &tiers(&["clicks", "words", "clicks"]))
            .unwrap();
    let speakers: Vec<_> = both.segments().iter().map(|s| s.speaker.as_deref()).collect();
    assert_eq!(speakers, [Some("clicks"), Some("words"), Some("words")]);
    assert_eq!(parse(Format::Srt, "").map(|d| d.segments().len()), Ok(0));
    let error = Document::parse(b"", Format::Srt, &tiers(&["a"])).unwrap_err();
    assert_eq!(error.kind(), "tier");
}

#[test]
fn other_files_are_refused_with_a_reason() {
    for (text, part) in [
        ("ooBinaryFile\x08TextGrid", "binary"),
        ("File type = \"ooTextFile\"\nObject class = \"Sound\"\n", "no TextGrid"),
        ("File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n0 1 <absent>\n", "no tiers"),
        (&TEXTGRID[..TEXTGRID.len() / 2], "expected"),
        ("", "line 1: expected the file type"),
        (
            "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n0 1 <exists> 1 \"IntervalTier\" \"a\" 0 1 1e30",
            "not a number of intervals",
        ),
    ] {
        let error = parse(Format::TextGrid, text).unwrap_err().to_string();
        assert!(error.contains(part), "{part:?}: {error}");
    }
}
