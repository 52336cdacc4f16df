//! Compute devices.

use clstm_nn::burn::tensor::Device;
use clstm_nn::{DeviceName, NetworkError, Precision};

use crate::args::PrecisionArg;
use crate::error::CliError;

/// Opens a device that supports this precision.
///
/// # Errors
/// [`CliError::Usage`] if the build lacks the device or the device lacks the precision; [`CliError::Failed`] if the
/// machine lacks the device.
pub(crate) fn open(name: DeviceName, precision: Precision) -> Result<Device, CliError> {
    let failed = |error: NetworkError| match error {
        NetworkError::DeviceUnavailable { .. } => CliError::Failed(error.to_string()),
        _ => CliError::Usage(error.to_string()),
    };
    if name != DeviceName::Cpu && precision != Precision::F32 {
        return Err(failed(NetworkError::Precision(precision)));
    }
    name.open().map_err(failed)
}

/// The precision that was named, or the device's fastest: for long recordings and live audio, where speed matters.
pub(crate) fn fast_precision(name: DeviceName, argument: PrecisionArg) -> Precision {
    argument.named().unwrap_or_else(|| match name {
        DeviceName::Cpu => Precision::fastest(),
        _ => Precision::F32,
    })
}
