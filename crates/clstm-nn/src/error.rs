use thiserror::Error;

/// What can be wrong with a network's configuration or weights.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A size that makes no network.
    #[error("invalid network configuration: {0}")]
    Config(String),
    /// A parameter that the network has and the weights lack.
    #[error("the weights have no tensor {name:?}: they belong to another network")]
    MissingTensor {
        /// Path of the parameter.
        name: String,
    },
    /// A tensor that the network does not have.
    #[error("the weights hold an unknown tensor {name:?}: they belong to another network")]
    UnknownTensor {
        /// Name in the weights.
        name: String,
    },
    /// A tensor of another shape than the parameter.
    #[error("tensor {name:?} has shape {found:?}, the network needs {wanted:?}")]
    TensorShape {
        /// Path of the parameter.
        name: String,
        /// Shape in the weights.
        found: Vec<usize>,
        /// Shape of the parameter.
        wanted: Vec<usize>,
    },
    /// A weight that is not a number.
    #[error("tensor {name:?} holds a value that is not finite at index {index}")]
    NonFinite {
        /// Path of the parameter.
        name: String,
        /// Flat index.
        index: usize,
    },
    /// No such device.
    #[error("unknown device {name:?}; known are {known}")]
    UnknownDevice {
        /// What was requested.
        name: String,
        /// What there is.
        known: String,
    },
    /// A device that was left out of this build.
    #[error("this build cannot compute on {0}: build with `--features {0}` for that")]
    DeviceNotBuilt(crate::DeviceName),
    /// A device that the machine does not have, or not in working order.
    #[error("cannot compute on {name}: {reason}")]
    DeviceUnavailable {
        /// The device.
        name: crate::DeviceName,
        /// What is the matter.
        reason: String,
    },
    /// A precision that the device does not compute in.
    #[error("{0} is computed by the fused layers of the CPU alone; other devices compute in f32")]
    Precision(crate::Precision),
    /// No such preset.
    #[error("unknown preset {name:?}; known are {known}")]
    UnknownPreset {
        /// What was requested.
        name: String,
        /// The names there are.
        known: String,
    },
}
