//! Query parameters.

use std::str::FromStr;

use axum::http::Uri;
use clstm::ChannelSelection;

use crate::api_error::ApiError;

/// The parameters of a request: each at most once, none unknown.
pub(crate) struct QueryParams {
    pairs: Vec<(String, String)>,
}

impl QueryParams {
    /// # Errors
    /// For a parameter that is not `known` or is given twice.
    pub(crate) fn parse(uri: &Uri, known: &[&str]) -> Result<Self, ApiError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let text = uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()).into_owned() {
            if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                let message = format!("unknown parameter {name:?}; there are: {known}");
                return Err(ApiError::request(message));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(ApiError::request(format!("parameter {name:?} is given twice")));
            }
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// # Errors
    /// If the parameter is given and is neither `true` nor `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => {
                Err(ApiError::request(format!("{name}={other} is neither `true` nor `false`")))
            }
        }
    }

    /// The parameter `channels`; without it the mean of all.
    ///
    /// # Errors
    /// If it is neither `mix`, `each` nor the number of a channel.
    pub(crate) fn channels(&self) -> Result<ChannelSelection, ApiError> {
        let Some(text) = self.text("channels") else { return Ok(ChannelSelection::Mix) };
        text.parse().map_err(|error| ApiError::request(format!("channels: {error}")))
    }

    /// # Errors
    /// If the parameter is given and is not a number in the range of `T`.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = |_| ApiError::request(format!("{name}={text} is not a valid number"));
        text.parse().map(Some).map_err(wrong)
    }
}
