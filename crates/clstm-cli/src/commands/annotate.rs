//! `clstm annotate export`: pre-annotations for annotation tools.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use clstm::audio::{Damage, DecodeLimits};
use clstm::{Event, LabelPrediction, NoPrediction, Recognizer, StreamConfig, StreamError};
use clstm_segments::exchange::{
    PreAnnotation, audacity, audformat, elan, label_studio, sort_by_confidence,
};
use clstm_segments::{Annotation, Emotion, Names, Outcome};

use crate::args::{AnnotateExportArgs, AnnotationTool};
use crate::columns::csv_row_of;
use crate::error::CliError;
use crate::inputs::{self, Input, Source};
use crate::interrupt;
use crate::messages::{self, note};
use crate::ordered_map::for_each_ordered;
use crate::output::{FolderLock, OutputGuard};
use crate::resolve::{classes, model};
use crate::text::PathText;

/// Writes the pre-annotations of the recordings.
pub(crate) fn export(args: &AnnotateExportArgs) -> Result<(), CliError> {
    let mut recognizer = Recognizer::new(model::open(args.model.as_deref())?)?.with_strict(false);
    if let Some(map) = classes::open(args.classes.as_deref())? {
        recognizer = recognizer.with_classes(&map)?;
    }
    let inputs = inputs::expand(&args.paths)?;
    let mut guard = OutputGuard::new(args.force);
    guard.model("the model", args.model.as_deref());
    guard.optional_input("the class map", args.classes.as_deref());
    guard.recordings(&inputs);
    let folder = args.output.as_path();
    fs::create_dir_all(folder).map_err(|error| CliError::writing(&folder.text(), &error))?;
    let _lock = FolderLock::acquire(folder)?;
    let base = folder.canonicalize().map_err(|error| CliError::writing(&folder.text(), &error))?;
    interrupt::stop_on_interrupt("stopping, nothing is written")?;
    let with_parts = matches!(args.to, AnnotationTool::Elan | AnnotationTool::Audacity);
    let (mut recordings, mut failed) = (Vec::new(), 0);
    let work = |index: usize| pre_annotation(&recognizer, &inputs[index], &base, with_parts);
    for_each_ordered(inputs.len(), work, |outcome| {
        match outcome {
            Ok((recording, damage)) => {
                if let Some(damage) = damage {
                    messages::warn(&format!("{}: {damage}", recording.path));
                }
                recordings.push(recording);
            }
            Err((path, message)) => {
                messages::error(&format!("{path}: {message}"));
                failed += 1;
            }
        }
        Ok(!interrupt::is_interrupted())
    })?;
    if interrupt::is_interrupted() {
        return Err(CliError::Reported);
    }
    sort_by_confidence(&mut recordings);
    let info = recognizer.info();
    let dimensions: Vec<String> =
        info.dimensions.iter().map(|dimension| dimension.name.clone()).collect();
    let names = Names { labels: recognizer.labels(), dimensions: &dimensions };
    let files = files(args.to, &recordings, names, &info.name)?;
    for (name, _) in &files {
        guard.check_replaced("--output", &folder.join(name))?;
    }
    for (name, text) in &files {
        let path = folder.join(name);
        clstm::write_atomic(&path, text.as_bytes())
            .map_err(|error| CliError::writing(&path.text(), &error))?;
    }
    note(&format!(
        "{} recordings, lowest confidence first, in {}",
        recordings.len(),
        folder.text()
    ));
    match failed {
        0 => Ok(()),
        failed => {
            messages::error(&format!("{failed} of {} recordings failed", inputs.len()));
            Err(CliError::Reported)
        }
    }
}

