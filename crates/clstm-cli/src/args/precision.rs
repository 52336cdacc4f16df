use std::fmt;
use std::str::FromStr;

use clstm_nn::Precision;

/// A precision, or the choice of the command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PrecisionArg {
    /// What suits the command and the device.
    #[default]
    Auto,
    /// This precision.
    Fixed(Precision),
}

impl PrecisionArg {
    /// The precision that was named, if one was.
    pub(crate) fn named(self) -> Option<Precision> {
        match self {
            Self::Auto => None,
            Self::Fixed(precision) => Some(precision),
        }
    }
}

impl FromStr for PrecisionArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse().map(Self::Fixed).map_err(|error| format!("{error}, auto"))
    }
}

impl fmt::Display for PrecisionArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(precision) => precision.fmt(f),
        }
    }
}
