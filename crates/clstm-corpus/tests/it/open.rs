//! Opening a folder.

use std::path::Path;

use clstm_corpus::{CorpusError, Intensity, Sex, Split, open, supported};

use crate::tree::{Tree, actor, place, release_ids};

#[test]
fn reads_the_fields_of_a_name() {
    let tree = Tree::new();
    tree.wav("Actor_14/03-01-05-02-01-02-14.wav", "a");
    tree.wav("Actor_07/03-01-08-01-02-01-07.WAV", "b");
    let corpus = open("RAVDESS", tree.root()).unwrap();
    assert_eq!(corpus.name, "ravdess");
    assert_eq!(
        corpus.labels,
        ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"]
    );
    let [angry, surprised] = corpus.utterances.as_slice() else { panic!("{corpus:?}") };
    assert_eq!(angry.id, "03-01-05-02-01-02-14");
    assert_eq!(angry.path, tree.path("Actor_14/03-01-05-02-01-02-14.wav"));
    assert_eq!(corpus.labels[angry.label], "angry");
    assert_eq!(angry.speaker, "14");
    assert_eq!(angry.sex, Some(Sex::Female));
    assert_eq!(angry.statement.as_deref(), Some("Kids are talking by the door"));
    assert_eq!(angry.repetition, Some(2));
    assert_eq!(angry.intensity, Some(Intensity::Strong));
    assert_eq!(angry.session, None);
    assert_eq!(corpus.labels[surprised.label], "surprised");
    assert_eq!(surprised.sex, Some(Sex::Male));
    assert_eq!(surprised.statement.as_deref(), Some("Dogs are sitting by the door"));
    assert_eq!(surprised.intensity, Some(Intensity::Normal));
}

#[test]
fn sorts_by_id_and_takes_a_nested_folder() {
    let flat = Tree::new();
    let nested = Tree::new();
    let ids: Vec<String> =
        release_ids().into_iter().filter(|id| ["02", "24"].contains(&actor(id))).collect();
    for id in ids.iter().rev() {
        flat.wav(&place(id), id);
        nested.wav(&format!("Audio_Speech_Actors_01-24/{}", place(id)), id);
    }
    let mut sorted = ids.clone();
    sorted.sort();
    for tree in [&flat, &nested] {
        let corpus = open("ravdess", tree.root()).unwrap();
        let found: Vec<&str> = corpus.utterances.iter().map(|u| u.id.as_str()).collect();
        assert_eq!(found, sorted);
        assert_eq!(corpus.notes, Default::default());
        assert_eq!(corpus.speakers(), ["02", "24"]);
        assert_eq!(corpus.class_counts(), [8, 16, 16, 16, 16, 16, 16, 16]);
    }
    let one = open("ravdess", &flat.path("Actor_02")).unwrap();
    assert_eq!(one.utterances.len(), 60);
}

#[test]
fn passes_over_song_video_and_what_is_no_audio() {
    let tree = Tree::new();
    tree.wav("Actor_01/03-01-02-01-01-01-01.wav", "speech");
    tree.wav("Actor_01/03-02-02-01-01-01-01.wav", "song");
    tree.wav("Audio_Song_Actors_01-24/Actor_01/03-02-02-01-01-02-01.wav", "song");
    tree.file("Actor_01/01-01-02-01-01-01-01.mp4", b"video");
    tree.file("Actor_01/._03-01-02-01-01-01-01.wav", b"left by macOS");
    tree.file("Actor_01/notes.txt", b"text");
    tree.file(".trash/Actor_01/03-01-02-01-01-02-01.wav", b"hidden");
    tree.file("manifest.csv", b"path");
    let corpus = open("ravdess", tree.root()).unwrap();
    assert_eq!(corpus.utterances.len(), 1);
    assert!(corpus.notes.malformed.is_empty(), "{:?}", corpus.notes);
    let ignored: Vec<_> = corpus.notes.ignored.iter().map(|(k, &n)| (k.as_str(), n)).collect();
    assert_eq!(ignored, [("song", 2), ("video", 1)]);
}

#[test]
fn reports_files_that_do_not_fit() {
    let tree = Tree::new();
    tree.wav("Actor_01/03-01-02-01-01-01-01.wav", "good");
    tree.wav("Actor_01/03-01-02-01-01-02-01 copy.wav", "copied");
    tree.wav("Actor_01/03-01-02-01-01-02-02.wav", "astray");
    tree.wav("Actor_01/angry.wav", "other");
    tree.file("Actor_01/03-01-02-01-02-02-01.mp4", b"video");
    let corpus = open("ravdess", tree.root()).unwrap();
    assert_eq!(corpus.utterances.len(), 1);
    let reasons: Vec<String> = corpus
        .notes
        .malformed
        .iter()
        .map(|m| format!("{}: {}", m.path.file_name().unwrap().display(), m.reason))
        .collect();
    assert_eq!(
        reasons,
        [
            "03-01-02-01-01-02-01 copy.wav: actor is \"01 copy\", not 01 to 24",
            "03-01-02-01-01-02-02.wav: lies in \"Actor_01\", but its name puts it in Actor_02",
            "03-01-02-01-02-02-01.mp4: named as audio (modality 03), but is a video file",
            "angry.wav: the name has 1 fields joined by \"-\", not 7",
        ]
    );
}

