//! The recipes of an ablation's rows: alike but for what the rows are about.

use std::path::Path;

use clstm_eval::{EvalError, EvalProtocol};
use clstm_nn::{GflbConfig, Preset};

use crate::{Recipe, TrainError};

/// The recipes of the seven rows, in the paper's order, all with the same changes (see
/// [`Recipe::with_changes`]). `network.gflb.*` goes to the rows whose global block has that setting, and
/// `center_loss` to those that have that loss. The recipes are not adapted to a corpus ([`Recipe::for_corpus`]): the rows
/// have the epochs and the loss of the paper.
///
/// # Errors
/// [`TrainError::Recipe`] for settings that no row has, that do not fit, or that would make a row another
/// one: which blocks, skip connections and losses a row has is what the table compares.
pub fn ablation_recipes(
    classes: usize,
    file: Option<&toml::Table>,
    pairs: &[(String, String)],
) -> Result<Vec<(Preset, Recipe)>, TrainError> {
    if file.is_some_and(distinguishes_rows)
        || pairs.iter().any(|(key, _)| ROW_SETTINGS.contains(&key.as_str()))
    {
        return Err(another_row());
    }
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
        if (own.center_loss > 0.0) != preset.center_loss() {
            return Err(another_row());
        }
        changed.push((preset, own));
    }
    Ok(changed)
}

/// Settings that the rows differ in: none of them could be set for all.
const ROW_SETTINGS: [&str; 4] = ["preset", "network.skip", "network.gflb", "network.gflb.kind"];

/// Whether a configuration file has such a setting.
fn distinguishes_rows(file: &toml::Table) -> bool {
    let network = file.get("network").and_then(toml::Value::as_table);
    let gflb = network.and_then(|network| network.get("gflb")).and_then(toml::Value::as_table);
    file.contains_key("preset")
        || network.is_some_and(|network| network.contains_key("skip"))
        || gflb.is_some_and(|gflb| gflb.contains_key("kind"))
}

fn another_row() -> TrainError {
    let message = "the settings make a row of Table 1 another row: preset, network.skip, network.gflb.kind \
                   and whether there is a centre loss are what its rows differ in";
    TrainError::Recipe(message.to_owned())
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
        GflbConfig::None => &[],
        GflbConfig::BiLstm { .. } => &["hidden", "layers"],
        GflbConfig::BiGru { .. } => &["hidden", "layers", "reset"],
    }
}

/// A configuration file without what means nothing to the row. A name that no row has stays: it is
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
        let known = ["hidden", "layers", "reset"];
        gflb.retain(|key, _| own.contains(&key) || !known.contains(&key));
    }
    file
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
    Err(EvalError::OtherRun { path: path.to_owned(), what }.into())
}

/// The protocol that all rows share.
pub(super) fn of_any_row(protocol: EvalProtocol) -> EvalProtocol {
    EvalProtocol { preset: "table-1".to_owned(), ..protocol }
}

#[cfg(test)]
mod tests {
    use clstm_nn::{GflbConfig, Preset};

    use super::ablation_recipes;

    fn rows(file: &str) -> Result<Vec<(Preset, crate::Recipe)>, String> {
        let file = file.parse().expect("TOML");
        ablation_recipes(8, Some(&file), &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_goes_to_the_rows_that_have_its_settings() {
        let file =
            "epochs = 7\ncenter_loss = 0.02\n[network.gflb]\nhidden = 16\nreset = \"after\"\n";
        let rows = rows(file).expect("seven rows");
        assert_eq!(rows.iter().map(|(preset, _)| *preset).collect::<Vec<_>>(), Preset::TABLE_1);
        for (preset, recipe) in &rows {
            assert_eq!(recipe.epochs, 7);
            assert_eq!(recipe.center_loss, if preset.center_loss() { 0.02 } else { 0.0 });
            match recipe.network.gflb {
                GflbConfig::None => {}
                GflbConfig::BiLstm { hidden, .. } => assert_eq!(hidden, 16),
                GflbConfig::BiGru { hidden, reset, .. } => {
                    assert_eq!((hidden, reset), (16, clstm_nn::Reset::After));
                }
            }
        }
    }

    #[test]
    fn what_would_make_a_row_another_is_refused() {
        for (file, part) in [
            ("[network]\nskip = true", "another row"),
            ("[network.gflb]\nkind = \"bilstm\"\nhidden = 8\nlayers = 1", "another row"),
            ("[network.gflb]\nhiden = 8", "network.gflb.hiden"),
            ("center_loss = 0", "another row"),
            ("preset = \"clstm\"", "another row"),
        ] {
            let error = rows(file).expect_err(file);
            assert!(error.contains(part), "{file}: {error}");
        }
    }
}