/// Names and contents of the files.
fn files(
    tool: AnnotationTool,
    recordings: &[PreAnnotation],
    names: Names<'_>,
    model: &str,
) -> Result<Vec<(PathBuf, String)>, CliError> {
    let documents = |extension: &str, write: &dyn Fn(&PreAnnotation) -> String| {
        let mut files: Vec<(PathBuf, String)> = Vec::new();
        let mut written = HashSet::new();
        let head = ["document", "recording", "label", "confidence"];
        let dimensions = names.dimensions.iter().map(|name| format!("dim_{name}"));
        let head: Vec<String> = head.map(str::to_owned).into_iter().chain(dimensions).collect();
        let mut order = csv_row_of(head.iter().map(String::as_str));
        for recording in recordings {
            let stem = Path::new(&recording.path).file_stem().unwrap_or_default();
            let mut name = PathBuf::from(stem).into_os_string();
            name.push(".");
            name.push(extension);
            let name = PathBuf::from(name);
            if !written.insert(name.clone()) {
                return Err(CliError::Usage(format!(
                    "two recordings would both be written to {}: process one folder at a time",
                    name.text()
                )));
            }
            let emotion = recording.whole.emotion();
            let label = emotion.and_then(|emotion| names.labels.get(emotion.label_index));
            let number = |value: Option<f64>| value.map_or(String::new(), |it| format!("{it:.4}"));
            let mut cells = vec![
                name.text(),
                recording.path.clone(),
                label.cloned().unwrap_or_default(),
                number(emotion.map(Emotion::confidence)),
            ];
            cells.extend((0..names.dimensions.len()).map(|index| {
                number(emotion.and_then(|emotion| emotion.dimensions.get(index).copied()))
            }));
            order += &csv_row_of(cells.iter().map(String::as_str));
            files.push((name, write(recording)));
        }
        files.push((PathBuf::from("order.csv"), order));
        Ok(files)
    };
    match tool {
        AnnotationTool::LabelStudio => Ok(vec![
            (PathBuf::from("tasks.json"), label_studio::tasks(recordings, names, model)),
            (PathBuf::from("config.xml"), label_studio::configuration(names.labels)),
        ]),
        AnnotationTool::Audformat => Ok(audformat::database(recordings, names, model)
            .map(|(name, text)| (PathBuf::from(name), text))
            .into()),
        AnnotationTool::Elan => {
            documents("eaf", &|recording| elan::document(recording, names, &recording.path))
        }
        AnnotationTool::Audacity => {
            documents("txt", &|recording| audacity::label_track(recording, names))
        }
    }
}

/// What is recognised in a recording and what is missing of it, or its path and why not.
fn pre_annotation(
    recognizer: &Recognizer,
    input: &Input,
    base: &Path,
    with_parts: bool,
) -> Result<(PreAnnotation, Option<Damage>), (String, String)> {
    let failed = |message: String| (input.path.clone(), message);
    let path = match &input.source {
        Source::File(path) => path,
        Source::Stdin => return Err(failed("standard input has no path for a tool".to_owned())),
        Source::Row(..) => {
            return Err(failed("a row of a Parquet file has no path for a tool".to_owned()));
        }
        Source::Failed(error) => return Err(failed(error.message.clone())),
    };
    let recognition = recognizer.recognize_file(path).map_err(|error| failed(error.to_string()))?;
    let mut parts = Vec::new();
    if with_parts {
        let (limits, config) = (DecodeLimits::default(), StreamConfig::recording());
        let timeline = recognizer.timeline_file(path, &limits, &config, |event| {
            if let Event::Segment(segment) = event {
                let outcome = match &segment.label {
                    None => Outcome::NoSpeech,
                    Some(score) => Outcome::Labelled(Emotion {
                        label_index: score.label_index,
                        probabilities: score.probabilities.to_vec(),
                        dimensions: score.dimensions.to_vec(),
                        unsure: false,
                    }),
                };
                parts.push((segment.start_s, segment.end_s, Annotation::new(outcome)));
            }
            Ok::<(), StreamError>(())
        });
        timeline.map_err(|error| failed(error.to_string()))?;
    }
    let full = path.canonicalize().unwrap_or_else(|_| path.clone());
    let shown = full.strip_prefix(base).map_or_else(|_| full.text(), |inside| inside.text());
    let whole = match recognition.prediction {
        None if recognition.reason == Some(NoPrediction::TooShort) => Outcome::TooShort,
        None => Outcome::NoSpeech,
        Some(LabelPrediction { label_index, probabilities, dimensions, .. }) => {
            Outcome::Labelled(Emotion { label_index, probabilities, dimensions, unsure: false })
        }
    };
    let annotation = PreAnnotation {
        path: shown,
        duration_s: recognition.duration_s,
        whole: Annotation::new(whole),
        parts,
    };
    Ok((annotation, recognition.damage))
}
