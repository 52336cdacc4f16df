//! Settings that had other names in release 0.1: old keys are read for one release and never written.
//!
//! Files are read through the `serde` aliases of the fields; this table serves `--set` and configuration files, whose
//! keys are laid over a recipe by name. A test holds the two together.

/// `(table, old key, new key)`. In the path of the table `*` stands for an index.
///
/// The tables of a branch, `network.branches.*`, have the names of the network's own.
pub(super) const RENAMED_KEYS: [(&str, &str, &str); 18] = [
    ("", "tasks", "auxiliary_tasks"),
    ("", "test_every", "eval_every"),
    ("auxiliary_tasks.*", "adversarial", "gradient_reversal"),
    ("distillation", "share", "alpha"),
    ("frontend", "views", "tta"),
    ("frontend.tta", "flips", "polarity"),
    ("frontend.tta", "offsets", "shifts"),
    ("mixup", "cut", "cutmix_share"),
    ("network", "pooling", "temporal_pooling"),
    ("network.compression", "amount", "ratio"),
    ("network.filterbank", "mask", "freq_mask_max_width"),
    ("network.filterbank", "relative", "mean_normalize"),
    ("network.filterbank", "style", "mixstyle_prob"),
    ("network.filterbank", "warp", "vtlp_max"),
    ("optimizer", "matrices", "kind"),
    ("optimizer", "sharpness", "sam_rho"),
    ("optimizer", "waveform_rate", "waveform_lr_multiplier"),
    ("validation", "every", "eval_every"),
];

/// The present name of `key` in the table at `path`, whose parts are present names.
pub(super) fn current_name<'a>(path: &[&str], key: &'a str) -> &'a str {
    let path = match path {
        ["network", "branches", _, rest @ ..] => [&["network"], rest].concat(),
        path => path.to_vec(),
    };
    let table: Vec<&str> =
        path.iter().map(|part| if part.parse::<usize>().is_ok() { "*" } else { part }).collect();
    let table = table.join(".");
    let renamed = RENAMED_KEYS.iter().find(|(of, old, _)| *of == table && *old == key);
    renamed.map_or(key, |(_, _, new)| new)
}
