//! `clstm corpus`: what there is, what is in it, and whether it is whole.

mod download;

use std::fmt::Write as _;

use clstm_corpus::{
    CheckReport, Corpus, CorpusInfo, CorpusStats, DuplicateGroup, DurationStats, Table5Row, check,
    supported, table5,
};
use serde::Serialize;

use crate::args::{CorpusArgs, CorpusCommand, Format};
use crate::corpora::{self, speakers};
use crate::failure::Failure;
use crate::notes::note;
use crate::output::Output;
use crate::table::{Table, printable};

/// Does one of the four.
pub(crate) fn run(args: &CorpusArgs) -> Result<(), Failure> {
    match &args.command {
        CorpusCommand::List => list(args.format),
        CorpusCommand::Stats(place) => {
            stats(&corpora::open(&place.name, &place.data)?, args.format)
        }
        CorpusCommand::Check(place) => {
            check_one(&corpora::open(&place.name, &place.data)?, args.format)
        }
        CorpusCommand::Download(order) => download::run(order, args.format),
    }
}

fn list(format: Format) -> Result<(), Failure> {
    let mut output = Output::stdout();
    if format == Format::Json {
        return output.write_json(&supported());
    }
    let mut text = String::new();
    for info in supported() {
        let CorpusInfo { name, title, licence, source, citation, obtain, .. } = info;
        let splits: Vec<String> = info.splits.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "{name}\n  {title}");
        if let (Some(utterances), Some(count)) = (info.utterances, info.speakers) {
            let _ = writeln!(text, "  {utterances} utterances, {}", speakers(count));
        }
        for (what, value) in [
            ("classes", info.labels.join(" ").as_str()),
            ("splits", &splits.join(" ")),
            ("licence", licence),
            ("source", source),
            ("obtain", obtain),
            ("cite", citation),
        ] {
            if !value.is_empty() {
                let _ = writeln!(text, "  {what:<8}  {value}");
            }
        }
    }
    output.write(&text)
}

/// Statistics with the paper's table, where the corpus has one.
#[derive(Serialize)]
struct Stats {
    #[serde(flatten)]
    stats: CorpusStats,
    #[serde(skip_serializing_if = "Option::is_none")]
    table5: Option<Vec<Table5Row>>,
}

fn stats(corpus: &Corpus, format: Format) -> Result<(), Failure> {
    note(&format!("reading {} recordings", corpus.utterances.len()));
    let stats = CorpusStats::measure(corpus)?;
    let table5 = match corpus.name.as_str() {
        "ravdess" => Some(table5(corpus)?),
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
        let mut table = Table::new(1, ["Emotions/Classes", "Whole Utterances", "Participation"]);
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
    output.write(&text)
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

fn check_one(corpus: &Corpus, format: Format) -> Result<(), Failure> {
    note(&format!("reading {} recordings", corpus.utterances.len()));
    let report = check(corpus);
    let ok = report.is_ok();
    let mut output = Output::stdout();
    match format {
        Format::Json => output.write_json(&Checked { ok, report: &report })?,
        Format::Table => output.write(&findings(&report))?,
    }
    if ok { Ok(()) } else { Err(Failure::Told) }
}

/// What was found, the counts first.
fn findings(report: &CheckReport) -> String {
    let mut text = format!(
        "{} in {}: {} utterances",
        report.corpus,
        printable(&report.root.display().to_string()),
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
        let _ = writeln!(text, "  {count} {kind} files passed over");
    }
    let known = report.duplicates.iter().filter(|group| group.known);
    for group in known {
        let _ =
            writeln!(text, "  the same recording in the release itself: {}", group.ids.join(" = "));
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

/// The names of one recording, and how they contradict each other.
fn copies(group: &DuplicateGroup) -> String {
    let mut text = group.ids.join(" = ");
    for (what, names) in [("classes", &group.labels), ("speakers", &group.speakers)] {
        if names.len() > 1 {
            let _ = write!(text, "; of different {what}: {}", names.join(", "));
        }
    }
    text
}

/// The kinds of problems that there are, with what has them.
fn problems(report: &CheckReport) -> Vec<(&'static str, Vec<String>)> {
    let unknown = report.duplicates.iter().filter(|group| !group.known);
    let counts = report.counts.iter().map(|c| format!("{}: {} of {}", c.name, c.found, c.expected));
    let mut problems = vec![
        ("missing", report.missing.clone()),
        ("wrong counts", counts.collect()),
        (
            "unreadable",
            report
                .unreadable
                .iter()
                .map(|u| format!("{}: {}", u.path.display(), u.error))
                .collect(),
        ),
        ("the same recording under several names", unknown.map(copies).collect()),
        (
            "malformed names",
            report
                .malformed
                .iter()
                .map(|m| format!("{}: {}", m.path.display(), m.reason))
                .collect(),
        ),
        (
            "utterances with several files",
            report.doubled.iter().map(|d| format!("{}: {} used", d.id, d.kept.display())).collect(),
        ),
    ];
    problems.retain(|(_, items)| !items.is_empty());
    problems
}