#[test]
fn takes_one_of_several_files_of_an_utterance() {
    let tree = Tree::new();
    let id = "03-01-02-01-01-01-01";
    tree.file(&format!("Actor_01/{id}.flac"), b"flac");
    tree.wav(&place(id), "wav");
    tree.wav(&format!("mirror/{}", place(id)), "again");
    let corpus = open("ravdess", tree.root()).unwrap();
    let [utterance] = corpus.utterances.as_slice() else { panic!("{corpus:?}") };
    assert_eq!(utterance.path, tree.path(&place(id)));
    let [duplicate_files] = corpus.notes.duplicate_files.as_slice() else {
        panic!("{:?}", corpus.notes)
    };
    assert_eq!(duplicate_files.id, id);
    assert_eq!(duplicate_files.kept, utterance.path);
    assert_eq!(
        duplicate_files.ignored,
        [
            tree.path("Actor_01/03-01-02-01-01-01-01.flac"),
            tree.path("mirror/Actor_01/03-01-02-01-01-01-01.wav")
        ]
    );
}

#[test]
fn refuses_what_is_no_corpus() {
    let unknown = open("nonesuch", Path::new(".")).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "unknown corpus \"nonesuch\"; known: ravdess, ravdess-song, iemocap, iemocap-6, emo-db, \
         crema-d, tess, savee, nemo, ased, emotale, meld, manifest, audiofolder, emobox-list"
    );

    let tree = Tree::new();
    let absent = open("ravdess", &tree.path("absent")).unwrap_err();
    assert!(matches!(absent, CorpusError::NotAFolder { .. }), "{absent}");
    tree.file("file", b"");
    let file = open("ravdess", &tree.path("file")).unwrap_err();
    assert!(file.to_string().ends_with("is not a folder; give the folder ravdess was unpacked in"));

    let empty = open("ravdess", tree.root()).unwrap_err();
    assert!(empty.to_string().contains("expected Actor_XX/03-01-EE-II-SS-RR-XX.wav"), "{empty}");
    tree.wav("03-01-02-01-01-01-01.wav", "outside its folder");
    tree.wav("Actor_01/03-02-02-01-01-01-01.wav", "song");
    let other = open("ravdess", tree.root()).unwrap_err().to_string();
    assert!(
        other.contains("; song files passed over: 1; audio files that do not fit: 1, such as "),
        "{other}"
    );
    assert!(other.contains("its name puts it in Actor_01"), "{other}");
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_an_error() {
    let tree = Tree::of_actors(&["01"]);
    std::os::unix::fs::symlink(tree.path("gone"), tree.path("Actor_02")).unwrap();
    let error = open("ravdess", tree.root()).unwrap_err();
    assert!(matches!(error, CorpusError::Walk { .. }), "{error}");
    assert!(error.to_string().contains("Actor_02"), "{error}");
}

#[test]
fn lists_what_there_is() {
    let of = |name: &str| supported().iter().find(|info| info.name == name).unwrap();
    let (ravdess, manifest) = (of("ravdess"), of("manifest"));
    assert_eq!(
        (ravdess.name, ravdess.utterances, ravdess.speakers),
        ("ravdess", Some(1440), Some(24))
    );
    assert_eq!(ravdess.license, "CC BY-NC-SA 4.0");
    let splits: Vec<String> = ravdess.splits.iter().map(ToString::to_string).collect();
    assert_eq!(
        splits,
        ["random", "speaker", "emobox", "luna-jimenez", "text", "text-speaker", "loso"]
    );
    assert_eq!((manifest.name, manifest.utterances, manifest.labels.len()), ("manifest", None, 0));
    assert!(manifest.splits.contains(&Split::Given));
    for info in supported() {
        assert!(!info.obtain.is_empty() && !info.license.is_empty(), "{}", info.name);
        // The option that the help names, not its alias of release 0.1.
        let (name, command) =
            (info.name, format!("`clstm corpus download {} --output DIR`", info.name));
        assert!(
            !info.obtain.contains("corpus download") || info.obtain.contains(&command),
            "{name}: {}",
            info.obtain
        );
    }
    assert!(serde_json::to_string(ravdess).unwrap().contains("zenodo.org"));
}
