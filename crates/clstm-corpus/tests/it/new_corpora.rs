//! nEMO, ASED and EmoTale, in their official layouts and in other formats.

use clstm_corpus::{Remark, Sex, Split, Target, check, check_leakage, folds, open};

use crate::tree::{Tree, apart, ids, remarks};

#[test]
fn nemo() {
    let tree = Tree::new();
    for name in ["WR0_surprised_64", "EB0_neutral_13", "WR0_anger_13"] {
        tree.wav(&format!("samples/{name}.wav"), name);
    }
    let unknown = open("nemo", tree.root()).unwrap();
    assert!(remarks(&unknown)[0].starts_with("data.tsv is missing"), "{:?}", unknown.notes);
    assert_eq!(unknown.utterances[0].statement.as_deref(), Some("sentence 13"));
    tree.file(
        "data.tsv",
        "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n\
         WR0_surprised_64.wav\tsurprised\tUcho wykrywa dźwięki.\tucho\t        WR0\tmale\t23\n\
         EB0_neutral_13.wav\tneutral\tInteresuje mnie historia.\tinter\t        EB0\tfemale\t27\n\
         WR0_anger_13.wav\tanger\tInteresuje mnie historia.\tinter\t        WR0\tmale\t23\n\
         WR0_anger_14.wav\tanger\tInne.\tinne\t        WR0\tmale\t23\n"
            .as_bytes(),
    );
    let corpus = open("nemo", tree.root()).unwrap();
    let found: Vec<_> = corpus
        .utterances
        .iter()
        .map(|u| (u.id.as_str(), corpus.labels[u.label].as_str(), u.speaker.as_str(), u.sex))
        .collect();
    assert_eq!(
        found,
        [
            ("EB0_neutral_13", "neutral", "EB0", Some(Sex::Female)),
            ("WR0_anger_13", "angry", "WR0", Some(Sex::Male)),
            ("WR0_surprised_64", "surprised", "WR0", Some(Sex::Male)),
        ]
    );
    assert_eq!(corpus.utterances[0].statement, corpus.utterances[1].statement);
    assert_eq!(corpus.utterances[0].statement.as_deref(), Some("Interesuje mnie historia."));
    assert!(corpus.utterances.iter().all(|u| u.language.as_deref() == Some("pl")));
    assert!(corpus.utterances.iter().all(|u| u.corpus == "nemo"));
    assert_eq!(corpus.notes.missing, ["WR0_anger_14"]);
    for (bad, reason) in [
        ("samples/WR0_joy_64.wav", "emotion is \"joy\""),
        ("samples/WR0_anger_91.wav", "not 1 to 90"),
        ("samples/WR0_anger.wav", "has 2 fields"),
        ("samples/W_anger_1.wav", "speaker is \"W\""),
    ] {
        let tree = Tree::new();
        tree.wav("samples/WR0_anger_13.wav", "good");
        tree.wav(bad, "bad");
        let corpus = open("nemo", tree.root()).unwrap();
        assert!(corpus.notes.malformed[0].reason.contains(reason), "{:?}", corpus.notes);
    }
}

