//! IEMOCAP, in the official release's form.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use clstm_corpus::{Sex, Split, Style, check, folds, open};

use crate::require;
use crate::tree::{Tree, apart, ids};

/// A turn's recording, and the line of its dialogue's list.
fn lay_out(tree: &Tree, turns: &[(&str, &str)], recorded: impl Fn(&str) -> bool) {
    let mut lists: BTreeMap<String, String> = BTreeMap::new();
    for &(name, label) in turns {
        let (dialog, _) = name.rsplit_once('_').unwrap();
        let session = name[3..5].parse::<u8>().unwrap();
        let list = lists.entry(format!("Session{session}/dialog/EmoEvaluation/{dialog}.txt"));
        let list = list.or_insert_with(|| {
            "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n".to_owned()
        });
        let _ = write!(
            list,
            "[6.2901 - 8.2357]\t{name}\t{label}\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral;\t()\n\n"
        );
        if recorded(label) {
            tree.wav(&format!("Session{session}/sentences/wav/{dialog}/{name}.wav"), name);
        }
    }
    for (path, text) in lists {
        tree.file(&path, text.as_bytes());
    }
}

const TURNS: [(&str, &str); 6] = [
    ("Ses01F_impro01_F000", "neu"),
    ("Ses01F_impro01_M001", "exc"),
    ("Ses01F_impro01_M002", "xxx"),
    ("Ses02M_script01_1_F003", "hap"),
    ("Ses02M_script01_1_M004", "fru"),
    ("Ses05F_script03_2_F005", "ang"),
];

#[test]
fn reads_the_lists() {
    let tree = Tree::new();
    lay_out(&tree, &TURNS, |_| true);
    // The lists of single listeners lie below.
    tree.file("Session1/dialog/EmoEvaluation/Categorical/Ses01F_impro01_e1.txt", b"[x");
    let corpus = open("iemocap", tree.root()).unwrap();
    let found: Vec<_> = corpus
        .utterances
        .iter()
        .map(|u| {
            let label = corpus.labels[u.label].as_str();
            (label, u.speaker.as_str(), u.sex.unwrap(), u.session.as_deref().unwrap(), u.style)
        })
        .collect();
    let (scripted, improvised) = (Some(Style::Scripted), Some(Style::Improvised));
    assert_eq!(
        found,
        [
            ("neutral", "Ses01F", Sex::Female, "1", improvised),
            ("happy", "Ses01M", Sex::Male, "1", improvised),
            ("happy", "Ses02F", Sex::Female, "2", scripted),
            ("angry", "Ses05F", Sex::Female, "5", scripted),
        ]
    );
    let ignored: Vec<_> = corpus.notes.ignored.iter().map(|(k, &n)| (k.as_str(), n)).collect();
    assert_eq!(ignored, [("fru-labelled", 1), ("xxx-labelled", 1)]);
    assert!(corpus.notes.malformed.is_empty(), "{:?}", corpus.notes);
    // Three of five sessions: there is nothing to compare with.
    let report = check(&corpus);
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.expected, None);
    let by_session = folds(&corpus, &apart(&corpus), Split::Session, 3, 1).unwrap();
    assert_eq!(ids(&corpus, &by_session[2].test), ["Ses05F_script03_2_F005"]);

    let six = open("iemocap-6", tree.root()).unwrap();
    assert_eq!(six.class_counts(), [1, 0, 1, 1, 1, 1]);
}

#[test]
fn reports_turns_without_recordings_and_malformed_lines() {
    let tree = Tree::new();
    lay_out(&tree, &TURNS, |label| label != "ang");
    tree.file(
        "Session3/dialog/EmoEvaluation/Ses03F_impro01.txt",
        b"[1 - 2] Ses03F_impro01_F000 neu\n[1 - 2]\tSes04F_impro01_F000\tneu\t[]\n",
    );
    let corpus = open("iemocap", tree.root()).unwrap();
    assert_eq!(corpus.notes.missing, ["Ses05F_script03_2_F005"]);
    assert_eq!(check(&corpus).missing, corpus.notes.missing);
    let reasons: Vec<&str> = corpus.notes.malformed.iter().map(|m| m.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "line 1 is not a turn: time, name and label parted by tabs",
            "\"Ses04F_impro01_F000\" is not a turn such as Ses03F_impro01_F000",
        ]
    );
    let empty = Tree::new();
    let error = open("iemocap", empty.root()).unwrap_err().to_string();
    assert!(error.contains("expected SessionN/dialog/EmoEvaluation"), "{error}");
}

#[test]
fn the_release_has_the_counts_of_table_2() {
    let Some(list) = require::corpus("iemocap/utterances.csv") else { return };
    let text = fs::read_to_string(&list).unwrap();
    let turns: Vec<(&str, &str)> = text
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields[2], fields[3])
        })
        .collect();
    assert_eq!(turns.len(), 10_039);
    let tree = Tree::new();
    lay_out(&tree, &turns, |label| ["ang", "sad", "hap", "exc", "neu"].contains(&label));
    let corpus = open("iemocap", tree.root()).unwrap();
    assert_eq!(corpus.class_counts(), [1103, 1084, 1636, 1708]);
    assert_eq!(corpus.speakers().len(), 10);
    assert!(corpus.notes.malformed.is_empty(), "{:?}", corpus.notes.malformed);
    assert_eq!(corpus.notes.ignored.values().sum::<usize>(), 10_039 - 5531);
    assert_eq!(corpus.notes.ignored.get("fru-labelled"), Some(&1849));
    let report = check(&corpus);
    assert!(report.is_ok(), "{:?} {:?}", report.counts, report.duplicates);
    assert_eq!(report.expected, Some(5531));
    for (split, k) in [(Split::Session, 5), (Split::EmoBox, 5), (Split::LeaveOneSpeakerOut, 10)] {
        assert_eq!(split.default_folds(&corpus), k);
        assert_eq!(folds(&corpus, &apart(&corpus), split, k, 1).unwrap().len(), k);
    }

    let one = &corpus.utterances[17];
    fs::remove_file(&one.path).unwrap();
    let report = check(&open("iemocap", tree.root()).unwrap());
    assert_eq!(report.missing, [one.id.as_str()]);
    // The whole and one class.
    assert_eq!(report.counts.len(), 2);
}
