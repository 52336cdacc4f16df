//! Models: weights and their description.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use clstm_nn::{
    ComputeDevice, InferenceEngine, NamedTensor, Network, NetworkError, Precision, load_parameters,
};

use crate::model_file::Decoded;
use crate::write_atomic::write_atomic;
use crate::{ModelError, ModelInfo, ModelLimits, model_file};

/// A trained model, as a model file holds it.
#[derive(Clone, Debug)]
pub struct Model {
    /// What the weights mean.
    pub info: ModelInfo,
    /// The weights and running statistics, see [`clstm_nn::parameters()`].
    pub tensors: Vec<NamedTensor>,
    origin: Option<Origin>,
}

/// The file that a model was read from, where it is not the one that `to_bytes` gives.
#[derive(Clone, Debug)]
struct Origin {
    file_digest: String,
    /// Digest of what `to_bytes` returned then: it differs if the model was changed since.
    own_digest: String,
}

impl Model {
    /// A model of these parts.
    ///
    /// # Errors
    /// If the description contradicts itself, or a tensor is none: the checks of
    /// [`ModelInfo::validate`] and [`to_bytes`](Self::to_bytes).
    pub fn new(info: ModelInfo, tensors: Vec<NamedTensor>) -> Result<Self, ModelError> {
        let model = Self { info, tensors, origin: None };
        model.validate()?;
        Ok(model)
    }

    /// Reads a model file within the default limits.
    ///
    /// # Errors
    /// [`ModelError`] names what is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Self::read_within(path, &ModelLimits::default())
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`ModelError`] names what is wrong with the file.
    pub fn read_within(path: &Path, limits: &ModelLimits) -> Result<Self, ModelError> {
        let failed = |source| ModelError::Io { action: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length > limits.max_bytes {
            return Err(ModelError::TooLarge { limit: limits.max_bytes });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        // A pipe has no length: one byte beyond the limit shows that it was exceeded.
        file.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        Self::from_bytes_within(&bytes, limits)
    }

    /// A model from the bytes of its file, within the default limits.
    ///
    /// # Errors
    /// [`ModelError`] names what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::from_bytes_within(bytes, &ModelLimits::default())
    }

    /// A model from the bytes of its file.
    ///
    /// # Errors
    /// [`ModelError`] names what is wrong with them.
    pub fn from_bytes_within(bytes: &[u8], limits: &ModelLimits) -> Result<Self, ModelError> {
        let Decoded { info, tensors, checksum } = model_file::decode(bytes, limits)?;
        let mut model = Self::new(info, tensors)?;
        model.check_weights()?;
        limits.check_activations(&model.info)?;
        let same = match &checksum {
            Some(sum) => model_file::encodes_to(bytes, sum, &model.info, &model.tensors)?,
            None => false,
        };
        if !same {
            let own = model_file::encode(&model.info, &model.tensors)?;
            let (file_digest, own_digest) = (model_file::sha256(bytes), model_file::sha256(&own));
            model.origin = Some(Origin { file_digest, own_digest });
        }
        Ok(model)
    }

    /// A shipped model; `EmbeddedModel::default()` is the one that the command uses without `--model`.
    ///
    /// # Errors
    /// None with the files that this release was built from.
    #[cfg(feature = "embedded")]
    pub fn embedded(model: crate::EmbeddedModel) -> Result<Self, ModelError> {
        Self::from_bytes(model.bytes())
    }

    /// The bytes of a model file: a function of the model alone.
    ///
    /// # Errors
    /// If the model is one that [`from_bytes`](Self::from_bytes) refuses, except that weights of another network are
    /// found by [`Recognizer::new`](crate::Recognizer::new) only.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.validate()?;
        model_file::encode(&self.info, &self.tensors)
    }

    /// Writes a model file atomically: a reader never sees a part of it, and a failure leaves the old file.
    ///
    /// # Errors
    /// Those of [`to_bytes`](Self::to_bytes) and of the file system.
    pub fn write(&self, path: &Path) -> Result<(), ModelError> {
        let bytes = self.to_bytes()?;
        write_atomic(path, &bytes).map_err(|source| ModelError::Io {
            action: "write",
            path: path.to_owned(),
            source,
        })
    }

    /// SHA-256 of the model file in hexadecimal: of the file that was read or, where there is none
    /// or the model was changed since, of the file that [`write`](Self::write) would write.
    #[must_use]
    pub fn digest(&self) -> String {
        let own = match model_file::encode(&self.info, &self.tensors) {
            Ok(bytes) => model_file::sha256(&bytes),
            Err(_) => model_file::sha256(&[]), // only strings and numbers are encoded: there is no error
        };
        match &self.origin {
            Some(origin) if origin.own_digest == own => origin.file_digest.clone(),
            _ => own,
        }
    }

    /// Values of all tensors together, running statistics included.
    #[must_use]
    pub fn parameters_count(&self) -> usize {
        self.tensors.iter().map(|tensor| tensor.values.len()).sum()
    }

    /// The network with these weights.
    ///
    /// # Errors
    /// If the weights are not those of the network that the description has.
    pub(crate) fn network(&self, device: &ComputeDevice) -> Result<Network, ModelError> {
        self.validate()?;
        self.check_weights()?;
        let network = self.info.network.init(0, device.tensor_device())?;
        Ok(load_parameters(network, self.tensors.clone())?)
    }

    /// The network with these weights, packed for inference on the CPU.
    ///
    /// # Errors
    /// If the weights are not those of the network that the description has.
    pub(crate) fn engine(&self, precision: Precision) -> Result<InferenceEngine, ModelError> {
        self.validate()?;
        self.check_weights()?;
        Ok(InferenceEngine::new(&self.info.network, &self.tensors, precision)?)
    }

    /// Refuses a network that needs more weights than there are, before anything is allocated for it.
    fn check_weights(&self) -> Result<(), ModelError> {
        let (needed, held) = (self.info.network.min_weights(), self.parameters_count());
        if needed > held as u128 {
            return Err(ModelError::TooFewWeights { needed, held });
        }
        Ok(())
    }

    fn validate(&self) -> Result<(), ModelError> {
        self.info.validate()?;
        let mut names = HashSet::new();
        for tensor in &self.tensors {
            let NamedTensor { name, shape, values, .. } = tensor;
            let field = || format!("tensor {name:?}");
            if name.is_empty() || name == model_file::METADATA || !names.insert(name) {
                return Err(ModelError::invalid(field(), "names are unique and not reserved"));
            }
            let size = shape.iter().try_fold(1_usize, |size, &n| size.checked_mul(n));
            if size != Some(values.len()) {
                let reason = format!("{} values for the shape {shape:?}", values.len());
                return Err(ModelError::invalid(field(), reason));
            }
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                return Err(NetworkError::NonFinite { name: name.clone(), index }.into());
            }
        }
        Ok(())
    }
}
