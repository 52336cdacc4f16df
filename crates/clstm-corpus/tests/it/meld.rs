//! MELD, as its archives unpack.

use clstm_corpus::{Part, Split, check, folds, folds_allowing, open};

use crate::tree::{Tree, apart, ids};

const HEADER: &str = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,\
                      Episode,StartTime,EndTime";

/// Lists of a few utterances; in each part Rachel speaks.
fn lists(tree: &Tree) {
    let list = |name: &str, rows: &[&str]| {
        let mut text = HEADER.as_bytes().to_vec();
        for row in rows {
            text.extend(format!("\n{row}").bytes());
        }
        // Some rows of the release are not UTF-8.
        text.extend(
            b"\n9,\"You\x92re, \"\"really\"\"\",Ross,neutral,neutral,9,9,1,1,\"0\",\"1\"\n",
        );
        tree.file(name, &text);
    };
    list(
        "train/train_sent_emo.csv",
        &[
            "1,\"Oh my God, no.\",Rachel,sadness,negative,0,0,4,7,\"00:20:57,256\",\"00:21:00,049\"",
            "2,What?,Monica,surprise,negative,0,1,4,7,\"00:21:01,927\",\"00:21:03,261\"",
        ],
    );
    list("dev_sent_emo.csv", &["1,Hi,Rachel,joy,positive,0,0,1,1,\"0\",\"1\""]);
    list("test_sent_emo.csv", &["1,Hi,Rachel,anger,negative,0,0,1,1,\"0\",\"1\""]);
}

#[test]
fn follows_the_official_split() {
    let tree = Tree::new();
    lists(&tree);
    tree.wav("train/train_splits/dia0_utt0.wav", "a");
    tree.wav("train/train_splits/dia0_utt1.wav", "b");
    tree.wav("dev_splits_complete/dia0_utt0.wav", "c");
    tree.wav("test/dia0_utt0.wav", "d");
    tree.wav("test/dia9_utt9.wav", "e");
    tree.file("train/train_splits/dia0_utt0.mp4", b"video");
    let corpus = open("meld", tree.root()).unwrap();
    assert_eq!(
        ids(&corpus, &[0, 1, 2, 3, 4]),
        ["dev_dia0_utt0", "test_dia0_utt0", "test_dia9_utt9", "train_dia0_utt0", "train_dia0_utt1"]
    );
    let labels: Vec<&str> =
        corpus.utterances.iter().map(|u| corpus.labels[u.label].as_str()).collect();
    assert_eq!(labels, ["happy", "angry", "neutral", "sad", "surprised"]);
    assert_eq!(corpus.utterances[0].part, Some(Part::Validation));
    assert_eq!(corpus.utterances[4].speaker, "Monica");
    assert_eq!(corpus.notes.missing, ["dev_dia9_utt9", "train_dia9_utt9"]);
    assert_eq!(Split::Given.default_folds(&corpus), 1);
    let given = folds(&corpus, &apart(&corpus), Split::Given, 1, 1).unwrap_err().to_string();
    assert!(given.contains("such as Rachel") && given.contains("--allow-leakage"), "{given}");
    let speakers = "speakers".parse().unwrap();
    let given = folds_allowing(&corpus, &apart(&corpus), Split::Given, 1, 1, speakers).unwrap();
    assert_eq!(ids(&corpus, &given[0].train), ["train_dia0_utt0", "train_dia0_utt1"]);
    assert_eq!(ids(&corpus, &given[0].test), ["test_dia0_utt0", "test_dia9_utt9"]);
    // The release shares speakers: it is reported and no error.
    let report = check(&corpus);
    assert_eq!(report.given.as_ref().unwrap().shared_speakers, ["Rachel"]);
    assert!(report.speakers_across_given_split().is_empty());
    assert!(
        report.remarks.iter().any(|r| r.to_string().contains("not speaker-independent")),
        "{report:?}"
    );
    assert_eq!(report.expected, Some(13_706));
}

#[test]
fn reports_how_to_extract_audio_from_videos() {
    let tree = Tree::new();
    lists(&tree);
    tree.file("train/train_splits/dia0_utt0.mp4", b"video");
    let error = open("meld", tree.root()).unwrap_err().to_string();
    assert!(error.contains("1 mp4 files, whose sound has to be extracted first"), "{error}");
    assert!(error.contains("ffmpeg -i"), "{error}");
    tree.wav("dev/dia0_utt0.flac.wav", "not a name");
    tree.wav("dev/dia0_utt0.wav", "c");
    let corpus = open("meld", tree.root()).unwrap();
    assert_eq!(corpus.utterances.len(), 1);
    assert!(
        corpus.notes.remarks[0].to_string().contains("6 utterances have no sound file"),
        "{corpus:?}"
    );
}

#[test]
fn reports_unusable_rows() {
    let tree = Tree::new();
    tree.wav("train/dia0_utt0.wav", "a");
    tree.file(
        "train_sent_emo.csv",
        b"Speaker,Emotion,Dialogue_ID,Utterance_ID\nRoss,joy,0,0\nRoss,bored,0,1\nRoss,joy,x,1\n\
          Ross,neutral,125,3\n",
    );
    tree.file("test_sent_emo.csv", b"Speaker,Emotion\n");
    let corpus = open("meld", tree.root()).unwrap();
    let reasons: Vec<&str> = corpus.notes.malformed.iter().map(|m| m.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "line 3: the emotion is none of the seven",
            "line 4: no number",
            "cannot be used: it has no column Dialogue_ID",
        ]
    );
    // The damaged file of the release itself is not counted.
    assert_eq!(corpus.notes.ignored.get("broken"), Some(&1));
    assert!(corpus.notes.missing.is_empty());
    // Not the whole release: nothing to compare the counts with.
    assert_eq!(check(&corpus).expected, None);
}
