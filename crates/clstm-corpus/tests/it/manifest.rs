//! Manifests that can be used.

use std::path::Path;

use clstm_corpus::{Corpus, CorpusStats, Sex, Split, check, duplicate_groups, folds, open};
use proptest::prelude::*;

use crate::tree::{Tree, apart, ids, remarks};

/// The four recordings `a.wav` to `d.wav` and a manifest of this text.
fn corpus(name: &str, text: &str) -> (Tree, Corpus) {
    let tree = Tree::new();
    for name in ["a", "b", "c", "d"] {
        tree.wav(&format!("{name}.wav"), name);
    }
    tree.file(name, text.as_bytes());
    let corpus = open("manifest", &tree.path(name)).unwrap();
    (tree, corpus)
}

fn labels(corpus: &Corpus) -> Vec<&str> {
    corpus.utterances.iter().map(|u| corpus.labels[u.label].as_str()).collect()
}

const PLAIN: &str = "path,label,speaker\na.wav,sad,s1\nb.wav,happy,s2\nc.wav,sad,s2\n";

#[test]
fn reads_the_rows() {
    let text = "sex,path,label,session,speaker\nF,d.wav,tired,one,anna\n,a.wav,awake,two,anna\n\
                male,b.wav,awake,,\"Müller, B.\"\n";
    let (tree, corpus) = corpus("mine.csv", text);
    assert_eq!(corpus.labels, ["awake", "tired"]);
    assert_eq!(ids(&corpus, &[0, 1, 2]), ["a.wav", "b.wav", "d.wav"]);
    assert_eq!(labels(&corpus), ["awake", "awake", "tired"]);
    assert_eq!(corpus.speakers(), ["Müller, B.", "anna"]);
    let [a, b, d] = corpus.utterances.as_slice() else { panic!("{corpus:?}") };
    assert_eq!((a.session.as_deref(), b.session.as_deref()), (Some("two"), None));
    // Given on one row, it holds for all of the speaker's.
    assert_eq!((a.sex, b.sex, d.sex), (Some(Sex::Female), Some(Sex::Male), Some(Sex::Female)));
    assert_eq!(a.path, tree.path("a.wav"));
    assert_eq!(corpus.root, tree.path("mine.csv"));
    assert!(corpus.notes.remarks.is_empty(), "{:?}", corpus.notes);
}

#[test]
fn every_way_of_writing_it_gives_the_same_corpus() {
    let (_, plain) = corpus("list.csv", PLAIN);
    let ways = [
        ("list.csv", format!("\u{feff}{PLAIN}")),
        ("list.csv", PLAIN.replace('\n', "\r\n")),
        ("list.csv", PLAIN.replace('\n', "\r")),
        ("list.csv", format!("\n\r\n{}\n  \n,,\n\n", PLAIN.replace('\n', "\n\n"))),
        ("list.csv", PLAIN.trim_end().replace(',', " ,\t ")),
        ("list.csv", PLAIN.replace("a.wav", " \"a.wav\"").replace("sad", "\t\" sad\" ")),
        ("list.csv", PLAIN.replace("path,label", "Path,LABEL").replace("s2\n", "s2,,\n")),
        ("list.csv", "label,speaker,path\nsad,s2,c.wav\nhappy,s2,b.wav\nsad,s1,a.wav\n".to_owned()),
        (
            "list.jsonl",
            "\u{feff}{\"path\": \"a.wav\", \"label\": \"sad\", \"speaker\": \"s1\"}\r\n\n\
             {\"speaker\": \"s2\", \"label\": \" happy\", \"path\": \"b.wav\", \"sex\": null}\n\
             {\"path\": \"c.wav\", \"label\": \"sad\", \"speaker\": \"s2\"}"
                .to_owned(),
        ),
    ];
    for (name, text) in ways {
        let (_, other) = corpus(name, &text);
        assert_eq!(other.name, plain.name, "{text:?}");
        assert_eq!((&other.labels, labels(&other)), (&plain.labels, labels(&plain)), "{text:?}");
        assert_eq!(ids(&other, &[0, 1, 2]), ids(&plain, &[0, 1, 2]));
        assert_eq!(other.speakers(), plain.speakers());
        assert!(other.notes.remarks.is_empty(), "{:?}", other.notes);
    }
}

#[test]
fn numbers_in_json_are_names() {
    let text = "{\"path\":\"a.wav\",\"label\":2,\"speaker\":7}\n\
                {\"path\":\"b.wav\",\"label\":10,\"speaker\":\"7\"}\n";
    let (_, corpus) = corpus("n.ndjson", text);
    // Classes are sorted as text.
    assert_eq!((corpus.labels.join(" "), corpus.speakers()), ("10 2".to_owned(), vec!["7"]));
}

