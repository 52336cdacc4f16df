//! Recordings in Parquet files.

use std::fs;
use std::path::Path;

use clstm_audio::AudioError;
use clstm_corpus::{
    AudioSource, Corpus, EmbeddedRecordings, Fingerprint, Part, Split, check, folds, measure, open,
    read_whole,
};
use clstm_test_support::parquet::{Layout, Row, write};

use crate::tree::{Tree, apart, ids};

/// A recording that is a function of `content`.
fn wav(tree: &Tree, content: &str) -> Vec<u8> {
    let name = format!("recordings/{content}.wav");
    tree.wav(&name, content);
    fs::read(tree.path(&name)).unwrap()
}

/// Rows of three classes and two speakers, each with a recording of its own.
fn rows(tree: &Tree, count: usize) -> Vec<Row> {
    let row = |index: usize| Row {
        bytes: Some(wav(tree, &format!("r{index}"))),
        path: Some(format!("r{index}.wav")),
        label: Some(index as i64 % 3),
        speaker: Some(["anna", "ben"][index % 2].to_owned()),
    };
    (0..count).map(row).collect()
}

fn opened(name: &str, path: &Path) -> Corpus {
    open(name, path).unwrap_or_else(|error| panic!("{error}"))
}

fn fingerprints(corpus: &Corpus) -> Vec<Fingerprint> {
    measure(corpus).into_iter().map(|measured| measured.unwrap().fingerprint).collect()
}

#[test]
fn each_row_is_an_utterance_with_the_samples_of_its_recording() {
    for (compressed, statistics) in [(true, true), (false, false)] {
        let tree = Tree::new();
        let rows = rows(&tree, 9);
        let file = tree.path("emotions.parquet");
        write(&file, &rows, &Layout { group_rows: 4, compressed, statistics, ..Layout::default() });
        let corpus = opened("manifest", &file);
        assert_eq!(corpus.labels, ["angry", "happy", "sad"]);
        assert_eq!(corpus.speakers(), ["anna", "ben"]);
        assert!(corpus.name.starts_with("emotions-"), "{}", corpus.name);
        let first = &corpus.utterances[4];
        assert_eq!((first.id.as_str(), first.row, first.label), ("emotions.parquet:4", Some(4), 1));
        assert_eq!(first.recording(), tree.path("emotions.parquet:4"));
        let report = check(&corpus);
        assert!(report.is_ok(), "{report:?}");
        // The same recordings as files.
        let list: String = (0..9)
            .map(|i| format!("recordings/r{i}.wav,{},{}\n", ["a", "b", "c"][i % 3], i))
            .collect();
        tree.file("files.csv", format!("path,label,speaker\n{list}").as_bytes());
        assert_eq!(
            fingerprints(&corpus),
            fingerprints(&opened("manifest", &tree.path("files.csv")))
        );
        let split = folds(&corpus, &apart(&corpus), Split::Speaker, 2, 1).unwrap();
        assert_eq!(split[0].test.len() + split[1].test.len(), 9);
    }
}

#[test]
fn parquet_files_of_a_folder_are_parts_of_a_given_split() {
    let tree = Tree::new();
    let mut rows = rows(&tree, 6);
    rows[4..].iter_mut().for_each(|row| row.speaker = Some("cleo".to_owned()));
    fs::create_dir_all(tree.path("hub/data")).unwrap();
    let layout = Layout::default();
    write(&tree.path("hub/data/train-00000-of-00002.parquet"), &rows[..2], &layout);
    write(&tree.path("hub/data/train-00001-of-00002.parquet"), &rows[2..4], &layout);
    write(&tree.path("hub/data/test-00000-of-00001.parquet"), &rows[4..], &layout);
    tree.file("hub/README.md", b"# Emotions\n");
    let corpus = opened("audiofolder", &tree.path("hub"));
    let last = [0, 5];
    assert_eq!(
        ids(&corpus, &last),
        ["data/test-00000-of-00001.parquet:0", "data/train-00001-of-00002.parquet:1"]
    );
    assert_eq!(last.map(|at| corpus.utterances[at].part), [Some(Part::Test), Some(Part::Train)]);
    assert!(corpus.name.starts_with("hub-") && corpus.notes.left_out.is_empty());
    let given = folds(&corpus, &apart(&corpus), Split::Given, 1, 1).unwrap();
    assert_eq!((given[0].train.len(), given[0].test.len()), (4, 2));
    assert_eq!(fingerprints(&corpus).len(), 6);
}

