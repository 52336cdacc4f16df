//! Runs a model's network: the inference engine on the CPU, the tensor library on other devices.

use clstm_nn::burn::tensor::{Tensor, TensorData};
use clstm_nn::{
    ComputeDevice, EngineOutput, InferenceEngine, Mode, Network, Precision, require_precision,
};

use crate::{Model, ModelError};

#[derive(Debug)]
pub(crate) enum Backend {
    /// Packed weights and plain slices, on the CPU.
    Engine(Box<InferenceEngine>),
    /// A network of tensor operations, on a device without kernels of this project.
    Device(Box<Network>, ComputeDevice),
}

impl Backend {
    /// Loads the weights.
    ///
    /// # Errors
    /// If the weights are not those of the network that the model describes, or the device cannot
    /// compute in the precision.
    pub(crate) fn new(
        model: &Model,
        precision: Precision,
        device: &ComputeDevice,
    ) -> Result<Self, ModelError> {
        if device.is_cpu() {
            return Ok(Self::Engine(Box::new(model.engine(precision)?)));
        }
        require_precision(precision, device.tensor_device())?;
        let network = model.network(device)?.with_precision(precision);
        Ok(Self::Device(Box::new(network), device.clone()))
    }

    /// Replaces `scores` by the deep features `[batch, features]` and logits `[batch, classes]` of the time steps
    /// `segments`, `[batch, time, length]`.
    pub(crate) fn scores(
        &self,
        segments: &[f32],
        [batch, time]: [usize; 2],
        scores: &mut EngineOutput,
    ) {
        match self {
            Self::Engine(engine) => engine.run_into(segments, [batch, time], scores),
            Self::Device(network, device) => {
                let shape = [batch, time, segments.len() / (batch * time)];
                let data = TensorData::new(segments.to_vec(), shape);
                let input = Tensor::<3>::from_data(data, device.tensor_device());
                let output = network.forward(input, Mode::Inference);
                let head = network.dimension_head.as_ref();
                let dimensions = head.map(|head| head.forward(output.features.clone()));
                let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect();
                *scores = EngineOutput {
                    features: values(output.features),
                    logits: values(output.logits),
                    dimensions: dimensions.map(values).unwrap_or_default(),
                };
            }
        }
    }
}
