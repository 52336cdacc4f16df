//! Tests that need what a machine may lack.

/// Prints that a test is skipped because something is missing.
///
/// # Panics
/// Where `CLSTM_REQUIRE`, a list with commas, names `kind`, as in CI: there the lack is a failure.
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
pub fn skip(kind: &str, missing: &str) {
    let required = std::env::var("CLSTM_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|required| required.trim() == kind),
        "CLSTM_REQUIRE names {kind}, and there is no {missing}"
    );
    eprintln!("skipped: no {missing}");
}
