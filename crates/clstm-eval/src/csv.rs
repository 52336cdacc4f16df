//! Fields of CSV, the same in every table that the command and the report write.

use std::borrow::Cow;

/// A text that no spreadsheet executes: one that begins like a formula gets an apostrophe in front
/// (<https://owasp.org/www-community/attacks/CSV_Injection>). So does one that begins like the result: different
/// texts stay different.
///
/// ```
/// use clstm_eval::csv::guard;
///
/// assert_eq!(guard("=HYPERLINK(0)"), "'=HYPERLINK(0)");
/// assert_eq!(guard("'=1"), "''=1");
/// assert_eq!(guard("'tis"), "'tis");
/// ```
#[must_use]
pub fn guard(text: &str) -> Cow<'_, str> {
    let formula = text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A field with quotes where it needs them (RFC 4180).
///
/// ```
/// assert_eq!(clstm_eval::csv::quote("a,\"b\""), "\"a,\"\"b\"\"\"");
/// ```
#[must_use]
pub fn quote(text: &str) -> Cow<'_, str> {
    match text.contains([',', '"', '\n', '\r']) {
        true => Cow::Owned(format!("\"{}\"", text.replace('"', "\"\""))),
        false => Cow::Borrowed(text),
    }
}

/// A field for a text from outside: guarded and quoted.
#[must_use]
pub fn text(text: &str) -> String {
    quote(&guard(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn formulas_and_quotes() {
        assert_eq!(text("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        for formula in ["+1+1", "-1", "@sum", "\t=1", "\r=1", "\n=1", "=1", "'=1"] {
            assert!(text(formula).trim_start_matches('"').starts_with('\''), "{formula:?}");
        }
        assert_eq!((text("plain").as_str(), text("a,b").as_str()), ("plain", "\"a,b\""));
    }
}
