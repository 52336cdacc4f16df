//! Pre-annotations, and what people made of them.

use clstm_segments::exchange::{
    Judgement, PreAnnotation, audacity, audformat, elan, gather, label_studio, sort_by_confidence,
};
use clstm_segments::{Document, Format, Outcome, ReadOptions};
use serde_json::{Value, json};

use crate::samples::{annotations, labels};

/// Recordings with confidences of 0.8, none, none, 0.6.
pub(crate) fn recordings() -> Vec<PreAnnotation> {
    let parts = annotations(4);
    let names = ["a.wav", "silent.wav", "b, c.wav", "d & e.wav"];
    let each = names.into_iter().zip(&parts).map(|(path, whole)| PreAnnotation {
        path: path.to_owned(),
        duration_s: 4.0,
        whole: whole.clone(),
        parts: parts
            .iter()
            .zip(0..)
            .map(|(part, i)| (f64::from(i), f64::from(i + 1), part.clone()))
            .collect(),
    });
    let mut all: Vec<PreAnnotation> = each.collect();
    sort_by_confidence(&mut all);
    all
}

#[test]
fn the_least_sure_recordings_come_first() {
    let all = recordings();
    let order: Vec<&str> = all.iter().map(|recording| recording.path.as_str()).collect();
    assert_eq!(order, ["d & e.wav", "a.wav", "b, c.wav", "silent.wav"]);
    assert_eq!(all[2].whole.outcome, Outcome::TooShort);
}

#[test]
fn label_studio_gets_predictions_and_its_corrections_are_read() {
    let text = label_studio::tasks(&recordings(), &labels(), "m");
    let tasks: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(tasks[0]["data"]["audio"], "d & e.wav");
    assert_eq!(tasks[0]["predictions"][0]["score"], 0.6);
    assert_eq!(tasks[1]["predictions"][0]["result"][0]["value"]["choices"], json!(["sad"]));
    assert_eq!(tasks[3]["predictions"], json!([]));
    let config = label_studio::configuration(&["a \"b\" & c".to_owned()]);
    assert!(config.contains("<Choice value=\"a &quot;b&quot; &amp; c\"/>"), "{config}");
    // What Label Studio exports: two people, one of whom cancelled a task; regions with times.
    let choice = |label: &str| json!({"type": "choices", "value": {"choices": [label]}});
    let export = json!([
        {"data": {"audio": "a.wav"}, "annotations": [
            {"completed_by": 1, "was_cancelled": false, "result": [choice("happy")]},
            {"completed_by": {"id": 2, "email": "ben@x"}, "result": [choice("sad")]},
            {"completed_by": 3, "was_cancelled": true, "result": [choice("sad")]}
        ], "predictions": [{"result": [choice("sad")]}]},
        {"data": {"audio": "b.wav"}, "annotations": [{"completed_by": "anna", "result": [
            {"type": "labels", "value": {"start": 0.5, "end": 1.5, "labels": ["sad"]}},
            {"type": "textarea", "value": {"text": ["a remark"]}}
        ]}]}
    ]);
    let found = label_studio::judgements(&export.to_string()).unwrap();
    let judged = |path: &str, span: Option<[f64; 2]>, rater: &str, label: &str| Judgement {
        path: path.to_owned(),
        span,
        rater: rater.to_owned(),
        speaker: None,
        label: label.to_owned(),
    };
    let expected = [
        judged("a.wav", None, "1", "happy"),
        judged("a.wav", None, "ben@x", "sad"),
        judged("b.wav", Some([0.5, 1.5]), "anna", "sad"),
    ];
    assert_eq!(found, expected);
    assert_eq!(gather(found)[0].majority(), None, "a tie");
    assert!(label_studio::judgements("[{}]").unwrap_err().to_string().contains("task 1"));
    assert!(label_studio::judgements("{").unwrap_err().to_string().contains("line 1"));
}

#[test]
fn elan_documents_are_read_back() {
    let document = elan::document(&recordings()[0], &labels(), "file:///d & e.wav");
    let read = |tier: &str| {
        let options = ReadOptions { tiers: vec![tier.to_owned()], ..ReadOptions::default() };
        Document::parse(document.as_bytes(), Format::Eaf, &options).unwrap()
    };
    let found: Vec<_> = read("emotion")
        .segments()
        .iter()
        .map(|s| (s.start_s, s.end_s, s.text.clone().unwrap()))
        .collect();
    assert_eq!(found, [(0.0, 1.0, "sad".to_owned()), (3.0, 4.0, "happy".to_owned())]);
    assert_eq!(read("confidence").segments()[1].text.as_deref(), Some("0.6"));
    assert_eq!(read("probabilities").segments()[0].text.as_deref(), Some("happy=0.2 sad=0.8"));
}

#[test]
fn audacity_tracks_are_read_back() {
    let track = audacity::label_track(&recordings()[0], &labels());
    assert_eq!(track, "0.000000\t1.000000\tsad 80%\n3.000000\t4.000000\t? happy 60%\n");
    assert_eq!(
        Document::parse(track.as_bytes(), Format::Audacity, &ReadOptions::default())
            .unwrap()
            .segments()
            .len(),
        2
    );
}

#[test]
fn audformat_tables_are_read_back_with_their_raters() {
    let [(_, header), (name, table)] = audformat::database(&recordings(), &labels(), "m \"x\"");
    assert_eq!(name, "db.emotion.csv");
    assert!(
        header.contains("labels: [\"happy\", \"sad\"]") && header.contains("m \\\"x\\\""),
        "{header}"
    );
    assert!(
        table.starts_with(
            "file,emotion,confidence\nd & e.wav,happy,0.6\na.wav,sad,0.8\n\"b, c.wav\",,\n"
        ),
        "{table}"
    );
    let found = audformat::judgements(&table, "emotion").unwrap();
    assert_eq!(found.len(), 2);
    let segmented = "file,start,end,speaker,emotion.anna,emotion.ben,arousal\n\
                     a.wav,0 days 00:00:00.5,0 days 00:00:01.500000,s1,sad,happy,1\nb.wav,0 days 00:00:00,,,sad,,\n";
    let found = audformat::judgements(segmented, "emotion").unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(
        (found[1].span, found[1].rater.as_str(), found[1].label.as_str()),
        (Some([0.5, 1.5]), "ben", "happy")
    );
    assert_eq!((found[2].span, found[0].speaker.as_deref()), (None, Some("s1")));
    let open = "file,start,end,emotion\na.wav,0 days 00:00:00,,sad\n";
    assert_eq!(
        audformat::judgements(open, "emotion").unwrap()[0].span,
        None,
        "the whole recording"
    );
    let open = "file,start,end,emotion\na.wav,0 days 00:00:02,NaT,sad\n";
    assert!(audformat::judgements(open, "emotion").unwrap_err().to_string().contains("no end"));
    for (text, part) in [
        ("", "empty"),
        ("path,emotion\n", "no column \"file\""),
        ("file,mood\n", "its columns are file, mood"),
        ("file,start,end,emotion\na.wav,x,1,sad\n", "line 2"),
    ] {
        let error = audformat::judgements(text, "emotion").unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
