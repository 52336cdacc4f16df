//! Recipes, their files and their `key=value` changes.

use clstm_corpus::Target;
use clstm_nn::{Precision, Preset};
use clstm_train::{AuxiliaryTask, MIN_UTTERANCES_FOR_PRESET_EPOCHS, MixupConfig, Recipe, Schedule};

fn set(pairs: &[(&str, &str)]) -> Result<Recipe, String> {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Recipe::new(Preset::Clstm, 8).with_changes(None, &pairs).map_err(|e| e.to_string())
}

#[test]
fn every_preset_has_a_recipe_that_can_be_followed() {
    for preset in Preset::ALL {
        let recipe = Recipe::new(preset, 8);
        recipe.validate().expect("a valid recipe");
        assert_eq!(recipe.center_loss > 0.0, preset.center_loss());
    }
}

#[test]
fn settings_change_by_dotted_keys() {
    let changes = [
        ("epochs", "7"),
        ("optimizer.learning_rate", "5e-4"),
        ("optimizer.weight_decay", "0"), // a whole number where a real one stands
        ("network.blocks.0.filters", "48"),
        ("augment.noise.prob", "0.25"),
        ("schedule", "{ kind = \"decay\", after = 10, factor = 0.9 }"),
    ];
    let recipe = set(&changes).expect("valid changes");
    assert_eq!((recipe.epochs, recipe.optimizer.learning_rate), (7, 5e-4));
    assert_eq!((recipe.optimizer.weight_decay, recipe.network.blocks[0].filters), (0.0, 48));
    assert_eq!(recipe.schedule, Schedule::Decay { after: 10, factor: 0.9 });
}

#[test]
fn a_network_gets_branches_as_a_whole() {
    let alone = Recipe::new(Preset::Clstm, 8);
    let table = toml::Table::try_from(&alone.network).expect("TOML");
    let mut file = toml::Table::new();
    let branches = toml::Value::Array(vec![table.clone().into()]);
    file.insert(
        "network".to_owned(),
        toml::Table::from_iter([("branches".to_owned(), branches)]).into(),
    );
    let pairs = [("network.branches.0.blocks.1.filters".to_owned(), "40".to_owned())];
    let recipe = alone.with_changes(Some(&file), &pairs).expect("valid");
    let mut branch = alone.network.clone();
    branch.blocks[1].filters = 40;
    assert_eq!(recipe.network.branches, [branch]);
    let without = [("network.branches".to_owned(), "[]".to_owned())];
    assert_eq!(recipe.with_changes(None, &without).expect("valid"), alone);
    let unfit = [("network.branches.0.segment_length".to_owned(), "1000".to_owned())];
    let error = recipe.with_changes(None, &unfit).expect_err("other segments").to_string();
    assert!(error.contains("branches[0].segment_length is 1000, the network's 2000"), "{error}");
}

#[test]
fn what_a_preset_does_without_can_be_set() {
    let plus = Recipe::new(Preset::ClstmPlus, 8);
    let key = "network.compression".to_owned();
    let compressed = [(key.clone(), "{ ratio = 0.25, hop = 320 }".to_owned())];
    let recipe = plus.with_changes(None, &compressed).expect("valid");
    let compression = recipe.network.compression.expect("set");
    assert_eq!((compression.ratio, compression.hop), (0.25, 320));
    let file = "[network.compression]\nratio = 0.25\nhop = 320\n".parse().expect("TOML");
    assert_eq!(plus.with_changes(Some(&file), &[]).expect("valid"), recipe);
    let parts =
        [(format!("{key}.hop"), "320".to_owned()), (format!("{key}.ratio"), "0.25".to_owned())];
    assert_eq!(plus.with_changes(None, &parts).expect("valid"), recipe);
    let half = plus.with_changes(None, &parts[..1]).expect_err("no ratio").to_string();
    assert!(half.contains("ratio"), "{half}");
}

