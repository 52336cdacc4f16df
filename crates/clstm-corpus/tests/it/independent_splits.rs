//! Splits by text and by corpus, and speakers that are spelt in several ways.

use std::collections::BTreeSet;

use clstm_corpus::{
    Corpus, CorpusError, CorpusSource, Fold, Leakage, Split, Target, Utterance, check_leakage,
    folds, open, open_many,
};
use proptest::prelude::*;

use crate::tree::{Tree, apart, release, remarks};

/// RAVDESS with its two sentences.
fn ravdess() -> Corpus {
    let mut corpus = release();
    for utterance in &mut corpus.utterances {
        utterance.statement = Some(utterance.id[12..14].to_owned());
    }
    corpus
}

fn values<'a>(
    corpus: &'a Corpus,
    indices: &[usize],
    of: fn(&Utterance) -> &str,
) -> BTreeSet<&'a str> {
    indices.iter().map(|&i| of(&corpus.utterances[i])).collect()
}

fn statement(utterance: &Utterance) -> &str {
    utterance.statement.as_deref().unwrap_or_default()
}

fn speaker(utterance: &Utterance) -> &str {
    &utterance.speaker
}

#[test]
fn no_sentence_is_on_both_sides() {
    let corpus = ravdess();
    let groups = apart(&corpus);
    assert_eq!(Split::Text.default_folds(&corpus), 2);
    assert!(!Split::Text.keeps_speakers_apart(&corpus));
    let cut = folds(&corpus, &groups, Split::Text, 2, 1).unwrap();
    for fold in &cut {
        assert_eq!((fold.train.len(), fold.test.len()), (720, 720));
        let (train, test) =
            (values(&corpus, &fold.train, statement), values(&corpus, &fold.test, statement));
        assert!(train.is_disjoint(&test));
        assert!(check_leakage(&corpus, &groups, fold, Split::Text).is_clean());
    }
    let mixed = Fold { number: 1, train: vec![0, 1], test: vec![2, 3] };
    let leakage: Leakage = check_leakage(&corpus, &groups, &mixed, Split::Text);
    assert!(!leakage.statements.is_empty() && !leakage.is_clean());
    assert!(leakage.to_string().contains("statements on both sides: 1"), "{leakage}");
    let three = folds(&corpus, &groups, Split::Text, 3, 1).unwrap_err().to_string();
    assert!(three.contains("there are 2 different statements"), "{three}");
    let unknown = folds(&release(), &groups, Split::Text, 2, 1).unwrap_err().to_string();
    assert!(unknown.contains("the text of 1440 of its 1440 utterances is not known"), "{unknown}");
    let statement = corpus.with_target(&Target::Statement).unwrap();
    let error = folds(&statement, &groups, Split::Text, 2, 1).unwrap_err().to_string();
    assert!(error.contains("its classes are the statements"), "{error}");
}

#[test]
fn neither_sentence_nor_speaker_is_on_both_sides() {
    let corpus = ravdess();
    let groups = apart(&corpus);
    assert_eq!(Split::TextSpeaker.default_folds(&corpus), 2);
    assert!(Split::TextSpeaker.keeps_speakers_apart(&corpus));
    for fold in folds(&corpus, &groups, Split::TextSpeaker, 2, 1).unwrap() {
        for of in [statement as fn(&Utterance) -> &str, speaker] {
            let (train, test) = (values(&corpus, &fold.train, of), values(&corpus, &fold.test, of));
            assert!(train.is_disjoint(&test) && !train.is_empty() && !test.is_empty());
        }
        assert_eq!((fold.train.len(), fold.test.len()), (360, 360));
        assert!(check_leakage(&corpus, &groups, &fold, Split::TextSpeaker).is_clean());
    }
}

/// RAVDESS and its songs by the same two actors, and EMO-DB.
fn three_corpora(tree: &Tree) -> Corpus {
    for emotion in 1..=8 {
        for actor in ["01", "02"] {
            let speech = format!("03-01-{emotion:02}-01-01-01-{actor}");
            tree.wav(&format!("ravdess/Actor_{actor}/{speech}.wav"), &speech);
            if emotion <= 6 {
                let song = format!("03-02-{emotion:02}-01-01-01-{actor}");
                tree.wav(&format!("ravdess-song/Actor_{actor}/{song}.wav"), &song);
            }
        }
    }
    for name in ["03a01Fa", "03a01Wa", "08a01Na", "08a01Lb", "09a01Ta"] {
        tree.wav(&format!("emo-db/wav/{name}.wav"), name);
    }
    let source = |name: &str| CorpusSource { name: name.to_owned(), data: tree.path(name) };
    let sources = ["ravdess", "ravdess-song", "emo-db"].map(source);
    open_many(&sources, &Target::Label, None).unwrap()
}

