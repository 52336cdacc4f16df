//! The settings in which runs differ.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::report::RecipeFormat;
use crate::run::Run;

/// A setting that runs have different values of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingDifference {
    /// Its dotted name, as in `recipe.json`.
    pub setting: String,
    /// The value of each run, in their order; none where its recipe does not have the setting.
    pub values: Vec<Option<Value>>,
}

/// The settings in which the recipes of runs differ, sorted by name; none where a run has no recipe. `format` makes
/// recipes of older releases comparable.
#[must_use]
pub fn differing_settings(
    runs: &[&Run],
    format: Option<RecipeFormat>,
) -> Option<Vec<SettingDifference>> {
    let recipes: Option<Vec<BTreeMap<String, Value>>> =
        runs.iter().map(|run| run.recipe.as_ref().map(|recipe| leaves(recipe, format))).collect();
    let recipes = recipes?;
    let mut names: Vec<&String> = recipes.iter().flat_map(BTreeMap::keys).collect();
    names.sort_unstable();
    names.dedup();
    let difference = |name: &String| {
        let values: Vec<Option<Value>> = recipes.iter().map(|of| of.get(name).cloned()).collect();
        let differ = values.windows(2).any(|pair| pair[0] != pair[1]);
        differ.then(|| SettingDifference { setting: name.clone(), values })
    };
    Some(names.into_iter().filter_map(difference).collect())
}

/// The values of a recipe by their dotted names.
fn leaves(recipe: &Value, format: Option<RecipeFormat>) -> BTreeMap<String, Value> {
    let normalized = format.and_then(|format| (format.normalize)(recipe));
    let mut found = BTreeMap::new();
    collect("", normalized.as_ref().unwrap_or(recipe), &mut found);
    found
}

fn collect(key: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    let under = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| collect(&under(name), value, found));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            (0..).zip(items).for_each(|(i, item): (usize, _)| {
                collect(&under(&i.to_string()), item, found);
            });
        }
        _ => {
            found.insert(key.to_owned(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::leaves;

    #[test]
    fn names_are_dotted() {
        let recipe = json!({"epochs": 2, "network": {"blocks": [{"filters": 4}], "branches": []}});
        let found = leaves(&recipe, None);
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["epochs", "network.blocks.0.filters", "network.branches"]);
    }
}
