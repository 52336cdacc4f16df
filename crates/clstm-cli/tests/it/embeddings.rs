//! `predict --embeddings`.

use std::fs::{self, File};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Row, RowAccessor};

use crate::support::{RATE, folder, json_lines, ok, pcm16, place, predict, voice};

#[test]
fn a_row_has_the_path_the_label_and_the_deep_feature() {
    let (root, file) = (folder("embeddings"), place("embeddings.parquet"));
    let silence = vec![0.0; RATE as usize];
    for (name, samples) in
        [("a.wav", voice(1, 1, 1)), ("b.wav", voice(8, 2, 1)), ("c.wav", silence)]
    {
        fs::write(root.join(name), pcm16(&samples, RATE)).unwrap();
    }
    let mut command = predict();
    let output = ok(command.arg(&root).args(["--format", "jsonl", "--embeddings"]).arg(&file));
    let lines = json_lines(&output.stdout);

    let reader = SerializedFileReader::new(File::open(&file).unwrap()).unwrap();
    let rows: Vec<Row> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!((rows.len(), lines.len()), (3, 3));
    let mut features = Vec::new();
    for (row, line) in rows.iter().zip(&lines) {
        let fields: Vec<_> = row.get_column_iter().collect();
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[..3], ["path", "label", "e_0"]);
        let text = |index: usize| match fields[index].1 {
            parquet::record::Field::Str(text) => Some(text.as_str()),
            _ => None,
        };
        assert_eq!(text(0), line["path"].as_str());
        assert_eq!(text(1), line["label"].as_str());
        features.push((2..fields.len()).map(|k| row.get_double(k).unwrap()).collect::<Vec<f64>>());
    }
    assert_eq!(rows[2].get_string(1).ok(), None, "silence has no label");
    assert_ne!(features[0], features[1]);
    assert!(features.iter().all(|row| row.len() == features[0].len()));
    assert!(features[0].iter().any(|value| *value > 0.0));
}
