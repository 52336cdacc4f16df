//! `clstm corpus manifest --from`: a manifest from what people marked in an annotation tool.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clstm::audio::{EXTENSIONS, MAX_LIST_BYTES, read_bounded};
use clstm_segments::exchange::{Judgement, Utterance, gather, label_studio};
use clstm_segments::{Document, Format, ReadOptions, SegmentsError};

use super::audformat;
use super::manifest::base;
use crate::args::{CorrectionTool, ManifestArgs};
use crate::columns::csv_row_of;
use crate::error::CliError;
use crate::messages::{note, warn};
use crate::output::OutputGuard;
use crate::text::PathText;

/// Writes a row for each recording or part that people labelled, with the majority of the labels, their votes and a column for
/// each rater. Ties are left out, unless they are kept for their votes.
pub(super) fn run(args: &ManifestArgs, tool: CorrectionTool) -> Result<(), CliError> {
    let base = base(args.output.as_deref())?;
    let mut guard = OutputGuard::new(args.force);
    let (mut judgements, mut read_files) = (Vec::new(), Vec::new());
    if tool == CorrectionTool::Audformat {
        let (column, rater) = (&args.column, args.rater.as_deref());
        judgements = audformat::judgements(&args.folder, column, rater, &mut read_files)?;
    } else if args.rater.is_some() {
        return Err(CliError::Usage("--rater is for --from audformat".to_owned()));
    }
    let documents = match tool {
        CorrectionTool::Audformat => Vec::new(),
        _ => files(&args.folder, tool)?,
    };
    for file in &documents {
        let failed =
            |reason: &dyn std::fmt::Display| CliError::Failed(format!("{}: {reason}", file.text()));
        let bytes = read_bounded(file, MAX_LIST_BYTES).map_err(|error| failed(&error))?;
        let read = match tool {
            CorrectionTool::LabelStudio => {
                text(&bytes).and_then(|text| label_studio::judgements(&text))
            }
            CorrectionTool::Audformat => Ok(Vec::new()),
            CorrectionTool::Elan => {
                document(file, &bytes, Format::Eaf, &args.column, base.as_deref())
            }
            CorrectionTool::Textgrid => {
                document(file, &bytes, Format::TextGrid, &args.column, base.as_deref())
            }
        };
        judgements.extend(read.map_err(|error| failed(&error))?);
    }
    read_files.extend(documents);
    read_files.iter().for_each(|file| guard.input("the annotations", file));
    if judgements.is_empty() {
        return Err(CliError::Failed(format!("{}: nothing is labelled", args.folder.text())));
    }
    // The recordings of documents are found beside them.
    if matches!(tool, CorrectionTool::LabelStudio | CorrectionTool::Audformat) {
        let folder = read_files.first().and_then(|file| file.parent());
        let places = Places { of_tool: folder.unwrap_or(Path::new("")), of_manifest: base };
        judgements.iter_mut().for_each(|judgement| places.set(&mut judgement.path));
    }
    let utterances = gather(judgements);
    let (kept, ties): (Vec<&Utterance>, Vec<&Utterance>) =
        utterances.iter().partition(|utterance| args.keep_ties || utterance.majority().is_some());
    if kept.is_empty() {
        return Err(CliError::Failed(format!(
            "{}: no label has the majority in any of {} recordings or parts; keep them for their votes with \
             --keep-ties",
            args.folder.text(),
            ties.len()
        )));
    }
    if !ties.is_empty() {
        warn(&format!(
            "{} recordings or parts are left out: no label has the majority",
            ties.len()
        ));
    }
    let mut output = guard.create("--output", args.output.as_deref())?;
    output.write(&manifest(&kept))?;
    if let Some(path) = &args.output {
        let path = path.text();
        note(&format!("{} rows; next: clstm corpus check manifest --data {path}", kept.len()));
    }
    Ok(())
}