/// Paths of a recipe's tables, the recipe's own first.
fn tables(value: &toml::Value, path: &str, found: &mut Vec<String>) {
    let mut inner = |key: &str, value| tables(value, &format!("{path}{key}."), found);
    match value {
        toml::Value::Table(table) => {
            table.iter().for_each(|(key, value)| inner(key, value));
            found.push(path.to_owned());
        }
        toml::Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| inner(&i.to_string(), value));
        }
        _ => {}
    }
}

#[test]
fn no_table_takes_what_is_no_setting() {
    for preset in Preset::ALL {
        let mut recipe = Recipe::new(preset, 8);
        recipe.auxiliary_tasks =
            vec![AuxiliaryTask { target: Target::Sex, weight: 0.1, gradient_reversal: false }];
        let value = toml::Value::try_from(&recipe).expect("TOML");
        let mut found = Vec::new();
        tables(&value, "", &mut found);
        assert!(found.len() > 15, "{found:?}");
        for path in found {
            let key = format!("{path}no_such_setting");
            let pair = [(key.clone(), "1".to_owned())];
            let error = recipe.with_changes(None, &pair).expect_err(&key).to_string();
            assert!(error.contains(&format!("there is no setting {key:?}")), "{error}");
        }
    }
}

#[test]
fn a_file_changes_settings_and_pairs_change_the_file() {
    let file: toml::Table = "epochs = 9\nbatch = 16\n[schedule]\nkind = \"constant\"\n\
                             [network]\ndropout = 0\n"
        .parse()
        .expect("TOML");
    let pairs = [("batch".to_owned(), "24".to_owned())];
    let recipe = Recipe::new(Preset::Clstm, 8).with_changes(Some(&file), &pairs).expect("valid");
    assert_eq!((recipe.epochs, recipe.batch, recipe.network.dropout), (9, 24, 0.0));
    assert_eq!(recipe.schedule, Schedule::Constant);
}

#[test]
fn a_precision_is_part_of_the_recipe() {
    let plain = Recipe::new(Preset::Clstm, 8);
    assert_eq!(plain.precision, Precision::F32);
    let half = set(&[("precision", "bf16")]).expect("a valid change");
    assert_eq!(half.precision, Precision::Bf16);
    assert!(!half.same_training(&plain));
    let json = serde_json::to_string(&half).expect("JSON");
    assert!(json.contains("\"precision\":\"bf16\""), "{json}");
    assert_eq!(serde_json::from_str::<Recipe>(&json).expect("a recipe"), half);
    let file: toml::Table = "precision = \"bf16\"".parse().expect("TOML");
    assert_eq!(plain.with_changes(Some(&file), &[]).expect("a valid file"), half);
}

#[test]
fn the_nearest_setting_is_suggested() {
    for (key, meant) in [
        ("learning_rate", "optimizer.learning_rate"),
        ("optimiser.weight_decay", "optimizer.weight_decay"),
        ("network.blocks.0.filtres", "network.blocks.0.filters"),
        ("epoch", "epochs"),
    ] {
        let message = set(&[(key, "1")]).expect_err("no setting");
        assert!(message.contains(&format!("did you mean {meant:?}?")), "{key}: {message}");
    }
    let message = set(&[("optimizer.colour", "1")]).expect_err("no setting");
    assert!(!message.contains("did you mean"), "{message}");
}

#[test]
fn keys_and_values_have_a_length() {
    let message = set(&[(&vec!["a"; 30_000].join("."), "1")]).expect_err("too many parts");
    assert!(message.contains("at most 16 parts"), "{message}");
    for value in
        [format!("{}1", "[".repeat(100_000)), format!("{{ {} = 1 }}", vec!["a"; 30_000].join("."))]
    {
        set(&[("network.compression", &value)]).expect_err("no value");
    }
    let deep = format!("{{ {} = 1 }}", vec!["a"; 20_000].join("."));
    set(&[("network.compression", &deep)]).expect_err("no value");
}

