//! Arithmetic of the recurrent layers.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;
use clstm_kernels::cpu;
use serde::{Deserialize, Serialize};

use crate::{NetworkError, fused};

/// Operands of the products in the recurrent layers, where nearly all the arithmetic is, and of those that make
/// an optimiser's step orthogonal.
///
/// Everything else is `f32` in either: the sums of the products, states and gates, the weights that
/// the optimiser moves, gradients, norms, the head and the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floating point.
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

    /// Whether networks on this device can compute in it: `bf16` needs the fused layers, which the
    /// CPU device alone has.
    #[must_use]
    pub fn runs_on(self, device: &Device) -> bool {
        self == Self::F32 || fused::runs_on(device)
    }

    /// Refuses a precision that the device cannot compute in.
    ///
    /// # Errors
    /// [`NetworkError::Precision`].
    pub fn require(self, device: &Device) -> Result<(), NetworkError> {
        if self.runs_on(device) { Ok(()) } else { Err(NetworkError::Precision(self)) }
    }
}

impl From<Precision> for clstm_kernels::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::Bf16 => Self::Bf16,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = NetworkError;

    fn from_str(name: &str) -> Result<Self, NetworkError> {
        Self::ALL.into_iter().find(|p| p.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            NetworkError::UnknownPrecision { name: name.to_owned(), known }
        })
    }
}
