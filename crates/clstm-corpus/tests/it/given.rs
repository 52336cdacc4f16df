//! Parts of recordings, and folds and splits that a manifest gives.

use clstm_corpus::{
    AllowedLeakage, Corpus, CorpusError, LeakageCounts, Part, Split, Target, Utterance, check,
    check_leakage, duplicate_groups, folds, folds_allowing, given_split, leakage_counts, measure,
    open,
};
use proptest::prelude::*;

use crate::tree::{Tree, apart, ids, remarks};

/// The recordings `a.wav` to `f.wav`, of 10 ms, and a manifest of this text.
fn opened(text: &str) -> Result<(Tree, Corpus), String> {
    let tree = Tree::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        tree.wav(&format!("{name}.wav"), name);
    }
    tree.file("m.csv", text.as_bytes());
    match open("manifest", &tree.path("m.csv")) {
        Ok(corpus) => Ok((tree, corpus)),
        Err(error) => Err(error.to_string().replace(&format!("{}/", tree.root().display()), "")),
    }
}

fn refusal(text: &str) -> String {
    opened(text).err().unwrap()
}

const FOLDS: &str = "path,label,speaker,fold\na.wav,x,s1,1\nb.wav,y,s1,1\nc.wav,x,s2,2\n\
                     d.wav,y,s3,2\ne.wav,x,s4,3\n";

#[test]
fn folds_are_those_of_the_column() {
    let (_tree, corpus) = opened(FOLDS).unwrap();
    assert_eq!(Split::Given.default_folds(&corpus), 3);
    let given = folds(&corpus, &apart(&corpus), Split::Given, 3, 7).unwrap();
    let tested: Vec<String> = given.iter().map(|fold| ids(&corpus, &fold.test).join(" ")).collect();
    assert_eq!(tested, ["a.wav b.wav", "c.wav d.wav", "e.wav"]);
    assert!(given.iter().all(|fold| fold.train.len() + fold.test.len() == 5));
    assert!(Split::Given.keeps_speakers_apart(&corpus));
    assert_eq!(remarks(&corpus), ["the given split keeps speakers apart"]);
    assert!(check(&corpus).is_ok());
    let error = folds(&corpus, &apart(&corpus), Split::Given, 5, 7).unwrap_err();
    insta::assert_snapshot!(error, @"cannot make 5 given folds: 3 are given");
}

#[test]
fn speakers_on_both_sides_are_reported() {
    let (_tree, corpus) = opened(&FOLDS.replace("s3", "s1")).unwrap();
    assert!(!Split::Given.keeps_speakers_apart(&corpus));
    assert_eq!(given_split(&corpus).unwrap().shared_speakers, ["s1"]);
    let report = check(&corpus);
    assert!(!report.is_ok());
    assert_eq!(report.speakers_across_given_split(), ["s1"]);
    assert!(
        report.remarks[0].to_string().contains("not speaker-independent: 1 speakers"),
        "{report:?}"
    );
    // A given split that leaks is used only with the flag, and the leakage is then reported.
    let groups = apart(&corpus);
    let error = folds(&corpus, &groups, Split::Given, 3, 7).unwrap_err().to_string();
    insta::assert_snapshot!(error, @"leakage between training and test: speakers on both sides: 1 (such as s1); figures with leakage are too good; to accept them, with the leakage in the protocol: --allow-leakage speakers");
    let copies = "copies".parse().unwrap();
    assert!(folds_allowing(&corpus, &groups, Split::Given, 3, 7, copies).is_err());
    let speakers = "speakers".parse().unwrap();
    let given = folds_allowing(&corpus, &groups, Split::Given, 3, 7, speakers).unwrap();
    let leakage = check_leakage(&corpus, &groups, &given[0], Split::Given);
    assert_eq!(leakage.speakers, ["s1"]);
    let counts = leakage_counts(&corpus, &groups, &given, Split::Given);
    assert_eq!(counts, LeakageCounts { speakers: 1, copies: 0 });
    assert_eq!(counts.to_string(), "1 speaker on both sides");
    // Where the speakers are what is recognised they have to be on both sides.
    let who = corpus.with_target(&Target::Speaker).unwrap();
    let given = folds(&who, &groups, Split::Given, 3, 7).unwrap();
    assert!(leakage_counts(&who, &groups, &given, Split::Given).is_clean());
}

