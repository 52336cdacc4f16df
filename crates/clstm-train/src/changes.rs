//! The settings in which a recipe differs from its preset.

use std::fmt::Write as _;

use clstm_nn::Preset;
use serde_json::Value;

use crate::Recipe;
use crate::recipe::NONE;

/// Settings with an option of their own (`--epochs`, `--target`), or that follow from the corpus.
const NAMED: [&str; 7] = [
    "preset",
    "epochs",
    "seed",
    "precision",
    "network.classes",
    "network.dimensions",
    "dimensions.targets",
];

/// Settings that [`Recipe::for_corpus`] may choose: they are named even where they equal the preset's.
const ADAPTED: [&str; 1] = ["logit_adjustment"];

/// A recipe as this release would write it, whatever release wrote it; none where it cannot be read.
#[must_use]
pub fn normalized_recipe(recipe: &Value) -> Option<Value> {
    as_written(&serde_json::from_value(recipe.clone()).ok()?)
}

/// The `KEY=VALUE` pairs that, with the options for epochs, seed and precision, make a `recipe` of its preset, as
/// `--set` takes them; none where no pairs can, or the recipe cannot be read.
#[must_use]
pub fn changes_from_preset(recipe: &Value) -> Option<Vec<(String, String)>> {
    let recipe: Recipe = serde_json::from_value(recipe.clone()).ok()?;
    let preset: Preset = recipe.preset.parse().ok()?;
    let usual =
        Recipe::new(preset, recipe.network.classes).with_dimensions(recipe.dimension_names());
    let (own, base) = (as_written(&recipe)?, as_written(&usual)?);
    let mut pairs = Vec::new();
    differences("", &base, &own, &mut pairs)?;
    for key in ADAPTED {
        if !pairs.iter().any(|(known, _)| known == key) {
            pairs.push((key.to_owned(), toml(own.get(key)?)?));
        }
    }
    let options = [
        ("epochs", recipe.epochs.to_string()),
        ("seed", recipe.seed.to_string()),
        ("precision", recipe.precision.to_string()),
    ];
    let all: Vec<(String, String)> =
        pairs.iter().cloned().chain(options.map(|(key, value)| (key.to_owned(), value))).collect();
    let made = usual.with_changes(None, &all).ok()?;
    (made == recipe).then_some(pairs)
}

/// Through text, as in the file: a single-precision number has the fewest digits that identify it.
fn as_written(recipe: &Recipe) -> Option<Value> {
    serde_json::from_str(&serde_json::to_string(recipe).ok()?).ok()
}

/// Adds what makes `own` of `usual`; none where nothing can.
fn differences(
    key: &str,
    usual: &Value,
    own: &Value,
    found: &mut Vec<(String, String)>,
) -> Option<()> {
    let under = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match (usual, own) {
        _ if usual == own || NAMED.contains(&key) => Some(()),
        // A table whose fields depend on its kind, such as a schedule, is written whole.
        (Value::Object(before), Value::Object(after))
            if before.get("kind") == after.get("kind") || before.keys().eq(after.keys()) =>
        {
            for name in before.keys().filter(|name| !after.contains_key(*name)) {
                match &before[name] {
                    // An empty list, and an optional part that is none, are left out of the file.
                    Value::Array(_) => found.push((under(name), "[]".to_owned())),
                    Value::Object(_) => found.push((under(name), NONE.to_owned())),
                    _ => return None,
                }
            }
            for (name, value) in after {
                match before.get(name) {
                    Some(usual) => differences(&under(name), usual, value, found)?,
                    None => found.push((under(name), toml(value)?)),
                }
            }
            Some(())
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let mut pairs = before.iter().zip(after).enumerate();
            pairs.try_for_each(|(i, (usual, own))| {
                differences(&under(&i.to_string()), usual, own, found)
            })
        }
        _ => {
            found.push((key.to_owned(), toml(own)?));
            Some(())
        }
    }
}

/// A value as TOML has it within a line; none for a null.
fn toml(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(toml).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Object(fields) => {
            let mut text = String::new();
            // A field without a value is left out.
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                let separator = if text.is_empty() { "" } else { ", " };
                let _ = write!(text, "{separator}{name} = {}", toml(value)?);
            }
            format!("{{ {text} }}")
        }
    })
}

/// A basic string of TOML; its escapes are JSON's.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use clstm_nn::Preset;

    use super::{as_written, changes_from_preset};
    use crate::Recipe;

    fn changes(recipe: &Recipe) -> Option<Vec<(String, String)>> {
        changes_from_preset(&as_written(recipe).expect("JSON"))
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_preset_is_made_of_itself() {
        for preset in Preset::ALL {
            let adapted = pairs(&[("logit_adjustment", "0.0")]);
            assert_eq!(changes(&Recipe::new(preset, 8)), Some(adapted), "{preset}");
        }
    }

    #[test]
    fn settings_of_any_kind_are_named() {
        let set = pairs(&[
            ("optimizer.learning_rate", "0.005"),
            ("network.blocks.0.filters", "8"),
            ("network.branches", "[]"),
            ("network.compression", "{ hop = 320, ratio = 0.25 }"),
            ("schedule", "{ kind = \"constant\" }"),
            ("label_smoothing", "0"),
            ("network.gflb.hidden", "16"),
            ("seed", "7"),
        ]);
        let recipe = Recipe::new(Preset::ClstmPlus, 8).for_corpus(&[200, 20]);
        let recipe = recipe.with_changes(None, &set).expect("a recipe");
        let found = changes(&recipe).expect("pairs");
        assert!(found.contains(&("network.branches".to_owned(), "[]".to_owned())), "{found:?}");
        assert!(found.iter().all(|(key, _)| key != "seed" && key != "epochs"), "{found:?}");
        let mut again = found.clone();
        again.extend(pairs(&[("seed", "7"), ("epochs", &recipe.epochs.to_string())]));
        let usual = Recipe::new(Preset::ClstmPlus, 8);
        assert_eq!(usual.with_changes(None, &again).expect("the same"), recipe);
    }

    #[test]
    fn a_part_that_the_preset_has_is_removed() {
        let usual = Recipe::new(Preset::Clstm, 8);
        assert!(usual.network.compression.is_some());
        let mut recipe = usual.clone();
        recipe.network.compression = None;
        let found = changes(&recipe).expect("pairs");
        assert!(
            found.contains(&("network.compression".to_owned(), "none".to_owned())),
            "{found:?}"
        );
        assert_eq!(usual.with_changes(None, &found).expect("the same"), recipe);
        // What every recipe has cannot be removed.
        assert!(usual.with_changes(None, &pairs(&[("optimizer", "none")])).is_err());
    }

    #[test]
    fn what_no_setting_makes_is_none() {
        let mut recipe = Recipe::new(Preset::Clstm, 8);
        recipe.preset = "unknown".to_owned();
        assert_eq!(changes(&recipe), None);
    }
}