#[test]
fn ased() {
    let tree = Tree::new();
    for (folder, name) in [
        ("01Neutral", "n1-01-01-02-42"),
        ("01Neutral", "n1-03-02-02-42"),
        ("04Sad", "S4-01-01-01-42"),
        ("05Angry", "a5-03-01-01-07"),
    ] {
        tree.wav(&format!("{folder}/{name}.wav"), name);
    }
    let corpus = open("ased", tree.root()).unwrap();
    let found: Vec<_> = corpus
        .utterances
        .iter()
        .map(|u| {
            let (label, statement) = (corpus.labels[u.label].as_str(), u.statement.as_deref());
            (u.id.as_str(), label, u.sex.unwrap(), u.repetition.unwrap(), statement.unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            // Most of the names of speaker 42 are a man's.
            ("S4-01-01-01-42", "sad", Sex::Male, 1, "sentence 1"),
            ("a5-03-01-01-07", "angry", Sex::Female, 1, "angry sentence 3"),
            ("n1-01-01-02-42", "neutral", Sex::Male, 1, "sentence 1"),
            ("n1-03-02-02-42", "neutral", Sex::Male, 2, "neutral sentence 3"),
        ]
    );
    assert_eq!(corpus.speakers(), ["07", "42"]);
    for (bad, reason) in [
        ("05Angry/n1-01-01-02-42.wav", "its name is of class neutral"),
        ("n1-08-01-02-42.wav", "sentence is \"08\", not 01 to 07"),
        ("n1-01-01-02-66.wav", "speaker is \"66\", not 01 to 65"),
        ("x1-01-01-02-42.wav", "emotion is \"x1\""),
        ("n1-01-01-42.wav", "has 4 fields"),
    ] {
        let tree = Tree::new();
        tree.wav("01Neutral/n1-02-01-02-42.wav", "good");
        tree.wav(bad, "bad");
        let corpus = open("ased", tree.root()).unwrap();
        assert!(corpus.notes.malformed[0].reason.contains(reason), "{:?}", corpus.notes);
    }
}

const ANNOTATIONS: &str = "file,a1_A,a1_V,a1_D,a1_cat,a2_A,a2_V,a2_D,a2_cat,a3_A,a3_V,a3_D,a3_cat,\
                           gt_emotion\n\
                           DK_001_A_1.wav,4.0,1.5,4.5,A,4.0,2.5,5.0,N,5.0,1.0,4.5,A,A\n\
                           EN_001_H_2.wav,3.0,4.5,3.5,H,3.0,4.5,3.0,H,3.5,4.0,3.5,H,H\n";

#[test]
fn emotale() {
    let tree = Tree::new();
    for name in ["DK_001_A_1", "DK_004_A_1", "EN_001_H_2"] {
        tree.wav(&format!("wav/{name}.wav"), name);
    }
    let bare = open("emotale", tree.root()).unwrap();
    let missing = |remark: &Remark| matches!(remark, Remark::NoTable { .. });
    assert_eq!(bare.notes.remarks.iter().filter(|remark| missing(remark)).count(), 2);
    tree.file("annotations.csv", ANNOTATIONS.as_bytes());
    tree.file("speaker_info.csv", b"speaker,gender,age\n001,F,22\n004,M,24\n");
    // The folder of the recordings serves as well: the tables lie above it.
    for root in [tree.root(), &tree.path("wav")] {
        let corpus = open("emotale", root).unwrap();
        assert!(remarks(&corpus).is_empty(), "{:?}", corpus.notes);
        let [first, second, third] = corpus.utterances.as_slice() else { panic!("{corpus:?}") };
        assert_eq!(corpus.labels, ["angry", "bored", "happy", "neutral", "sad"]);
        assert_eq!(first.votes, [2.0, 0.0, 0.0, 1.0, 0.0]);
        let shares = first.vote_shares().unwrap();
        assert!((shares[0] - 2.0 / 3.0).abs() < 1e-6 && (shares[3] - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(first.extra["arousal"], "4.33");
        assert_eq!(first.extra["valence"], "1.67");
        assert_eq!(first.extra["dominance"], "4.67");
        assert_eq!(first.ratings["valence"], [Some(1.5), Some(2.5), Some(1.0)]);
        assert!((first.dimension("valence").unwrap() - 5.0 / 3.0).abs() < 1e-12);
        assert_eq!((second.dimension("valence"), first.dimension("anger")), (None, None));
        assert_eq!((first.sex, first.language.as_deref()), (Some(Sex::Female), Some("da")));
        assert_eq!(first.statement, second.statement);
        assert_eq!((second.sex, second.votes.len()), (Some(Sex::Male), 0));
        assert_eq!(second.vote_shares(), None);
        assert_eq!(third.language.as_deref(), Some("en"));
        assert_eq!(corpus.speakers(), ["001", "004"]);
        let tongues = corpus.with_target(&Target::Language).unwrap();
        assert_eq!(tongues.labels, ["da", "en"]);
        assert!(tongues.utterances.iter().all(|u| u.votes.is_empty()));
    }
}

const VOTES: &str = "\"\",\"A\",\"D\",\"F\",\"H\",\"N\",\"S\",\"fileName\",\"numResponses\"\n\
                     \"100001\",0,0,0,3,6,0,\"1001_IEO_HAP_LO\",9\n\
                     \"200001\",9,0,0,0,0,0,\"1001_IEO_HAP_LO\",9\n\
                     \"105000\",1,0,0,0,2,5,\"1040_ITH_SAD_XX\",8\n";

#[test]
fn crema_d_has_the_votes_of_listeners() {
    let tree = Tree::new();
    for name in ["1001_IEO_HAP_LO", "1040_ITH_SAD_X", "1002_IEO_NEU_XX"] {
        tree.wav(&format!("AudioWAV/{name}.wav"), name);
    }
    tree.file("official/processedResults/tabulatedVotes.csv", VOTES.as_bytes());
    let corpus = open("crema-d", tree.root()).unwrap();
    assert_eq!(corpus.labels, ["angry", "disgust", "fearful", "happy", "neutral", "sad"]);
    assert_eq!(ids(&corpus, &[0, 1, 2]), ["1001_IEO_HAP_LO", "1002_IEO_NEU_XX", "1040_ITH_SAD_XX"]);
    assert_eq!(corpus.utterances[0].votes, [0.0, 0.0, 0.0, 3.0, 6.0, 0.0]);
    assert_eq!(corpus.utterances[2].votes, [1.0, 0.0, 0.0, 0.0, 2.0, 5.0]);
    // The classes of a model, in another order and with another one.
    let model = ["sad", "bored", "neutral", "happy", "fearful", "disgust", "angry"];
    let model = model.map(str::to_owned);
    let reordered = corpus.with_labels(&model).unwrap();
    assert_eq!(reordered.utterances[0].votes, [0.0, 0.0, 6.0, 3.0, 0.0, 0.0, 0.0]);
}

#[test]
fn any_readable_format_is_read_and_others_are_counted() {
    let tree = Tree::new();
    for name in [
        "OAF_back_angry.wav",
        "OAF_back_sad.opus",
        "YAF_back_sad.Ogg",
        "YAF_bar_sad.mp3",
        "YAF_bar_ps.webm",
        "YAF_bar_fear.m4a",
        "OAF_bar_fear.aiff",
        "OAF_bar_happy.ape",
        "OAF_bar_sad.ape",
        "OAF_bar_sad.mid",
        "readme.txt",
        "._OAF_bar_ps.wav",
        "OAF_bar_angry",
    ] {
        tree.wav(&format!("tess/{name}"), name);
    }
    tree.file("tess/LICENSE", b"Free for research.");
    let corpus = open("tess", tree.root()).unwrap();
    assert_eq!(corpus.utterances.len(), 7);
    let sentences = corpus.notes.sentences();
    let [ape, unnamed, midi] = sentences.as_slice() else { panic!("{sentences:?}") };
    assert!(ape.contains("because .ape cannot be decoded: 2, such as"), "{ape}");
    assert!(unnamed.contains("no extension: 1, such as"), "{unnamed}");
    assert!(unnamed.ends_with("OAF_bar_angry; rename them"), "{unnamed}");
    assert!(midi.contains("because .mid is not an audio format: 1, such as"), "{midi}");
    // One's own folder with such files is not in order.
    let own = Tree::new();
    own.wav("x/a.wav", "a");
    own.wav("y/b.wav", "b");
    assert!(check(&open("audiofolder", own.root()).unwrap()).is_ok());
    own.wav("x/c.ape", "c");
    let report = check(&open("audiofolder", own.root()).unwrap());
    assert!(!report.is_ok() && report.left_out.len() == 1, "{report:?}");
}

#[test]
fn several_files_of_one_utterance_that_differ_are_reported() {
    let tree = Tree::new();
    tree.wav("wav/03a01Fa.wav", "speech");
    tree.wav("wav/03a01Nc.wav", "neutral");
    tree.wav("laryngo/03a01Fa.wav", "glottis");
    let corpus = open("emo-db", tree.root()).unwrap();
    assert_eq!(corpus.notes.ignored["laryngograph"], 1);
    assert!(corpus.notes.duplicate_files.is_empty() && corpus.notes.sentences().is_empty());
    assert_eq!(corpus.utterances[0].path, tree.path("wav/03a01Fa.wav"));
    tree.wav("copy/03a01Fa.wav", "speech");
    tree.wav("copy/03a01Nc.wav", "another take");
    let corpus = open("emo-db", tree.root()).unwrap();
    let identical: Vec<bool> = corpus.notes.duplicate_files.iter().map(|d| d.identical).collect();
    assert_eq!(identical, [true, false]);
    let sentences = corpus.notes.sentences();
    let [sentence] = sentences.as_slice() else { panic!("{sentences:?}") };
    assert!(sentence.starts_with("utterances with several files that differ: 1, such as 03a01Nc"));
}

/// The test ids that EmoBox publishes for a corpus, from the file that the adapter compiles in.
fn emobox_ids(file: &str) -> Vec<String> {
    let path = format!("{}/src/adapters/emobox/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn emobox_s_folds_of_corpora_whose_speakers_it_shares() {
    for (name, file, count, train) in [
        ("crema-d", "crema_d_test.txt", 1855, "1001_DFA_ANG_XX"),
        ("tess", "tess_test.txt", 700, "OAF_back_angry"),
        ("ased", "ased_test.txt", 616, "n1-01-01-01-42"),
    ] {
        let mut tested = emobox_ids(file);
        assert_eq!(tested.len(), count, "{name}");
        let tree = Tree::new();
        assert!(!tested.contains(&train.to_owned()), "{train}");
        for id in tested.iter().chain([&train.to_owned()]) {
            tree.file(&format!("{id}.wav"), b"");
        }
        let corpus = open(name, tree.root()).unwrap();
        assert_eq!(Split::EmoBox.default_folds(&corpus), 1);
        assert!(!Split::EmoBox.keeps_speakers_apart(&corpus));
        let groups = apart(&corpus);
        let cut = folds(&corpus, &groups, Split::EmoBox, 1, 1).unwrap();
        tested.sort();
        assert_eq!(ids(&corpus, &cut[0].test), tested);
        assert_eq!(ids(&corpus, &cut[0].train), [train]);
        assert!(check_leakage(&corpus, &groups, &cut[0], Split::EmoBox).is_clean());
        let error = folds(&corpus, &groups, Split::EmoBox, 5, 1).unwrap_err().to_string();
        assert!(error.contains("EmoBox publishes 1 fold for"), "{error}");
        std::fs::remove_file(tree.path(&format!("{}.wav", tested[0]))).unwrap();
        let corpus = open(name, tree.root()).unwrap();
        let error = folds(&corpus, &apart(&corpus), Split::EmoBox, 1, 1).unwrap_err().to_string();
        assert!(error.contains("1 of the ") && error.contains(&tested[0]), "{error}");
    }
}
