//! The recipes of an ablation's rows: alike but for what the rows are about.

use std::mem::discriminant;
use std::path::Path;

use clstm_nn::{GflbConfig, Preset};

use crate::{Protocol, Recipe, TrainError};

/// The recipes of the seven rows, in the paper's order, all with the same changes (see
/// [`Recipe::with_changes`]). `network.gflb.*` goes to the rows whose global block has that setting, and
/// `center_loss` to those that have that loss.
///
/// # Errors
/// [`TrainError::Recipe`] for settings that no row has, that do not fit, or that would make a row another
/// one: which blocks, skip connections and losses a row has is what the table compares.
pub fn ablation_recipes(
    classes: usize,
    file: Option<&toml::Table>,
    pairs: &[(String, String)],
) -> Result<Vec<(Preset, Recipe)>, TrainError> {
    let rows = Preset::TABLE_1.map(|preset| (preset, Recipe::new(preset, classes)));
    for (key, _) in pairs {
        if !rows.iter().any(|(preset, recipe)| takes(*preset, recipe, key)) {
            return Err(TrainError::Recipe(format!("no row has a setting {key:?}")));
        }
    }
    let mut changed = Vec::new();
    for (preset, recipe) in rows {
        let file = file.map(|file| of_row(file.clone(), preset, &recipe));
        let pairs: Vec<_> =
            pairs.iter().filter(|(key, _)| takes(preset, &recipe, key)).cloned().collect();
        let own = recipe.with_changes(file.as_ref(), &pairs)?;
        check_row(preset, &recipe, &own)?;
        changed.push((preset, own));
    }
    Ok(changed)
}

/// Whether a setting means anything to a row.
fn takes(preset: Preset, recipe: &Recipe, key: &str) -> bool {
    match key.strip_prefix("network.gflb.") {
        Some(field) => gflb_fields(&recipe.network.gflb).contains(&field),
        None => key != "center_loss" || preset.center_loss(),
    }
}

fn gflb_fields(gflb: &GflbConfig) -> &'static [&'static str] {
    match gflb {
        GflbConfig::None => &["kind"],
        GflbConfig::BiLstm { .. } => &["kind", "hidden", "layers"],
        GflbConfig::BiGru { .. } => &["kind", "hidden", "layers", "reset"],
    }
}

/// A configuration file without what means nothing to the row. A name that no row knows stays: it is
/// refused where the file is laid over the recipe.
fn of_row(mut file: toml::Table, preset: Preset, recipe: &Recipe) -> toml::Table {
    if !preset.center_loss() {
        file.remove("center_loss");
    }
    let network = file.get_mut("network").and_then(toml::Value::as_table_mut);
    if let Some(gflb) =
        network.and_then(|network| network.get_mut("gflb")).and_then(toml::Value::as_table_mut)
    {
        let own = gflb_fields(&recipe.network.gflb);
        let known = ["kind", "hidden", "layers", "reset"];
        gflb.retain(|key, _| own.contains(&key) || known.iter().all(|k| *k != key));
    }
    file
}

/// Refuses settings that make a row another one.
fn check_row(preset: Preset, plain: &Recipe, own: &Recipe) -> Result<(), TrainError> {
    let parts = |recipe: &Recipe| {
        (recipe.network.skip, discriminant(&recipe.network.gflb), recipe.center_loss > 0.0)
    };
    if own.preset == plain.preset && parts(own) == parts(plain) {
        return Ok(());
    }
    Err(TrainError::Recipe(format!(
        "the settings make {preset} another row of Table 1: preset, network.skip, network.gflb.kind and \
         whether there is a centre loss are what its rows differ in"
    )))
}

/// Refuses two rows that differ in more than skip connections, global block and centre loss.
pub(super) fn check_comparable(
    first: &Recipe,
    second: &Recipe,
    path: &Path,
) -> Result<(), TrainError> {
    let rest = |recipe: &Recipe| {
        let mut recipe = recipe.clone();
        (recipe.preset, recipe.center_loss) = (String::new(), 0.0);
        (recipe.network.skip, recipe.network.gflb) = (false, GflbConfig::None);
        recipe
    };
    if rest(first).same_training(&rest(second)) {
        return Ok(());
    }
    let what = format!(
        "the recipes of {} and {} differ in more than skip connections, global block and centre loss",
        first.preset, second.preset
    );
    Err(TrainError::OtherRun { path: path.to_owned(), what })
}

/// The protocol that all rows share.
pub(super) fn of_any_row(protocol: Protocol) -> Protocol {
    Protocol { preset: "table-1".to_owned(), ..protocol }
}