#[test]
fn a_corpus_is_left_out_with_its_people_wherever_they_are() {
    let tree = Tree::new();
    let corpus = three_corpora(&tree);
    let groups = apart(&corpus);
    assert_eq!(Split::LeaveOneCorpusOut.default_folds(&corpus), 3);
    let cut = folds(&corpus, &groups, Split::LeaveOneCorpusOut, 3, 1).unwrap();
    let of = |utterance: &Utterance| -> &'static str {
        match utterance.corpus.as_str() {
            "ravdess" => "ravdess",
            "ravdess-song" => "ravdess-song",
            _ => "emo-db",
        }
    };
    let corpora = |indices: &[usize]| -> Vec<&str> {
        let set: BTreeSet<&str> = indices.iter().map(|&i| of(&corpus.utterances[i])).collect();
        set.into_iter().collect()
    };
    assert_eq!(corpora(&cut[0].test), ["emo-db"]);
    assert_eq!(corpora(&cut[0].train), ["ravdess", "ravdess-song"]);
    // The songs are by the same actors: neither is trained when the other is tested.
    assert_eq!((corpora(&cut[1].test), corpora(&cut[1].train)), (vec!["ravdess"], vec!["emo-db"]));
    assert_eq!(corpora(&cut[2].train), ["emo-db"]);
    // "bored" of EMO-DB is in no other corpus, and is not tested.
    let labels = |indices: &[usize]| -> Vec<&str> {
        let set: BTreeSet<usize> = indices.iter().map(|&i| corpus.utterances[i].label).collect();
        set.into_iter().map(|label| corpus.labels[label].as_str()).collect()
    };
    assert_eq!(labels(&cut[0].test), ["angry", "happy", "neutral", "sad"]);
    assert_eq!(labels(&cut[1].test), ["angry", "happy", "neutral", "sad"]);
    for fold in &cut {
        assert!(check_leakage(&corpus, &groups, fold, Split::LeaveOneCorpusOut).is_clean());
    }
    // A fold that trains the songs of a tested actor leaks.
    let is_song = |i: &usize| corpus.utterances[*i].corpus == "ravdess-song";
    let songs: Vec<usize> = (0..corpus.utterances.len()).filter(is_song).collect();
    let leaking = Fold { number: 2, train: songs, test: cut[1].test.clone() };
    let leakage = check_leakage(&corpus, &groups, &leaking, Split::LeaveOneCorpusOut);
    assert_eq!(leakage.speakers, ["ravdess/01", "ravdess/02"]);
    let one = open("emo-db", &tree.path("emo-db")).unwrap();
    let error = folds(&one, &apart(&one), Split::LeaveOneCorpusOut, 1, 1).unwrap_err().to_string();
    assert!(error.contains("it is one corpus; join it with others"), "{error}");
}

#[test]
fn speakers_spelt_in_several_ways_are_refused_where_they_must_be_kept_apart() {
    let tree = Tree::new();
    for (speakers, alike) in [
        (["Anna", "anna", "ANNA", "Ben"], "ANNA, Anna, anna"),
        (["01", "1", "1.0", "2"], "01, 1, 1.0"),
        (["Zo\u{eb}", "Zoe\u{308}", "Ben", "Ben"], "Zoe\u{308}, Zo\u{eb}"),
    ] {
        let mut list = "path,label,speaker\n".to_owned();
        for (i, speaker) in speakers.iter().chain(&speakers).enumerate() {
            tree.wav(&format!("{i}.wav"), &i.to_string());
            list += &format!("{i}.wav,{},{speaker}\n", ["x", "y"][i / speakers.len()]);
        }
        tree.file("manifest.csv", list.as_bytes());
        let corpus = open("manifest", tree.root()).unwrap();
        let remark = format!("the speakers {alike} count as different people");
        assert!(remarks(&corpus)[0].starts_with(&remark), "{:?}", corpus.notes);
        let groups = apart(&corpus);
        for (split, k) in
            [(Split::Speaker, 2), (Split::LeaveOneSpeakerOut, corpus.speakers().len())]
        {
            let error = folds(&corpus, &groups, split, k, 1).unwrap_err();
            assert!(matches!(error, CorpusError::SimilarSpeakers { .. }), "{error}");
            assert!(error.to_string().contains("differ in their spelling alone"), "{error}");
        }
        assert!(folds(&corpus, &groups, Split::Random, 2, 1).is_ok());
    }
    // The numbers of different speakers are different.
    let list = "path,label,speaker\n0.wav,x,1\n1.wav,y,10\n2.wav,x,11\n3.wav,y,100\n";
    tree.file("manifest.csv", list.as_bytes());
    let corpus = open("manifest", tree.root()).unwrap();
    assert!(remarks(&corpus).is_empty(), "{:?}", corpus.notes);
    assert!(folds(&corpus, &apart(&corpus), Split::Speaker, 2, 1).is_ok());
}

proptest! {
    /// Whatever statements and speakers a corpus has: no statement is on both sides, every utterance is
    /// tested once, and copies stay together.
    #[test]
    fn text_folds_keep_statements_apart(
        drawn in prop::collection::vec((0..2_usize, 0..6_usize, 0..4_usize, 0..20_usize), 12..60),
        k in 2..4_usize,
        seed in any::<u64>(),
    ) {
        let utterances = drawn.iter().enumerate().map(|(i, &(label, statement, who, _))| Utterance {
            id: format!("u{i:03}"),
            label,
            statement: Some(format!("s{statement}")),
            speaker: format!("p{who}"),
            ..Utterance::default()
        });
        let labels = vec!["a".to_owned(), "b".to_owned()];
        let corpus = Corpus::new("any", "nowhere", labels, utterances.collect()).unwrap();
        // Some recordings are copies of each other, in part under another statement.
        let groups: Vec<usize> =
            drawn.iter().enumerate().map(|(i, &(.., copy))| if copy < 2 { copy } else { 100 + i }).collect();
        let Ok(cut) = folds(&corpus, &groups, Split::Text, k, seed) else { return Ok(()) };
        let mut tested: Vec<usize> = cut.iter().flat_map(|fold| fold.test.clone()).collect();
        tested.sort_unstable();
        prop_assert_eq!(tested, (0..drawn.len()).collect::<Vec<_>>());
        for fold in &cut {
            prop_assert!(check_leakage(&corpus, &groups, fold, Split::Text).is_clean());
        }
        if let Ok(cut) = folds(&corpus, &groups, Split::TextSpeaker, k, seed) {
            for fold in &cut {
                prop_assert!(check_leakage(&corpus, &groups, fold, Split::TextSpeaker).is_clean());
            }
        }
    }
}
