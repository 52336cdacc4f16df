//! Deterministic mutations of an input, for stable Rust: without coverage, but the same on every machine.

/// Values at which lengths and counts overflow or change their meaning.
const EDGES: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// A stream of mutated inputs.
#[derive(Clone, Debug)]
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// With a seed: the same seed gives the same mutations.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed ^ 0x9e37_79b9_7f4a_7c15 }
    }

    /// A number below `end`, which is not 0 (SplitMix64).
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % end.max(1) as u64) as usize
    }

    /// A copy of `input` with one to eight changes; `other` is an input of the same kind to take parts from.
    pub fn mutate(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..1 + self.below(8) {
            self.change(&mut bytes, other);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let len = bytes.len();
        // Headers are where the dangerous numbers are.
        let reach = if self.below(2) == 0 { len.min(64) } else { len };
        let at = self.below(reach);
        match self.below(9) {
            0 if len > 0 => bytes[at] ^= 1 << self.below(8),
            1 if len > 0 => bytes[at] = self.below(256) as u8,
            2 | 3 => {
                let (value, width) = (EDGES[self.below(EDGES.len())], 1 << self.below(4));
                let value = match self.below(2) {
                    0 => value.to_le_bytes(),
                    _ => (value << (64 - 8 * width as u32).min(63)).to_be_bytes(),
                };
                for (byte, value) in bytes.iter_mut().skip(at).take(width).zip(value) {
                    *byte = value;
                }
            }
            4 => bytes.truncate(at),
            5 => {
                let end = (at + 1 + self.below(64)).min(len);
                bytes.drain(at.min(end)..end);
            }
            6 => {
                // A block again, perhaps many times: floods.
                let end = (at + 1 + self.below(32)).min(len);
                let block = bytes[at.min(end)..end].repeat(1 << self.below(8));
                bytes.splice(at.min(end)..at.min(end), block);
            }
            7 => {
                let from = self.below(other.len());
                let part = &other[from.min(other.len())..];
                let part = &part[..part.len().min(1 + self.below(256))];
                bytes.splice(at..at, part.iter().copied());
            }
            _ => {
                let block: Vec<u8> =
                    (0..1 + self.below(16)).map(|_| self.below(256) as u8).collect();
                bytes.splice(at..at, block);
            }
        }
        bytes.truncate(1 << 18);
    }
}

#[cfg(test)]
mod tests {
    use super::Mutator;

    #[test]
    fn a_seed_gives_the_same_mutations_of_any_length() {
        for input in [&b""[..], b"a", b"RIFF and what follows"] {
            let (mut one, mut two) = (Mutator::new(7), Mutator::new(7));
            let mut changed = 0;
            for _ in 0..500 {
                let mutated = one.mutate(input, b"another");
                assert_eq!(mutated, two.mutate(input, b"another"));
                changed += usize::from(mutated != input);
            }
            assert!(changed > 400, "{changed}");
        }
    }
}
