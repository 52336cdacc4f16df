//! Event files for TensorBoard.
//!
//! A run's folder gets `events.out.tfevents.*`: records (see `record`) of protocol buffers (see `event`),
//! one scalar a tag and epoch. A resumed training begins another file. Its first record makes readers
//! discard what the interrupted training wrote for the epochs that are trained again.

mod event;
mod record;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::throughput::Throughput;
use crate::{EpochRecord, Event, Observer, TestRecord};

/// Writes the events of a training into event files, one series of them a training: in the folders of the
/// folds, or of the only training.
#[derive(Debug, Default)]
pub struct TensorBoard {
    writer: Option<(PathBuf, EventWriter)>,
    pace: Option<Throughput>,
    error: Option<(PathBuf, io::Error)>,
}

impl TensorBoard {
    /// Without a file yet: the first training begins one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The first file that could not be written, and why; nothing is written after it. A training does not
    /// end for it.
    #[must_use]
    pub fn error(&self) -> Option<(&Path, &io::Error)> {
        self.error.as_ref().map(|(path, error)| (path.as_path(), error))
    }

    fn begin(&mut self, folder: &Path, done: usize) {
        self.writer = None;
        if self.error.is_some() {
            return;
        }
        match EventWriter::create(folder, done + 1) {
            Ok(writer) => self.writer = Some((folder.to_owned(), writer)),
            Err(error) => self.error = Some((folder.to_owned(), error)),
        }
    }

    fn epoch(&mut self, record: &EpochRecord, clips: f64) {
        let Some((folder, writer)) = &mut self.writer else { return };
        if let Err(error) = write_epoch(writer, record, clips) {
            self.error = Some((folder.clone(), error));
            self.writer = None;
        }
    }
}

impl Observer for TensorBoard {
    fn on_event(&mut self, event: &Event) {
        match event {
            Event::Started { train, steps, done, folder, .. } => {
                self.pace = Some(Throughput::new(*train, *steps));
                self.begin(folder, *done);
            }
            Event::Step { step, .. } => {
                if let Some(pace) = &mut self.pace {
                    pace.step(*step);
                }
            }
            Event::Epoch(record) => {
                let clips = self.pace.as_mut().map_or(0.0, Throughput::epoch);
                self.epoch(record, clips);
            }
            Event::FoldDone { .. } => self.writer = None,
            _ => {}
        }
    }
}

fn write_epoch(writer: &mut EventWriter, record: &EpochRecord, clips: f64) -> io::Result<()> {
    let mut scalars = vec![
        ("loss/train", record.loss),
        ("loss/softmax", record.softmax_loss),
        ("loss/centre", record.center_loss),
        ("UA/train", record.train_ua),
        ("WA/train", record.train_wa),
        ("learning rate", record.learning_rate),
        ("clips a second", clips),
    ];
    scalars.extend(record.dimension_loss.map(|loss| ("loss/dimensions", loss)));
    let of = |[loss, ua, wa]: [&'static str; 3], seen: TestRecord| {
        [(loss, seen.loss), (ua, seen.ua), (wa, seen.wa)]
    };
    let validation = ["loss/validation", "UA/validation", "WA/validation"];
    scalars.extend(record.validation.into_iter().flat_map(|seen| of(validation, seen)));
    let test = ["loss/test", "UA/test", "WA/test"];
    scalars.extend(record.test.into_iter().flat_map(|seen| of(test, seen)));
    for (tag, value) in scalars {
        writer.scalar(tag, record.epoch, value)?;
    }
    writer.flush()
}

/// One event file.
#[derive(Debug)]
struct EventWriter {
    file: BufWriter<File>,
}

impl EventWriter {
    /// Creates a file in `folder` whose name sorts after those of the existing files; readers discard the values of
    /// earlier files for `first` and later steps.
    fn create(folder: &Path, first: usize) -> io::Result<Self> {
        let entries = std::fs::read_dir(folder)?.flatten();
        let earlier = entries.filter(|entry| {
            entry.file_name().as_encoded_bytes().starts_with(b"events.out.tfevents.")
        });
        // TensorBoard reads the files of a folder in the order of their names: by time, and for those of
        // one second by their number.
        let name =
            format!("events.out.tfevents.{:010}.{:04}.clstm", now().as_secs(), earlier.count());
        let file = File::options().write(true).create_new(true).open(folder.join(name))?;
        let mut writer = Self { file: BufWriter::new(file) };
        writer.write(&event::version(now().as_secs_f64()))?;
        writer.write(&event::session_start(now().as_secs_f64(), step(first)))?;
        writer.flush()?;
        Ok(writer)
    }

    fn scalar(&mut self, tag: &str, at: usize, value: f64) -> io::Result<()> {
        self.write(&event::scalar(now().as_secs_f64(), step(at), tag, value as f32))
    }

    fn write(&mut self, event: &[u8]) -> io::Result<()> {
        self.file.write_all(&record::frame(event))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Time since 1970; nothing on a clock that is before it.
fn now() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn step(at: usize) -> u64 {
    at as u64
}