#[test]
fn problems_have_the_numbers_of_their_rows() {
    let tree = Tree::new();
    let mut rows = rows(&tree, 7);
    rows[2].label = Some(7);
    rows[3].label = Some(-1);
    rows[4].label = None;
    rows[5] = Row { label: Some(0), speaker: Some("anna".to_owned()), ..Row::default() };
    rows[6].speaker = None;
    let file = tree.path("x.parquet");
    let layout = Layout { group_rows: 3, ..Layout::default() };
    write(&file, &rows, &layout);
    let message = |path: &Path| {
        let message = open("manifest", path).unwrap_err().to_string();
        message.replace(tree.root().to_str().unwrap(), "ROOT")
    };
    insta::assert_snapshot!(message(&file), @r"
    ROOT/x.parquet: 2 problems
      x.parquet, row 2, column label: 7, but the schema names 3 classes
      x.parquet, row 5, column audio: has neither bytes nor a path
    ");
    rows[2].label = Some(2);
    rows[5].bytes = rows[1].bytes.clone();
    write(&file, &rows, &layout);
    insta::assert_snapshot!(message(&file), @r"
    ROOT/x.parquet: 3 problems
      x.parquet, row 3, column label: empty; write the recording's class, or leave out the row
      x.parquet, row 4, column label: empty; write the recording's class, or leave out the row
      x.parquet, row 6, column speaker: empty, though other rows have a speaker; name one on every row or on none
    ");
    tree.file("text.parquet", b"path,label\na.wav,sad\n");
    let not_parquet = message(&tree.path("text.parquet"));
    assert!(
        not_parquet.starts_with("ROOT/text.parquet: cannot be read as Parquet"),
        "{not_parquet}"
    );
    insta::assert_snapshot!(message(&tree.path("none.parquet")), @"ROOT/none.parquet: there is no such file");
}

#[test]
fn a_damaged_recording_is_reported_by_its_row_and_the_others_are_read() {
    let tree = Tree::new();
    let mut rows = rows(&tree, 5);
    rows[1].bytes = Some(b"RIFF, but no more".to_vec());
    rows[3].bytes = Some(Vec::new());
    let file = tree.path("x.parquet");
    write(&file, &rows, &Layout { group_rows: 2, ..Layout::default() });
    let corpus = opened("manifest", &file);
    let report = check(&corpus);
    let unreadable: Vec<_> =
        report.unreadable.iter().map(|it| (it.id.as_str(), &it.path)).collect();
    let places = [1, 3].map(|row| tree.path(&format!("x.parquet:{row}")));
    assert_eq!(unreadable, [("x.parquet:1", &places[0]), ("x.parquet:3", &places[1])]);
    assert_eq!(measure(&corpus).iter().filter(|it| it.is_ok()).count(), 3);
    // In any order, and some of them.
    let length = |source: AudioSource<'_>| match source {
        AudioSource::Bytes(bytes) => Ok(bytes.len()),
        AudioSource::File(_) => Err(AudioError::NoSamples),
    };
    let read = read_whole(&corpus, &[4, 0, 3], length);
    let lengths: Vec<usize> = read.into_iter().map(Result::unwrap).collect();
    let expected = [4, 0, 3].map(|row| rows[row].bytes.as_ref().unwrap().len());
    assert_eq!(lengths, expected);
}

#[test]
fn a_damaged_page_costs_its_rows_only() {
    let tree = Tree::new();
    let rows = rows(&tree, 6);
    let file = tree.path("x.parquet");
    // Without compression the bytes of a recording are in the file as they are.
    write(&file, &rows, &Layout { group_rows: 2, compressed: false, ..Layout::default() });
    let corpus = opened("manifest", &file);
    let mut bytes = fs::read(&file).unwrap();
    let wanted = rows[2].bytes.as_ref().unwrap();
    let at = bytes.windows(wanted.len()).position(|window| window == wanted.as_slice()).unwrap();
    // The length before it: the page ends within the value.
    bytes[at - 4..at].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(&file, &bytes).unwrap();
    let readable: Vec<bool> = measure(&corpus).iter().map(Result::is_ok).collect();
    assert_eq!(readable[..2], [true, true]);
    assert!(!readable[2]);
    assert_eq!(readable[4..], [true, true]);
}

#[test]
fn rows_without_bytes_name_files() {
    let tree = Tree::new();
    let mut rows = rows(&tree, 4);
    for row in &mut rows[2..] {
        row.path = row.path.as_ref().map(|path| format!("recordings/{path}"));
        row.bytes = None;
    }
    for statistics in [true, false] {
        let file = tree.path(&format!("mixed-{statistics}.parquet"));
        write(&file, &rows, &Layout { statistics, label: "emotion", ..Layout::default() });
        let corpus = opened("manifest", &file);
        let mut places: Vec<_> = corpus.utterances.iter().map(|it| it.recording()).collect();
        places.sort();
        let name = |row: usize| tree.path(&format!("mixed-{statistics}.parquet:{row}"));
        let mut expected =
            vec![name(0), name(1), tree.path("recordings/r2.wav"), tree.path("recordings/r3.wav")];
        expected.sort();
        assert_eq!(places, expected);
        assert_eq!(fingerprints(&corpus).len(), 4);
    }
}

#[test]
fn rows_are_read_in_any_order() {
    let tree = Tree::new();
    let rows = rows(&tree, 150);
    let file = tree.path("x.parquet");
    write(&file, &rows, &Layout { group_rows: 40, ..Layout::default() });
    let recordings = EmbeddedRecordings::open(&file).unwrap();
    assert_eq!(recordings.rows(), (0..150).collect::<Vec<u64>>());
    for row in [3, 1, 2, 0, 149, 39, 40, 41, 120, 7, 100, 60] {
        let bytes = recordings.read(row).unwrap();
        assert_eq!(&bytes, rows[row as usize].bytes.as_ref().unwrap(), "row {row}");
    }
    assert!(matches!(recordings.read(150), Err(AudioError::Io { .. })));
}

#[test]
fn a_compression_that_is_not_read_is_named() {
    let tree = Tree::new();
    tree.file("z.parquet", include_bytes!("../data/zstd.parquet"));
    let error = open("manifest", &tree.path("z.parquet")).unwrap_err().to_string();
    assert!(error.contains("is compressed by ZSTD, which is not supported"), "{error}");
}
