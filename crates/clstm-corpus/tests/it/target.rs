//! Recognising something else than the label.

use clstm_corpus::{Corpus, Split, Target, folds, open};

use crate::tree::{Tree, apart, release, release_groups};

const LIST: &str = "path,label,speaker,room,Statement\na.wav,x,s1,hall,hello\nb.wav,y,s1,,hello\n\
                    c.wav,x,s2,booth,bye\nd.wav,y,s2,hall,bye\n";

fn list(text: &str) -> (Tree, Corpus) {
    let tree = Tree::new();
    for name in ["a", "b", "c", "d"] {
        tree.wav(&format!("{name}.wav"), name);
    }
    tree.file("own.csv", text.as_bytes());
    let corpus = open("manifest", &tree.path("own.csv")).unwrap();
    (tree, corpus)
}

fn classes(corpus: &Corpus) -> Vec<(&str, &str)> {
    let class = |u: &clstm_corpus::Utterance| corpus.labels[u.label].clone();
    let pairs = corpus.utterances.iter().map(|u| (u.id.clone(), class(u)));
    pairs.map(|(id, class)| (&*id.leak(), &*class.leak())).collect()
}

#[test]
fn speakers_are_classes_and_take_part_in_both_sides() {
    let corpus = release();
    let groups = release_groups(&corpus);
    let labels = corpus.labels.clone();
    let who = corpus.clone().with_target(&Target::Speaker).unwrap();
    assert_eq!(who.labels.len(), 24);
    assert_eq!((who.labels[0].as_str(), who.labels[23].as_str()), ("01", "24"));
    assert!(who.utterances.iter().all(|u| who.labels[u.label] == u.speaker));
    assert_eq!((who.name.as_str(), who.target.clone()), ("ravdess", Target::Speaker));
    for fold in folds(&who, &groups, Split::Random, 5, 1).unwrap() {
        // 60 recordings of each, of which one pair of 07 counts once.
        for speaker in 0..24 {
            let tested = fold.test.iter().filter(|&&i| who.utterances[i].label == speaker).count();
            assert!((11..=13).contains(&tested), "{tested} of {speaker}");
        }
    }
    for split in [Split::Speaker, Split::EmoBox, Split::LunaJimenez, Split::LeaveOneSpeakerOut] {
        let error = folds(&who, &groups, split, split.default_folds(&who), 1).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("its classes are the speakers"), "{message}");
        assert!(message.contains("use the random split"), "{message}");
    }
    let same = corpus.with_target(&Target::Label).unwrap();
    assert_eq!((same.labels, same.target), (labels, Target::Label));
}

#[test]
fn votes_of_a_list_are_those_of_its_listeners() {
    let (_tree, corpus) = list(
        "path,label,votes_x,votes_y,votes_z\na.wav,x,3,1,2\nb.wav,y,0,2,0\nc.wav,x,,,\nd.wav,y,0.5,0.5,0\n",
    );
    let votes: Vec<_> = corpus.utterances.iter().map(|u| u.vote_shares()).collect();
    let expected = [Some([0.75, 0.25]), Some([0.0, 1.0]), None, Some([0.5, 0.5])];
    assert_eq!(votes, expected.map(|shares| shares.map(Vec::from)));
    // No row has the class z: its votes are a column that is not used.
    let remarks: Vec<String> = corpus.notes.remarks.iter().map(ToString::to_string).collect();
    let of_columns = remarks.iter().find(|remark| remark.contains("votes_")).unwrap();
    assert!(of_columns.contains("votes_z") && !of_columns.contains("votes_x"), "{of_columns}");
    let tree = Tree::new();
    tree.wav("a.wav", "a");
    tree.wav("b.wav", "b");
    tree.file("own.csv", b"path,label,votes_x\na.wav,x,-1\nb.wav,y,many\n");
    let error = open("manifest", &tree.path("own.csv")).unwrap_err().to_string();
    assert!(error.contains("votes_x") && error.contains("\"many\""), "{error}");
}

