//! EmoBox's lists, in its own layout.

use clstm_corpus::{Split, folds, open};

use crate::tree::{Tree, apart, ids};

fn line(name: &str, emotion: &str) -> String {
    format!(
        "{{\"key\": \"toy-{name}\", \"dataset\": \"toy\", \"wav\": \"downloads/toy/{name}.wav\", \
         \"type\": \"raw\", \"sample_rate\": 16000, \"num_frame\": 160.0, \"task\": \"category\", \
         \"length\": 0.01, \"emo\": \"{emotion}\", \"channel\": 1}}\n"
    )
}

fn emobox() -> Tree {
    let tree = Tree::new();
    for name in ["a", "b", "c", "d"] {
        tree.wav(&format!("downloads/toy/{name}.wav"), name);
    }
    let (one, two) = (line("a", "hap") + &line("b", "sad"), line("c", "exc") + &line("d", "sad"));
    tree.file("data/toy/toy.jsonl", (one.clone() + &two).as_bytes());
    tree.file("data/toy/label_map.json", b"{\"hap\": \"Happy\", \"exc\": \"Happy\"}");
    for (fold, train, test) in [(1, &two, &one), (2, &one, &two)] {
        let name = |part: &str| format!("data/toy/fold_{fold}/toy_{part}_fold_{fold}.jsonl");
        tree.file(&name("train"), train.as_bytes());
        tree.file(&name("test"), test.as_bytes());
    }
    // What an older naming left behind.
    tree.file("data/toy/fold_1/toy_test_fold1.jsonl", line("d", "sad").as_bytes());
    tree
}

#[test]
fn a_list_is_read_from_emobox_s_own_folder() {
    let tree = emobox();
    let corpus = open("emobox-list", &tree.path("data/toy/toy.jsonl")).unwrap();
    assert_eq!(corpus.labels, ["Happy", "sad"]);
    assert_eq!(corpus.class_counts(), [2, 2]);
    assert_eq!(corpus.utterances[0].path, tree.path("downloads/toy/a.wav"));
    assert!(corpus.name.starts_with("toy-"), "{}", corpus.name);
    assert!(
        corpus.notes.remarks[0].to_string().contains("columns not used: channel, dataset, key")
    );
}

#[test]
fn a_corpus_has_its_folds() {
    let tree = emobox();
    let corpus = open("emobox-list", &tree.path("data/toy")).unwrap();
    let given = folds(&corpus, &apart(&corpus), Split::Given, 2, 1).unwrap();
    assert_eq!(ids(&corpus, &given[0].test), ["downloads/toy/a.wav", "downloads/toy/b.wav"]);
    assert_eq!(ids(&corpus, &given[1].test), ["downloads/toy/c.wav", "downloads/toy/d.wav"]);
}

#[test]
fn a_fold_is_a_split() {
    let tree = emobox();
    let corpus = open("emobox-list", &tree.path("data/toy/fold_2")).unwrap();
    let given = folds(&corpus, &apart(&corpus), Split::Given, 1, 1).unwrap();
    assert_eq!(ids(&corpus, &given[0].train), ["downloads/toy/a.wav", "downloads/toy/b.wav"]);
    assert_eq!(corpus.labels, ["Happy", "sad"]);
}

#[test]
fn recordings_beside_the_lists_are_found_in_any_format() {
    let tree = emobox();
    for (name, file) in [("a", "toy/b/a.opus"), ("b", "toy/b/b.opus"), ("c", "toy/b/c.flac")] {
        std::fs::remove_file(tree.path(&format!("downloads/toy/{name}.wav"))).unwrap();
        tree.file(&file.replace("toy/b", "data/toy"), b"");
    }
    std::fs::rename(tree.path("downloads/toy/d.wav"), tree.path("data/toy/d.wav")).unwrap();
    let corpus = open("emobox-list", &tree.path("data/toy")).unwrap();
    assert_eq!(corpus.utterances[0].id, "downloads/toy/a.wav");
    assert_eq!(corpus.utterances[0].path, tree.path("data/toy/a.opus"));
    assert_eq!(corpus.utterances[2].path, tree.path("data/toy/c.flac"));
    assert_eq!(corpus.utterances[3].path, tree.path("data/toy/d.wav"));
}

#[test]
fn missing_recordings_of_emobox_lists_are_reported() {
    let tree = Tree::new();
    tree.file("data/toy/toy.jsonl", (line("a", "x") + &line("b", "y")).as_bytes());
    // Of the same name, in a folder above the list.
    tree.file("a.wav", b"");
    let error = open("emobox-list", &tree.path("data/toy/toy.jsonl")).unwrap_err().to_string();
    assert!(error.contains("2 of the 2 recordings it lists are not there"), "{error}");
    let none = open("emobox-list", &tree.path("data")).unwrap_err().to_string();
    assert!(none.contains("holds no lists of EmoBox"), "{none}");
    let absent = open("emobox-list", &tree.path("absent")).unwrap_err().to_string();
    assert!(absent.contains("cannot be listed"), "{absent}");
}
