//! Changes to a recipe's settings by dotted keys: `--set key=value` and configuration files.

use toml::{Table, Value};

use super::Recipe;
use super::renamed::current_name;
use crate::TrainError;

/// Most parts of a dotted key. The deepest setting, `network.branches.0.blocks.0.filters`, has six; without a limit a
/// key of thousands of parts would overflow the stack of whatever walks the nested tables.
const MAX_KEY_PARTS: usize = 16;

/// Longest key that is compared with the known ones, in bytes.
const LONGEST_COMPARED: usize = 200;

/// Longest text of a value in bytes: a network with every branch written out has less.
const MAX_VALUE_BYTES: usize = 1 << 16;

/// Settings whose value is one of several kinds with fields of their own (`{ kind = "...", ... }`).
const TAGGED_ENUMS: [&[&str]; 3] =
    [&["schedule"], &["network", "gflb"], &["network", "temporal_pooling"]];

/// The settings of a recipe as a TOML table, and the keys that were added to it.
pub(super) struct Overrides {
    table: Value,
    /// Dotted keys that the table did not have. A recipe leaves out optional parts that are not set, such as a
    /// filterbank, so that only reading the recipe back distinguishes a setting from a mistake.
    added: Vec<String>,
}

/// The value that removes an optional part, such as `network.compression=none`. TOML has no null.
pub(crate) const NONE: &str = "none";

impl Overrides {
    pub(super) fn of(recipe: &Recipe) -> Result<Self, TrainError> {
        let table = Value::try_from(recipe).map_err(|e| TrainError::Recipe(e.to_string()))?;
        Ok(Self { table, added: Vec::new() })
    }

    /// Lays the values of a configuration file over the settings. Keys of release 0.1 are translated.
    pub(super) fn merge(&mut self, file: &Table) {
        merge(&mut self.table, file, &mut Vec::new(), &mut self.added);
    }

    /// Sets the value of a dotted key, written as in TOML. Keys of release 0.1 are translated.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), TrainError> {
        if key.split('.').count() > MAX_KEY_PARTS {
            let message =
                format!("a settings key has at most {MAX_KEY_PARTS} parts separated by dots");
            return Err(TrainError::Recipe(message));
        }
        if value.len() > MAX_VALUE_BYTES {
            let message = format!("the value of {key:?} is longer than {MAX_VALUE_BYTES} bytes");
            return Err(TrainError::Recipe(message));
        }
        let mut path: Vec<&str> = Vec::new();
        for part in key.split('.') {
            path.push(current_name(&path, part));
        }
        if value == NONE && remove(&mut self.table, &path) {
            return Ok(());
        }
        if !write(&mut self.table, &path, value, &mut self.added) {
            return Err(self.unknown_key(key));
        }
        Ok(())
    }

    /// The recipe with these settings.
    pub(super) fn recipe(self) -> Result<Recipe, TrainError> {
        let recipe: Recipe = match self.table.clone().try_into() {
            Ok(recipe) => recipe,
            Err(error) => return Err(self.refused(&error)),
        };
        // Enum variants without fields accept unknown keys silently: what was read must be there again.
        let read = Self::of(&recipe)?.table;
        let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        let lost = self
            .added
            .iter()
            .find(|key| get(&read, key).is_none() && !get(&self.table, key).is_some_and(empty));
        match lost {
            Some(key) => Err(self.unknown_key(key)),
            None => Ok(recipe),
        }
    }

    /// The dotted keys of all settings with their values as TOML, in the order of the recipe's fields.
    pub(super) fn list(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        leaves(&self.table, "", &mut found);
        found
    }

    /// Why the settings make no recipe: an added key that is no setting, or the reader's message.
    fn refused(&self, error: &toml::de::Error) -> TrainError {
        let message = error.to_string();
        let name = message.split('`').nth(1).filter(|_| message.contains("unknown field"));
        let is_named =
            |key: &&String| name.is_some_and(|name| key.split('.').any(|part| part == name));
        match self.added.iter().find(is_named) {
            Some(key) => self.unknown_key(key),
            None => TrainError::Recipe(message.trim().to_owned()),
        }
    }

    fn unknown_key(&self, key: &str) -> TrainError {
        let hint = match self.nearest(key) {
            Some(known) => format!("; did you mean {known:?}?"),
            None => String::new(),
        };
        TrainError::Recipe(format!("there is no setting {key:?}{hint}"))
    }

    /// The existing key that is most likely meant: one with the same last part, or else the one with the fewest edits.
    fn nearest(&self, key: &str) -> Option<String> {
        // The time of a comparison is that of the product of the lengths.
        if key.len() > LONGEST_COMPARED {
            return None;
        }
        let keys = self.list().into_iter().map(|(known, _)| known).filter(|known| known != key);
        let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        let scored = keys.map(|known| {
            let whole = strsim::damerau_levenshtein(key, &known);
            let part = strsim::damerau_levenshtein(&last(key), &last(&known));
            (part.min(whole), whole, known)
        });
        let (edits, _, known) = scored.min()?;
        // A third of the letters of a part: `epoch` is near `epochs`, `rate` is not near `seed`.
        (edits <= last(key).chars().count() / 3).then_some(known)
    }
}

