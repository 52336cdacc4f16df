//! What computes, by its name on the command line.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;

use crate::NetworkError;

/// A device by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceName {
    /// The processor: the fused layers.
    #[default]
    Cpu,
    /// The first NVIDIA GPU: the composed layers, in builds with the feature `cuda`.
    Cuda,
}

impl DeviceName {
    /// Every name, the default first.
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Cuda];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }

    /// The device, ready to compute: what is wrong with it shows here and not in the middle of the
    /// work.
    ///
    /// # Errors
    /// [`NetworkError::DeviceNotBuilt`] without its feature; [`NetworkError::DeviceUnavailable`] where
    /// the machine has none, or it fails a first computation.
    pub fn open(self) -> Result<Device, NetworkError> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            Self::Cuda => cuda(),
        }
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Device, NetworkError> {
    Err(NetworkError::DeviceNotBuilt(DeviceName::Cuda))
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Device, NetworkError> {
    use burn::tensor::{DeviceType, Tensor};

    let unavailable = |reason: &str| {
        Err(NetworkError::DeviceUnavailable { name: DeviceName::Cuda, reason: reason.to_owned() })
    };
    // Queries the driver for its devices only where its library can be loaded.
    if Device::enumerate(DeviceType::Cuda).into_vec().is_empty() {
        return unavailable(
            "no NVIDIA driver (libcuda) with a GPU was found; `nvidia-smi` shows what there is",
        );
    }
    // What is missing beyond the driver, such as the CUDA runtime compiler, makes the backend panic
    // at its first kernel.
    let first = std::panic::catch_unwind(|| {
        let device = Device::cuda(0);
        let ones = Tensor::<1>::ones([3], &device);
        (ones.sum().into_scalar::<f32>(), device)
    });
    match first {
        Ok((sum, device)) if sum == 3.0 => Ok(device),
        Ok((sum, _)) => unavailable(&format!("1 + 1 + 1 came to {sum} there")),
        Err(panic) => {
            let reason = panic.downcast_ref::<String>().map(String::as_str);
            let reason = reason.or_else(|| panic.downcast_ref::<&str>().copied());
            unavailable(reason.unwrap_or("its first computation failed"))
        }
    }
}

/// A device that networks run on. The tensor library's device is inside, and no part of the API of crates that only pass it on.
#[derive(Clone, Debug, PartialEq)]
pub struct ComputeDevice(Device);

impl ComputeDevice {
    /// The tensor library's device, without automatic differentiation.
    #[must_use]
    pub fn tensor_device(&self) -> &Device {
        &self.0
    }

    /// Whether it is the CPU, which has an [`InferenceEngine`](crate::InferenceEngine) of its own.
    #[must_use]
    pub fn is_cpu(&self) -> bool {
        self.0 == Device::flex()
    }
}

impl Default for ComputeDevice {
    /// The CPU.
    fn default() -> Self {
        Self(Device::flex())
    }
}

impl From<Device> for ComputeDevice {
    fn from(device: Device) -> Self {
        Self(device.without_autodiff())
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DeviceName {
    type Err = NetworkError;

    fn from_str(name: &str) -> Result<Self, NetworkError> {
        Self::ALL.into_iter().find(|d| d.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            NetworkError::UnknownDevice { name: name.to_owned(), known }
        })
    }
}
