//! The check file: inputs, and the outputs of our network for them.

use std::path::Path;

use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::Result;

/// Utterances in memory.
pub(crate) struct Inputs {
    /// `[batch, steps, length]`
    values: Vec<f32>,
    steps: usize,
    length: usize,
}

impl Inputs {
    /// White noise whose level changes from one time step to the next, as in speech: predictions for steady
    /// noise would be almost equal for all utterances.
    pub(crate) fn noise(batch: usize, steps: usize, length: usize) -> Self {
        let mut values = noise(batch * steps * length);
        let gains = noise(batch * steps);
        for (segment, gain) in values.chunks_exact_mut(length).zip(gains) {
            segment.iter_mut().for_each(|value| *value *= 1.0 + 5.0 * gain);
        }
        Self { values, steps, length }
    }

    /// Those of a check file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)?;
        let tensors = SafeTensors::deserialize(&bytes)?;
        let view = tensors.tensor("segments")?;
        let [_, steps, length] = *view.shape() else {
            return Err(format!("{}: segments are no [B, T, L]", path.display()).into());
        };
        let values = view.data().chunks_exact(4);
        let values = values.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok(Self { values, steps, length })
    }

    /// The waveform of utterance `index`, its time steps one after another.
    pub(crate) fn waveform(&self, index: usize) -> Option<&[f32]> {
        self.values.chunks_exact(self.steps * self.length).nth(index)
    }

    /// Time steps of an utterance.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// The first utterances, as plain data.
    pub(crate) fn first(&self, batch: usize) -> Result<TensorData> {
        let needed = batch * self.steps * self.length;
        let values = self.values.get(..needed).ok_or("the check file holds fewer utterances")?;
        Ok(TensorData::new(values.to_vec(), [batch, self.steps, self.length]))
    }
}

/// The reference that a peer must agree with.
pub(crate) struct Results {
    /// `[check, classes]` at inference.
    pub(crate) logits: Vec<f32>,
    /// `[check, classes]`, of whole recordings: from the waveform to calibrated probabilities.
    pub(crate) probabilities: Vec<f32>,
    /// Of one training step without dropout on the checked utterances.
    pub(crate) loss: f32,
    /// Euclidean norm of that step's whole gradient.
    pub(crate) gradient_norm: f32,
}

/// Writes inputs, labels and reference outputs; the outputs are those of the first `checked` utterances.
pub(crate) fn write(path: &Path, inputs: &Inputs, checked: usize, results: &Results) -> Result<()> {
    let &Inputs { ref values, steps, length } = inputs;
    let batch = values.len() / (steps * length);
    let classes = results.logits.len() / checked;
    let labels: Vec<u8> =
        (0..batch).flat_map(|i| (label(i, classes) as i64).to_le_bytes()).collect();
    let (segments, logits) = (bytes(values), bytes(&results.logits));
    let probabilities = bytes(&results.probabilities);
    let (loss, norm) = (results.loss.to_le_bytes(), results.gradient_norm.to_le_bytes());
    let views = [
        ("segments", TensorView::new(Dtype::F32, vec![batch, steps, length], &segments)?),
        ("labels", TensorView::new(Dtype::I64, vec![batch], &labels)?),
        ("logits", TensorView::new(Dtype::F32, vec![checked, classes], &logits)?),
        ("probabilities", TensorView::new(Dtype::F32, vec![checked, classes], &probabilities)?),
        ("loss", TensorView::new(Dtype::F32, vec![], &loss)?),
        ("gradient_norm", TensorView::new(Dtype::F32, vec![], &norm)?),
    ];
    Ok(std::fs::write(path, safetensors::serialize(views, None)?)?)
}

/// The class of utterance `index`.
pub(crate) fn label(index: usize, classes: usize) -> usize {
    index % classes
}

/// One-hot rows of the labels `[batch, classes]`.
pub(crate) fn targets(batch: usize, classes: usize, device: &Device) -> Tensor<2> {
    let mut rows = vec![0.0_f32; batch * classes];
    (0..batch).for_each(|row| rows[row * classes + label(row, classes)] = 1.0);
    Tensor::from_data(TensorData::new(rows, [batch, classes]), device)
}

/// Uniform noise of RMS 0.1 (the front end's level) from a multiplicative generator.
pub(crate) fn noise(len: usize) -> Vec<f32> {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        ((state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0) * 0.17
    };
    (0..len).map(|_| next()).collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
