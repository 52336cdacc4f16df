//! Joining corpora.

use std::collections::BTreeSet;

use clstm_corpus::{
    Corpus, CorpusSource, Split, Target, check_leakage, folds, global_speaker, open_many,
    shares_corpus, shares_speakers,
};

use crate::tree::{Tree, apart, place, remarks};

/// RAVDESS of two actors with a song of one, and EMO-DB of two speakers.
fn tree() -> Tree {
    let tree = Tree::of_actors(&["01", "02"]);
    tree.wav("Actor_01/03-02-03-01-01-01-01.wav", "a song");
    tree.wav("Actor_01/03-02-05-01-01-01-01.wav", "another");
    for name in ["03a01Wa", "03a01Fa", "03a02Nc", "08a01Wa", "08a02Fb", "08a04La"] {
        tree.wav(&format!("emo-db/wav/{name}.wav"), name);
    }
    tree
}

fn source(tree: &Tree, name: &str) -> CorpusSource {
    let data = match name {
        "emo-db" => tree.path("emo-db"),
        _ => tree.root().to_owned(),
    };
    CorpusSource { name: name.to_owned(), data }
}

fn gathered(tree: &Tree, names: &[&str], target: &Target) -> Result<Corpus, String> {
    let sources: Vec<CorpusSource> = names.iter().map(|name| source(tree, name)).collect();
    open_many(&sources, target, None).map_err(|error| error.to_string())
}

#[test]
fn classes_of_one_name_are_one_class() {
    let tree = tree();
    let corpus = gathered(&tree, &["ravdess", "emo-db"], &Target::Label).unwrap();
    assert_eq!(corpus.name, "ravdess+emo-db");
    assert_eq!(corpus.utterances.len(), 126);
    let labels =
        ["angry", "bored", "calm", "disgust", "fearful", "happy", "neutral", "sad", "surprised"];
    assert_eq!(corpus.labels, labels);
    assert_eq!(corpus.class_counts(), [18, 1, 16, 16, 16, 18, 9, 16, 16]);
    assert_eq!(corpus.speakers(), ["emo-db/03", "emo-db/08", "ravdess/01", "ravdess/02"]);
    let ids: Vec<&str> = corpus.utterances.iter().map(|u| u.id.as_str()).collect();
    assert!(ids.is_sorted() && ids[0] == "emo-db/03a01Fa", "{}", ids[0]);
    let [first, second] = &remarks(&corpus)[..] else { panic!("{:?}", corpus.notes) };
    assert!(
        first.starts_with("only emo-db has bored; the network may learn the corpus"),
        "{first}"
    );
    assert!(second.starts_with("only ravdess has calm, disgust"), "{second}");
    let groups = apart(&corpus);
    for fold in folds(&corpus, &groups, Split::Speaker, 4, 1).unwrap() {
        assert!(check_leakage(&corpus, &groups, &fold, Split::Speaker).is_clean());
    }
    let error = folds(&corpus, &groups, Split::EmoBox, 6, 1).unwrap_err().to_string();
    assert!(error.contains("no EmoBox folds are known"), "{error}");
    // One alone is itself.
    let alone = gathered(&tree, &["emo-db"], &Target::Label).unwrap();
    assert_eq!((alone.name.as_str(), alone.utterances[0].id.as_str()), ("emo-db", "03a01Fa"));
    assert_eq!(alone.labels.len(), 7);
}

#[test]
fn corpora_of_the_same_people_keep_them_the_same() {
    let tree = tree();
    let corpus = gathered(&tree, &["ravdess", "ravdess-song"], &Target::Label).unwrap();
    assert_eq!(corpus.speakers(), ["ravdess/01", "ravdess/02"]);
    let groups = apart(&corpus);
    for fold in folds(&corpus, &groups, Split::LeaveOneSpeakerOut, 2, 1).unwrap() {
        let sung = |i: &&usize| corpus.utterances[**i].id.starts_with("ravdess-song/");
        let of_first = corpus.speakers_of(&fold.test) == ["ravdess/01"];
        assert_eq!(fold.test.iter().filter(sung).count(), if of_first { 2 } else { 0 });
    }
}

