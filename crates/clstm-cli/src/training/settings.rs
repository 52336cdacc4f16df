//! The settings of a recipe by their dotted names.

use clstm_nn::Preset;
use clstm_train::Recipe;
use serde_json::Value;

use crate::error::CliError;
use crate::output::Output;
use crate::table::Table;

/// Classes of the network whose settings are listed; the corpus decides them.
const CLASSES: usize = 8;
const BY_CORPUS: &str = "network.classes";

/// Prints all settings with the values of a preset.
pub(crate) fn list(preset: Preset) -> Result<(), CliError> {
    let mut table = Table::new(2, ["setting", &format!("value in {preset}")]);
    for (key, value) in flattened(&Recipe::new(preset, CLASSES)) {
        if key != BY_CORPUS {
            table.row([key, value]);
        }
    }
    Output::stdout().print(&format!(
        "{table}\nChange a setting with --set KEY=VALUE or in the file of --config. `none` is the absence of an optional \
         part.\ndocs/training.md describes the settings.\n"
    ))
}

/// The message for a recipe that was refused, with a suggestion for each key that is no setting.
pub(crate) fn with_suggestions(
    message: &str,
    recipe: &Recipe,
    keys: &[(String, String)],
) -> String {
    let known: Vec<String> = flattened(recipe).into_iter().map(|(key, _)| key).collect();
    let is_known = |key: &str| {
        known.iter().any(|known| {
            known == key || known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    let mut text = message.to_owned();
    for (key, _) in keys.iter().filter(|(key, _)| !is_known(key)) {
        if let Some(nearest) = nearest(key, &known) {
            text += &format!("; did you mean {nearest}?");
        }
    }
    text + " (`clstm train --list-settings` lists all settings)"
}

/// Longest key that is compared with the known ones, in bytes.
const LONGEST_KEY: usize = 200;

/// The known key that is most like an unknown one: of the same last part, or of the fewest edits.
fn nearest<'a>(key: &str, known: &'a [String]) -> Option<&'a str> {
    // The time of a comparison is that of the product of the lengths.
    if key.len() > LONGEST_KEY {
        return None;
    }
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let edits = |known: &str| match last(known) == last(key) {
        true => edits(key, known).min(1),
        false => edits(key, known),
    };
    let best = known.iter().min_by_key(|known| edits(known))?;
    (edits(best) <= 2).then_some(best.as_str())
}

/// Number of insertions, deletions and substitutions from one text to another (Levenshtein distance).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Dotted keys of all settings with their values.
fn flattened(recipe: &Recipe) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    // Through text, as in `recipe.json`: a single-precision number then has the fewest digits that identify it.
    let value = serde_json::to_string(recipe).and_then(|text| serde_json::from_str(&text));
    if let Ok(value) = value {
        collect("", &value, &mut settings);
    }
    settings
}

fn collect(key: &str, value: &Value, settings: &mut Vec<(String, String)>) {
    let inner = |part: &str| if key.is_empty() { part.to_owned() } else { format!("{key}.{part}") };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| collect(&inner(name), value, settings));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| collect(&inner(&index.to_string()), item, settings));
        }
        Value::Null => settings.push((key.to_owned(), "none".to_owned())),
        Value::String(text) => settings.push((key.to_owned(), text.clone())),
        other => settings.push((key.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use clstm_nn::Preset;
    use clstm_train::Recipe;

    use super::{flattened, with_suggestions};

    #[test]
    fn keys_are_dotted_and_unknown_ones_get_a_suggestion() {
        let recipe = Recipe::new(Preset::Clstm, 8);
        let settings = flattened(&recipe);
        let has = |key: &str| settings.iter().any(|(known, _)| known == key);
        assert!(has("optimizer.learning_rate") && has("network.blocks.0.filters"), "{settings:?}");
        // A field of single precision.
        assert!(settings.contains(&("augment.speed.max".to_owned(), "0.12".to_owned())));
        let message = |key: &str| {
            with_suggestions("no such setting", &recipe, &[(key.to_owned(), "1".to_owned())])
        };
        assert!(message("learning_rate").contains("did you mean optimizer.learning_rate?"));
        assert!(message("optimiser.learning_rate").contains("mean optimizer.learning_rate?"));
        assert!(message("epoch").contains("did you mean epochs?"));
        assert!(!message("network.blocks").contains("did you mean"));
        assert!(!message("zzz").contains("did you mean"));
    }
}
