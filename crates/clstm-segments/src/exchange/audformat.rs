//! audformat: a header `db.yaml` and a table as CSV (<https://audeering.github.io/audformat/data-header.html>).

use super::{Judgement, PreAnnotation};
use crate::SegmentsError;
use crate::caption::rounded;
use crate::clock;
use crate::format::csv::{quote, read_rows};

/// The header of a database with these labels, and its table `emotion` of the recordings.
#[must_use]
pub fn database(
    recordings: &[PreAnnotation],
    labels: &[String],
    model: &str,
) -> [(String, String); 2] {
    // JSON strings are YAML strings.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let names: Vec<String> = labels.iter().map(|label| text(label)).collect();
    let header = format!(
        "name: pre-annotations\nsource: clstm\nusage: research\nlanguages: []\nraters:\n  clstm: {{type: machine, \
         description: {}}}\nschemes:\n  emotion: {{dtype: str, labels: [{}]}}\n  confidence: {{dtype: float, minimum: 0, \
         maximum: 1}}\ntables:\n  emotion:\n    type: filewise\n    columns:\n      emotion: {{scheme_id: emotion, \
         rater_id: clstm}}\n      confidence: {{scheme_id: confidence, rater_id: clstm}}\n",
        text(model),
        names.join(", ")
    );
    let mut table = "file,emotion,confidence\n".to_owned();
    for recording in recordings {
        let emotion = recording.whole.emotion();
        let label = emotion.and_then(|emotion| labels.get(emotion.label_index));
        table += &format!(
            "{},{},{}\n",
            quote(&recording.path, ','),
            label.map_or(String::new(), |label| quote(label, ',')),
            emotion.map_or(String::new(), |emotion| rounded(emotion.confidence()).to_string())
        );
    }
    [("db.yaml".to_owned(), header), ("db.emotion.csv".to_owned(), table)]
}

/// The judgements of a table: `file`, perhaps `start` and `end`, `speaker`, and a column for each rater. Columns whose names
/// begin with `column`, such as `emotion`, `emotion.1` and `emotion.anna`, are raters' labels.
///
/// # Errors
/// [`SegmentsError`] if the text is no such table.
pub fn judgements(text: &str, column: &str) -> Result<Vec<Judgement>, SegmentsError> {
    let mut rows = read_rows(text.trim_start_matches('\u{feff}'))?.into_iter();
    let Some((_, header)) = rows.next() else {
        return Err(SegmentsError::structure("the table is empty"));
    };
    let find = |name: &str| header.iter().position(|cell| cell == name);
    let Some(file) = find("file") else {
        return Err(SegmentsError::structure(
            "the table has no column \"file\", as those of audformat",
        ));
    };
    let raters: Vec<(usize, String)> = header
        .iter()
        .enumerate()
        .filter_map(|(index, name)| {
            let rest = name.strip_prefix(column)?;
            let plain = rest.is_empty() || rest.starts_with(['.', '_', '-']);
            plain.then(|| (index, rest.trim_start_matches(['.', '_', '-']).to_owned()))
        })
        .filter(|(_, rest)| rest != "confidence")
        .collect();
    if raters.is_empty() {
        let reason =
            format!("the table has no column {column:?}; its columns are {}", header.join(", "));
        return Err(SegmentsError::structure(reason));
    }
    let (times, speaker) = (find("start").zip(find("end")), find("speaker"));
    let mut all = Vec::new();
    for (line, row) in rows {
        let cell = |index: usize| row.get(index).map_or("", |cell| cell.trim());
        let span = match times {
            Some((start, end)) if !cell(end).is_empty() => {
                Some([time(cell(start), line)?, time(cell(end), line)?])
            }
            _ => None,
        };
        for (index, rater) in raters.iter().filter(|(index, _)| !cell(*index).is_empty()) {
            let speaker = speaker.map(cell).filter(|name| !name.is_empty()).map(str::to_owned);
            all.push(Judgement {
                path: cell(file).to_owned(),
                span,
                rater: rater.clone(),
                speaker,
                label: cell(*index).to_owned(),
            });
        }
    }
    Ok(all)
}

/// A time as pandas writes it: `0 days 00:00:01.500000`, or a number of seconds.
fn time(text: &str, line: usize) -> Result<f64, SegmentsError> {
    let wrong =
        || SegmentsError::line(line, format!("{text:?} is no time such as 0 days 00:00:01.5"));
    if let Some(seconds) = clock::number(text) {
        return Ok(seconds);
    }
    let (days, rest) = match text.split_once(" days ") {
        Some((days, rest)) => (days.parse::<f64>().map_err(|_| wrong())?, rest),
        None => (0.0, text),
    };
    Ok(86_400.0 * days + clock::parse(rest).map_err(|_| wrong())?)
}
