//! Real corpora, where the machine has them.

use std::path::{Path, PathBuf};

use clstm_test_support::skip;

/// The folder of a corpus below `shared/corpora`; none, printing so, where it is absent.
///
/// # Panics
/// Where it is absent and `CLSTM_REQUIRE`, a list with commas, names `corpora`, as in CI.
pub(crate) fn corpus(name: &str) -> Option<PathBuf> {
    let folder =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora")).join(name);
    if folder.exists() {
        return Some(folder);
    }
    skip("corpora", &folder.display().to_string());
    None
}
