//! The real recordings, where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clstm_corpus::{
    Corpus, CorpusStats, Split, check, check_leakage, duplicate_groups, folds, open, table5,
};

use crate::tree::{PAIR, release, release_groups};

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/ravdess")).to_owned()
}

/// The corpus and its duplicate groups, decoded once; none, saying so, where it is absent.
fn ravdess() -> Option<&'static (Corpus, Vec<usize>)> {
    static CORPUS: OnceLock<Option<(Corpus, Vec<usize>)>> = OnceLock::new();
    let corpus = CORPUS.get_or_init(|| {
        let root = root();
        root.is_dir().then(|| {
            let corpus = open("ravdess", &root).unwrap();
            let groups = duplicate_groups(&corpus).unwrap();
            (corpus, groups)
        })
    });
    if corpus.is_none() {
        eprintln!("skipped: no RAVDESS in {}", root().display());
    }
    corpus.as_ref()
}

#[test]
fn is_what_the_names_of_the_release_say() {
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

    let listing = fs::read_to_string(root().join("manifest.csv")).unwrap();
    let listed: f64 =
        listing.lines().skip(1).map(|l| l.split(',').nth(4).unwrap().parse::<f64>().unwrap()).sum();
    let measured = CorpusStats::measure(corpus).unwrap().duration.unwrap();
    // The listing is rounded to 0.1 ms.
    assert!((measured.total_s - listed).abs() < 1440.0 * 5e-5, "{} {listed}", measured.total_s);
}

#[cfg(unix)]
#[test]
fn a_mutilated_copy_is_told_of() {
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
