//! What stands behind the question mark.

use std::str::FromStr;

use axum::http::Uri;

use crate::refusal::Refusal;

/// The parameters of a request, each at most once and none unknown.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// # Errors
    /// For a parameter that is not `known`, or is there twice.
    pub(crate) fn parse(uri: &Uri, known: &[&str]) -> Result<Self, Refusal> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let text = uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()).into_owned() {
            if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                let message = format!("unknown parameter {name:?}; there are: {known}");
                return Err(Refusal::request(message));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(Refusal::request(format!("parameter {name:?} is there twice")));
            }
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// # Errors
    /// If it is there and no number.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = |_| Refusal::request(format!("{name}={text} is not a number that fits"));
        text.parse().map(Some).map_err(wrong)
    }
}
