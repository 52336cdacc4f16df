//! The command that makes a run again.

use clstm_nn::Preset;
use clstm_train::Recipe;
use serde_json::Value;

use crate::run::Run;

/// The command, and whether settings are left that it cannot name.
pub(crate) struct Command {
    pub(crate) text: String,
    pub(crate) complete: bool,
}

/// Settings that have an option of their own, or follow from the corpus.
const NAMED: [&str; 5] = ["preset", "epochs", "seed", "precision", "network.classes"];

/// `clstm cv` with everything in which the run's recipe differs from its preset's.
pub(crate) fn command(run: &Run) -> Command {
    let protocol = run.protocol();
    let quoted = |text: &str| shell(text);
    let mut text = format!(
        "clstm cv --corpus {} --data DATA --preset {} \\\n  --split {} --folds {} --epochs {} --seed {}",
        quoted(&protocol.corpus),
        quoted(&protocol.preset),
        quoted(&protocol.split),
        protocol.folds,
        protocol.epochs,
        protocol.seed
    );
    if let Some(seed) = protocol.fold_seed {
        text += &format!(" --fold-seed {seed}");
    }
    if !protocol.precision.is_empty() {
        text += &format!(" --precision {}", quoted(&protocol.precision));
    }
    let changed = run.recipe.as_ref().and_then(|recipe| changes(run, recipe));
    let complete = changed.is_some();
    for (key, value) in changed.unwrap_or_default() {
        text += &format!(" \\\n  --set {}", quoted(&format!("{key}={value}")));
    }
    text += &format!(" \\\n  --out {}", quoted(&format!("runs/{}", run.name)));
    if protocol.models > 1 {
        text = format!(
            "# once for each of {} seeds from {}, each with an --out of its own\n{text}\n\
             clstm average RUN RUN … --out {}",
            protocol.models,
            protocol.seed,
            quoted(&format!("runs/{}", run.name))
        );
    }
    Command { text, complete }
}

/// Dotted keys and values in which a recipe differs from that of its preset; none where the preset is not
/// known or a difference is not one of values.
fn changes(run: &Run, recipe: &Value) -> Option<Vec<(String, String)>> {
    let preset: Preset = run.protocol().preset.parse().ok()?;
    // Through text, as recipe.json was: single precision is written with the fewest digits that tell it.
    let usual = serde_json::to_string(&Recipe::new(preset, run.metrics.labels.len())).ok()?;
    let usual: Value = serde_json::from_str(&usual).ok()?;
    let mut found = Vec::new();
    differences("", &usual, recipe, &mut found).then_some(found)
}

/// Adds the leaves that differ; false where the trees have other branches.
fn differences(key: &str, usual: &Value, own: &Value, found: &mut Vec<(String, String)>) -> bool {
    let under = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match (usual, own) {
        (Value::Object(usual), Value::Object(own)) => {
            // A setting that is not told has its usual value.
            own.iter().all(|(name, value)| match usual.get(name) {
                Some(usual) => differences(&under(name), usual, value, found),
                None => false,
            })
        }
        (Value::Array(usual), Value::Array(own)) if usual.len() == own.len() => {
            let mut pairs = usual.iter().zip(own).enumerate();
            pairs.all(|(i, (usual, own))| differences(&under(&i.to_string()), usual, own, found))
        }
        _ if usual == own || NAMED.contains(&key) => true,
        (Value::Number(_), Value::Number(number)) => {
            found.push((key.to_owned(), number.to_string()));
            true
        }
        (Value::String(_), Value::String(text)) => {
            found.push((key.to_owned(), text.clone()));
            true
        }
        (Value::Bool(_), Value::Bool(value)) => {
            found.push((key.to_owned(), value.to_string()));
            true
        }
        _ => false,
    }
}

/// A word of a POSIX shell.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=+:,@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{differences, shell};

    #[test]
    fn words_are_words() {
        assert_eq!(shell("optimizer.learning_rate=5e-4"), "optimizer.learning_rate=5e-4");
        assert_eq!(shell("a b; rm -rf 'x'"), r"'a b; rm -rf '\''x'\'''");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn leaves_that_differ_are_named() {
        let usual = json!({"epochs": 50, "network": {"blocks": [{"filters": 32}], "pool": null}});
        let mut found = Vec::new();
        let own = json!({"epochs": 2, "network": {"blocks": [{"filters": 4}]}});
        assert!(differences("", &usual, &own, &mut found));
        assert_eq!(found, [("network.blocks.0.filters".to_owned(), "4".to_owned())]);
        let other = json!({"network": {"pool": {"kind": "mean"}}});
        assert!(!differences("", &usual, &other, &mut Vec::new()));
        assert!(!differences("", &usual, &json!({"new": 1}), &mut Vec::new()));
    }
}