/// The rows. Columns that no utterance has are left out.
fn manifest(utterances: &[&Utterance]) -> String {
    let labels: BTreeSet<&str> =
        utterances.iter().flat_map(|utterance| utterance.votes().into_keys()).collect();
    let ratings = || utterances.iter().flat_map(|utterance| &utterance.ratings);
    let raters: BTreeSet<&str> =
        ratings().map(|(rater, _)| rater.as_str()).filter(|rater| !rater.is_empty()).collect();
    let parts = utterances.iter().any(|utterance| utterance.span.is_some());
    let speakers = utterances.iter().all(|utterance| utterance.speaker.is_some());
    let mut header = vec!["path".to_owned()];
    header.extend(parts.then(|| ["start_s", "end_s"].map(str::to_owned)).into_iter().flatten());
    header.push("label".to_owned());
    header.extend(speakers.then(|| "speaker".to_owned()));
    header.extend(labels.iter().map(|label| format!("votes_{label}")));
    header.extend(raters.iter().map(|rater| format!("rater_{rater}")));
    let mut text = csv_row_of(header.iter().map(String::as_str));
    for utterance in utterances {
        let mut row = vec![utterance.path.clone()];
        if parts {
            let times = utterance.span.map(|times| times.map(|time| time.to_string()));
            row.extend(times.unwrap_or_default());
        }
        row.push(utterance.most_frequent().unwrap_or_default().to_owned());
        if speakers {
            row.push(utterance.speaker.clone().unwrap_or_default());
        }
        let votes = utterance.votes();
        row.extend(labels.iter().map(|label| votes.get(label).copied().unwrap_or(0).to_string()));
        row.extend(raters.iter().map(|rater| {
            let own = utterance.ratings.iter().find(|(name, _)| name == rater);
            own.map_or(String::new(), |(_, label)| label.clone())
        }));
        text += &csv_row_of(row.iter().map(String::as_str));
    }
    text
}

/// Where the paths of recordings begin.
struct Places<'a> {
    /// Those of the annotation tool: the folder of its file.
    of_tool: &'a Path,
    /// Those of the manifest, which may be written to standard output.
    of_manifest: Option<PathBuf>,
}

impl Places<'_> {
    /// Writes a path as the manifest needs it, where the recording is found; other paths stay.
    fn set(&self, path: &mut String) {
        let candidates = [self.of_tool.join(&*path), PathBuf::from(&*path)];
        let Some(found) = candidates.iter().find_map(|candidate| candidate.canonicalize().ok())
        else {
            return;
        };
        let inside = self.of_manifest.as_deref().and_then(|base| found.strip_prefix(base).ok());
        if let Some(text) = inside.unwrap_or(&found).to_str() {
            text.clone_into(path);
        }
    }
}

fn text(bytes: &[u8]) -> Result<String, SegmentsError> {
    String::from_utf8(bytes.to_vec())
        .map_err(|error| SegmentsError::Encoding { reason: error.to_string() })
}

/// The labels of a tier of an ELAN or TextGrid document.
fn document(
    file: &Path,
    bytes: &[u8],
    format: Format,
    tier: &str,
    base: Option<&Path>,
) -> Result<Vec<Judgement>, SegmentsError> {
    let options = ReadOptions { tiers: vec![tier.to_owned()], ..ReadOptions::default() };
    let document = Document::parse(bytes, format, &options)?;
    let recording = recording_of(file, document.media_urls(), base);
    let spoken = document.segments().iter().filter_map(|segment| {
        Some(Judgement {
            path: recording.clone(),
            span: Some([segment.start_s, segment.end_s]),
            rater: String::new(),
            speaker: segment.speaker.clone(),
            label: segment.text.clone()?,
        })
    });
    Ok(spoken.collect())
}

/// The recording of a document: the file with its name in its folder, or else the first file of `media`, the addresses in
/// the document. Without either, a `.wav` with its name. The path is relative to `base`, the folder of the manifest, if the
/// recording is below it.
fn recording_of(document: &Path, media: &[String], base: Option<&Path>) -> String {
    let folder = document.parent().unwrap_or(Path::new(""));
    let named = EXTENSIONS.iter().map(|extension| document.with_extension(extension));
    let linked = media.iter().flat_map(|url| {
        let path = url.strip_prefix("file://").unwrap_or(url);
        [folder.join(path), folder.join(percent_decoded(path))]
    });
    let Some(found) = named.chain(linked).find(|recording| recording.is_file()) else {
        return document.with_extension("wav").text();
    };
    let Some(base) = base else { return found.text() };
    let found = found.canonicalize().unwrap_or(found);
    found.strip_prefix(base).unwrap_or(&found).text()
}

/// A path of an address: `%20` is a blank. What is no such code stays.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let byte =
            code.filter(|_| *first == b'%').and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The file, or the documents in the folder.
fn files(path: &Path, tool: CorrectionTool) -> Result<Vec<PathBuf>, CliError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let extension = match tool {
        CorrectionTool::Elan => "eaf",
        CorrectionTool::Textgrid => "TextGrid",
        CorrectionTool::LabelStudio | CorrectionTool::Audformat => {
            let message = format!("{} is a folder; name the exported file", path.text());
            return Err(CliError::Usage(message));
        }
    };
    let listed = fs::read_dir(path)
        .map_err(|error| CliError::Failed(format!("cannot read {}: {error}", path.text())))?;
    let mut files: Vec<PathBuf> = listed
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|known| known.eq_ignore_ascii_case(extension)))
        // A pipe would wait for a writer.
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    match files.is_empty() {
        true => Err(CliError::Failed(format!("{} has no .{extension} files", path.text()))),
        false => Ok(files),
    }
}
