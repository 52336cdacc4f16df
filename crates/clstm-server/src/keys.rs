//! Who may ask.

use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;

/// Shorter keys can be guessed over a network.
const SHORTEST: usize = 16;

/// Keys that open the service.
#[derive(Clone)]
pub struct Keys {
    digests: Vec<[u8; 32]>,
}

/// What is wrong with a list of keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nobody could ever ask.
    #[error("there is no key; write one a line")]
    None,
    /// A key that can be guessed.
    #[error(
        "line {line}: a key has at least {SHORTEST} characters; `openssl rand -hex 24` makes a good one"
    )]
    Short {
        /// The line, from 1.
        line: usize,
    },
    /// A key that cannot be written in a header and a WebSocket protocol.
    #[error("line {line}: a key has letters, digits and -._~ only")]
    Character {
        /// The line, from 1.
        line: usize,
    },
}

impl Keys {
    /// One key a line; empty lines and those that begin with `#` do not count.
    ///
    /// # Errors
    /// [`KeyError`] names the first line that is no key; without ever repeating it.
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
            // Written twice, it is still one client.
            if !digests.contains(&digest) {
                digests.push(digest);
            }
        }
        if digests.is_empty() { Err(KeyError::None) } else { Ok(Self { digests }) }
    }

    /// The number of a key from 1, if it is one of them; in a time that tells neither which nor how much of
    /// it was right.
    pub(crate) fn number(&self, key: &[u8]) -> Option<u32> {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let found = (1..).zip(&self.digests).fold(0, |found, (number, known)| {
            u32::conditional_select(&found, &number, known.ct_eq(&digest))
        });
        (found > 0).then_some(found)
    }

    /// How many there are.
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
    fn each_key_of_the_list_opens_and_nothing_else() {
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
    fn a_list_that_protects_nothing_is_refused() {
        let error = |text| Keys::parse(text).unwrap_err();
        assert_eq!(error("\n# nothing\n"), KeyError::None);
        assert_eq!(error("\nshort\n"), KeyError::Short { line: 2 });
        assert_eq!(error("with spaces in the middle"), KeyError::Character { line: 1 });
    }
}
