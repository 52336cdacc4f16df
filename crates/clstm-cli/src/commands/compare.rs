//! `clstm compare`: paired tests between two runs.

use std::fmt::Write as _;

use clstm_eval::{ClusterBy, Comparison, Difference, INTERVAL_LEVEL, PERMUTATIONS};
use clstm_report::{Run, SettingDifference, compare_runs};

use super::report::RECIPES;
use crate::args::{CompareArgs, Format};
use crate::error::CliError;
use crate::output::Output;
use crate::table::{Table, percent};
use crate::text::printable;

/// Compares the runs on the utterances that both were tested on.
pub(crate) fn run(args: &CompareArgs) -> Result<(), CliError> {
    let (first, second) = (Run::read(&args.first)?, Run::read(&args.second)?);
    let found = compare_runs(&first, &second, Some(RECIPES))?;
    let Some(result) = &found.result else {
        let message = "the runs have no predictions of the same utterances: both need predictions.jsonl in \
                       each fold, and the same test utterances in some";
        return Err(CliError::Failed(message.to_owned()));
    };
    let mut output = Output::stdout();
    match args.format {
        Format::Json => output.write_json(&found),
        Format::Table => {
            output.print(&(text(&first, &second, result) + &settings(found.settings.as_deref())))
        }
    }
}

fn text(first: &Run, second: &Run, of: &Comparison) -> String {
    let mut text = String::new();
    for (name, run) in [("first", first), ("second", second)] {
        let protocol = run.protocol();
        let line = format!("{name}: {}, preset {}", protocol.describe(), protocol.preset);
        let _ = writeln!(text, "{} ({})", printable(&line), printable(&run.name));
    }
    let _ = writeln!(
        text,
        "{} utterances in both, {} in one only, by {} {}\n",
        of.utterances, of.left_out, of.clusters, of.by
    );
    let interval = format!("{:.0}% interval", 100.0 * INTERVAL_LEVEL);
    let mut table = Table::new(1, ["", "first", "second", "difference", &interval, "p"]);
    for (name, figures, Difference { interval, p }) in
        [("UA", of.ua, &of.ua_difference), ("WA", of.wa, &of.wa_difference)]
    {
        table.row([
            name.to_owned(),
            percent(figures[0]),
            percent(figures[1]),
            points(interval.value),
            format!("{} to {}", points(interval.low), points(interval.high)),
            probability(*p),
        ]);
    }
    let swaps = match of.exact {
        true => "every swap counted".to_owned(),
        false => format!("{PERMUTATIONS} random swaps"),
    };
    let one = match of.by {
        ClusterBy::Speaker => "speaker",
        ClusterBy::Utterance => "utterance",
    };
    let _ = write!(
        text,
        "{table}\np: two-sided permutation test that swaps the runs' predictions for a whole {one} ({swaps}); \
         intervals: paired percentile bootstrap, seed {}\nMcNemar, exact, utterances treated as independent: \
         {} correct in the first only, {} in the second only, p {}\n",
        of.seed,
        of.mcnemar.only_first,
        of.mcnemar.only_second,
        probability(of.mcnemar.p)
    );
    if of.by == ClusterBy::Utterance {
        text += "the runs do not name their speakers: utterances of one speaker are correlated, so that intervals \
                 are too narrow and p values too small\n";
    }
    text
}

/// The settings in which the runs differ, below an empty line; nothing where they do not, or a recipe is missing.
fn settings(found: Option<&[SettingDifference]>) -> String {
    let Some(found) = found.filter(|found| !found.is_empty()) else { return String::new() };
    let mut table = Table::new(3, ["settings that differ", "first", "second"]);
    let shown = |value: Option<&Option<serde_json::Value>>| match value.and_then(Option::as_ref) {
        None => "-".to_owned(),
        Some(serde_json::Value::String(text)) => printable(text),
        Some(value) => printable(&value.to_string()),
    };
    for SettingDifference { setting, values } in found {
        table.row([printable(setting), shown(values.first()), shown(values.get(1))]);
    }
    format!("\n{table}")
}

/// A difference of fractions in points.
fn points(difference: f64) -> String {
    format!("{:+.1}", 100.0 * difference)
}

fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}
