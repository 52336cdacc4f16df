//! Random numbers of initial weights, dropout and augmentation inside the network.

use rand_core::{Rng as _, SeedableRng};
use rand_pcg::Pcg64;

/// A generator whose numbers depend on its seed alone (PCG XSL 128/64, O'Neill 2014).
#[derive(Debug)]
pub(crate) struct Rng(Pcg64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }

    /// Uniform in `[0, 1)` with 24 bits.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32() >> 8) / f64::from(1_u32 << 24)
    }
}
