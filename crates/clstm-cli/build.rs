//! Passes the commit that is built to the command, for `clstm --version`.

#![allow(clippy::print_stdout)] // directives to cargo

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=CLSTM_COMMIT");
    // Packagers build without a repository and may name the commit.
    let commit = std::env::var("CLSTM_COMMIT").ok().or_else(packaged_commit).or_else(commit);
    println!("cargo::rustc-env=CLSTM_BUILD_COMMIT={}", commit.unwrap_or_default());
}

/// The short hash of the commit that `cargo publish` packaged.
fn packaged_commit() -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cargo_vcs_info.json");
    let text = std::fs::read_to_string(file).ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let hash: String = rest.chars().skip_while(|c| !c.is_ascii_hexdigit()).take(12).collect();
    hash.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(hash)
}

/// The short hash of the checked-out commit, if the sources are those of a repository.
fn commit() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let git = |arguments: &[&str]| -> Option<String> {
        let output = Command::new("git").arg("-C").arg(&root).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !text.is_empty()).then_some(text)
    };
    // Crates below another repository, such as vendored ones, are not of its commit.
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    let head = git(&["rev-parse", "--absolute-git-dir"])?;
    println!("cargo::rerun-if-changed={head}/logs/HEAD");
    println!("cargo::rerun-if-changed={head}/HEAD");
    git(&["rev-parse", "--short=12", "HEAD"])
}
