//! Pre-annotations, corrected with the libraries of annotation tools, and read back.

use std::fs;
use std::path::Path;

use clstm_segments::exchange::audformat::{self, Header};
use clstm_segments::exchange::{Judgement, elan, label_studio};
use clstm_segments::{Document, Format, ReadOptions};

use crate::consumers::python;
use crate::exchange::recordings;
use crate::samples::labels;

/// The labels of two people, recording by recording, in the order of the recordings.
const ANNA: [Option<&str>; 4] = [Some("happy"), Some("sad"), None, Some("sad")];
const BEN: [Option<&str>; 4] = [Some("sad"), Some("sad"), Some("happy"), Some("sad")];

fn of_rater(judgements: &[Judgement], rater: &str, path: &str) -> Option<String> {
    let whole = judgements.iter().filter(|j| j.span.is_none() && j.rater == rater);
    whole.into_iter().find(|j| j.path == path).map(|j| j.label.clone())
}

#[test]
fn corrections_in_label_studio_audformat_and_elan_lose_nothing() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/consumers/annotators.py");
    let Some(python) = python(&script) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (all, labels) = (recordings(), labels());
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("tasks.json", &label_studio::tasks(&all, &labels, "m"));
    write("config.xml", &label_studio::configuration(&labels));
    for (name, text) in audformat::database(&all, &labels, "m") {
        write(&name, &text);
    }
    write("pre.eaf", &elan::document(&all[0], &labels, "d & e.wav"));
    python.run(folder.path());

    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let header = Header::parse(&read("corrected/db.yaml")).unwrap();
    assert_eq!(header.tables().collect::<Vec<_>>(), ["emotion", "files", "parts"]);
    let columns = header.columns("emotion", "emotion");
    let raters: Vec<_> = columns.iter().map(|c| (c.rater.as_str(), c.machine)).collect();
    assert_eq!(raters, [("clstm", true), ("anna", false), ("ben", false)]);
    let table = read("corrected/db.emotion.csv");
    let corrected = audformat::judgements_of(&table, &columns).unwrap();
    let exported = label_studio::judgements(&read("export.json")).unwrap();
    for (index, recording) in all.iter().enumerate() {
        for (rater, given) in [("anna", ANNA), ("ben", BEN)] {
            let expected = given[index].map(str::to_owned);
            assert_eq!(of_rater(&corrected, rater, &recording.path), expected, "audformat");
            assert_eq!(of_rater(&exported, rater, &recording.path), expected, "Label Studio");
        }
    }
    let parts = header.columns("parts", "emotion");
    let parts = audformat::judgements_of(&read("corrected/db.parts.csv"), &parts).unwrap();
    assert_eq!(parts.iter().map(|j| j.span).collect::<Vec<_>>(), [Some([0.5, 1.25]), None]);
    let speakers = audformat::speakers(&read("corrected/db.files.csv")).unwrap();
    assert_eq!(speakers[&all[3].path], "s3");

    let options = ReadOptions { tiers: vec!["emotion".to_owned()], ..ReadOptions::default() };
    let document =
        Document::parse(read("corrected.eaf").as_bytes(), Format::Eaf, &options).unwrap();
    let mut texts: Vec<_> =
        document.segments().iter().map(|s| (s.start_s, s.end_s, s.text.clone().unwrap())).collect();
    texts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let expected = [(0.0, 1.0, "bored & tired".to_owned()), (3.0, 4.0, "happy".to_owned())];
    assert_eq!(texts, expected);
}
