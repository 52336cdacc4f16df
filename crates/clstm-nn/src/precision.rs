//! The devices that compute in a precision.

use burn::tensor::Device;

use crate::{NetworkError, Precision, fused};

/// Rejects a precision that networks on this device cannot compute in: [`Precision::Bf16`] needs the fused layers,
/// which the CPU device alone has.
///
/// # Errors
/// [`NetworkError::Precision`].
pub fn require_precision(precision: Precision, device: &Device) -> Result<(), NetworkError> {
    match precision == Precision::F32 || fused::runs_on(device) {
        true => Ok(()),
        false => Err(NetworkError::Precision(precision)),
    }
}
