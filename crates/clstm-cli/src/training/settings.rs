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

    use super::flattened;

    #[test]
    fn keys_are_dotted() {
        let settings = flattened(&Recipe::new(Preset::Clstm, 8));
        let has = |key: &str| settings.iter().any(|(known, _)| known == key);
        assert!(has("optimizer.learning_rate") && has("network.blocks.0.filters"), "{settings:?}");
        // A field of single precision.
        assert!(settings.contains(&("augment.speed.max".to_owned(), "0.12".to_owned())));
    }
}
