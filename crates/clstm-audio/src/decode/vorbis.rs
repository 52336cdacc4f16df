//! The set-up header of Vorbis, checked before a decoder allocates what it requests.
//!
//! A header of 275 bytes can describe codebooks that take gigabytes. Layout: Vorbis I specification,
//! sections 3.2.1 and 4.2.4, <https://xiph.org/vorbis/doc/Vorbis_I_spec.html>.

use crate::error::AudioError;

/// Most entries of all codebooks together: a constant, and a number for each byte of the header. The
/// codebooks of libvorbis have up to 33,000 entries in 4 to 8 KiB.
const MAX_ENTRIES: u64 = 1 << 16;
const ENTRIES_PER_BYTE: u64 = 8;
/// Most numbers of all vectors together, 4 bytes each.
const MAX_SCALARS: u64 = 1 << 21;

/// Checks the codebooks of a set-up header.
///
/// # Errors
/// If they need too much memory. What is malformed otherwise is the decoder's to report.
pub(super) fn check_setup(setup: &[u8]) -> Result<(), AudioError> {
    match sizes(setup) {
        Some((entries, scalars))
            if entries <= MAX_ENTRIES + ENTRIES_PER_BYTE * setup.len() as u64
                && scalars <= MAX_SCALARS =>
        {
            Ok(())
        }
        Some(_) => Err(AudioError::TooComplex { what: "codebooks of a Vorbis stream" }),
        None => Err(AudioError::damaged("the Vorbis codebooks are damaged")),
    }
}

/// Entries of all codebooks, and entries times dimensions of those with vectors.
fn sizes(setup: &[u8]) -> Option<(u64, u64)> {
    let body = setup.strip_prefix(b"\x05vorbis")?;
    let mut bits = Bits { bytes: body, at: 0 };
    let count = bits.read(8)? + 1;
    let (mut all_entries, mut all_scalars) = (0, 0);
    for _ in 0..count {
        if bits.read(24)? != 0x56_4342 {
            return None;
        }
        let dimensions = bits.read(16)?;
        let entries = bits.read(24)?;
        all_entries += entries;
        if all_entries > MAX_ENTRIES + ENTRIES_PER_BYTE * setup.len() as u64 {
            return Some((all_entries, all_scalars));
        }
        if bits.read(1)? == 1 {
            // Ordered: how many entries there are of each length.
            bits.skip(5)?;
            let mut entry = 0;
            while entry < entries {
                let number = bits.read(bits_for(entries - entry))?;
                entry += number;
                if entry > entries {
                    return None;
                }
            }
        } else {
            let is_sparse = bits.read(1)? == 1;
            for _ in 0..entries {
                if !is_sparse || bits.read(1)? == 1 {
                    bits.skip(5)?;
                }
            }
        }
        let lookup = bits.read(4)?;
        if lookup > 2 {
            return None;
        }
        if lookup > 0 {
            bits.skip(64)?;
            let value_bits = bits.read(4)? + 1;
            bits.skip(1)?;
            let values = match lookup {
                1 => nth_root(entries, dimensions),
                _ => entries.checked_mul(dimensions)?,
            };
            bits.skip(values.checked_mul(value_bits)?)?;
            all_scalars += entries.checked_mul(dimensions)?;
        }
    }
    Some((all_entries, all_scalars))
}

/// Bits of the largest number up to `n` (`ilog` in the specification).
fn bits_for(n: u64) -> u32 {
    64 - n.leading_zeros()
}

/// The largest number whose power of `dimensions` is at most `entries` (section 9.2.3).
fn nth_root(entries: u64, dimensions: u64) -> u64 {
    if dimensions == 0 {
        return 0;
    }
    let fits = |root: u64| {
        let mut power = 1_u64;
        for _ in 0..dimensions {
            power = power.saturating_mul(root);
            if power > entries {
                return false;
            }
        }
        true
    };
    let mut root = (entries as f64).powf(1.0 / dimensions as f64) as u64 + 1;
    while root > 0 && !fits(root) {
        root -= 1;
    }
    root
}

/// Bits from the lowest of each byte on (section 2.1.4).
struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits read.
    at: u64,
}

impl Bits<'_> {
    fn read(&mut self, count: u32) -> Option<u64> {
        let mut value = 0;
        for bit in 0..count {
            let byte = *self.bytes.get((self.at / 8) as usize)?;
            value |= u64::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(value)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        (self.at <= 8 * self.bytes.len() as u64).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{check_setup, nth_root};

    #[test]
    fn roots_are_exact() {
        assert_eq!(nth_root(81, 4), 3);
        assert_eq!(nth_root(80, 4), 2);
        assert_eq!(nth_root(131_072, 31), 1);
        assert_eq!(nth_root(1 << 23, 1), 1 << 23);
    }

    #[test]
    fn what_is_no_setup_header_is_damaged() {
        for bytes in [&b""[..], b"\x05vorbis", b"\x05vorbis\0BCV", b"\x03vorbis"] {
            assert_eq!(check_setup(bytes).unwrap_err().kind(), "decode");
        }
    }
}