#[test]
fn the_name_is_that_of_the_content() {
    let name = |file: &str, text: &str| corpus(file, text).1.name;
    assert_eq!(name("talks.csv", PLAIN), "talks-ba4a3423");
    assert_eq!(name("other.csv", PLAIN), "other-ba4a3423");
    for (from, to) in [("c.wav", "d.wav"), ("c.wav,sad", "c.wav,happy"), ("s1", "s3")] {
        let changed = name("talks.csv", &PLAIN.replace(from, to));
        assert!(changed.starts_with("talks-") && changed != "talks-ba4a3423", "{changed}");
    }
    // Not to be taken for the corpus of that name.
    assert_eq!(name("ravdess.csv", PLAIN), "ravdess-ba4a3423");
    let tree = Tree::new();
    tree.wav("talks/a.wav", "a");
    tree.wav("talks/b.wav", "b");
    tree.file("talks/manifest.csv", b"path,label\na.wav,x\nb.wav,y\n");
    let folder = open("Manifest", &tree.path("talks")).unwrap();
    assert!(folder.name.starts_with("talks-"), "{}", folder.name);
    assert_eq!(folder.utterances[1].path, tree.path("talks/b.wav"));
}

#[test]
fn paths_may_lead_anywhere() {
    let tree = Tree::new();
    tree.wav("audio/a, \"one\".wav", "a");
    tree.wav("audio/b.wav", "b");
    let absolute = tree.path("audio/b.wav");
    let text = format!(
        "label,path\nx,\"../audio/a, \"\"one\"\".wav\"\ny,{}\n",
        absolute.to_str().unwrap()
    );
    tree.file("lists/mine.csv", text.as_bytes());
    let corpus = open("manifest", &tree.path("lists/mine.csv")).unwrap();
    assert_eq!(corpus.utterances[0].id, "../audio/a, \"one\".wav");
    assert!(check(&corpus).is_ok());
    assert_eq!(corpus.utterances[1].path, absolute);
}

#[test]
fn skipped_files_are_reported_once() {
    let text = "path,text,label,,minutes\na.wav,hm,Sad,,1\nb.wav,\"two\nlines\",sad,,2\n";
    let (_, corpus) = corpus("mine.csv", text);
    assert_eq!(
        remarks(&corpus),
        [
            "columns not used: minutes, text",
            "no speakers are named: no split can keep them apart",
            "the labels Sad, sad are different classes; spell them alike if they are one",
        ]
    );
    assert_eq!(check(&corpus).remarks, corpus.notes.remarks);
    let text = "{\"path\":\"a.wav\",\"label\":\"x\",\"mood\":[1]}\n\
                {\"path\":\"b.wav\",\"label\":\"y\",\"mood\":{}}\n";
    let (_, corpus) = self::corpus("mine.jsonl", text);
    assert_eq!(remarks(&corpus)[0], "columns not used: mood");
}

#[test]
fn without_speakers_there_are_random_folds_alone() {
    let (_, corpus) =
        corpus("mine.csv", "path,label,session\na.wav,x,1\nb.wav,y,2\nc.wav,x,1\nd.wav,y,2\n");
    assert_eq!(corpus.speakers(), [""; 0]);
    assert_eq!(CorpusStats::count(&corpus).speakers, []);
    let groups = apart(&corpus);
    assert_eq!(folds(&corpus, &groups, Split::Random, 2, 1).unwrap().len(), 2);
    for split in [Split::Speaker, Split::Session] {
        let error = folds(&corpus, &groups, split, 2, 1).unwrap_err().to_string();
        assert!(error.contains("the speaker of 4 of its 4 utterances is not known"), "{error}");
        assert!(error.contains("a manifest has a column for them"), "{error}");
    }
    let error = folds(&corpus, &groups, Split::EmoBox, 2, 1).unwrap_err().to_string();
    assert!(error.contains("has no emobox split: no EmoBox folds are known for it"), "{error}");
}

#[test]
fn sessions_are_folds() {
    let rows = "a.wav,x,s1,one\nb.wav,y,s2,one\nc.wav,x,s3,two\nd.wav,y,s4,two\n";
    let (_, corpus) = corpus("mine.csv", &format!("path,label,speaker,session\n{rows}"));
    assert_eq!(Split::Session.default_folds(&corpus), 2);
    let by_session = folds(&corpus, &apart(&corpus), Split::Session, 2, 1).unwrap();
    assert_eq!(ids(&corpus, &by_session[0].test), ["a.wav", "b.wav"]);
    // A speaker in two sessions would be on both sides.
    let (_, crossed) = self::corpus(
        "mine.csv",
        &format!("path,label,speaker,session\n{}", rows.replace("s4", "s1")),
    );
    let error = folds(&crossed, &apart(&crossed), Split::Session, 2, 1).unwrap_err();
    assert!(error.to_string().contains("speakers on both sides: 1 (such as s1)"), "{error}");
}

#[test]
fn check_reports_contradicting_copies_and_files_that_are_no_audio() {
    let (tree, corpus) = corpus(
        "mine.csv",
        "path,label,speaker\na.wav,sad,s1\nb.wav,happy,s1\nc.wav,happy,s2\nd.wav,sad,s2\n",
    );
    let report = check(&corpus);
    assert!(report.is_ok(), "{report:?}");
    assert_eq!((report.utterances, report.expected, report.speakers), (4, None, 2));
    tree.wav("c.wav", "a");
    tree.file("d.wav", b"no audio");
    let report = check(&corpus);
    assert!(!report.is_ok());
    assert_eq!(report.unreadable[0].id, "d.wav");
    let [copies] = report.duplicates.as_slice() else { panic!("{report:?}") };
    assert_eq!(copies.ids, ["a.wav", "c.wav"]);
    assert_eq!((copies.labels.join(" "), copies.known), ("sad happy".to_owned(), false));
    assert_eq!(copies.speakers, ["s1", "s2"]);
}

