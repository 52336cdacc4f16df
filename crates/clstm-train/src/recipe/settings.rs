//! A recipe's settings, changed by their names.

use toml::{Table, Value};

use super::Recipe;
use crate::TrainError;

/// The settings of a recipe as they stand in a file.
pub(super) struct Settings {
    table: Value,
    /// Dotted keys that the table did not have. A recipe leaves out what it has none of, such as a filterbank, so
    /// that only reading the recipe again tells a setting from a mistake.
    added: Vec<String>,
}

impl Settings {
    pub(super) fn of(recipe: &Recipe) -> Result<Self, TrainError> {
        let table = Value::try_from(recipe).map_err(|e| TrainError::Recipe(e.to_string()))?;
        Ok(Self { table, added: Vec::new() })
    }

    /// Lays the values of a configuration file over the settings.
    pub(super) fn merge(&mut self, file: &Table) {
        merge(&mut self.table, &Value::Table(file.clone()), "", &mut self.added);
    }

    /// Sets what a dotted key names to a value as TOML writes it.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), TrainError> {
        let mut place = &mut self.table;
        let mut there = true;
        for part in key.split('.') {
            place = match place {
                Value::Table(table) => {
                    there &= table.contains_key(part);
                    table.entry(part).or_insert_with(|| Value::Table(Table::new()))
                }
                Value::Array(items) => {
                    let index = index(part).ok_or_else(|| unknown_key(key))?;
                    items.get_mut(index).ok_or_else(|| unknown_key(key))?
                }
                _ => return Err(unknown_key(key)),
            };
        }
        *place = parse_value(value, place);
        if !there {
            self.added.push(key.to_owned());
        }
        Ok(())
    }

    /// The recipe that the settings make.
    pub(super) fn recipe(self) -> Result<Recipe, TrainError> {
        let Self { table, added } = self;
        let recipe: Recipe = table.clone().try_into().map_err(|e| refused(&e, &added))?;
        // The kinds of a setting that have no fields take any without a word: what was taken is there again.
        let taken = Self::of(&recipe)?.table;
        let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        match added
            .iter()
            .find(|key| get(&taken, key).is_none() && !get(&table, key).is_some_and(empty))
        {
            Some(key) => Err(unknown_key(key)),
            None => Ok(recipe),
        }
    }
}

/// What a dotted key names.
fn get<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(value, |value, part| match value {
        Value::Table(table) => table.get(part),
        Value::Array(items) => items.get(index(part)?),
        _ => None,
    })
}

/// The place in an array that a part of a dotted key names.
fn index(part: &str) -> Option<usize> {
    part.parse().ok()
}

/// Why the settings make no recipe: a key among those added that is no setting, or what the reader says.
fn refused(error: &toml::de::Error, added: &[String]) -> TrainError {
    let message = error.to_string();
    let name = message.split('`').nth(1).filter(|_| message.contains("unknown field"));
    let is_named = |key: &&String| name.is_some_and(|name| key.split('.').any(|part| part == name));
    match added.iter().find(is_named) {
        Some(key) => unknown_key(key),
        None => TrainError::Recipe(message.trim().to_owned()),
    }
}

fn unknown_key(key: &str) -> TrainError {
    TrainError::Recipe(format!("there is no setting {key:?}"))
}

/// A value as TOML reads it (`3`, `1e-3`, `true`, `[1, 2]`), or else a plain string; a whole number
/// where a real one stood is one.
fn parse_value(text: &str, old: &Value) -> Value {
    let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
    match (parsed, old) {
        (Some(Value::Integer(i)), Value::Float(_)) => Value::Float(i as f64),
        (Some(value), _) => value,
        (None, _) => Value::String(text.to_owned()),
    }
}

fn merge(place: &mut Value, file: &Value, path: &str, added: &mut Vec<String>) {
    match (place, file) {
        (Value::Table(table), Value::Table(file)) => {
            for (key, value) in file {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                // A tagged table such as a schedule is replaced whole: its fields depend on its kind.
                let whole = value.as_table().is_some_and(|t| t.contains_key("kind"));
                match table.get_mut(key) {
                    Some(place) if !whole => merge(place, value, &path, added),
                    Some(place) => *place = value.clone(),
                    None => {
                        table.insert(key.clone(), value.clone());
                        added.push(path);
                    }
                }
            }
        }
        (place @ Value::Float(_), Value::Integer(i)) => *place = Value::Float(*i as f64),
        (place, value) => *place = value.clone(),
    }
}
