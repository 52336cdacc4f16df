//! A folder for each class.

use clstm_corpus::{LeftOutReason, Part, Split, check, folds, open};

use crate::tree::{Tree, apart, ids};

fn labels(corpus: &clstm_corpus::Corpus) -> Vec<&str> {
    corpus.utterances.iter().map(|u| corpus.labels[u.label].as_str()).collect()
}

#[test]
fn folders_are_classes() {
    let tree = Tree::new();
    for path in ["mine/sad/b.wav", "mine/angry/a.wav", "mine/sad/a.wav"] {
        tree.wav(path, path);
    }
    let corpus = open("audiofolder", &tree.path("mine")).unwrap();
    assert_eq!(ids(&corpus, &[0, 1, 2]), ["angry/a.wav", "sad/a.wav", "sad/b.wav"]);
    assert_eq!(labels(&corpus), ["angry", "sad", "sad"]);
    assert!(corpus.name.starts_with("mine-"), "{}", corpus.name);
    assert_eq!(corpus.root, tree.path("mine"));
    assert_eq!(corpus.speakers(), [""; 0]);
    assert!(check(&corpus).is_ok());
    // Files that lie elsewhere are reported.
    tree.wav("mine/c.wav", "c");
    tree.wav("mine/sad/old/d.wav", "d");
    let corpus = open("audiofolder", &tree.path("mine")).unwrap();
    let reasons: Vec<&str> = corpus.notes.malformed.iter().map(|m| m.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["lies in no folder of a class", "lies too deep; its folder should be its class"]
    );
    assert!(!check(&corpus).is_ok());
}

#[test]
fn train_and_test_are_a_given_split() {
    let tree = Tree::new();
    for path in ["train/x/a.wav", "train/y/b.wav", "test/x/c.wav", "valid/y/d.wav"] {
        tree.wav(path, path);
    }
    let corpus = open("audiofolder", tree.root()).unwrap();
    assert_eq!(ids(&corpus, &[0, 3]), ["test/x/c.wav", "valid/y/d.wav"]);
    assert_eq!(corpus.utterances[3].part, Some(Part::Validation));
    let given = folds(&corpus, &apart(&corpus), Split::Given, 1, 1).unwrap();
    assert_eq!(ids(&corpus, &given[0].train), ["train/x/a.wav", "train/y/b.wav"]);
    tree.wav("x/e.wav", "e");
    let error = open("audiofolder", tree.root()).unwrap_err().to_string();
    assert!(error.contains("column split: empty, though other rows have one"), "{error}");
}

#[test]
fn metadata_names_the_speaker() {
    let tree = Tree::new();
    for path in ["train/a.wav", "train/b.wav", "test/sub/c.wav", "test/d.wav"] {
        tree.wav(path, path);
    }
    tree.file("train/metadata.csv", b"file_name,label,speaker\na.wav,x,s1\nb.wav,y,s2\n");
    tree.file(
        "test/metadata.jsonl",
        b"{\"file_name\": \"sub/c.wav\", \"label\": \"x\", \"speaker\": \"s3\"}\n",
    );
    let corpus = open("audiofolder", tree.root()).unwrap();
    assert_eq!(ids(&corpus, &[0, 1, 2]), ["test/sub/c.wav", "train/a.wav", "train/b.wav"]);
    assert_eq!(labels(&corpus), ["x", "x", "y"]);
    assert_eq!(corpus.speakers(), ["s1", "s2", "s3"]);
    assert!(Split::Given.keeps_speakers_apart(&corpus));
    let left_out: Vec<String> =
        corpus.notes.sentences().into_iter().filter(|s| s.contains("left out")).collect();
    let [sentence] = left_out.as_slice() else { panic!("{left_out:?}") };
    let expected = "recordings left out because the metadata does not list them: 1, such as ";
    assert!(sentence.starts_with(expected) && sentence.ends_with("d.wav"), "{sentence}");
    assert!(!check(&corpus).is_ok(), "a recording that is not listed");
}

#[test]
fn what_is_no_folder_of_classes_is_refused() {
    let tree = Tree::new();
    let empty = open("audiofolder", tree.root()).unwrap_err().to_string();
    assert!(empty.contains("expected LABEL/*.wav"), "{empty}");
    tree.wav("a.wav", "a");
    let flat = open("audiofolder", tree.root()).unwrap_err().to_string();
    assert!(flat.contains("a.wav lies in no folder of a class"), "{flat}");
    tree.wav("x/a.wav", "a");
    let one = open("audiofolder", tree.root()).unwrap_err().to_string();
    assert!(one.contains("has the one class \"x\""), "{one}");
}

/// They were passed over without a mark.
#[test]
fn recordings_without_an_extension_are_counted() {
    let tree = Tree::new();
    for path in ["x/a.wav", "y/b.wav", "x/c"] {
        tree.wav(path, path);
    }
    tree.file("x/README", b"Recordings of two people.\n");
    let corpus = open("audiofolder", tree.root()).unwrap();
    assert_eq!(corpus.utterances.len(), 2);
    let [left_out] = &corpus.notes.left_out[..] else { panic!("{:?}", corpus.notes.left_out) };
    assert!((left_out.files, &left_out.reason) == (1, &LeftOutReason::NoExtension), "{left_out:?}");
    assert!(left_out.example.ends_with("x/c") && left_out.to_string().contains("no extension"));
    assert!(!check(&corpus).is_ok(), "a recording that is left out");
}
