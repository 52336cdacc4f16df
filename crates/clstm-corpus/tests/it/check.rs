//! Integrity, on trees of tiny recordings.

use std::fs;

use clstm_corpus::{CountKind, Split, check, duplicate_groups, folds, open};

use crate::tree::{PAIR, QUADRATIC_FLAC, Tree, place, quadratic};

fn all_actors() -> Vec<String> {
    (1..=24).map(|actor| format!("{actor:02}")).collect()
}

fn whole() -> Tree {
    let actors = all_actors();
    Tree::of_actors(&actors.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_whole_corpus_is_ok_though_a_pair_of_it_is_the_same() {
    let tree = whole();
    let report = check(&open("ravdess", tree.root()).unwrap());
    assert!(report.is_ok(), "{report:?}");
    assert_eq!((report.utterances, report.expected), (1440, Some(1440)));
    let [pair] = report.duplicates.as_slice() else { panic!("{:?}", report.duplicates) };
    assert_eq!(pair.ids, PAIR);
    assert!(pair.known);
    assert_eq!(report.sample_rates.into_iter().collect::<Vec<_>>(), [(16_000, 1440)]);
}

#[test]
fn each_damage_is_reported() {
    let tree = whole();
    fs::remove_file(tree.path(&place("03-01-04-01-01-01-03"))).unwrap();
    tree.file(&place("03-01-05-02-01-01-11"), b"This is a text, whatever it is named.\n");
    tree.file(&place("03-01-05-02-01-02-11"), b"");
    let copied = [place("03-01-06-01-01-01-20"), place("03-01-06-01-01-02-20")];
    fs::copy(tree.path(&copied[0]), tree.path(&copied[1])).unwrap();
    tree.wav("Actor_20/03-01-06-01-01-01-20 (copy).wav", "astray");
    tree.file("Actor_09/03-01-06-01-01-01-09.flac", QUADRATIC_FLAC);
    tree.wav("Actor_09/03-02-06-01-01-01-09.wav", "song");

    let report = check(&open("ravdess", tree.root()).unwrap());
    assert!(!report.is_ok());
    assert_eq!(report.utterances, 1439);
    assert_eq!(report.missing, ["03-01-04-01-01-01-03"]);
    let unreadable: Vec<&str> = report.unreadable.iter().map(|u| u.id.as_str()).collect();
    assert_eq!(unreadable, ["03-01-05-02-01-01-11", "03-01-05-02-01-02-11"]);
    assert!(report.unreadable[0].error.contains("it is a text file"));
    assert!(report.unreadable[1].error.contains("empty"));
    let duplicates: Vec<(String, bool)> =
        report.duplicates.iter().map(|d| (d.ids.join(" "), d.known)).collect();
    assert_eq!(
        duplicates,
        [(PAIR.join(" "), true), ("03-01-06-01-01-01-20 03-01-06-01-01-02-20".to_owned(), false)]
    );
    assert_eq!(report.malformed.len(), 1);
    assert!(report.malformed[0].path.ends_with("03-01-06-01-01-01-20 (copy).wav"));
    assert_eq!(report.duplicate_files.len(), 1);
    assert_eq!(report.duplicate_files[0].id, "03-01-06-01-01-01-09");
    let counts: Vec<_> =
        report.counts.iter().map(|c| (c.kind, c.name.as_str(), c.found, c.expected)).collect();
    assert_eq!(
        counts,
        [
            (CountKind::Total, "ravdess", 1439, 1440),
            (CountKind::Class, "sad", 191, 192),
            (CountKind::Speaker, "03", 59, 60)
        ]
    );
    assert_eq!(report.ignored["song"], 1);
}

#[test]
fn each_fault_alone_fails_the_check() {
    type Inflict = fn(&Tree);
    let faults: [(&str, Inflict); 4] = [
        ("unreadable", |t| t.file(&place("03-01-05-02-01-01-11"), b"text")),
        ("duplicates", |t| t.wav(&place("03-01-05-02-01-01-11"), "03-01-05-02-01-02-11")),
        ("malformed", |t| t.wav("Actor_11/angry.wav", "astray")),
        ("duplicate_files", |t| t.file("Actor_11/03-01-05-02-01-01-11.flac", QUADRATIC_FLAC)),
    ];
    let tree = whole();
    for (fault, inflict) in faults {
        inflict(&tree);
        let report = check(&open("ravdess", tree.root()).unwrap());
        assert!(!report.is_ok(), "{fault}");
        // Mended again, so that each fault is alone.
        tree.wav(&place("03-01-05-02-01-01-11"), "03-01-05-02-01-01-11");
        for stray in ["Actor_11/angry.wav", "Actor_11/03-01-05-02-01-01-11.flac"] {
            fs::remove_file(tree.path(stray)).ok();
        }
    }
    assert!(check(&open("ravdess", tree.root()).unwrap()).is_ok());
    fs::remove_file(tree.path(&place("03-01-05-02-01-01-11"))).unwrap();
    assert!(!check(&open("ravdess", tree.root()).unwrap()).is_ok());
}

#[test]
fn a_third_copy_of_the_known_pair_is_not_known() {
    let tree = whole();
    tree.wav(&place("03-01-03-01-01-01-07"), PAIR[0]);
    let report = check(&open("ravdess", tree.root()).unwrap());
    assert_eq!(report.duplicates.len(), 1);
    assert_eq!(report.duplicates[0].ids.len(), 3);
    assert!(!report.duplicates[0].known && !report.is_ok());
}

#[test]
fn wav_and_flac_of_one_recording_are_copies() {
    let tree = Tree::of_actors(&["01"]);
    let (wav, flac) = ("03-01-02-01-01-01-01", "03-01-02-01-01-02-01");
    tree.wav_of(&place(wav), &quadratic());
    fs::remove_file(tree.path(&place(flac))).unwrap();
    tree.file(&format!("Actor_01/{flac}.flac"), QUADRATIC_FLAC);
    let corpus = open("ravdess", tree.root()).unwrap();
    let groups = duplicate_groups(&corpus).unwrap();
    let group = |id| groups[corpus.utterances.iter().position(|u| u.id == id).unwrap()];
    assert_eq!(group(wav), group(flac));
    let different: std::collections::BTreeSet<_> = groups.iter().collect();
    assert_eq!(different.len(), 59);
    assert_eq!(check(&corpus).duplicates.len(), 1);
    assert!(folds(&corpus, &groups, Split::Random, 4, 1).is_ok());
}

#[test]
fn the_report_is_json() {
    let tree = Tree::new();
    tree.wav("Actor_07/03-01-03-01-02-01-07.wav", "same");
    tree.wav("Actor_07/03-01-03-01-02-02-07.wav", "same");
    let mut report = check(&open("ravdess", tree.root()).unwrap());
    report.missing.truncate(1);
    report.counts.truncate(2);
    report.root = "data".into();
    insta::assert_json_snapshot!(report, @r#"
    {
      "corpus": "ravdess",
      "root": "data",
      "utterances": 2,
      "expected": 1440,
      "speakers": 1,
      "missing": [
        "03-01-01-01-01-01-01"
      ],
      "unreadable": [],
      "silent": [],
      "clipped": [],
      "duplicates": [
        {
          "ids": [
            "03-01-03-01-02-01-07",
            "03-01-03-01-02-02-07"
          ],
          "labels": [
            "happy"
          ],
          "speakers": [
            "07"
          ],
          "known": true
        }
      ],
      "malformed": [],
      "duplicate_files": [],
      "counts": [
        {
          "kind": "total",
          "name": "ravdess",
          "expected": 1440,
          "found": 2
        },
        {
          "kind": "class",
          "name": "neutral",
          "expected": 96,
          "found": 0
        }
      ],
      "official": true,
      "remarks": [],
      "left_out": [],
      "ignored": {},
      "sample_rates": {
        "16000": 2
      }
    }
    "#);
}

/// A tone of 30 ms whose crests reach `peak` of the full scale, cut off beyond it.
fn tone(peak: f64) -> Vec<i16> {
    let wave = |i: i32| peak * (f64::from(i) * 0.05).sin();
    (0..480).map(|i| (wave(i).clamp(-1.0, 1.0) * 32_767.0) as i16).collect()
}

#[test]
fn silent_and_clipped_recordings_are_reported() {
    let tree = Tree::new();
    tree.wav_of("quiet.wav", &[0; 200]);
    tree.wav_of("offset.wav", &[300; 240]);
    tree.wav_of("loud.wav", &tone(1.0));
    tree.wav_of("too-loud.wav", &tone(1.5));
    tree.wav_of("fine.wav", &tone(0.3));
    let rows = |names: &[&str]| {
        let label = |i: usize| ["x", "y"][i % 2];
        let rows: Vec<String> =
            names.iter().enumerate().map(|(i, name)| format!("{name}.wav,{}", label(i))).collect();
        format!("path,label\n{}\n", rows.join("\n"))
    };
    let of = |names: &[&str]| {
        tree.file("m.csv", rows(names).as_bytes());
        check(&open("manifest", &tree.path("m.csv")).unwrap())
    };
    let report = of(&["quiet", "offset", "loud", "too-loud", "fine"]);
    let silent: Vec<&str> = report.silent.iter().map(|u| u.id.as_str()).collect();
    assert_eq!(silent, ["offset.wav", "quiet.wav"]);
    let [clipped] = report.clipped.as_slice() else { panic!("{:?}", report.clipped) };
    assert_eq!(clipped.id, "too-loud.wav");
    assert!(clipped.fault.ends_with("of 480 samples lie in runs at full scale"), "{clipped:?}");
    // Each alone fails it.
    assert!(of(&["loud", "fine"]).is_ok());
    assert!(!of(&["loud", "quiet"]).is_ok());
    assert!(!of(&["loud", "too-loud"]).is_ok());
    // A release is what it is, but nothing can be learnt of silence.
    let tree = whole();
    tree.wav_of(&place("03-01-05-02-01-01-11"), &tone(1.5));
    let report = check(&open("ravdess", tree.root()).unwrap());
    assert!(report.is_ok() && report.clipped.len() == 1, "{report:?}");
    tree.wav_of(&place("03-01-05-02-01-01-11"), &[0; 100]);
    assert!(!check(&open("ravdess", tree.root()).unwrap()).is_ok());
}