#[test]
fn copies_are_allowed_by_name() {
    let (_tree, corpus) = opened(FOLDS).unwrap();
    let mut groups = apart(&corpus);
    groups[0] = groups[4];
    let error = folds(&corpus, &groups, Split::Given, 3, 7).unwrap_err().to_string();
    assert!(error.contains("copies on both sides: 1 (such as e.wav = a.wav)"), "{error}");
    assert!(error.contains("--allow-leakage copies"), "{error}");
    let allowed: AllowedLeakage = "copies".parse().unwrap();
    let given = folds_allowing(&corpus, &groups, Split::Given, 3, 7, allowed).unwrap();
    let counts = leakage_counts(&corpus, &groups, &given, Split::Given);
    // Fold 1 tests a.wav and trains e.wav, fold 3 the other way round.
    assert_eq!(counts, LeakageCounts { speakers: 0, copies: 2 });
    assert_eq!(counts.to_string(), "2 recordings on both sides");
    let error = "speaker".parse::<AllowedLeakage>().unwrap_err();
    assert_eq!(error, "what can be allowed is speakers and copies");
}

#[test]
fn a_split_is_one_fold_that_leaves_validation_out() {
    let text = "path,label,split\na.wav,x,train\nb.wav,y,Train\nc.wav,x,dev\nd.wav,y,validation\n\
                e.wav,x,test\nf.wav,y,TEST\n";
    let (_tree, corpus) = opened(text).unwrap();
    let given = folds(&corpus, &apart(&corpus), Split::Given, 1, 7).unwrap();
    assert_eq!(ids(&corpus, &given[0].train), ["a.wav", "b.wav"]);
    assert_eq!(ids(&corpus, &given[0].test), ["e.wav", "f.wav"]);
    assert_eq!(ids(&corpus, &given_split(&corpus).unwrap().validation), ["c.wav", "d.wav"]);
    assert_eq!(
        remarks(&corpus)[1..],
        [
            "2 validation utterances are neither trained nor tested on by the given split",
            "whether the given split keeps speakers apart is not known",
        ]
    );
    // Copies on both sides are refused whatever is given.
    let mut groups = apart(&corpus);
    groups[0] = groups[4];
    let error = folds(&corpus, &groups, Split::Given, 1, 7).unwrap_err();
    assert!(matches!(error, CorpusError::Leakage(_)), "{error}");
    let (_tree, corpus) = opened(&text.replace("test", "dev").replace("TEST", "dev")).unwrap();
    let error = folds(&corpus, &apart(&corpus), Split::Given, 1, 7).unwrap_err().to_string();
    assert!(error.contains("fold 1 has nothing to test on"), "{error}");
}

#[test]
fn what_is_given_is_part_of_the_name() {
    let name = |text: &str| opened(text).unwrap().1.name;
    let plain = name(FOLDS);
    assert_ne!(plain, name(&FOLDS.replace("s4,3", "s4,2")));
    assert_ne!(plain, name(&FOLDS.replace(",fold", ",bend")));
    assert_eq!(plain, name(&FOLDS.replace(",3", ", 3 ")));
}

#[test]
fn a_span_is_a_part_of_the_recording() {
    let text = "path,label,start_s,end_s\na.wav,x,0,0.005\na.wav,y,0.005,0.01\nb.wav,x,,\n";
    let (tree, corpus) = opened(text).unwrap();
    assert_eq!(ids(&corpus, &[0, 1, 2]), ["a.wav[0-0.005]", "a.wav[0.005-0.01]", "b.wav"]);
    assert_eq!(corpus.utterances[1].span, Some((0.005, 0.01)));
    assert_eq!(corpus.utterances[1].path, tree.path("a.wav"));
    let samples: Vec<usize> = measure(&corpus).into_iter().map(|m| m.unwrap().samples).collect();
    assert_eq!(samples, [80, 80, 160]);
    // Halves of a recording are no copies of each other.
    assert_eq!(duplicate_groups(&corpus).unwrap(), [0, 1, 2]);
    let (_tree, corpus) = opened(&text.replace("0.01\n", "0.02\n")).unwrap();
    let report = check(&corpus);
    assert!(report.unreadable[0].error.contains("from 0.005 s to 0.02 s"), "{report:?}");
    assert!(report.unreadable[0].error.contains("ends at 0.010 s"), "{report:?}");
    let text = "path,label,start_s,end_s\na.wav,x,0.002,0.00201\nb.wav,y,,\n";
    let (_tree, corpus) = opened(text).unwrap();
    assert!(measure(&corpus)[0].is_err(), "no sample lies in it");
}

#[test]
fn the_same_stretch_twice_is_a_copy() {
    let tree = Tree::new();
    let samples: Vec<i16> = (0..160).map(|i| (i % 7) * 900).collect();
    let duplicate_files: Vec<i16> = samples.iter().chain(&samples).copied().collect();
    tree.wav_of("twice.wav", &duplicate_files);
    tree.wav_of("once.wav", &samples);
    tree.file(
        "m.csv",
        b"path,label,start_s,end_s\nonce.wav,x,,\ntwice.wav,x,0,0.01\n\
                         twice.wav,y,0.01,0.02\ntwice.wav,y,0.02,0.03\n",
    );
    let corpus = open("manifest", &tree.path("m.csv")).unwrap();
    let report = check(&corpus);
    assert_eq!(report.duplicates[0].ids, ["once.wav", "twice.wav[0-0.01]", "twice.wav[0.01-0.02]"]);
    assert_eq!(report.duplicates[0].labels, ["x", "y"]);
    assert_eq!(report.unreadable.len(), 1, "past the end");
}

