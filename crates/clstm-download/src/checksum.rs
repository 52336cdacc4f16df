//! Checksums, published and computed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::{DownloadError, Monitor};

/// A checksum as an archive publishes it. MD5 guards against accidents only; the files come by
/// TLS from the archive that published it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// RFC 1321.
    Md5([u8; 16]),
    /// FIPS 180-4.
    Sha256([u8; 32]),
}

impl Checksum {
    /// From the name of the algorithm (`md5`, `SHA-256`, ...) and hexadecimal digits; `None` for
    /// another algorithm or another number of digits.
    #[must_use]
    pub fn parse(algorithm: &str, digits: &str) -> Option<Self> {
        let name = algorithm.replace('-', "").to_ascii_lowercase();
        match name.as_str() {
            "md5" => bytes(digits).map(Self::Md5),
            "sha256" => bytes(digits).map(Self::Sha256),
            _ => None,
        }
    }

    /// An MD5 in the source of this program. A mistake in it does not compile.
    pub(crate) const fn md5(digits: &str) -> Self {
        let digits = digits.as_bytes();
        assert!(digits.len() == 32, "an MD5 has 32 digits");
        let mut sum = [0; 16];
        let mut i = 0;
        while i < sum.len() {
            sum[i] = digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]);
            i += 1;
        }
        Self::Md5(sum)
    }

    /// Name of the algorithm.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Md5(_) => "MD5",
            Self::Sha256(_) => "SHA-256",
        }
    }

    /// The digits.
    #[must_use]
    pub fn hex(&self) -> String {
        match self {
            Self::Md5(sum) => HEXLOWER.encode(sum),
            Self::Sha256(sum) => HEXLOWER.encode(sum),
        }
    }
}

/// In a constant, where no function of a library can be called.
const fn digit(letter: u8) -> u8 {
    match letter {
        b'0'..=b'9' => letter - b'0',
        b'a'..=b'f' => letter - b'a' + 10,
        _ => panic!("a checksum has hexadecimal digits"),
    }
}

fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?.try_into().ok()
}

/// Length and checksums of a file.
pub(crate) struct Sums {
    pub(crate) bytes: u64,
    md5: [u8; 16],
    sha256: [u8; 32],
}

impl Sums {
    /// Reads a file through.
    pub(crate) fn of(path: &Path, monitor: &Monitor<'_>) -> Result<Self, DownloadError> {
        let mut file = File::open(path).map_err(DownloadError::io("read", path))?;
        let (mut md5, mut sha256, mut bytes) = (Md5::new(), Sha256::new(), 0);
        let mut buffer = vec![0; 256 << 10];
        loop {
            monitor.check_cancelled()?;
            let count = file.read(&mut buffer).map_err(DownloadError::io("read", path))?;
            if count == 0 {
                break;
            }
            md5.update(&buffer[..count]);
            sha256.update(&buffer[..count]);
            bytes += count as u64;
        }
        Ok(Self { bytes, md5: md5.finalize().into(), sha256: sha256.finalize().into() })
    }

    /// The sum of the kind of another.
    pub(crate) fn like(&self, other: &Checksum) -> Checksum {
        match other {
            Checksum::Md5(_) => Checksum::Md5(self.md5),
            Checksum::Sha256(_) => Checksum::Sha256(self.sha256),
        }
    }

    /// The digits of the SHA-256.
    pub(crate) fn sha256(&self) -> String {
        HEXLOWER.encode(&self.sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_read_back() {
        let digits = "d41d8cd98f00b204e9800998ecf8427e";
        let sum = Checksum::parse("MD5", digits).unwrap();
        assert_eq!(sum, Checksum::md5(digits));
        assert_eq!((sum.algorithm(), sum.hex().as_str()), ("MD5", digits));
        assert!(Checksum::parse("sha-256", &"aB".repeat(32)).is_some());
        assert!(Checksum::parse("SHA-1", &"a".repeat(40)).is_none());
        assert!(Checksum::parse("md5", "d41d").is_none());
        assert!(Checksum::parse("md5", &"é".repeat(16)).is_none());
    }
}
