//! Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019; with a decay of 0 it is the paper's
//! Adam, Kingma & Ba, ICLR 2015).

use crate::OptimizerConfig;

/// Moves `weight` by its `gradient` in step number `time`, from 1.
pub(super) fn update(
    config: &OptimizerConfig,
    (time, rate, weight_decay): (u64, f64, f64),
    [first, second]: &mut [Vec<f32>; 2],
    weight: &mut [f32],
    gradient: &[f32],
) {
    let &OptimizerConfig { beta_1, beta_2, epsilon, .. } = config;
    let time = i32::try_from(time).unwrap_or(i32::MAX);
    // m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + e), the constants taken out of the loop.
    let root = (1.0 - beta_2.powi(time)).sqrt();
    let step = (rate * root / (1.0 - beta_1.powi(time))) as f32;
    let epsilon = (epsilon * root) as f32;
    let keep = (1.0 - rate * weight_decay) as f32;
    let (b1, b2) = (beta_1 as f32, beta_2 as f32);
    let moments = first.iter_mut().zip(second);
    for ((w, g), (m, v)) in weight.iter_mut().zip(gradient).zip(moments) {
        *m = b1 * *m + (1.0 - b1) * g;
        *v = b2 * *v + (1.0 - b2) * g * g;
        *w = *w * keep - step * *m / (v.sqrt() + epsilon);
    }
}
