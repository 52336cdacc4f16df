//! The folder of a run: its recipe.

use std::path::Path;

use clstm_eval::EvalError;
use clstm_eval::files::{create_folder, read_json, write_json};

use crate::Recipe;

/// Makes a run's folder and puts its recipe there as `recipe.json`.
///
/// # Errors
/// [`EvalError::OtherRun`] where the folder holds a run by another recipe: finished folds cannot be
/// distinguished from those of other settings by their figures, so that they must not be mixed.
pub fn begin_run(out: &Path, recipe: &Recipe) -> Result<(), EvalError> {
    let path = out.join("recipe.json");
    if path.exists() && !read_json::<Recipe>(&path)?.same_training(recipe) {
        let what = "another recipe".to_owned();
        return Err(EvalError::OtherRun { path: out.to_owned(), what });
    }
    create_folder(out)?;
    write_json(&path, recipe)
}
