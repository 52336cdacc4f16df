//! Counts, durations and Table 5.

use clstm_corpus::{CorpusError, CorpusStats, Sex, open, table5};

use crate::tree::{Tree, release};

#[test]
fn counts_by_class_and_speaker() {
    let stats = CorpusStats::count(&release());
    assert_eq!((stats.name.as_str(), stats.utterances, stats.duration), ("ravdess", 1440, None));
    let classes: Vec<String> = stats
        .classes
        .iter()
        .map(|c| format!("{} {} {:.3}", c.label, c.utterances, c.participation))
        .collect();
    assert_eq!(classes[..2], ["neutral 96 6.667", "calm 192 13.333"]);
    assert_eq!(classes.len(), 8);
    assert_eq!(stats.speakers.len(), 24);
    assert!(stats.speakers.iter().all(|s| s.utterances == 60 && s.duration.is_none()));
    let women: Vec<&str> = stats
        .speakers
        .iter()
        .filter(|s| s.sex == Some(Sex::Female))
        .map(|s| s.speaker.as_str())
        .collect();
    assert_eq!(women, ["02", "04", "06", "08", "10", "12", "14", "16", "18", "20", "22", "24"]);
}

#[test]
fn measures_durations() {
    let tree = Tree::new();
    tree.wav_of("Actor_01/03-01-02-01-01-01-01.wav", &[1; 1600]);
    tree.wav_of("Actor_01/03-01-02-01-01-02-01.wav", &[2; 3200]);
    tree.wav_of("Actor_02/03-01-05-01-01-01-02.wav", &[3; 8000]);
    let corpus = open("ravdess", tree.root()).unwrap();
    let stats = CorpusStats::measure(&corpus).unwrap();
    insta::assert_json_snapshot!(stats.classes[1], @r#"
    {
      "label": "calm",
      "utterances": 2,
      "participation": 66.66666666666667,
      "duration": {
        "total_s": 0.30000000000000004,
        "mean_s": 0.15000000000000002,
        "min_s": 0.1,
        "max_s": 0.2
      }
    }
    "#);
    insta::assert_json_snapshot!(stats.speakers, @r#"
    [
      {
        "speaker": "01",
        "sex": "male",
        "utterances": 2,
        "duration": {
          "total_s": 0.30000000000000004,
          "mean_s": 0.15000000000000002,
          "min_s": 0.1,
          "max_s": 0.2
        }
      },
      {
        "speaker": "02",
        "sex": "female",
        "utterances": 1,
        "duration": {
          "total_s": 0.5,
          "mean_s": 0.5,
          "min_s": 0.5,
          "max_s": 0.5
        }
      }
    ]
    "#);
    assert_eq!(stats.classes[0].duration, None);
    assert_eq!(stats.duration.unwrap().max_s, 0.5);

    tree.file("Actor_02/03-01-05-01-01-02-02.wav", b"no audio");
    tree.file("Actor_02/03-01-05-01-02-02-02.wav", b"no audio");
    let error = CorpusStats::measure(&open("ravdess", tree.root()).unwrap()).unwrap_err();
    let CorpusError::Unreadable { ref id, others: 1, .. } = error else { panic!("{error:?}") };
    assert_eq!(id, "03-01-05-01-01-02-02");
    assert!(error.to_string().contains(") and 1 other; `check` lists every such file"), "{error}");
}

#[test]
fn table_5_is_the_papers() {
    let rows: Vec<String> = table5(&release())
        .unwrap()
        .into_iter()
        .map(|row| format!("{}\t{}\t{}", row.emotion, row.utterances, row.participation))
        .collect();
    assert_eq!(
        rows,
        [
            "Anger\t192\t13.33%",
            "Fear\t192\t13.33%",
            "Happy\t192\t13.33%",
            "Sad\t192\t13.33%",
            "Neutral\t96\t6.667%",
            "Surprise\t192\t13.33%",
            "Calm\t192\t13.33%",
            "Disgust\t192\t13.33%",
        ]
    );
    let mut other = release();
    other.labels[0] = "flat".to_owned();
    assert!(table5(&other).unwrap_err().to_string().contains("there is no class \"neutral\""));
}