/// Sets the value at `path`, adding tables as needed; false where the path leads through something else.
fn write(table: &mut Value, path: &[&str], value: &str, added: &mut Vec<String>) -> bool {
    let mut target = table;
    let mut existed = true;
    for part in path {
        let next = match target {
            Value::Table(table) => {
                existed &= table.contains_key(*part);
                Some(table.entry(*part).or_insert_with(|| Value::Table(Table::new())))
            }
            Value::Array(items) => index(part).and_then(|index| items.get_mut(index)),
            _ => None,
        };
        match next {
            Some(next) => target = next,
            None => return false,
        }
    }
    *target = parse_value(value, target);
    if !existed {
        added.push(path.join("."));
    }
    true
}

/// The value of a dotted key.
fn get<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(value, |value, part| match value {
        Value::Table(table) => table.get(part),
        Value::Array(items) => items.get(index(part)?),
        _ => None,
    })
}

/// The array index that a part of a dotted key names.
fn index(part: &str) -> Option<usize> {
    part.parse().ok()
}

/// All dotted keys below `value` that hold no table, with their values. Arrays of plain values are one setting.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    let below =
        |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
    match value {
        Value::Table(table) => {
            table.iter().for_each(|(key, value)| leaves(value, &below(key), found));
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| leaves(item, &below(&i.to_string()), found));
        }
        _ => found.push((path.to_owned(), value_text(value))),
    }
}

/// A value as TOML writes it. A number of a single-precision field has the fewest digits that identify it: 0.7, not
/// 0.699999988079071.
fn value_text(value: &Value) -> String {
    let single = value.as_float().filter(|x| f64::from(*x as f32) == *x).map(|x| x as f32);
    match single.and_then(|x| x.to_string().parse().ok()) {
        Some(shortest) => Value::Float(shortest).to_string(),
        None => value.to_string(),
    }
}

/// A value as TOML reads it (`3`, `1e-3`, `true`, `[1, 2]`), or else a plain string. A whole number replaces a real
/// one as a real one.
fn parse_value(text: &str, old: &Value) -> Value {
    let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
    match (parsed, old) {
        (Some(Value::Integer(i)), Value::Float(_)) => Value::Float(i as f64),
        (Some(value), _) => value,
        (None, _) => Value::String(text.to_owned()),
    }
}

/// Lays a table of a file over the table at `path`.
fn merge<'a>(
    target: &mut Value,
    file: &'a Table,
    path: &mut Vec<&'a str>,
    added: &mut Vec<String>,
) {
    let Value::Table(table) = target else {
        *target = Value::Table(file.clone());
        return;
    };
    for (key, value) in file {
        let key = current_name(path, key);
        path.push(key);
        match (table.get_mut(key), value) {
            // The fields of a tagged enum depend on its kind: with a kind it is replaced whole.
            (Some(target), Value::Table(inner))
                if !(TAGGED_ENUMS.contains(&&path[..]) && inner.contains_key("kind")) =>
            {
                merge(target, inner, path, added);
            }
            (Some(target @ Value::Float(_)), Value::Integer(i)) => {
                *target = Value::Float(*i as f64)
            }
            (Some(target), value) => *target = value.clone(),
            (None, value) => {
                table.insert(key.to_owned(), value.clone());
                added.push(path.join("."));
            }
        }
        path.pop();
    }
}

/// Removes a table; false where the key names none. A part that is not optional is refused when the recipe is read.
fn remove(table: &mut Value, path: &[&str]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    let mut place = table;
    for part in parents {
        let next = match place {
            Value::Table(table) => table.get_mut(*part),
            Value::Array(items) => part.parse().ok().and_then(|at: usize| items.get_mut(at)),
            _ => None,
        };
        let Some(next) = next else { return false };
        place = next;
    }
    let Value::Table(parent) = place else { return false };
    let is_part = parent.get(*last).is_some_and(Value::is_table);
    is_part && parent.remove(*last).is_some()
}