#[test]
fn columns_of_a_list_are_targets() {
    let (_tree, corpus) = list(LIST);
    let name = corpus.name.clone();
    let rooms = corpus.clone().with_target(&"room".parse().unwrap()).unwrap();
    assert_eq!(rooms.labels, ["booth", "hall"]);
    assert_eq!(classes(&rooms), [("a.wav", "hall"), ("c.wav", "booth"), ("d.wav", "hall")]);
    let remark = "left out 1 of 4 utterances of which the room is not known";
    assert_eq!(rooms.notes.remarks.last().unwrap().to_string(), remark);
    // The digest covers the classes, which that of the manifest does not.
    assert_ne!(rooms.name, name);
    assert!(rooms.name.starts_with("own-") && rooms.name.len() == name.len(), "{}", rooms.name);
    let (_tree, other) = list(&LIST.replace("booth", "stage"));
    assert_eq!(other.name, name);
    assert_ne!(other.with_target(&"room".parse().unwrap()).unwrap().name, rooms.name);
    // A column that is called as what other corpora know.
    let statement = corpus.clone().with_target(&Target::Statement).unwrap();
    assert_eq!(statement.labels, ["bye", "hello"]);
    let who = corpus.with_target(&Target::Speaker).unwrap();
    assert_eq!((who.name, who.labels.join(" ")), (name, "s1 s2".to_owned()));
}

#[test]
fn json_lines_have_columns_too() {
    let tree = Tree::new();
    tree.wav("a.wav", "a");
    tree.wav("b.wav", "b");
    let rows = "{\"path\": \"a.wav\", \"label\": \"x\", \"age\": 31, \"native\": true}\n\
                {\"path\": \"b.wav\", \"label\": \"y\", \"age\": 8, \"native\": null}\n";
    tree.file("own.jsonl", rows.as_bytes());
    let corpus = open("manifest", &tree.path("own.jsonl")).unwrap();
    let ages = corpus.clone().with_target(&Target::Column("age".to_owned())).unwrap();
    assert_eq!(ages.labels, ["31", "8"]);
    let error = corpus.with_target(&Target::Column("native".to_owned())).unwrap_err().to_string();
    assert!(error.contains("it is \"true\" of every utterance of which it is known"), "{error}");
}

#[test]
fn an_unknown_target_is_reported_with_the_known_ones() {
    let error = release().with_target(&"dialect".parse().unwrap()).unwrap_err();
    insta::assert_snapshot!(error, @"dialect cannot be recognised in ravdess: nothing is known of it; what can: label, speaker, sex");
    let error = release().with_target(&Target::Corpus).unwrap_err().to_string();
    assert!(error.contains("join it with another"), "{error}");
    let (_tree, corpus) = list(LIST);
    let error = corpus.with_target(&Target::Session).unwrap_err().to_string();
    assert!(error.ends_with("what can: label, speaker, statement, room"), "{error}");
}

#[test]
fn sessions_are_no_classes_of_the_session_split() {
    let text =
        "path,label,speaker,session\na.wav,x,s1,1\nb.wav,y,s1,1\nc.wav,x,s2,2\nd.wav,y,s2,2\n";
    let (_tree, corpus) = list(text);
    let groups = apart(&corpus);
    assert!(folds(&corpus, &groups, Split::Session, 2, 1).is_ok());
    let when = corpus.with_target(&Target::Session).unwrap();
    let error = folds(&when, &groups, Split::Session, 2, 1).unwrap_err().to_string();
    assert!(error.contains("its classes are the sessions"), "{error}");
    assert!(folds(&when, &groups, Split::Random, 2, 1).is_ok());
}

#[test]
fn targets_read_back() {
    for name in ["label", "speaker", "sex", "session", "statement", "style", "corpus", "room"] {
        let Ok(target) = name.parse::<Target>();
        assert_eq!(target.to_string(), name);
    }
    assert_eq!("Speaker".parse::<Target>(), Ok(Target::Speaker));
}
