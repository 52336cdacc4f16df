//! Lists of recordings and labels.

use std::collections::BTreeSet;

use clstm_corpus::{LabelMap, Split, folds, open};

use crate::folder::Folder;

/// A manifest: CSV, or JSON Lines if the first byte is odd.
pub(crate) fn manifest(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let folder = Folder::new();
    let name = if first & 1 == 0 { "list.csv" } else { "list.jsonl" };
    let path = folder.file(name, data);
    let Ok(corpus) = open("manifest", &path) else { return };
    assert!(corpus.utterances.iter().all(|u| u.label < corpus.labels.len()), "a label of no class");
    let groups: Vec<usize> = (0..corpus.utterances.len()).collect();
    for split in [Split::Random, Split::Speaker, Split::Session, Split::Given] {
        let Ok(folds) = folds(&corpus, &groups, split, 2, 1) else { continue };
        for fold in &folds {
            let shared = fold.test.iter().find(|test| fold.train.contains(test));
            assert!(shared.is_none(), "an utterance is in training and test");
        }
    }
}

/// A list of turns of IEMOCAP.
pub(crate) fn emo_evaluation(data: &[u8]) {
    let folder = Folder::new();
    folder.file("Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", data);
    folder.file("Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav", b"");
    for name in ["iemocap", "iemocap-6"] {
        let Ok(corpus) = open(name, folder.path()) else { continue };
        assert!(corpus.utterances.len() <= 1, "more utterances than recordings");
    }
}

/// A label map.
pub(crate) fn label_map(data: &[u8]) {
    let folder = Folder::new();
    let path = folder.file("map.toml", data);
    let Ok(map) = LabelMap::read(&path) else { return };
    let Some(order) = map.classes() else { return };
    let made: BTreeSet<&String> = map.labels().values().collect();
    assert!(order.iter().collect::<BTreeSet<_>>().len() == order.len(), "a class is listed twice");
    assert!(made.iter().all(|class| order.contains(class)), "a class without a place");
}
