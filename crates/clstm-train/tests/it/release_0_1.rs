//! Recipes of release 0.1: their names are read, and written no more.

use clstm_nn::Preset;
use clstm_train::{OptimizerKind, Recipe};
use serde_json::Value;

const RECIPE: &str = include_str!("../../../../fixtures/release-0.1/recipe.json");

/// `(old dotted key, new dotted key)` of every renamed setting that the recipe has.
const RENAMED: [(&str, &str); 21] = [
    ("tasks", "auxiliary_tasks"),
    ("test_every", "eval_every"),
    ("tasks.0.adversarial", "auxiliary_tasks.0.gradient_reversal"),
    ("distillation.share", "distillation.alpha"),
    ("frontend.views.flips", "frontend.tta.polarity"),
    ("frontend.views.offsets", "frontend.tta.shifts"),
    ("mixup.cut", "mixup.cutmix_share"),
    ("network.pooling", "network.temporal_pooling"),
    ("network.compression.amount", "network.compression.ratio"),
    ("network.filterbank.mask", "network.filterbank.freq_mask_max_width"),
    ("network.filterbank.relative", "network.filterbank.mean_normalize"),
    ("network.filterbank.style", "network.filterbank.mixstyle_prob"),
    ("network.filterbank.warp", "network.filterbank.vtlp_max"),
    ("network.branches.0.pooling", "network.branches.0.temporal_pooling"),
    ("network.branches.0.compression.amount", "network.branches.0.compression.ratio"),
    ("network.branches.0.filterbank.warp", "network.branches.0.filterbank.vtlp_max"),
    ("optimizer.matrices", "optimizer.kind"),
    ("optimizer.sharpness", "optimizer.sam_rho"),
    ("optimizer.waveform_rate", "optimizer.waveform_lr_multiplier"),
    ("validation.every", "validation.eval_every"),
    ("network.filterbank.kernel", "network.filterbank.kernel"),
];

fn at<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.pointer(&format!("/{}", key.replace('.', "/")))
}

#[test]
fn old_names_are_read_and_new_ones_are_written() {
    let old: Value = serde_json::from_str(RECIPE).expect("JSON");
    let recipe: Recipe = serde_json::from_str(RECIPE).expect("a recipe of release 0.1");
    recipe.validate().expect("a valid recipe");
    assert_eq!(recipe.optimizer.kind, OptimizerKind::AdamW);
    let new = serde_json::to_value(&recipe).expect("JSON");
    for (before, after) in RENAMED {
        let (was, is) = (at(&old, before).expect(before), at(&new, after).expect(after));
        // The tables below have renamed keys of their own, and `adam` is now `adamw`.
        if !was.is_array() && before != "optimizer.matrices" {
            assert_eq!(was, is, "{after}");
        }
        assert!(before == after || at(&new, before).is_none(), "{before} is still written");
    }
    let again: Recipe = serde_json::from_value(new).expect("a recipe");
    assert_eq!(again, recipe);
}

#[test]
fn old_names_can_be_set_and_configured() {
    let old: Value = serde_json::from_str(RECIPE).expect("JSON");
    let recipe: Recipe = serde_json::from_str(RECIPE).expect("a recipe of release 0.1");
    let changes = [
        ("test_every", "7"),
        ("tasks.0.adversarial", "true"),
        ("distillation.share", "0.25"),
        ("frontend.views.flips", "false"),
        ("frontend.views.offsets", "2"),
        ("mixup.cut", "0.125"),
        ("network.pooling", "{ kind = \"attention\", hidden = 8 }"),
        ("network.compression.amount", "0.75"),
        ("network.filterbank.mask", "2"),
        ("network.filterbank.relative", "false"),
        ("network.filterbank.style", "0.75"),
        ("network.filterbank.warp", "0.25"),
        ("network.branches.0.compression.amount", "0.25"),
        ("network.branches.0.filterbank.warp", "0.125"),
        ("optimizer.matrices", "muon"),
        ("optimizer.sharpness", "0.5"),
        ("optimizer.waveform_rate", "0.125"),
        ("validation.every", "4"),
    ];
    for (key, value) in changes {
        let changed = recipe
            .with_changes(None, &[(key.to_owned(), value.to_owned())])
            .unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_ne!(changed, recipe, "{key}");
        let (_, after) = RENAMED.iter().find(|(old, _)| *old == key).expect("a renamed key");
        let changed_by_new = recipe.with_changes(None, &[((*after).to_owned(), value.to_owned())]);
        assert_eq!(changed_by_new.expect(after), changed, "{after}");
    }
    // A whole recipe of release 0.1 as a configuration file, over a preset.
    let file: toml::Table = toml::Table::try_from(&old).expect("TOML");
    let laid = Recipe::new(Preset::ClstmPlus, 8).with_changes(Some(&file), &[]).expect("valid");
    assert_eq!(laid, recipe);
}

#[test]
fn recipes_of_published_results_still_load() {
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/results");
    let mut read = 0;
    let entries = |folder: &str| std::fs::read_dir(folder).expect("docs/results");
    for run in entries(results).chain(entries(&format!("{results}/emobox"))) {
        let path = run.expect("an entry").path().join("recipe.json");
        if let Ok(text) = std::fs::read_to_string(&path) {
            let recipe: Recipe = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            recipe.validate().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            read += 1;
        }
    }
    assert!(read > 5, "only {read} recipes in {results}");
}
