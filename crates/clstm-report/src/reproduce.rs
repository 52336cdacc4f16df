//! The command that repeats a run.

use clstm_eval::{EvalProtocol, RunInputs};
use serde_json::Value;

use crate::report::RecipeFormat;
use crate::run::Run;

/// The command that repeats a run, from its protocol, recipe and inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reproduction {
    /// The words of the command, `clstm` first.
    pub arguments: Vec<String>,
    /// What the run does not record, or no option can set: the command may train something else.
    pub missing: Vec<&'static str>,
}

impl Reproduction {
    /// The command of a run. `format` reads its recipe; without one the command has no settings.
    #[must_use]
    pub fn of(run: &Run, format: Option<RecipeFormat>) -> Self {
        match run.inputs.as_ref().filter(|inputs| !inputs.ensemble_of.is_empty()) {
            Some(inputs) => ensemble(run, &inputs.ensemble_of),
            None => cross_validation(run, format),
        }
    }

    /// The command for a POSIX shell, one option a line.
    #[must_use]
    pub fn shell(&self) -> String {
        let mut text = String::new();
        for word in &self.arguments {
            let separator = match word.starts_with("--") {
                true => " \\\n  ",
                false if text.is_empty() => "",
                false => " ",
            };
            text += separator;
            text += &quoted(word);
        }
        text
    }
}

fn ensemble(run: &Run, members: &[String]) -> Reproduction {
    let mut arguments = vec!["clstm".to_owned(), "ensemble".to_owned()];
    arguments.extend(members.iter().cloned());
    arguments.extend(["--output".to_owned(), output(run)]);
    Reproduction { arguments, missing: Vec::new() }
}

fn cross_validation(run: &Run, format: Option<RecipeFormat>) -> Reproduction {
    let protocol = run.protocol();
    let mut missing = Vec::new();
    let mut arguments = vec!["clstm".to_owned(), "cv".to_owned()];
    let mut option = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
    match &run.inputs {
        Some(inputs) => name_inputs(inputs, &mut option),
        None => guess_inputs(protocol, &mut option, &mut missing),
    }
    option("preset", protocol.preset.clone());
    option("split", protocol.split.clone());
    option("folds", protocol.folds.to_string());
    option("epochs", protocol.epochs.to_string());
    option("seed", protocol.seed.to_string());
    if let Some(seed) = protocol.fold_seed {
        option("fold-seed", seed.to_string());
    }
    if !protocol.precision.is_empty() {
        option("precision", protocol.precision.clone());
    }
    match run.recipe.as_ref().zip(format).and_then(|(recipe, format)| changes(recipe, format)) {
        Some(changes) => {
            changes.into_iter().for_each(|(key, value)| option("set", format!("{key}={value}")));
        }
        None => missing.push("the settings: recipe.json is not there, or no options make it"),
    }
    if protocol.models > 1 {
        missing.push("the runs that were averaged");
    }
    option("output", output(run));
    Reproduction { arguments, missing }
}

fn changes(recipe: &Value, format: RecipeFormat) -> Option<Vec<(String, String)>> {
    (format.changes)(recipe)
}

fn name_inputs(inputs: &RunInputs, option: &mut impl FnMut(&str, String)) {
    for input in &inputs.corpora {
        option("corpus", input.corpus.clone());
        option("data", input.data.clone());
    }
    if let Some(map) = &inputs.label_map {
        option("label-map", map.clone());
    }
    if let Some(target) = &inputs.target {
        option("target", target.clone());
    }
    if !inputs.allow_leakage.is_empty() {
        option("allow-leakage", inputs.allow_leakage.join(","));
    }
    if let Some(init) = &inputs.init {
        option("init", init.clone());
    }
    inputs.teachers.iter().for_each(|teacher| option("teacher", teacher.clone()));
}

/// The inputs of a run of release 0.1, which did not record them, as far as its protocol has them.
fn guess_inputs(
    protocol: &EvalProtocol,
    option: &mut impl FnMut(&str, String),
    missing: &mut Vec<&'static str>,
) {
    missing.push("where the recordings are: DATA");
    for corpus in protocol.corpus.split('+') {
        option("corpus", corpus.to_owned());
        option("data", "DATA".to_owned());
    }
    if let Some(target) = &protocol.target {
        option("target", target.clone());
    }
    if protocol.label_map.is_some() {
        missing.push("the file of the label map: MAP.toml");
        option("label-map", "MAP.toml".to_owned());
    }
    let leaks = [(protocol.leakage.speakers, "speakers"), (protocol.leakage.copies, "copies")];
    let allowed: Vec<&str> =
        leaks.into_iter().filter(|(count, _)| *count > 0).map(|(_, name)| name).collect();
    if !allowed.is_empty() {
        option("allow-leakage", allowed.join(","));
    }
    if protocol.lineage.initialized_from.is_some() {
        missing.push("the model or run of the initial weights: INIT");
        option("init", "INIT".to_owned());
    }
    for _ in &protocol.lineage.distilled_from {
        option("teacher", "RUN".to_owned());
    }
    if !protocol.lineage.distilled_from.is_empty() {
        missing.push("the runs that it was distilled from: RUN");
    }
}

fn output(run: &Run) -> String {
    format!("runs/{}", run.name)
}

/// A word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=+:,@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Reproduction, quoted};

    #[test]
    fn words_are_words() {
        assert_eq!(quoted("optimizer.learning_rate=5e-4"), "optimizer.learning_rate=5e-4");
        assert_eq!(quoted("a b; rm -rf 'x'"), r"'a b; rm -rf '\''x'\'''");
        assert_eq!(quoted(""), "''");
        let arguments = ["clstm", "cv", "--corpus", "ravdess", "--data", "my data"];
        let arguments = arguments.map(str::to_owned).to_vec();
        let text = Reproduction { arguments, missing: Vec::new() }.shell();
        assert_eq!(text, "clstm cv \\\n  --corpus ravdess \\\n  --data 'my data'");
    }
}
