//! The real recordings, where the machine has them.

use std::fs;
use std::sync::OnceLock;

use clstm_corpus::{
    Corpus, CorpusStats, Split, check, check_leakage, duplicate_groups, folds, open, table5,
};

use crate::require;
use crate::tree::{PAIR, release, release_groups};

/// The corpus and its duplicate groups, decoded once; none where it is absent.
fn ravdess() -> Option<&'static (Corpus, Vec<usize>)> {
    static CORPUS: OnceLock<Option<(Corpus, Vec<usize>)>> = OnceLock::new();
    let corpus = CORPUS.get_or_init(|| {
        let corpus = open("ravdess", &require::corpus("ravdess")?).unwrap();
        let groups = duplicate_groups(&corpus).unwrap();
        Some((corpus, groups))
    });
    corpus.as_ref()
}

#[test]
fn the_release_matches_its_file_names() {
    let Some((corpus, groups)) = ravdess() else { return };
    let expected = release();
    assert_eq!(corpus.labels, expected.labels);
    assert_eq!(corpus.class_counts(), [96, 192, 192, 192, 192, 192, 192, 192]);
    for (found, expected) in corpus.utterances.iter().zip(&expected.utterances) {
        assert_eq!(
            (&found.id, found.label, &found.speaker, found.sex),
            (&expected.id, expected.label, &expected.speaker, expected.sex)
        );
    }
    assert_eq!(corpus.utterances.len(), 1440);
    let stats = CorpusStats::count(corpus);
    assert!(stats.speakers.iter().all(|s| s.utterances == 60));
    assert_eq!(table5(corpus).unwrap(), table5(&expected).unwrap());
    assert_eq!(clstm_corpus::groups_of(&release_groups(&expected)), *groups);
}

#[test]
fn has_one_pair_of_copies_and_no_split_parts_it() {
    let Some((corpus, groups)) = ravdess() else { return };
    let pair = PAIR.map(|id| corpus.utterances.iter().position(|u| u.id == id).unwrap());
    assert_eq!(groups[pair[0]], groups[pair[1]]);
    assert_eq!(groups.iter().max(), Some(&1438));
    for seed in 0..50 {
        for (split, k) in [(Split::Random, 5), (Split::Speaker, 5), (Split::EmoBox, 6)] {
            for fold in folds(corpus, groups, split, k, seed).unwrap() {
                assert_eq!(fold.test.contains(&pair[0]), fold.test.contains(&pair[1]));
                assert!(check_leakage(corpus, groups, &fold, split).is_clean());
            }
        }
    }
}

#[test]
fn passes_the_check_and_has_the_durations_of_the_listing() {
    let Some((corpus, _)) = ravdess() else { return };
    let report = check(corpus);
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.duplicates.len(), 1);
    assert_eq!(report.sample_rates.into_iter().collect::<Vec<_>>(), [(16_000, 1440)]);

    let listing = fs::read_to_string(corpus.root.join("manifest.csv")).unwrap();
    let listed: f64 =
        listing.lines().skip(1).map(|l| l.split(',').nth(4).unwrap().parse::<f64>().unwrap()).sum();
    let measured = CorpusStats::measure(corpus).unwrap().duration.unwrap();
    // The listing is rounded to 0.1 ms.
    assert!((measured.total_s - listed).abs() < 1440.0 * 5e-5, "{} {listed}", measured.total_s);
}

