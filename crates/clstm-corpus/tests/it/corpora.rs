//! Corpora whose file names hold the labels.

use clstm_corpus::{CountKind, Intensity, Sex, Split, check, folds, open};

use crate::tree::{Tree, apart, ids, release};

/// The reason given for the first file that does not fit.
fn reason(corpus: &str, good: &str, bad: &str) -> String {
    let tree = Tree::new();
    tree.wav(good, "good");
    tree.wav(bad, "bad");
    let corpus = open(corpus, tree.root()).unwrap();
    assert_eq!(corpus.utterances.len(), 1);
    corpus.notes.malformed[0].reason.clone()
}

#[test]
fn emo_db() {
    let tree = Tree::new();
    for name in ["03a01Fa", "08b10Wc", "16a05Lb", "11b02Nd", "12a04T"] {
        tree.wav(&format!("wav/{name}.wav"), name);
    }
    let corpus = open("emo-db", tree.root()).unwrap();
    let found: Vec<_> = corpus
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), corpus.labels[u.label].as_str(), u.sex.unwrap(), u.repetition))
        .collect();
    assert_eq!(
        found,
        [
            ("03a01Fa", "happy", Sex::Male, Some(1)),
            ("08b10Wc", "angry", Sex::Female, Some(3)),
            ("11b02Nd", "neutral", Sex::Male, Some(4)),
            ("12a04T", "sad", Sex::Male, None),
            ("16a05Lb", "bored", Sex::Female, Some(2)),
        ]
    );
    assert_eq!(corpus.speakers(), ["03", "08", "11", "12", "16"]);
    assert_eq!(
        corpus.utterances[0].statement.as_deref(),
        Some("Der Lappen liegt auf dem Eisschrank.")
    );
    let good = "wav/03a01Fa.wav";
    assert!(reason("emo-db", good, "wav/03a01Xa.wav").contains("none of W, L, E, A, F, N and T"));
    assert!(reason("emo-db", good, "wav/04a01Fa.wav").contains("no speaker \"04\""));
    assert!(reason("emo-db", good, "wav/03c01Fa.wav").contains("no text \"c01\""));
    assert!(reason("emo-db", good, "wav/03a01Fab.wav").contains("\"ab\" is not a version"));
    assert!(reason("emo-db", good, "wav/é.wav").contains("is not a name of 6 or 7 letters"));
}

#[test]
fn the_counts_of_a_release_without_rules_for_names_are_compared() {
    let tree = Tree::new();
    tree.wav("wav/03a01Fa.wav", "one");
    let report = check(&open("emo-db", tree.root()).unwrap());
    assert_eq!(report.expected, Some(535));
    assert!(!report.is_ok());
    let counts: Vec<_> =
        report.counts.iter().map(|c| (c.kind, c.name.as_str(), c.expected, c.found)).collect();
    assert_eq!(counts[0], (CountKind::Total, "emo-db", 535, 1));
    assert!(counts.contains(&(CountKind::Class, "happy", 71, 1)));
    assert_eq!(counts.len(), 8);
}

#[test]
fn crema_d() {
    let tree = Tree::new();
    for name in ["1001_DFA_ANG_XX", "1002_IEO_NEU_XX", "1002_IEO_SAD_HI", "1040_ITH_SAD_X"] {
        tree.wav(&format!("AudioWAV/{name}.wav"), name);
    }
    tree.wav_of("AudioWAV/1076_MTI_SAD_XX.wav", &[0; 160]);
    let unknown = open("crema-d", tree.root()).unwrap();
    assert_eq!(unknown.notes.ignored.get("silent"), Some(&1));
    assert!(unknown.utterances.iter().all(|u| u.sex.is_none()));
    assert!(
        unknown.notes.remarks[0].to_string().contains("VideoDemographics.csv"),
        "{:?}",
        unknown.notes
    );
    tree.file(
        "VideoDemographics.csv",
        b"\"ActorID\",\"Age\",\"Sex\",\"Race\",\"Ethnicity\"\n1001,51,\"Male\",\"Caucasian\",\
          \"Not Hispanic\"\n1002,21,\"Female\",\"Caucasian\",\"Not Hispanic\"\n",
    );
    for root in [tree.root(), &tree.path("AudioWAV")] {
        let corpus = open("crema-d", root).unwrap();
        let sexes: Vec<_> = corpus.utterances.iter().map(|u| u.sex).collect();
        assert_eq!(sexes, [Some(Sex::Male), Some(Sex::Female), Some(Sex::Female), None]);
        assert_eq!(corpus.class_counts(), [1, 0, 0, 0, 1, 2]);
        assert_eq!(corpus.speakers(), ["1001", "1002", "1040"]);
        assert_eq!(corpus.utterances[0].statement.as_deref(), Some("Don't forget a jacket"));
        let levels: Vec<_> = corpus.utterances.iter().map(|u| u.intensity).collect();
        assert_eq!(levels, [None, None, Some(Intensity::High), None]);
        assert!(corpus.notes.remarks.is_empty());
    }
    let good = "AudioWAV/1001_DFA_ANG_XX.wav";
    assert!(reason("crema-d", good, "AudioWAV/1092_DFA_ANG_XX.wav").contains("not 1001 to 1091"));
    assert!(reason("crema-d", good, "AudioWAV/1001_DFA_CAL_XX.wav").contains("emotion is \"CAL\""));
    assert!(reason("crema-d", good, "AudioWAV/1001_DFA_ANG.wav").contains("has 3 fields"));
}