#[test]
fn settings_are_listed_as_they_can_be_set() {
    let recipe = Recipe::new(Preset::ClstmPlus, 8);
    let settings = recipe.settings().expect("settings");
    assert!(settings.contains(&("optimizer.learning_rate".to_owned(), "0.001".to_owned())));
    // A field of single precision, with the digits that a user would write.
    assert!(settings.contains(&("augment.speed.max".to_owned(), "0.12".to_owned())));
    assert!(settings.contains(&("augment.offset.prob".to_owned(), "1.0".to_owned())));
    assert!(settings.len() > 80, "{}", settings.len());
    assert_eq!(recipe.with_changes(None, &settings).expect("the same"), recipe);
}

#[test]
fn mistakes_are_named() {
    for (key, value, part) in [
        ("epoch", "3", "epoch"),
        ("optimizer.rate", "3", "optimizer.rate"),
        ("network.blocks.9.filters", "3", "network.blocks.9.filters"),
        ("epochs", "many", "epochs"),
        ("epochs", "0", "epochs"),
        ("batch", "1", "batch"),
        ("precision", "fp16", "fp16"),
        ("precision", "16", "precision"),
        ("label_smoothing", "1.5", "label_smoothing"),
        ("calibration_share", "0.5", "calibration_share"),
        ("calibration_share", "-0.1", "calibration_share"),
        ("calibration_share", "nan", "calibration_share"),
        ("validation.share", "0.5", "validation.share"),
        ("validation.share", "nan", "validation.share"),
        ("validation.patience", "3", "validation.share"),
        ("validation.select", "best", "validation.share"),
        ("validation.select", "worst", "select"),
        ("validation.eval_every", "0", "validation.eval_every"),
        ("optimizer.learning_rate", "-1", "optimizer"),
        ("optimizer.layer_decay", "0", "layer_decay"),
        ("optimizer.layer_decay", "1.5", "layer_decay"),
        ("optimizer.layer_decay", "nan", "layer_decay"),
        ("frozen_layers", "-1", "frozen_layers"),
        ("frozen_layers", "front", "frozen_layers"),
        ("sampling.shots", "-5", "shots"),
        ("optimizer.kind", "sgd", "muon"),
        ("schedule.cycles", "0", "cycles"),
        ("schedule.cycles", "121", "cycles"),
        ("network.classes", "0", "classes"),
        ("frontend.segment_length", "1000", "segment_length"),
        ("augment.target_rms", "0.5", "target_rms"),
    ] {
        let message = set(&[(key, value)]).expect_err("a mistake");
        assert!(message.contains(part), "{key}={value}: {message}");
    }
}

#[test]
fn settings_have_upper_bounds() {
    for (key, value, part) in [
        ("crop_steps", "100000", "crop_steps is 100000"),
        ("batch", "1000000", "batch is 1000000"),
        ("epochs", "18446744073709551615", ""),
        ("epochs", "10000000", "epochs is 10000000"),
        ("eval_every", "10000000", "eval_every"),
        ("frozen_layers", "1000", "frozen_layers is 1000"),
        ("sampling.shots", "10000000", "sampling.shots is 10000000"),
        ("checkpoint_every", "10000000", "checkpoint_every"),
        ("validation.eval_every", "10000000", "validation.eval_every"),
        ("augment.time_mask.count", "1000000", "time_mask.count"),
        ("center_loss", "1e300", "center_loss"),
        ("optimizer.learning_rate", "1e30", "learning_rate"),
        ("optimizer.weight_decay", "1e30", "weight_decay"),
        ("optimizer.clip_norm", "inf", "clip_norm"),
        ("optimizer.sam_rho", "1e9", "sam_rho"),
        ("schedule", "{ kind = \"decay\", after = 1, factor = 2.0 }", "factor"),
        ("network.blocks.0.filters", "1000000", "blocks[0].filters"),
        ("network.blocks.1.filters", "65536", "weights, more than"),
        ("network.features", "65537", "features"),
        ("network.gflb.hidden", "65536", "weights, more than"),
        ("network.gflb.layers", "1000", "gflb.layers"),
        ("frontend.max_steps", "100000", "max_steps"),
        ("frontend.tta.shifts", "100000", "shifts"),
    ] {
        let message = set(&[(key, value)]).expect_err("an unbounded setting");
        assert!(message.contains(part), "{key}={value}: {message}");
    }
    // Each within its bounds, but not together.
    let message = set(&[("batch", "4096"), ("crop_steps", "4096")]).expect_err("too much memory");
    assert!(message.contains("values for a layer"), "{message}");
    let bank = "{ filters = 8, kernel = 400, stride = 40, pool = 5, freq_mask_max_width = 8 }";
    let message = set(&[("network.filterbank", bank)]).expect_err("a mask of all bands");
    assert!(message.contains("freq_mask_max_width is 8"), "{message}");
}

