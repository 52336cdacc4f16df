//! What computes.

use clstm::nn::burn::tensor::Device;
use clstm::nn::{DeviceName, NetworkError, Precision};

use crate::failure::Failure;

/// The device of that name, which can compute in that precision.
///
/// A device that this build has not, or a precision that it has not, is wrong usage; one that the
/// machine has not is a failure.
pub(crate) fn open(name: DeviceName, precision: Precision) -> Result<Device, Failure> {
    let told = |error: NetworkError| match error {
        NetworkError::DeviceUnavailable { .. } => Failure::Failed(error.to_string()),
        _ => Failure::Usage(error.to_string()),
    };
    if name != DeviceName::Cpu && precision != Precision::F32 {
        return Err(told(NetworkError::Precision(precision)));
    }
    name.open().map_err(told)
}

/// The precision asked for, or the faster one of the device: for what is heard along the time of long sound, and many
/// times a second.
pub(crate) fn precision_along_time(name: DeviceName, asked: Option<Precision>) -> Precision {
    let own = || match name {
        DeviceName::Cpu => Precision::fastest(),
        _ => Precision::F32,
    };
    asked.unwrap_or_else(own)
}
