//! Continuous targets.

use clstm_corpus::{
    Corpus, CorpusError, CorpusSource, Remark, Target, Targets, open, open_targets,
};

use crate::tree::Tree;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A list of four recordings with these further columns.
fn list(columns: &str, values: [&str; 4]) -> (Tree, CorpusSource) {
    let tree = Tree::new();
    let mut text = format!("path,label,speaker,{columns}\n");
    for ((i, name), values) in NAMES.iter().enumerate().zip(values) {
        tree.wav(&format!("{name}.wav"), name);
        text += &format!("{name}.wav,{},s{},{values}\n", ["x", "y"][i % 2], i / 2);
    }
    tree.file("own.csv", text.as_bytes());
    let source = CorpusSource { name: "manifest".to_owned(), data: tree.path("own.csv") };
    (tree, source)
}

fn opened(source: &CorpusSource, targets: &str) -> Result<Corpus, CorpusError> {
    open_targets(std::slice::from_ref(source), &targets.parse().unwrap(), None)
}

fn values(corpus: &Corpus, name: &str) -> Vec<Option<f64>> {
    corpus.utterances.iter().map(|utterance| utterance.dimension(name)).collect()
}

#[test]
fn columns_of_a_list_are_continuous_targets_beside_the_labels() {
    let (_tree, source) = list("Arousal,tension", ["1,0.25", "5,", "NA,-3.5", "2,1e2"]);
    let corpus = opened(&source, "tension, arousal").unwrap();
    assert_eq!(
        (corpus.dimensions.join(" "), &corpus.target),
        ("tension arousal".into(), &Target::Label)
    );
    assert_eq!(corpus.labels, ["x", "y"]);
    assert_eq!(values(&corpus, "tension"), [Some(0.25), None, Some(-3.5), Some(100.0)]);
    assert_eq!(values(&corpus, "arousal"), [Some(1.0), Some(5.0), None, Some(2.0)]);
    let unknown =
        |remark: &&Remark| matches!(remark, Remark::UnknownDimension { unknown: 1, of: 4, .. });
    assert_eq!(corpus.notes.remarks.iter().filter(unknown).count(), 2);
    // The name of the list stays: the same recordings are recognised as such.
    assert_eq!(corpus.name, open("manifest", &source.data).unwrap().name);
    let beside = opened(&source, "speaker,tension").unwrap();
    assert_eq!(
        (beside.labels.join(" "), beside.dimensions.join(" ")),
        ("s0 s1".into(), "tension".into())
    );
}

#[test]
fn columns_of_few_whole_numbers_or_texts_stay_classes() {
    let (_tree, source) = list("age,valence", ["20,low", "30,high", "20,low", "30,high"]);
    let ages = opened(&source, "age").unwrap();
    assert_eq!((ages.labels.join(" "), ages.dimensions.len()), ("20 30".into(), 0));
    assert_eq!(opened(&source, "valence").unwrap().labels, ["high", "low"]);
    let error = opened(&source, "age,sex").unwrap_err();
    assert!(matches!(&error, CorpusError::SeveralTargets { names } if names.len() == 2), "{error}");
}

#[test]
fn values_that_are_no_numbers_are_named() {
    for (rows, part) in [
        (["1.5,", "2,", "3 high,", "4,"], "c.wav has \"3 high\""),
        (["1.5,", "2,", "inf,", "4,"], "c.wav has \"inf\""),
        (["1.5,", "2,", "-2e6,", "4,"], "c.wav has \"-2e6\""),
        (["1.5,", ",", "1.5,", "1.5,"], "it is 1.5 wherever it is known"),
    ] {
        let (_tree, source) = list("arousal,none", rows);
        let error = opened(&source, "arousal").unwrap_err();
        assert!(
            matches!(&error, CorpusError::Dimension { dimension, .. } if dimension == "arousal")
        );
        assert!(error.to_string().contains(part), "{error}");
    }
    let (_tree, source) = list("arousal,none", ["1.5,", "2,", "3,", "4,"]);
    let refused = |targets: &str| opened(&source, targets).unwrap_err().to_string();
    assert!(
        refused("arousal,valence").contains("nothing is known of it"),
        "{}",
        refused("arousal,valence")
    );
    assert!(refused("arousal,Arousal").contains("given twice"));
    assert!("arousal,,valence".parse::<Targets>().unwrap_err().to_string().contains("empty name"));
}

#[test]
fn a_join_masks_the_corpora_without_a_dimension() {
    let (_one, rated) = list("valence", ["1", "2", "3.5", "4"]);
    let (other, _) = list("unused", ["", "", "", ""]);
    std::fs::rename(other.path("own.csv"), other.path("plain.csv")).unwrap();
    let plain = CorpusSource { name: "manifest".to_owned(), data: other.path("plain.csv") };
    let joined = open_targets(&[rated, plain], &"valence".parse().unwrap(), None).unwrap();
    assert_eq!(joined.utterances.len(), 8);
    assert_eq!(values(&joined, "valence").iter().flatten().count(), 4);
    assert!(joined.has_dimension("Valence") && !joined.has_dimension("unused"));
}

#[test]
fn ratings_outside_the_scale_are_not_used() {
    let tree = Tree::new();
    tree.wav("wav/DK_001_A_1.wav", "one");
    let header =
        "file,a1_A,a1_V,a1_D,a1_cat,a2_A,a2_V,a2_D,a2_cat,a3_A,a3_V,a3_D,a3_cat,gt_emotion";
    let row = "DK_001_A_1.wav,4.0,0.5,4.5,A,4.5,,x,N,5.0,1.0,4.5,A,A";
    tree.file("annotations.csv", format!("{header}\n{row}\n").as_bytes());
    tree.file("speaker_info.csv", b"speaker,gender,age\n001,F,22\n");
    let corpus = open("emotale", tree.root()).unwrap();
    assert_eq!(corpus.utterances[0].ratings["valence"], [None, None, Some(1.0)]);
    assert_eq!(corpus.utterances[0].dimension("dominance"), Some(4.5));
    let remark = corpus.notes.sentences().join("\n");
    assert!(
        remark.contains("2 ratings in annotations.csv are not numbers from 1 to 5"),
        "{remark}"
    );
}
