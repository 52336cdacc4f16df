//! Real corpora, where the machine has them.

use std::path::{Path, PathBuf};

/// The folder of a corpus below `shared/corpora`; none, printing so, where it is absent.
///
/// # Panics
///
/// Where it is absent and `CLSTM_REQUIRE`, a list with commas, names `corpora`, as in CI.
pub(crate) fn corpus(name: &str) -> Option<PathBuf> {
    let folder =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora")).join(name);
    if folder.exists() {
        return Some(folder);
    }
    let required = std::env::var("CLSTM_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|what| what.trim() == "corpora"),
        "CLSTM_REQUIRE names corpora, and there is no {}",
        folder.display()
    );
    eprintln!("skipped: no {}", folder.display());
    None
}