#[test]
fn copies_stay_on_one_side_of_random_folds() {
    let tree = Tree::new();
    let mut text = "path,label\n".to_owned();
    for i in 0..24 {
        // Every recording twice, under two names.
        tree.wav(&format!("{i}.wav"), &format!("recording {}", i / 2));
        text += &format!("{i}.wav,{}\n", ["x", "y"][i / 2 % 2]);
    }
    tree.file("manifest.csv", text.as_bytes());
    let corpus = open("manifest", tree.root()).unwrap();
    let groups = duplicate_groups(&corpus).unwrap();
    for seed in 0..20 {
        for fold in folds(&corpus, &groups, Split::Random, 3, seed).unwrap() {
            assert_eq!(fold.test.len(), 8);
            assert!(fold.test.iter().all(|&i| !fold.train.iter().any(|&j| groups[i] == groups[j])));
        }
    }
}

#[test]
fn a_model_s_classes_can_be_put_in_place_of_the_corpus_s() {
    let (_, corpus) = corpus("mine.csv", PLAIN);
    let before: Vec<String> = labels(&corpus).into_iter().map(str::to_owned).collect();
    let model = ["sad", "calm", "happy"].map(str::to_owned);
    let other = corpus.clone().with_labels(&model).unwrap();
    assert_eq!(
        (labels(&other), &other.name),
        (before.iter().map(String::as_str).collect(), &corpus.name)
    );
    assert_eq!(other.class_counts(), [2, 0, 1]);
    let error = corpus.with_labels(&model[..2]).unwrap_err().to_string();
    assert!(
        error.ends_with("has classes that the model does not have: happy; it has sad, calm"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any content of a field, written by RFC 4180 or as JSON, is read back.
    #[test]
    fn fields_come_back_as_they_were(
        fields in prop::collection::vec(("[ -~äß悲,\"]{0,12}", "[ -~é\"]{0,8}"), 2..8)
    ) {
        let tree = Tree::new();
        let (mut csv, mut lines) = ("speaker,path,label\n".to_owned(), String::new());
        let mut expected = Vec::new();
        let quoted = |field: &str| format!("\"{}\"", field.replace('"', "\"\""));
        for (i, (speaker, label)) in fields.iter().enumerate() {
            let path = format!("{i}.wav");
            tree.file(&path, b"");
            let (speaker, label) = (format!("s{speaker}"), format!("{i}{label}"));
            csv += &format!("{},{path},{}\r\n", quoted(&speaker), quoted(&label));
            let row = serde_json::json!({"speaker": speaker, "path": path, "label": label});
            lines += &format!("{row}\n");
            expected.push((speaker.trim().to_owned(), label.trim().to_owned()));
        }
        for (name, text) in [("m.csv", csv), ("m.jsonl", lines)] {
            tree.file(name, text.as_bytes());
            let corpus = open("manifest", &tree.path(name)).unwrap();
            prop_assert!(corpus.labels.is_sorted());
            let found: Vec<(String, String)> = corpus
                .utterances
                .iter()
                .map(|u| (u.speaker.clone(), corpus.labels[u.label].clone()))
                .collect();
            prop_assert_eq!(found, expected.clone());
        }
    }

    /// Bytes of any kind are a manifest or an error, never a panic.
    #[test]
    fn nothing_that_is_no_manifest_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        text in "(path,label\n)?([a-b\\.wav,\"\r\n{}:\\[ ]|é){0,40}",
    ) {
        let tree = Tree::new();
        for name in ["m.csv", "m.jsonl"] {
            for content in [&bytes[..], text.as_bytes()] {
                tree.file(name, content);
                // None of these lists two recordings that are there.
                prop_assert!(open("manifest", &tree.path(name)).is_err());
            }
        }
        prop_assert!(open("manifest", Path::new("no/such.csv")).is_err());
    }
}

#[test]
fn paths_in_another_spelling_resolve() {
    let tree = Tree::new();
    tree.wav("Zoe\u{308}/a.wav", "a");
    tree.wav("sub/b.wav", "b");
    let list = "path,label\nZo\u{eb}/a.wav,x\nsub\\b.wav,y\n";
    tree.file("manifest.csv", list.as_bytes());
    let corpus = open("manifest", tree.root()).unwrap();
    let paths: Vec<_> = corpus.utterances.iter().map(|u| u.path.clone()).collect();
    assert_eq!(paths, [tree.path("Zoe\u{308}/a.wav"), tree.path("sub/b.wav")]);
    assert!(remarks(&corpus).last().unwrap().starts_with("2 paths are spelt differently"));
    assert!(check(&corpus).is_ok());
}