#[test]
fn mixup_has_its_domain() {
    set(&[("mixup.prob", "0.5")]).expect("a valid change");
    for (key, value) in [
        ("mixup.prob", "1.5"),
        ("mixup.alpha", "0"),
        ("mixup.alpha", "2"),
        ("mixup.cutmix_share", "-0.1"),
    ] {
        let error = set(&[("mixup.prob", "0.5"), (key, value)]).expect_err(value);
        assert!(error.contains("mixup"), "{error}");
    }
}

#[test]
fn recipes_from_before_a_setting_are_read_with_its_default() {
    let recipe = Recipe::new(Preset::Clstm, 8);
    let mut json = serde_json::to_value(&recipe).expect("JSON");
    let fields = json.as_object_mut().expect("an object");
    for setting in ["mixup", "calibration_share", "validation", "frozen_layers"] {
        fields.remove(setting).expect("there");
    }
    let mut remove = |table: &str, setting: &str| {
        fields[table].as_object_mut().expect("an object").remove(setting).expect("there");
    };
    remove("optimizer", "waveform_lr_multiplier");
    remove("optimizer", "layer_decay");
    remove("sampling", "shots");
    fields["network"].as_object_mut().expect("an object").remove("temporal_pooling");
    // Trainings knew no mixup then, whatever the preset does now.
    let before = Recipe { mixup: MixupConfig::default(), ..recipe.clone() };
    assert_eq!(before.mixup.prob, 0.0);
    assert_eq!(serde_json::from_value::<Recipe>(json).expect("a recipe"), before);
    let share = set(&[("calibration_share", "0.1")]).expect("a valid change");
    assert_eq!(share.calibration_share, 0.1);
    assert!(!share.same_training(&recipe));
}

#[test]
fn small_corpora_are_passed_more_often() {
    let epochs = |utterances| Recipe::new(Preset::ClstmPlus, 8).for_corpus(&[utterances]).epochs;
    assert_eq!([epochs(10_000), epochs(MIN_UTTERANCES_FOR_PRESET_EPOCHS)], [60, 60]);
    assert_eq!([epochs(600), epochs(400), epochs(300)], [120, 180, 240]);
    assert_eq!([epochs(3), epochs(0)], [240, 240], "at most four times");
}

#[test]
fn uneven_classes_are_learnt_as_if_they_were_even() {
    let adjustment =
        |counts: &[usize]| Recipe::new(Preset::ClstmPlus, 8).for_corpus(counts).logit_adjustment;
    assert_eq!(adjustment(&[96, 192, 192]), 0.0, "RAVDESS is what presets are made on");
    assert_eq!(adjustment(&[127, 46, 81]), 1.0);
    assert_eq!([adjustment(&[]), adjustment(&[0, 9, 5]), adjustment(&[0, 0])], [0.0; 3]);
}
