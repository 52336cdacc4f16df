//! Settings of trainings and of the server.

use clstm_nn::Preset;
use clstm_train::Recipe;

/// A configuration file in TOML, and its lines as pairs of `--set`.
pub(crate) fn recipe(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let base = Recipe::new(Preset::ClstmPlus, 4);
    if let Ok(table) = text.parse::<toml::Table>()
        && let Ok(recipe) = base.with_changes(Some(&table), &[])
    {
        // What is accepted can be written, read and used for the size of the network.
        let json = serde_json::to_string(&recipe).unwrap_or_else(|error| panic!("{error}"));
        let read: Recipe = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}"));
        read.validate().unwrap_or_else(|error| panic!("accepted, then refused: {error}"));
        let _ = recipe.settings();
    }
    let pairs: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .take(64)
        .collect();
    let _ = base.with_changes(None, &pairs);
    #[cfg(feature = "server")]
    let _ = toml::from_str::<clstm_server::Limits>(text);
    let _ = serde_json::from_str::<Recipe>(text);
}