#[test]
fn tess() {
    let tree = Tree::new();
    for (folder, name) in [
        ("OAF_angry", "OAF_back_angry"),
        ("OAF_neutral", "OA_bite_neutral"),
        ("OAF_Pleasant_surprise", "OAF_back_ps"),
        ("YAF_fear", "YAF_back_fear"),
    ] {
        tree.wav(&format!("TESS data/{folder}/{name}.wav"), name);
    }
    let corpus = open("tess", tree.root()).unwrap();
    let found: Vec<_> = corpus
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), u.speaker.as_str(), corpus.labels[u.label].as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("OAF_back_angry", "OAF", "angry"),
            ("OAF_back_ps", "OAF", "surprised"),
            ("OAF_bite_neutral", "OAF", "neutral"),
            ("YAF_back_fear", "YAF", "fearful"),
        ]
    );
    assert!(corpus.utterances.iter().all(|u| u.sex == Some(Sex::Female)));
    let by_speaker = folds(&corpus, &apart(&corpus), Split::LeaveOneSpeakerOut, 2, 1).unwrap();
    assert_eq!(ids(&corpus, &by_speaker[1].test), ["YAF_back_fear"]);
    assert!(reason("tess", "OAF_a_ps.wav", "MAF_a_ps.wav").contains("not OAF or YAF"));
}

/// The names of SAVEE, written down apart from the code under test.
fn savee_names() -> Vec<(&'static str, String)> {
    let mut names = Vec::new();
    for speaker in ["DC", "JE", "JK", "KL"] {
        for (code, count) in
            [("a", 15), ("d", 15), ("f", 15), ("h", 15), ("n", 30), ("sa", 15), ("su", 15)]
        {
            names.extend((1..=count).map(|i| (speaker, format!("{code}{i:02}"))));
        }
    }
    names
}

#[test]
fn savee_in_both_layouts() {
    let (official, flat) = (Tree::new(), Tree::new());
    for (speaker, name) in savee_names() {
        official.wav(&format!("AudioData/{speaker}/{name}.wav"), &format!("{speaker}{name}"));
        flat.wav(&format!("ALL/{speaker}_{name}.wav"), &format!("{speaker}{name}"));
    }
    for tree in [&official, &flat] {
        let corpus = open("savee", tree.root()).unwrap();
        assert_eq!(corpus.class_counts(), [60, 60, 60, 60, 120, 60, 60]);
        assert_eq!(corpus.utterances[0].id, "DC_a01");
        let report = check(&corpus);
        assert!(report.is_ok(), "{:?} {:?}", report.counts, report.missing);
        assert_eq!(report.expected, Some(480));
        let published = folds(&corpus, &apart(&corpus), Split::EmoBox, 4, 1).unwrap();
        let tested = published.iter().map(|fold| corpus.speakers_of(&fold.test).join(" "));
        assert_eq!(tested.collect::<Vec<_>>(), ["JE", "KL", "DC", "JK"]);
    }
    assert!(reason("savee", "DC_a01.wav", "DC_a16.wav").contains("\"16\", not 01 to 15"));
    assert!(reason("savee", "DC_a01.wav", "XX/a01.wav").contains("speaker is \"XX\""));
    assert!(reason("savee", "DC_a01.wav", "DC_01.wav").contains("emotion is \"\""));
}

#[test]
fn ravdess_song_is_a_corpus_of_its_own() {
    let tree = Tree::new();
    for actor in (1..=24).filter(|&actor| actor != 18) {
        for emotion in 1..=6 {
            for intensity in 1..=if emotion == 1 { 1 } else { 2 } {
                for (statement, repetition) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
                    let id = format!(
                        "03-02-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}"
                    );
                    tree.wav(&format!("Actor_{actor:02}/{id}.wav"), &id);
                }
            }
        }
    }
    tree.wav("Actor_01/03-01-08-01-01-01-01.wav", "speech");
    let corpus = open("ravdess-song", tree.root()).unwrap();
    assert_eq!(corpus.labels, ["neutral", "calm", "happy", "sad", "angry", "fearful"]);
    assert_eq!(corpus.class_counts(), [92, 184, 184, 184, 184, 184]);
    assert_eq!(corpus.notes.ignored.get("speech"), Some(&1));
    let report = check(&corpus);
    assert!(report.is_ok(), "{:?}", report.counts);
    assert_eq!((report.expected, report.speakers), (Some(1012), 23));
}

#[test]
fn luna_jimenez_s_folds_of_ravdess() {
    let corpus = release();
    assert_eq!(Split::LunaJimenez.default_folds(&corpus), 5);
    let folds = folds(&corpus, &apart(&corpus), Split::LunaJimenez, 5, 1).unwrap();
    let tested: Vec<String> =
        folds.iter().map(|fold| corpus.speakers_of(&fold.test).join(" ")).collect();
    assert_eq!(
        tested,
        ["02 05 14 15 16", "03 06 07 13 18", "10 11 12 19 20", "08 17 21 23 24", "01 04 09 22"]
    );
}

#[test]
fn leaving_one_speaker_out_makes_a_fold_of_each() {
    let corpus = release();
    assert_eq!(Split::LeaveOneSpeakerOut.default_folds(&corpus), 24);
    let folds = folds(&corpus, &apart(&corpus), Split::LeaveOneSpeakerOut, 24, 1).unwrap();
    for (fold, speaker) in folds.iter().zip(corpus.speakers()) {
        assert_eq!(corpus.speakers_of(&fold.test), [speaker]);
        assert_eq!((fold.test.len(), fold.train.len()), (60, 1380));
    }
    let error = clstm_corpus::folds(&corpus, &apart(&corpus), Split::LeaveOneSpeakerOut, 5, 1);
    insta::assert_snapshot!(error.unwrap_err(), @"cannot make 5 loso folds: there is one fold a speaker, and 24 speakers");
}
