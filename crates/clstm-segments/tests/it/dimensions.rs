//! Continuous targets in every format.

use clstm_segments::exchange::{PreAnnotation, audacity, audformat, elan, label_studio};
use clstm_segments::{Document, Format, Names, ReadOptions, WriteOptions};
use serde_json::Value;

use crate::samples::{
    AUDACITY, CSV, EAF, RTTM, SHORT_TEXTGRID, SRT, TEXTGRID, VTT, WHISPER,
    annotated_with_dimensions, dimensions, labels, rated, read,
};

#[test]
fn fields_columns_members_and_captions_have_the_values() {
    let rttm = annotated_with_dimensions(Format::Rttm, RTTM);
    let field = "happy=0.2;sad=0.8;dim_arousal=3.25;dim_valence=-0.1235";
    assert!(rttm.contains(&format!(" {field} sad anna 0.8 <NA>")), "{rttm}");
    assert!(rttm.ends_with("<NA> no_speech ben 0.93 <NA>\n"), "{rttm}");
    let csv = annotated_with_dimensions(Format::Csv, CSV);
    let mut lines = csv.lines();
    assert!(
        lines.next().unwrap().ends_with("emotion_p_sad,emotion_dim_arousal,emotion_dim_valence")
    );
    assert!(csv.contains(",ok,0.2,0.8,3.25,-0.1235\n") && csv.ends_with(",,,no_speech,,,,\n"));
    let srt = annotated_with_dimensions(Format::Srt, SRT);
    assert!(srt.contains("\n[sad 80%, arousal 3.25, valence -0.12] Good"), "{srt}");
    let labels = annotated_with_dimensions(Format::Audacity, AUDACITY);
    assert!(labels.starts_with("0.500000\t2.750000\t[sad 80%, arousal 3.25, valence -0.12] good"));
    let vtt = annotated_with_dimensions(Format::Vtt, VTT);
    let note = "\"probabilities\":{\"happy\":0.2,\"sad\":0.8},\"dimensions\":{\"arousal\":3.25,\"valence\":-0.1235}}\n";
    assert!(vtt.contains(note) && vtt.contains("<v Anna>[sad 80%] Good morning"), "{vtt}");
    let json = annotated_with_dimensions(Format::Whisper, WHISPER).replace("NaN", "0");
    let json: Value = serde_json::from_str(&json).unwrap();
    let [first, second] = [0, 1].map(|index| &json["segments"][index]["emotion"]);
    assert_eq!(first["dimensions"]["arousal"], 3.25);
    assert!(second.get("dimensions").is_none(), "{second}");
}

fn tier(text: &str, format: Format, name: &str) -> Vec<Option<String>> {
    let options = ReadOptions { tiers: vec![name.to_owned()], ..ReadOptions::default() };
    let document = Document::parse(text.as_bytes(), format, &options).unwrap();
    document.segments().iter().map(|segment| segment.text.clone()).collect()
}

#[test]
fn formats_with_tiers_get_a_tier_for_each_value() {
    for text in [TEXTGRID, SHORT_TEXTGRID] {
        let written = annotated_with_dimensions(Format::TextGrid, text);
        let found = tier(&written, Format::TextGrid, "words arousal");
        assert_eq!(found, [Some("3.25".to_owned())], "{written}");
        assert_eq!(tier(&written, Format::TextGrid, "words valence").len(), 1);
    }
    let written = annotated_with_dimensions(Format::Eaf, EAF);
    assert_eq!(
        tier(&written, Format::Eaf, "A & words valence"),
        [Some("-0.1235".to_owned()), None]
    );
    assert!(written.contains("lastUsedAnnotationId\">17<"), "{written}");
}

#[test]
fn names_that_are_taken_or_have_other_characters_are_written() {
    let (labels, dimensions) = (labels(), ["emotion", "a \"b\";\nc"].map(str::to_owned));
    let names = Names { labels: &labels, dimensions: &dimensions };
    let write = |format: Format, text: &str| {
        let document = read(format, text);
        let written =
            document.write(&rated(document.segments().len()), names, &WriteOptions::default());
        String::from_utf8(written).unwrap()
    };
    let grid = write(Format::TextGrid, TEXTGRID);
    assert!(grid.contains("name = \"words emotion 2\""), "{grid}");
    assert!(grid.contains("name = \"words a \"\"b\"\"; c\""), "{grid}");
    let srt = write(Format::Srt, SRT);
    assert_eq!(read(Format::Srt, &srt).segments().len(), 2, "{srt}");
    let csv = write(Format::Csv, CSV);
    assert!(csv.contains(",emotion_dim_emotion,\"emotion_dim_a \"\"b\"\"; c\"\n"), "{csv}");
    assert_eq!(read(Format::Csv, &csv).segments().len(), 2, "{csv}");
    let rttm = write(Format::Rttm, RTTM);
    assert!(
        rttm.lines()
            .filter(|line| line.starts_with("SPEAKER"))
            .all(|line| { line.split_whitespace().count() == 10 })
    );
    let json = write(Format::Whisper, WHISPER).replace("NaN", "0");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["segments"][0]["emotion"]["dimensions"]["a \"b\";\nc"], -0.1235);
}

/// A recording with its values.
pub(crate) fn recording() -> PreAnnotation {
    let parts = rated(4);
    PreAnnotation {
        path: "a.wav".to_owned(),
        duration_s: 4.0,
        whole: parts[0].clone(),
        parts: parts
            .into_iter()
            .zip(0..)
            .map(|(it, i)| (f64::from(i), f64::from(i + 1), it))
            .collect(),
    }
}

#[test]
fn pre_annotations_have_the_values() {
    let (labels, dimensions) = (labels(), dimensions());
    let names = Names { labels: &labels, dimensions: &dimensions };
    let all = [recording()];
    let tasks: Value = serde_json::from_str(&label_studio::tasks(&all, names, "m")).unwrap();
    assert_eq!(tasks[0]["data"]["dimensions"]["valence"], -0.1235);
    let [(_, header), (_, table)] = audformat::database(&all, names, "m");
    assert!(header.contains("\n  \"arousal\": {dtype: float}\n"), "{header}");
    assert_eq!(table, "file,emotion,confidence,arousal,valence\na.wav,sad,0.8,3.25,-0.1235\n");
    let track = audacity::label_track(&all[0], names);
    assert!(track.starts_with("0.000000\t1.000000\tsad 80%, arousal 3.25, valence -0.12\n"));
    let document = elan::document(&all[0], names, "a.wav");
    assert_eq!(tier(&document, Format::Eaf, "arousal"), vec![Some("3.25".to_owned()); 2]);
}
