//! The backward pass.

use super::pool::PooledGradSource;
use super::{LflbShape, Saved};
use crate::batch_norm::{BnGradCoeffs, gradient_sums};
use crate::conv_lstm;
use crate::conv_lstm::backward::backward_in;
use crate::conv_lstm::group::group_ranges;

/// Gradients of a block's parameters.
#[derive(Debug)]
pub struct Gradients {
    /// Of the ConvLSTM.
    pub conv_lstm: conv_lstm::Gradients,
    /// Of the norm's scale, `[H]`.
    pub gamma: Vec<f32>,
    /// Of the norm's shift, `[H]`.
    pub beta: Vec<f32>,
}

/// Back-propagates `dy` `[B, T, Q, H]`; that of the input is written to `dx` `[B, T, L, C]` if given.
///
/// # Panics
/// If a slice does not have the size given by `shape`.
pub fn backward(shape: &LflbShape, saved: Saved, dy: &[f32], dx: Option<&mut [f32]>) -> Gradients {
    let layer = &shape.conv_lstm;
    assert_eq!(dy.len(), layer.batch * shape.utterance(), "dy is [B, T, Q, H]");
    let Saved { conv_lstm: inner, gamma, mean, rstd, max_values, argmax } = saved;
    let sums = gradient_sums(layer.filters, dy, &max_values, &mean);
    let count = (layer.batch * layer.time * layer.positions()) as f64;
    let coeffs = BnGradCoeffs::new(&mean, &rstd, &gamma, &sums, count);
    let utterance = shape.utterance();
    let argmax = &*argmax;
    let sources: Vec<_> = group_ranges(layer.batch)
        .into_iter()
        .map(|range| range.start * utterance..range.end * utterance)
        .map(|part| PooledGradSource {
            shape,
            coeffs: &coeffs,
            dy: &dy[part.clone()],
            argmax: if shape.pool > 1 { &argmax[part] } else { &[] },
        })
        .collect();
    let conv_lstm = match inner {
        conv_lstm::Saved::F32(saved) => backward_in(layer, saved, &sources, dx),
        conv_lstm::Saved::Bf16(saved) => backward_in(layer, saved, &sources, dx),
    };
    Gradients {
        conv_lstm,
        gamma: sums.iter().zip(&rstd).map(|([_, s], r)| (s * f64::from(*r)) as f32).collect(),
        beta: sums.iter().map(|[s, _]| *s as f32).collect(),
    }
}