#[test]
fn speakers_and_corpora_are_targets_of_a_join() {
    let tree = tree();
    let who = gathered(&tree, &["ravdess", "emo-db"], &Target::Speaker).unwrap();
    assert_eq!(who.labels, ["emo-db/03", "emo-db/08", "ravdess/01", "ravdess/02"]);
    assert!(who.utterances.iter().all(|u| who.labels[u.label] == u.speaker));
    assert_eq!(who.notes.remarks, []);
    let which = gathered(&tree, &["ravdess", "emo-db"], &Target::Corpus).unwrap();
    assert_eq!(which.labels, ["emo-db", "ravdess"]);
    assert_eq!(which.class_counts(), [6, 120]);
    assert!(which.utterances.iter().all(|u| u.id.starts_with(&which.labels[u.label])));
    assert_eq!((which.target, which.label_map), (Target::Corpus, None));
    let statement = gathered(&tree, &["ravdess", "emo-db"], &Target::Statement).unwrap();
    assert_eq!(statement.labels.len(), 5);
}

#[test]
fn corpora_that_cannot_be_joined_are_reported() {
    let tree = tree();
    let error = gathered(&tree, &["emo-db", "emo-db"], &Target::Label).unwrap_err();
    assert_eq!(error, "corpus emo-db+emo-db: emo-db is given twice");
    let error = gathered(&tree, &["emo-db"], &Target::Corpus).unwrap_err();
    assert!(error.contains("it is one corpus; join it with another"), "{error}");
    assert!(gathered(&tree, &[], &Target::Label).unwrap_err().contains("nothing to open"));
    let error = gathered(&tree, &["emo-db", "emodb"], &Target::Label).unwrap_err();
    assert!(error.starts_with("unknown corpus \"emodb\""), "{error}");
}

#[test]
fn a_given_split_is_kept_in_a_join() {
    let tree = Tree::new();
    for (list, rows) in [("one", "a.wav,x,1\nb.wav,y,2\n"), ("two", "c.wav,x,2\nd.wav,y,1\n")] {
        rows.lines().for_each(|row| tree.wav(&row[..5], row));
        tree.file(&format!("{list}.csv"), format!("path,label,fold\n{rows}").as_bytes());
    }
    let sources = ["one", "two"].map(|list| CorpusSource {
        name: "manifest".to_owned(),
        data: tree.path(&format!("{list}.csv")),
    });
    let corpus = open_many(&sources, &Target::Label, None).unwrap();
    let given = folds(&corpus, &apart(&corpus), Split::Given, 2, 1).unwrap();
    let tested = |fold: usize| -> BTreeSet<String> {
        let ids = given[fold].test.iter().map(|&i| &corpus.utterances[i].id);
        ids.map(|id| id.split_once('/').unwrap().1.to_owned()).collect()
    };
    assert_eq!(tested(0).into_iter().collect::<Vec<_>>(), ["a.wav", "d.wav"]);
    assert_eq!(tested(1).into_iter().collect::<Vec<_>>(), ["b.wav", "c.wav"]);
}

#[test]
fn people_are_the_same_in_every_join() {
    assert_eq!(global_speaker("ravdess", "01"), "ravdess/01");
    assert_eq!(global_speaker("ravdess-song", "01"), "ravdess/01");
    assert_eq!(global_speaker("ravdess+emo-db", "ravdess/01"), "ravdess/01");
    assert_eq!(global_speaker("ravdess-song+emo-db", "emo-db/03"), "emo-db/03");
    assert_eq!(global_speaker("own-12345678", "ravdess/01"), "own-12345678/ravdess/01");
    assert!(shares_corpus("ravdess", "ravdess") && shares_corpus("ravdess+emo-db", "emo-db"));
    assert!(!shares_corpus("ravdess", "ravdess-song"));
    assert!(shares_speakers("ravdess", "ravdess-song+tess"));
    assert!(shares_speakers("iemocap-6", "iemocap") && !shares_speakers("tess", "savee"));
}

#[test]
fn joined_corpora_report_what_each_skips() {
    let tree = tree();
    std::fs::remove_file(tree.path(&place("03-01-04-01-01-01-01"))).unwrap();
    tree.wav("Actor_01/angry.wav", "astray");
    let corpus = gathered(&tree, &["ravdess", "emo-db"], &Target::Label).unwrap();
    assert_eq!(corpus.notes.ignored["song"], 2);
    // EMO-DB is looked for in its own folder alone.
    assert_eq!(corpus.notes.malformed.len(), 1 + 6);
}
