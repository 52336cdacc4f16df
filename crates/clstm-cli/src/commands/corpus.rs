//! `clstm corpus`: list, count and check corpora.

mod audformat;
mod corrections;
mod download;
mod manifest;

use std::fmt::Write as _;

use clstm_corpus::{
    CheckReport, Corpus, CorpusInfo, CorpusSource, CorpusStats, DuplicateGroup, DurationStats,
    FaultyUtterance, Table5Row, Target, check, supported, table5,
};
use serde::Serialize;

use crate::args::{CorpusCommand, CorpusCommandArgs, Format, StatsArgs};
use crate::error::CliError;
use crate::messages::note;
use crate::output::Output;
use crate::resolve::corpus::{self, speakers};
use crate::table::Table;
use crate::text::{PathText, printable};

/// Runs the subcommand.
pub(crate) fn run(args: &CorpusCommandArgs) -> Result<(), CliError> {
    match &args.command {
        CorpusCommand::List => list(args.format),
        CorpusCommand::Stats(StatsArgs { place, classes }) => {
            stats(&corpus::open_location(place, classes)?, args.format)
        }
        CorpusCommand::Manifest(args) => match (args.from, &args.pattern) {
            (Some(tool), _) => corrections::run(args, tool),
            (None, Some(pattern)) => manifest::run(args, pattern),
            // Excluded by the arguments.
            (None, None) => Err(CliError::Usage("give --pattern or --from".to_owned())),
        },
        CorpusCommand::Check(place) => check_all(&corpus::sources_of(place)?, args.format),
        CorpusCommand::Download(order) => download::run(order, args.format),
    }
}

fn list(format: Format) -> Result<(), CliError> {
    let mut output = Output::stdout();
    if format == Format::Json {
        return output.write_json(&supported());
    }
    let mut text = String::new();
    for info in supported() {
        let CorpusInfo { name, title, license, source, citation, obtain, .. } = info;
        let splits: Vec<String> = info.splits.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "{name}\n  {title}");
        if let (Some(utterances), Some(count)) = (info.utterances, info.speakers) {
            let _ = writeln!(text, "  {utterances} utterances, {}", speakers(count));
        }
        for (what, value) in [
            ("classes", info.labels.join(" ").as_str()),
            ("splits", &splits.join(" ")),
            ("licence", license),
            ("source", source),
            ("obtain", obtain),
            ("cite", citation),
        ] {
            if !value.is_empty() {
                let _ = writeln!(text, "  {what:<8}  {value}");
            }
        }
    }
    output.print(&text)
}

/// Statistics, with the paper's Table 5 for its corpus.
#[derive(Serialize)]
struct Stats {
    #[serde(flatten)]
    stats: CorpusStats,
    #[serde(skip_serializing_if = "Option::is_none")]
    table5: Option<Vec<Table5Row>>,
}

fn stats(corpus: &Corpus, format: Format) -> Result<(), CliError> {
    note(&format!("reading {} recordings", corpus.utterances.len()));
    let stats = CorpusStats::measure(corpus)?;
    // The table counts the labels of the release.
    let released = corpus.target == Target::Label && corpus.label_map.is_none();
    let table5 = match corpus.name.as_str() {
        "ravdess" if released => Some(table5(corpus)?),
        _ => None,
    };
    let mut output = Output::stdout();
    if format == Format::Json {
        return output.write_json(&Stats { stats, table5 });
    }
    let mut text = format!(
        "{}: {} utterances, {}",
        stats.name,
        stats.utterances,
        speakers(stats.speakers.len())
    );
    if let Some(duration) = stats.duration {
        let _ = write!(text, ", {:.2} h", duration.total_s / 3600.0);
    }
    text += "\n";
    if let Some(rows) = table5 {
        let mut table = Table::new(1, ["Emotions/TargetArgs", "Whole Utterances", "Participation"]);
        for row in rows {
            table.row([row.emotion.to_owned(), row.utterances.to_string(), row.participation]);
        }
        let _ = write!(text, "\nTable 5 of Mustaqeem & Kwon (2020), counted here\n{table}");
    }
    const DURATIONS: [&str; 4] = ["total s", "mean s", "min s", "max s"];
    let mut classes = Table::new(1, ["class", "utterances"].into_iter().chain(DURATIONS));
    for class in &stats.classes {
        let cells = [class.label.clone(), class.utterances.to_string()];
        classes.row(cells.into_iter().chain(durations(class.duration)));
    }
    let mut spoken = Table::new(2, ["speaker", "sex", "utterances"].into_iter().chain(DURATIONS));
    for speaker in &stats.speakers {
        let sex = speaker.sex.map_or(String::new(), |sex| sex.to_string());
        let cells = [speaker.speaker.clone(), sex, speaker.utterances.to_string()];
        spoken.row(cells.into_iter().chain(durations(speaker.duration)));
    }
    let _ = write!(text, "\n{classes}");
    if !stats.speakers.is_empty() {
        let _ = write!(text, "\n{spoken}");
    }
    output.print(&text)
}

