//! Label maps.

use clstm_corpus::{
    BUILTIN_LABEL_MAPS, Corpus, CorpusSource, LabelMap, Target, Utterance, builtin_label_map,
    open_many,
};

use crate::tree::{Tree, remarks};

/// RAVDESS of two actors, and a list with labels of its own.
fn tree() -> Tree {
    let tree = Tree::of_actors(&["01", "02"]);
    for name in ["a", "b", "c"] {
        tree.wav(&format!("{name}.wav"), name);
    }
    tree.file("own.csv", b"path,label,speaker\na.wav,joyful,01\nb.wav,gloomy,s2\nc.wav,odd,s2\n");
    tree
}

fn source(name: &str, tree: &Tree) -> CorpusSource {
    let data = match name {
        "manifest" => tree.path("own.csv"),
        _ => tree.root().to_owned(),
    };
    CorpusSource { name: name.to_owned(), data }
}

fn mapped(tree: &Tree, names: &[&str], text: &str) -> Result<Corpus, String> {
    tree.file("map.toml", text.as_bytes());
    let map = LabelMap::read(&tree.path("map.toml"));
    let sources: Vec<CorpusSource> = names.iter().map(|name| source(name, tree)).collect();
    let corpus = map.and_then(|map| open_many(&sources, &Target::Label, Some(&map)));
    corpus.map_err(|error| error.to_string().replace(&format!("{}/", tree.root().display()), ""))
}

fn counts(corpus: &Corpus) -> Vec<(String, usize)> {
    corpus.labels.iter().cloned().zip(corpus.class_counts()).collect()
}

const VALENCE: &str = "[labels]\nhappy = \"up\"\ncalm = \"up\"\nsad = \"down\"\nangry = \"down\"\n";

#[test]
fn labels_are_merged_and_left_out() {
    let tree = tree();
    let corpus = mapped(&tree, &["ravdess"], VALENCE).unwrap();
    assert_eq!(counts(&corpus), [("down".to_owned(), 32), ("up".to_owned(), 32)]);
    assert_eq!(corpus.name, "ravdess");
    let remark = &remarks(&corpus)[0];
    let left_out = "neutral (8), fearful (16), disgust (16), surprised (16)";
    assert!(remark.starts_with("left out by the label map map-"), "{remark}");
    assert!(remark.ends_with(left_out), "{remark}");
    let happy = corpus.utterances.iter().find(|u| u.id.starts_with("03-01-03")).unwrap();
    assert_eq!(corpus.labels[happy.label], "up");
}

#[test]
fn classes_stand_in_the_order_that_is_written() {
    let tree = tree();
    let ordered = format!("classes = [\"up\", \"down\"]\n{VALENCE}");
    let corpus = mapped(&tree, &["ravdess"], &ordered).unwrap();
    assert_eq!(corpus.labels, ["up", "down"]);
    // The name of a map depends on its rules and not on its comments.
    let name = |text: &str| mapped(&tree, &["ravdess"], text).unwrap().label_map.unwrap();
    assert_eq!(name(VALENCE), name(&format!("# a note\n{VALENCE}\n")));
    assert_ne!(name(VALENCE), name(&ordered));
    assert_ne!(name(VALENCE), name(&VALENCE.replace("calm", "surprised")));
}

#[test]
fn corpora_are_joined_under_one_map() {
    let tree = tree();
    let text = format!(
        "{VALENCE}neutral = \"up\"\n[corpora.ravdess]\nneutral = \"flat\"\n\
         [corpora.own]\njoyful = \"up\"\ngloomy = \"down\"\n[corpora.tess]\nhappy = \"up\"\n"
    );
    let corpus = mapped(&tree, &["ravdess", "manifest"], &text).unwrap();
    let expected = [("down", 33), ("flat", 8), ("up", 33)].map(|(l, n)| (l.to_owned(), n));
    assert_eq!(counts(&corpus), expected);
    assert!(corpus.name.starts_with("ravdess+own-"), "{}", corpus.name);
    let own: Vec<(&str, &str)> = corpus
        .utterances
        .iter()
        .filter(|u| !u.id.starts_with("ravdess/"))
        .map(|u| (u.id.split_once('/').unwrap().1, u.speaker.split_once('/').unwrap().1))
        .collect();
    assert_eq!(own, [("a.wav", "01"), ("b.wav", "s2")]);
    // Speaker 01 of the one is another than that of the other.
    assert_eq!(corpus.speakers().len(), 4);
    // By the name that it was opened by as well.
    let text = text.replace("[corpora.own]", "[corpora.manifest]");
    assert_eq!(counts(&mapped(&tree, &["ravdess", "manifest"], &text).unwrap()), expected);
}