#[cfg(unix)]
#[test]
fn a_damaged_copy_is_reported() {
    use std::os::unix::fs::symlink;
    let Some((corpus, _)) = ravdess() else { return };
    let copy = tempfile::tempdir().unwrap();
    let place = |id: &str| copy.path().join(format!("Actor_{}/{id}.flac", &id[18..]));
    for utterance in &corpus.utterances {
        let place = place(&utterance.id);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        symlink(utterance.path.canonicalize().unwrap(), place).unwrap();
    }
    fs::remove_file(place("03-01-04-01-01-01-03")).unwrap();
    fs::remove_file(place("03-01-05-02-01-01-11")).unwrap();
    fs::write(place("03-01-05-02-01-01-11"), "This is a text.\n").unwrap();
    fs::remove_file(place("03-01-06-01-01-02-20")).unwrap();
    fs::copy(place("03-01-06-01-01-01-20"), place("03-01-06-01-01-02-20")).unwrap();

    let report = check(&open("ravdess", copy.path()).unwrap());
    assert!(!report.is_ok());
    assert_eq!(report.missing, ["03-01-04-01-01-01-03"]);
    assert_eq!(report.unreadable.len(), 1);
    assert_eq!(report.unreadable[0].id, "03-01-05-02-01-01-11");
    let duplicates: Vec<_> = report.duplicates.iter().map(|d| (d.ids.join(" "), d.known)).collect();
    assert_eq!(
        duplicates,
        [(PAIR.join(" "), true), ("03-01-06-01-01-01-20 03-01-06-01-01-02-20".to_owned(), false)]
    );
}

/// What the names of each corpus below `shared/corpora` must give: corpus, utterances, speakers, classes.
const OTHERS: [(&str, usize, usize, &[usize]); 7] = [
    ("ravdess-song", 1012, 23, &[92, 184, 184, 184, 184, 184]),
    ("crema-d", 7441, 91, &[1271, 1271, 1271, 1271, 1087, 1270]),
    ("tess", 2800, 2, &[400, 400, 400, 400, 400, 400, 400]),
    ("savee", 480, 4, &[60, 60, 60, 60, 120, 60, 60]),
    ("nemo", 4481, 9, &[749, 736, 749, 809, 769, 669]),
    ("ased", 2474, 65, &[522, 510, 486, 470, 486]),
    ("emotale", 800, 18, &[160, 160, 160, 160, 160]),
];

#[test]
fn the_other_corpora_are_read_from_their_names() {
    for (name, utterances, speakers, classes) in OTHERS {
        let Some(root) = require::corpus(name) else { continue };
        let corpus = open(name, &root).unwrap();
        assert_eq!(corpus.utterances.len(), utterances, "{name}");
        assert_eq!(corpus.class_counts(), classes, "{name}");
        assert_eq!(corpus.speakers().len(), speakers, "{name}");
        let notes = &corpus.notes;
        assert!(notes.malformed.is_empty() && notes.duplicate_files.is_empty(), "{notes:?}");
        assert_eq!(notes.sentences(), [""; 0], "{name}");
        assert!(corpus.utterances.iter().all(|u| u.language.is_some() && u.corpus == name));
        assert!(corpus.utterances.iter().all(|u| u.sex.is_some()), "{name}");
        let voted = corpus.utterances.iter().filter(|u| !u.votes.is_empty()).count();
        let all = ["crema-d", "emotale"].contains(&name);
        assert_eq!(voted, if all { utterances } else { 0 }, "{name}");
        let groups: Vec<usize> = (0..utterances).collect();
        for split in [Split::EmoBox, Split::Text, Split::TextSpeaker] {
            let info = clstm_corpus::supported().iter().find(|info| info.name == name).unwrap();
            let k = split.default_folds(&corpus);
            let cut = folds(&corpus, &groups, split, k, 1);
            assert_eq!(cut.is_ok(), info.splits.contains(&split), "{name} {split}");
        }
    }
}

#[test]
fn emobox_s_own_lists_find_recordings_beside_them() {
    let Some(lists) = require::corpus("emobox") else { return };
    for (list, utterances) in [
        ("ravdess/fold_1", 1440),
        ("cremad", 7442),
        ("savee", 480),
        ("ased", 2474),
        ("track2/RAVDESS_selected_balenced.jsonl", 240),
    ] {
        let corpus = open("emobox-list", &lists.join(list));
        match list {
            // One file of the release is misnamed, and EmoBox's list has the right name.
            "cremad" => assert!(corpus.unwrap_err().to_string().contains("1 of the 7442")),
            _ => match corpus {
                Ok(corpus) => assert_eq!(corpus.utterances.len(), utterances, "{list}"),
                Err(error) => panic!("{list}: {error}"),
            },
        }
    }
}
