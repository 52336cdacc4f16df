//! Event files, read back by a decoder that shares nothing with their writer.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clstm_nn::burn::tensor::Device;
use clstm_train::{
    EvalProtocol, Event, Observer, StopFlag, TensorBoard, TrainData, TrainError, Trained, train,
};

use crate::corpus::{dataset, recipe};

/// The content of a record.
#[derive(Debug, PartialEq)]
enum Record {
    Version(String),
    Start(u64),
    Scalar(String, u64, f32),
}

/// CRC-32C bit by bit (Castagnoli's polynomial, reflected).
fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    })
}

fn unmasked(bytes: &[u8]) -> u32 {
    let masked = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    masked.wrapping_sub(0xa282_ead8).rotate_left(15)
}

fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        assert_eq!(crc(&bytes[..8]), unmasked(&bytes[8..12]), "checksum of a length");
        let data = &bytes[12..12 + length];
        assert_eq!(crc(data), unmasked(&bytes[12 + length..16 + length]), "checksum of a record");
        records.push(data);
        bytes = &bytes[16 + length..];
    }
    records
}

fn number(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// Fields of a message: number, and its value as bytes (a varint as eight).
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes);
        let length = match key & 7 {
            0 => {
                fields.push((key >> 3, number(&mut bytes).to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => number(&mut bytes) as usize,
            5 => 4,
            wire => panic!("wire type {wire}"),
        };
        fields.push((key >> 3, bytes[..length].to_vec()));
        bytes = &bytes[length..];
    }
    fields
}

fn field(message: &[u8], number: u64) -> Option<Vec<u8>> {
    fields(message).into_iter().find(|(n, _)| *n == number).map(|(_, value)| value)
}

fn record(event: &[u8]) -> Record {
    let whole = |bytes: Vec<u8>| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let time = f64::from_le_bytes(field(event, 1).expect("a time").try_into().expect("a double"));
    assert!((1.7e9..4e9).contains(&time), "seconds since 1970: {time}");
    let step = whole(field(event, 2).expect("a step"));
    if let Some(version) = field(event, 3) {
        return Record::Version(text(version));
    }
    if let Some(log) = field(event, 7) {
        assert_eq!(whole(field(&log, 1).expect("a status")), 1, "START");
        return Record::Start(step);
    }
    let value = field(&field(event, 5).expect("a summary"), 1).expect("a value");
    let scalar = field(&value, 2).expect("a scalar").try_into().expect("a float");
    Record::Scalar(text(field(&value, 1).expect("a tag")), step, f32::from_le_bytes(scalar))
}

/// The records of the event files of a folder, in the order of the file names.
fn read(folder: &Path) -> Vec<Vec<Record>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains("tfevents"))
        .collect();
    files.sort();
    let read_file = |path: PathBuf| {
        records(&std::fs::read(path).expect("a file")).into_iter().map(record).collect()
    };
    files.into_iter().map(read_file).collect()
}

/// Writes the events, and stops the training after this number of steps; 0 never stops it.
struct Watcher<'a>(TensorBoard, &'a StopFlag, usize);

impl Observer for Watcher<'_> {
    fn on_event(&mut self, event: &Event) {
        self.0.on_event(event);
        if let Event::Step { .. } = event {
            self.2 = self.2.wrapping_sub(1);
            if self.2 == 0 {
                self.1.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn run(folder: &Path, brake: usize) -> Result<Trained, TrainError> {
    let (dataset, recipe) = (dataset(), recipe());
    let (test, fitted): (Vec<usize>, Vec<usize>) =
        (0..dataset.clips.len()).partition(|i| i % 4 == 0);
    let set = TrainData {
        dataset: &dataset,
        train: &fitted,
        validation: &[],
        test: &test,
        init: None,
        teacher: None,
        augmentation: None,
        fold: None,
    };
    let stop = StopFlag::new(false);
    let mut watcher = Watcher(TensorBoard::new(), &stop, brake);
    let checkpoint = folder.join("checkpoint.safetensors");
    let trained = train(
        set,
        &recipe,
        &Device::flex(),
        &EvalProtocol::default(),
        &checkpoint,
        &stop,
        &mut watcher,
    );
    assert!(watcher.0.error().is_none(), "{:?}", watcher.0.error());
    trained
}

#[test]
fn what_is_written_is_the_history_and_a_resumed_run_repeats_no_step() {
    let folder = tempfile::tempdir().expect("a folder");
    // Four steps an epoch: in the middle of the third.
    assert!(matches!(run(folder.path(), 10), Err(TrainError::Stopped { .. })));
    let trained = run(folder.path(), 0).expect("the rest");
    let files = read(folder.path());
    let [first, second] = &files[..] else { panic!("{} files", files.len()) };
    for (file, start) in [(first, 1), (second, 3)] {
        assert_eq!(file[0], Record::Version("brain.Event:2".to_owned()));
        assert_eq!(file[1], Record::Start(start), "later steps of earlier files are forgotten");
    }
    let mut kept: Vec<&Record> = first.iter().filter(|s| before(s, 3)).collect();
    kept.extend(&second[2..]);
    let of = |wanted: &str| -> Vec<(u64, f32)> {
        let scalar = |record: &&Record| match record {
            Record::Scalar(tag, step, value) if tag == wanted => Some((*step, *value)),
            _ => None,
        };
        kept.iter().filter_map(scalar).collect()
    };
    let history = |value: fn(&clstm_train::EpochRecord) -> Option<f64>| -> Vec<(u64, f32)> {
        let epochs = trained.history.iter();
        epochs.filter_map(|r| Some((r.epoch as u64, value(r)? as f32))).collect()
    };
    assert_eq!(of("loss/train"), history(|r| Some(r.loss)));
    assert_eq!(of("loss/softmax"), history(|r| Some(r.softmax_loss)));
    assert_eq!(of("loss/centre"), history(|r| Some(r.center_loss)));
    assert_eq!(of("UA/train"), history(|r| Some(r.train_ua)));
    assert_eq!(of("learning rate"), history(|r| Some(r.learning_rate)));
    assert_eq!(of("UA/test"), history(|r| Some(r.test?.ua)));
    assert_eq!(of("loss/test"), history(|r| Some(r.test?.loss)));
    assert_eq!(of("UA/test").len(), 3, "every second epoch of six");
    assert!(of("UA/validation").is_empty());
    let clips = of("clips a second");
    assert!(clips.len() == 6 && clips.iter().all(|(_, clips)| *clips > 0.0), "{clips:?}");
}

fn before(record: &Record, step: u64) -> bool {
    matches!(record, Record::Scalar(_, at, _) if *at < step)
}

#[test]
fn an_unwritable_file_is_reported_and_ends_no_training() {
    let mut board = TensorBoard::new();
    let folder = PathBuf::from("no/such/folder");
    let (fold, folds, train, validation, test) = (None, 1, 8, 0, 0);
    let (epochs, steps, done) = (2, 2, 0);
    board.on_event(&Event::Started {
        fold,
        folds,
        train,
        validation,
        test,
        epochs,
        steps,
        done,
        history: Vec::new(),
        folder,
    });
    let (path, _) = board.error().expect("there is no such folder");
    assert_eq!(path, Path::new("no/such/folder"));
}