#[test]
fn maps_that_cannot_be_followed_are_refused() {
    let tree = tree();
    let refusal = |text: &str| mapped(&tree, &["ravdess", "manifest"], text).unwrap_err();
    insta::assert_snapshot!(refusal("[labels]\nhapy = \"up\"\nsad = \"down\"\n"), @r#"label map map.toml: there is no label "hapy"; the labels are angry, calm, disgust, fearful, gloomy, happy, joyful, neutral, odd, sad, surprised"#);
    insta::assert_snapshot!(refusal("[corpora.own]\nhappy = \"up\"\ngloomy = \"down\"\n"), @r#"label map map.toml: own has no label "happy"; its labels are gloomy, joyful, odd"#);
    insta::assert_snapshot!(refusal("[corpora.ravdes]\nhappy = \"up\"\n"), @"label map map.toml: [corpora.ravdes] is not a corpus of this run; it has ravdess, own");
    insta::assert_snapshot!(refusal("classes = [\"up\"]\n[labels]\nsad = \"down\"\n"), @r#"label map map.toml: "down" is not among its classes; add it there"#);
    insta::assert_snapshot!(refusal("classes = [\"up\", \"down\"]\n[labels]\nsad = \"down\"\n"), @r#"label map map.toml: no label counts as "up", which is among its classes"#);
    insta::assert_snapshot!(refusal("classes = [\"up\", \"up\"]\n[labels]\nsad = \"up\"\n"), @"label map map.toml: classes names a class twice");
    insta::assert_snapshot!(refusal("[labels]\nsad = \"down\"\nangry = \"down\"\n"), @"label map map.toml: 1 of its classes (down) have utterances in what was opened; there must be at least two");
    insta::assert_snapshot!(refusal("[labels]\nsad = \" \"\n"), @r#"label map map.toml: " " is not the name of a class"#);
    insta::assert_snapshot!(refusal(""), @r#"label map map.toml: maps no label; write lines such as excited = "happy" below [labels]"#);
    let flat = refusal("sad = \"down\"\n");
    assert!(flat.contains("unknown field `sad`") && flat.contains("below [labels]"), "{flat}");
    let gone = LabelMap::read(&tree.path("gone.toml")).unwrap_err().to_string();
    assert!(gone.contains("gone.toml: cannot be read"), "{gone}");
}

#[test]
fn built_in_maps_are_opened_by_name() {
    for name in BUILTIN_LABEL_MAPS {
        let map = builtin_label_map(name).unwrap();
        assert!(map.name().starts_with(name), "{}", map.name());
        // The folder for people has the same text.
        let shipped = format!("{}/../../labels/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(LabelMap::read(shipped.as_ref()).unwrap().name(), map.name());
        assert_eq!(LabelMap::named(name.as_ref()).unwrap(), map);
    }
    assert_eq!(builtin_label_map("basic-five"), None);
    let error = LabelMap::named("basic-five".as_ref()).unwrap_err().to_string();
    assert!(error.contains("nor a built-in map of this name (basic-four, basic-six)"), "{error}");
}

#[test]
fn a_built_in_map_serves_every_corpus() {
    let tree = Tree::of_actors(&["01"]);
    let six = builtin_label_map("basic-six").unwrap();
    let sources = [CorpusSource { name: "ravdess".to_owned(), data: tree.root().to_owned() }];
    let corpus = open_many(&sources, &Target::Label, Some(&six)).unwrap();
    assert_eq!(corpus.labels, ["neutral", "happy", "sad", "angry", "fearful", "disgust"]);
    assert_eq!(corpus.class_counts(), [12, 8, 8, 8, 8, 8]);
    assert!(remarks(&corpus)[0].ends_with(": surprised (8)"), "{:?}", corpus.notes);
}

#[test]
fn votes_and_probabilities_follow_a_map() {
    let four = builtin_label_map("basic-four").unwrap();
    let labels = ["neutral", "calm", "happy", "sad", "angry", "fearful"].map(str::to_owned);
    assert_eq!(four.classes().unwrap(), ["neutral", "happy", "sad", "angry"]);
    assert_eq!(four.labels()["calm"], "neutral");
    assert_eq!(four.labels().get("fearful"), None);
    let utterance = |id: &str, label: usize, votes: [f32; 6]| Utterance {
        id: id.to_owned(),
        label,
        votes: votes.to_vec(),
        ..Utterance::default()
    };
    let utterances = vec![
        utterance("a", 1, [1.0, 2.0, 0.0, 0.0, 0.0, 4.0]),
        utterance("b", 5, [0.0, 0.0, 0.0, 0.0, 0.0, 7.0]),
        utterance("c", 3, [0.0, 0.0, 3.0, 5.0, 0.0, 0.0]),
    ];
    let corpus = Corpus::new("any", "nowhere", labels.to_vec(), utterances).unwrap();
    let mapped = four.apply(vec![("any".to_owned(), corpus)]).unwrap().remove(0);
    assert_eq!(mapped.utterances.len(), 2);
    assert_eq!(mapped.utterances[0].votes, [3.0, 0.0, 0.0, 0.0]);
    assert_eq!(mapped.utterances[1].votes, [0.0, 3.0, 5.0, 0.0]);
}