fn durations(duration: Option<DurationStats>) -> Vec<String> {
    match duration {
        Some(d) => vec![
            format!("{:.0}", d.total_s),
            format!("{:.2}", d.mean_s),
            format!("{:.2}", d.min_s),
            format!("{:.2}", d.max_s),
        ],
        None => Vec::new(),
    }
}

/// The report, with its verdict.
#[derive(Serialize)]
struct Checked<'a> {
    ok: bool,
    #[serde(flatten)]
    report: &'a CheckReport,
}

/// Checks each corpus by itself; fails if any has a problem.
fn check_all(sources: &[CorpusSource], format: Format) -> Result<(), CliError> {
    let mut reports = Vec::with_capacity(sources.len());
    for CorpusSource { name, data } in sources {
        let corpus = clstm_corpus::open(name, data)?;
        corpus::print_remarks(&corpus);
        note(&format!("reading {} recordings", corpus.utterances.len()));
        reports.push(check(&corpus));
    }
    let checked = reports.iter().map(|report| Checked { ok: report.is_ok(), report });
    let checked: Vec<Checked<'_>> = checked.collect();
    let mut output = Output::stdout();
    match (format, checked.as_slice()) {
        (Format::Json, [one]) => output.write_json(one)?,
        (Format::Json, several) => output.write_json(&several)?,
        (Format::Table, several) => {
            let texts: Vec<String> = several.iter().map(|one| findings(one.report)).collect();
            output.print(&texts.join("\n"))?;
        }
    }
    if checked.iter().all(|one| one.ok) { Ok(()) } else { Err(CliError::Reported) }
}

/// What was found, counts first.
fn findings(report: &CheckReport) -> String {
    let mut text = format!(
        "{} in {}: {} utterances",
        report.corpus,
        printable(&report.root.text()),
        report.utterances
    );
    if let Some(expected) = report.expected {
        let _ = write!(text, " of {expected}");
    }
    let _ = writeln!(text, ", {}", speakers(report.speakers));
    for (rate, count) in &report.sample_rates {
        let _ = writeln!(text, "  {count} at {rate} Hz");
    }
    for (kind, count) in &report.ignored {
        let _ = writeln!(text, "  {count} {kind} files ignored");
    }
    for left_out in &report.left_out {
        let _ = writeln!(text, "  {}", printable(&left_out.to_string()));
    }
    let known = report.duplicates.iter().filter(|group| group.known);
    for group in known {
        let _ = writeln!(text, "  the same recording in the release itself: {}", copies(group));
    }
    if report.official && !report.clipped.is_empty() {
        let (count, first) = (report.clipped.len(), faults(&report.clipped[..1]).join(""));
        let _ = writeln!(text, "  {count} clipped in the release itself, such as {first}");
    }
    if let Some(given) =
        report.given.as_ref().filter(|given| report.official && !given.speakers_apart)
    {
        let shared = given.shared_speakers.len();
        let _ =
            writeln!(text, "  {shared} speakers on both sides of the split of the release itself");
    }
    let problems = problems(report);
    if problems.is_empty() {
        return text + "ok\n";
    }
    for (title, items) in problems {
        let _ = writeln!(text, "{title}: {}", items.len());
        for item in items {
            let _ = writeln!(text, "  {}", printable(&item));
        }
    }
    text
}

/// The names of one recording, and their contradictions.
fn copies(group: &DuplicateGroup) -> String {
    let mut text = group.ids.join(" = ");
    for (what, names) in [("classes", &group.labels), ("speakers", &group.speakers)] {
        if names.len() > 1 {
            let _ = write!(text, "; of different {what}: {}", names.join(", "));
        }
    }
    text
}

/// Utterances and what is wrong with them.
fn faults(utterances: &[FaultyUtterance]) -> Vec<String> {
    utterances.iter().map(|u| format!("{}: {}", u.id, u.fault)).collect()
}

/// The kinds of problems, with the affected files.
fn problems(report: &CheckReport) -> Vec<(&'static str, Vec<String>)> {
    let unknown = report.duplicates.iter().filter(|group| !group.known);
    let counts = report.counts.iter().map(|c| format!("{}: {} of {}", c.name, c.found, c.expected));
    let mut problems = vec![
        ("missing", report.missing.clone()),
        ("wrong counts", counts.collect()),
        (
            "speakers on both sides of the given split",
            report.speakers_across_given_split().to_vec(),
        ),
        (
            "unreadable",
            report.unreadable.iter().map(|u| format!("{}: {}", u.path.text(), u.error)).collect(),
        ),
        ("silent", faults(&report.silent)),
        ("clipped", if report.official { Vec::new() } else { faults(&report.clipped) }),
        ("the same recording under several names", unknown.map(copies).collect()),
        (
            "malformed names",
            report.malformed.iter().map(|m| format!("{}: {}", m.path.text(), m.reason)).collect(),
        ),
        (
            "utterances with several files",
            report
                .duplicate_files
                .iter()
                .map(|d| format!("{}: {} used", d.id, d.kept.text()))
                .collect(),
        ),
    ];
    problems.retain(|(_, items)| !items.is_empty());
    problems
}
