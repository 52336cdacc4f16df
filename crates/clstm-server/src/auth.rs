//! API keys.

use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;

/// Shorter keys can be guessed over a network.
const SHORTEST: usize = 16;

/// The API keys of a server, stored as SHA-256 digests.
#[derive(Clone)]
pub struct Keys {
    digests: Vec<[u8; 32]>,
}

/// What is wrong with a list of keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The list is empty: no request could ever be authorised.
    #[error("there is no key; write one per line")]
    None,
    /// A key that is short enough to be guessed.
    #[error(
        "line {line}: a key has at least {SHORTEST} characters; `openssl rand -hex 24` makes a good one"
    )]
    Short {
        /// The line, from 1.
        line: usize,
    },
    /// A key with a character that headers or WebSocket protocol names do not allow.
    #[error("line {line}: a key has letters, digits and -._~ only")]
    Character {
        /// The line, from 1.
        line: usize,
    },
}

impl Keys {
    /// One key per line; empty lines and lines that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`KeyError`] names the first invalid line and never repeats its content.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut digests: Vec<[u8; 32]> = Vec::new();
        for (line, key) in (1..).zip(text.lines().map(str::trim)) {
            if key.is_empty() || key.starts_with('#') {
                continue;
            }
            if !key.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._~".contains(&c)) {
                return Err(KeyError::Character { line });
            }
            if key.len() < SHORTEST {
                return Err(KeyError::Short { line });
            }
            let digest = Sha256::digest(key.as_bytes()).into();
            // A duplicate is the same client.
            if !digests.contains(&digest) {
                digests.push(digest);
            }
        }
        if digests.is_empty() { Err(KeyError::None) } else { Ok(Self { digests }) }
    }

    /// The number of a key, from 1, if it is valid. Runs in constant time: neither the number nor a partial
    /// match can be measured.
    pub(crate) fn number(&self, key: &[u8]) -> Option<u32> {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let found = (1..).zip(&self.digests).fold(0, |found, (number, known)| {
            u32::conditional_select(&found, &number, known.ct_eq(&digest))
        });
        (found > 0).then_some(found)
    }

    /// Number of keys.
    pub(crate) fn count(&self) -> usize {
        self.digests.len()
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.digests.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyError, Keys};

    #[test]
    fn exactly_the_listed_keys_are_valid() {
        let keys =
            Keys::parse("# of the lab\nabcdefghijklmnop\n\n  0123456789-._~abc  \n").unwrap();
        assert_eq!(keys.number(b"abcdefghijklmnop"), Some(1));
        assert_eq!(keys.number(b"0123456789-._~abc"), Some(2));
        for wrong in ["", "abcdefghijklmno", "abcdefghijklmnopq", "# of the lab"] {
            assert_eq!(keys.number(wrong.as_bytes()), None, "{wrong:?}");
        }
        assert_eq!(format!("{keys:?}"), "Keys(2)", "keys are not printed");
    }

    #[test]
    fn invalid_lists_are_errors() {
        let error = |text| Keys::parse(text).unwrap_err();
        assert_eq!(error("\n# nothing\n"), KeyError::None);
        assert_eq!(error("\nshort\n"), KeyError::Short { line: 2 });
        assert_eq!(error("with spaces in the middle"), KeyError::Character { line: 1 });
    }
}