#[test]
fn refusals() {
    insta::assert_snapshot!(refusal("path,label,start_s,end_s\na.wav,x,0,2\na.wav,y,1.5,3\nb.wav,x,,\nb.wav,y,4,5\n"), @r"
    m.csv: lists 2 of its recordings again; leave one row for each
      line 3, column path: overlaps with the part of the recording on line 2
      line 5, column path: overlaps with the part of the recording on line 4
    ");
    insta::assert_snapshot!(refusal("path,label,start_s,end_s\na.wav,x,2,1\nb.wav,y,1,\nc.wav,y,,1\nd.wav,x,-1,inf\n"), @r#"
    m.csv: 4 problems
      line 2, column end_s: 1 s is not after the start, 2 s
      line 3, column end_s: empty, though there is a start
      line 4, column start_s: empty, though there is an end
      line 5, column start_s: "-1"; write seconds, from 0, such as 12.5
    "#);
    insta::assert_snapshot!(refusal("path,label,fold,split\na.wav,x,0,train\nb.wav,y,9,held\nc.wav,x,,test\nd.wav,y,1.5,test\n"), @r#"
    m.csv: 5 problems
      line 2, column fold: "0"; write a whole number from 1 to at most 4
      line 3, column fold: "9"; write a whole number from 1 to at most 4
      line 3, column split: "held"; write train, validation or test
      line 4, column fold: empty, though other rows have one; give it on every row or on none
      line 5, column fold: "1.5"; write a whole number from 1 to at most 4
    "#);
}

#[test]
fn a_corpus_without_a_split_is_reported() {
    let (_tree, corpus) = opened("path,label\na.wav,x\nb.wav,y\n").unwrap();
    assert_eq!(given_split(&corpus), None);
    let error = folds(&corpus, &apart(&corpus), Split::Given, 1, 1).unwrap_err().to_string();
    assert!(error.contains("has no given split: it gives none"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Every utterance is tested on by the fold that it names and by no other; a division tests on
    /// its test part and leaves out its validation part. Speakers are apart where none is shared.
    #[test]
    fn given_folds_are_followed(
        drawn in prop::collection::vec((0..3_usize, 0..5_usize, 0..3_usize), 6..40), by_fold: bool
    ) {
        let parts = [Part::Train, Part::Validation, Part::Test];
        let utterances: Vec<Utterance> = drawn
            .iter()
            .enumerate()
            .map(|(i, &(side, speaker, label))| Utterance {
                id: format!("u{i:03}"),
                label,
                speaker: format!("s{speaker}"),
                fold: by_fold.then_some(side + 1),
                part: (!by_fold).then_some(parts[side]),
                ..Utterance::default()
            })
            .collect();
        let labels = ["a", "b", "c"].map(str::to_owned).to_vec();
        let corpus = Corpus::new("any", "nowhere", labels, utterances).unwrap();
        let k = Split::Given.default_folds(&corpus);
        let crossed = (0..5).any(|speaker| {
            let of = |&&(_, s, _): &&(usize, usize, usize)| s == speaker;
            let mut sides: Vec<usize> = drawn.iter().filter(of).map(|d| d.0).collect();
            sides.dedup();
            sides.iter().any(|&side| side != sides[0])
        });
        prop_assert_eq!(Split::Given.keeps_speakers_apart(&corpus), !crossed);
        let groups = apart(&corpus);
        let speakers = AllowedLeakage { speakers: true, copies: false };
        let cut = folds_allowing(&corpus, &groups, Split::Given, k, 1, speakers);
        if let Ok(cut) = &cut {
            let leaks = leakage_counts(&corpus, &groups, cut, Split::Given).speakers > 0;
            prop_assert_eq!(folds(&corpus, &groups, Split::Given, k, 1).is_err(), leaks);
            // Validation utterances are on neither side.
            prop_assert!(crossed || !leaks);
        }
        let Ok(cut) = cut else {
            // A side without any utterance.
            prop_assert!((0..3).any(|side| drawn.iter().all(|d| d.0 != side)));
            return Ok(());
        };
        for fold in &cut {
            for (i, &(side, ..)) in drawn.iter().enumerate() {
                let (tested, trained) = (fold.test.contains(&i), fold.train.contains(&i));
                let expected = match by_fold {
                    true => (side + 1 == fold.number, side + 1 != fold.number),
                    false => (side == 2, side == 0),
                };
                prop_assert_eq!((tested, trained), expected);
            }
        }
    }
}
