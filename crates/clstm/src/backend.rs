//! What runs a model's network: the engine on the processor, Burn's tensors on another device.

use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{EngineOutput, InferenceEngine, Mode, Network, Precision};

use crate::{Model, ModelError};

#[derive(Debug)]
pub(crate) enum Backend {
    /// Packed weights and plain slices.
    Engine(Box<InferenceEngine>),
    /// A network on a device that has no kernels of ours.
    Device(Box<Network>, Device),
}

impl Backend {
    /// # Errors
    /// If the weights are not those of the network that the model describes, or the device cannot
    /// compute in the precision.
    pub(crate) fn new(
        model: &Model,
        precision: Precision,
        device: &Device,
    ) -> Result<Self, ModelError> {
        if *device == Device::flex() {
            return Ok(Self::Engine(Box::new(model.engine(precision)?)));
        }
        precision.require(device)?;
        let network = model.network(device)?.with_precision(precision);
        Ok(Self::Device(Box::new(network), device.clone()))
    }

    /// Deep features `[batch, features]` and logits `[batch, classes]` of segments
    /// `[batch, time, length]`, in the place of what `scores` holds.
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
                let output = network.forward(Tensor::<3>::from_data(data, device), Mode::Inference);
                let values = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect();
                *scores = EngineOutput {
                    features: values(output.features),
                    logits: values(output.logits),
                };
            }
        }
    }
}
