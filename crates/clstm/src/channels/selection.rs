//! Which channels of a recording are recognised.

use std::fmt;
use std::str::FromStr;

/// Which channels of a recording are recognised: all mixed to one, each by itself, or one of them.
///
/// Channels that are recognised by themselves lose their cross-talk: a stretch of 128 ms counts as no speech where another
/// channel is at least 12 dB louder and this one is a copy of it. A copy has a normalised cross-correlation of 0.5 or more with
/// the other channel, up to 100 ms later than there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelSelection {
    /// The mean of all channels.
    #[default]
    Mix,
    /// Every channel by itself.
    Each,
    /// One channel, from 0.
    One(usize),
}

impl FromStr for ChannelSelection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "mix" => Ok(Self::Mix),
            "each" => Ok(Self::Each),
            _ => text.parse().map(Self::One).map_err(|_| {
                format!("{text:?} is not `mix`, `each` or the number of a channel, from 0")
            }),
        }
    }
}

impl fmt::Display for ChannelSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mix => f.write_str("mix"),
            Self::Each => f.write_str("each"),
            Self::One(channel) => write!(f, "{channel}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ChannelSelection::{self, Each, Mix, One};

    #[test]
    fn selections_are_written_as_they_are_read() {
        for (text, selection) in [("mix", Mix), ("each", Each), ("0", One(0)), ("12", One(12))] {
            assert_eq!(text.parse(), Ok(selection));
            assert_eq!(selection.to_string(), text);
        }
        for text in ["", "all", "-1", "1.5", "0,1"] {
            assert!(text.parse::<ChannelSelection>().is_err(), "{text}");
        }
    }
}
