//! The number format of the large products.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cpu;

/// Operands of the products in the recurrent layers, where nearly all the arithmetic is, and of those that make
/// an optimiser's step orthogonal.
///
/// Everything else is `f32` in either: the sums of the products, states and gates, the weights that
/// the optimiser moves, gradients, norms, the head and the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floating point, 24 bits of significand.
    #[default]
    F32,
    /// 16-bit floating point with the exponent of `f32` and 8 bits of significand ("brain float").
    Bf16,
}

impl Precision {
    /// Every precision, the default first.
    pub const ALL: [Self; 2] = [Self::F32, Self::Bf16];

    /// The faster one on this machine's processor: [`Bf16`](Self::Bf16) where it multiplies such numbers itself
    /// (AVX512-BF16).
    #[must_use]
    pub fn fastest() -> Self {
        if cpu::has_native_bf16() { Self::Bf16 } else { Self::F32 }
    }

    /// The name in recipes and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, UnknownPrecision> {
        let known = Self::ALL.into_iter().find(|precision| precision.name() == name);
        known.ok_or_else(|| UnknownPrecision { name: name.to_owned() })
    }
}

/// No precision has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPrecision {
    /// The name.
    pub name: String,
}

impl fmt::Display for UnknownPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Precision::ALL.map(Precision::name).join(", ");
        write!(f, "unknown precision {:?}; known are {known}", self.name)
    }
}

impl std::error::Error for UnknownPrecision {}
