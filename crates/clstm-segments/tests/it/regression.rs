//! One test for every bug that was found.

use std::collections::BTreeSet;

use clstm_segments::{Document, Format, ReadOptions, WriteOptions};

use crate::samples::{EAF, TEXTGRID, annotations, labels, read, spans};

const TWO: &str = "SPEAKER call-1 1 0.0 1.0 <NA> <NA> anna <NA> <NA>\n\
                   SPEAKER call-2 1 5.0 1.0 <NA> <NA> ben <NA> <NA>\n";

fn starts(recording: Option<&str>) -> Result<Vec<f64>, String> {
    let options = ReadOptions { recording: recording.map(str::to_owned), ..ReadOptions::default() };
    let document = Document::parse(TWO.as_bytes(), Format::Rttm, &options);
    let document = document.map_err(|error| error.to_string())?;
    Ok(document.segments().iter().map(|segment| segment.start_s).collect())
}

/// The segments of all recordings of an RTTM file were recognised in one recording.
#[test]
fn an_rttm_file_of_several_recordings_gives_those_of_the_one_that_is_named() {
    assert_eq!(starts(Some("call-2")), Ok(vec![5.0]));
    for other in [None, Some("interview")] {
        let error = starts(other).unwrap_err();
        assert!(error.contains("2 recordings (call-1, call-2)"), "{error}");
    }
}

/// A file of one recording is read whatever the recording is called.
#[test]
fn an_rttm_file_of_one_recording_is_read_whole() {
    let one = TWO.replace("call-2", "call-1");
    let options = ReadOptions { recording: Some("other".to_owned()), ..ReadOptions::default() };
    let document = Document::parse(one.as_bytes(), Format::Rttm, &options).unwrap();
    assert_eq!(document.segments().len(), 2);
}

/// The file with annotations of these labels, as text.
fn written(format: Format, text: &str, labels: &[String]) -> String {
    let document = read(format, text);
    let annotations = annotations(document.segments().len());
    String::from_utf8(document.write(&annotations, labels, &WriteOptions::default())).unwrap()
}

/// A label such as `a--->b` left an arrow in the note, which made it a cue.
#[test]
fn labels_with_arrows_leave_no_arrow_in_notes() {
    let labels = ["a-->b", "a--->b"].map(str::to_owned);
    let text = "WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n";
    let written = written(Format::Vtt, text, &labels);
    assert_eq!(written.matches("-->").count(), 1, "{written}");
    assert_eq!(spans(&read(Format::Vtt, &written)), [(1.0, 2.0, None)]);
    let note = written.lines().find_map(|line| line.strip_prefix("NOTE clstm ")).unwrap();
    let note: serde_json::Value = serde_json::from_str(note).unwrap();
    assert!(labels.iter().any(|label| note["label"] == label.as_str()), "{note}");
}

/// Tiers were added behind what followed the last tier, such as a number, which a reader takes for a part of them.
#[test]
fn tiers_are_added_directly_behind_the_last_one() {
    for rest in ["7\n", "\"open", "! a comment", "<exists> 0 \"x\"\n"] {
        let text = format!("{}\n{rest}", TEXTGRID.trim_end());
        let written = written(Format::TextGrid, &text, &labels());
        let tiers = vec!["words".to_owned()];
        let options = ReadOptions { tiers, ..ReadOptions::default() };
        let again = Document::parse(written.as_bytes(), Format::TextGrid, &options);
        let again = again.unwrap_or_else(|error| panic!("{rest:?}: {error}\n{written}"));
        assert_eq!(again.segments(), read(Format::TextGrid, &text).segments());
        assert!(written.ends_with(rest), "{written}");
    }
}

/// The number after the largest one of 64 bits began at 0 again.
#[test]
fn annotations_after_the_largest_number_have_numbers_of_their_own() {
    let text = EAF.replace("\"a1\"", &format!("\"a{}\"", u64::MAX));
    assert_ne!(text, EAF);
    let written = written(Format::Eaf, &text, &labels());
    let ids = written.split(" ANNOTATION_ID=\"").skip(1);
    let ids: Vec<&str> = ids.map(|rest| rest.split('"').next().unwrap()).collect();
    let unique: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    assert!(written.contains("\"a18446744073709551616\""), "{written}");
}

/// The places of all elements were wrong behind a second byte order mark.
#[test]
fn an_elan_document_with_two_byte_order_marks_is_refused() {
    let text = format!("\u{feff}\u{feff}{EAF}");
    let read = Document::parse(text.as_bytes(), Format::Eaf, &ReadOptions::default());
    assert!(read.unwrap_err().to_string().contains("two byte order marks"));
    let text = format!("\u{feff}{EAF}");
    assert_eq!(spans(&read_eaf(&text)), spans(&read_eaf(EAF)));
}

fn read_eaf(text: &str) -> Document {
    Document::parse(text.as_bytes(), Format::Eaf, &ReadOptions::default()).unwrap()
}

/// Labels that differ in brackets only gave columns of the same name.
#[test]
fn columns_of_similar_labels_have_names_of_their_own() {
    let labels = ["a", "a[", "a]"].map(str::to_owned);
    let written = written(Format::Csv, "start,end\n1,2\n", &labels);
    let header: Vec<&str> = written.lines().next().unwrap().split(',').collect();
    let unique: BTreeSet<&&str> = header.iter().collect();
    assert_eq!(unique.len(), header.len(), "{header:?}");
}
