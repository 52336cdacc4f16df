//! The operations in the autodiff graph.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::{Shape, TensorData};
use burn_flex::FlexTensor;
use clstm_kernels::gru::{BiGruShape, DirectionGradients};
use clstm_kernels::{conv_2d, conv_lstm, filterbank, gru, lflb, norm_pool};

use super::operation::{
    ConvLstmCall, FusedOps, LflbCall, NormPoolCall, bi_gru_directions, bi_gru_forward,
    conv_2d_forward, conv_lstm_forward, filterbank_forward, lflb_forward, norm_pool_forward, slice,
};

/// From the output's gradient (and which inputs need one) to the inputs' gradients.
type Closure<const N: usize> =
    Box<dyn FnOnce(&FlexTensor, [bool; N]) -> [Option<Vec<f32>>; N] + Send>;

/// The state of a step in the graph. Burn requires `Clone`; it is used once only.
#[derive(Clone)]
struct Pending<const N: usize> {
    shapes: [Shape; N],
    closure: Arc<Mutex<Option<Closure<N>>>>,
}

impl<const N: usize> fmt::Debug for Pending<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("shapes", &self.shapes).finish_non_exhaustive()
    }
}

/// The backward step of every fused operation.
#[derive(Debug)]
struct Fused;

impl<const N: usize> Backward<Flex, N> for Fused {
    type State = Pending<N>;

    fn backward(self, ops: Ops<Pending<N>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<Flex>(&ops.node).to_contiguous();
        let closure = ops.state.closure.lock().unwrap_or_else(PoisonError::into_inner).take();
        let closure = closure.expect("a graph is differentiated once");
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = closure(&dy, wanted);
        for ((node, gradient), shape) in
            ops.parents.into_iter().zip(gradients).zip(ops.state.shapes)
        {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                let gradient = FlexTensor::from_data(TensorData::new(gradient, shape));
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// Puts an operation into the graph: `run(inputs, tracked)` gives its output and, where it is
/// tracked, the closure.
fn record<C: CheckpointStrategy, const N: usize>(
    inputs: [FloatTensor<Autodiff<Flex, C>>; N],
    run: impl FnOnce([FlexTensor; N], bool) -> (FlexTensor, Option<Closure<N>>),
) -> FloatTensor<Autodiff<Flex, C>> {
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs = inputs.map(|input| input.into_primitive().to_contiguous());
    let shapes = inputs.each_ref().map(|input| input.shape());
    match Fused.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => {
            let (output, closure) = run(inputs, true);
            let pending = Pending { shapes, closure: Arc::new(Mutex::new(closure)) };
            prep.finish(pending, output)
        }
        OpsKind::UnTracked(prep) => prep.finish(run(inputs, false).0),
    }
}

/// The closure of an operation in inference mode: its running statistics have no backward pass.
fn inference_only<const N: usize>() -> Closure<N> {
    Box::new(|_, _| panic!("inference mode is not differentiated: use Mode::Training"))
}

impl<C: CheckpointStrategy> FusedOps for Autodiff<Flex, C> {
    fn conv_lstm(
        x: FloatTensor<Self>,
        w_x: FloatTensor<Self>,
        w_h: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        peephole: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        call: ConvLstmCall,
    ) -> FloatTensor<Self> {
        record::<C, 6>([x, w_x, w_h, bias, peephole, gamma], |inputs, tracked| {
            if call.running.is_some() {
                return (conv_lstm_forward(&inputs, &call, false).0, Some(inference_only()));
            }
            let (y, saved) = conv_lstm_forward(&inputs, &call, tracked);
            let shape = call.shape;
            let inputs_len = slice(&inputs[0]).len();
            let closure = saved.map(|saved| -> Closure<6> {
                Box::new(move |dy, wanted| {
                    let mut dx = wanted[0].then(|| vec![0.0; inputs_len]);
                    let g = conv_lstm::backward(&shape, saved, slice(dy), dx.as_deref_mut());
                    let peephole = (!g.peephole.is_empty()).then_some(g.peephole);
                    let gamma = (!g.gamma.is_empty()).then_some(g.gamma);
                    [dx, Some(g.w_x), Some(g.w_h), Some(g.bias), peephole, gamma]
                })
            });
            (y, closure)
        })
    }

    fn lflb(
        x: FloatTensor<Self>,
        w_x: FloatTensor<Self>,
        w_h: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        peephole: FloatTensor<Self>,
        input_gamma: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        call: LflbCall,
    ) -> FloatTensor<Self> {
        let inputs = [x, w_x, w_h, bias, peephole, input_gamma, gamma, beta];
        record::<C, 8>(inputs, |inputs, tracked| {
            if call.running.is_some() {
                return (lflb_forward(&inputs, &call, false).0, Some(inference_only()));
            }
            let (y, saved) = lflb_forward(&inputs, &call, tracked);
            let shape = call.shape();
            let inputs_len = slice(&inputs[0]).len();
            let closure = saved.map(|saved| -> Closure<8> {
                Box::new(move |dy, wanted| {
                    let mut dx = wanted[0].then(|| vec![0.0; inputs_len]);
                    let g = lflb::backward(&shape, saved, slice(dy), dx.as_deref_mut());
                    let c = g.conv_lstm;
                    let [peephole, input_gamma] =
                        [c.peephole, c.gamma].map(|g| (!g.is_empty()).then_some(g));
                    let [w_x, w_h, bias] = [c.w_x, c.w_h, c.bias].map(Some);
                    [dx, w_x, w_h, bias, peephole, input_gamma, Some(g.gamma), Some(g.beta)]
                })
            });
            (y, closure)
        })
    }

    fn norm_pool(
        h: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        call: NormPoolCall,
    ) -> FloatTensor<Self> {
        record::<C, 3>([h, gamma, beta], |inputs, tracked| {
            let (y, saved) = norm_pool_forward(&inputs, &call);
            let Some(saved) = saved else {
                return (y, Some(inference_only()));
            };
            let closure = tracked.then(|| -> Closure<3> {
                Box::new(move |dy, _| {
                    let [h, gamma, _] = &inputs;
                    let (h, gamma) = (slice(h), slice(gamma));
                    let mut dh = vec![0.0; h.len()];
                    let dy = slice(dy);
                    let grads = norm_pool::backward(&call.shape, h, gamma, &saved, dy, &mut dh);
                    [Some(dh), Some(grads.gamma), Some(grads.beta)]
                })
            });
            (y, closure)
        })
    }

    fn conv_2d(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        shape: conv_2d::Conv2dShape,
    ) -> FloatTensor<Self> {
        record::<C, 2>([x, weight], |inputs, tracked| {
            let y = conv_2d_forward(&inputs, &shape);
            let closure = tracked.then(|| -> Closure<2> {
                Box::new(move |dy, wanted| {
                    let [x, weight] = &inputs;
                    let mut dx = wanted[0].then(|| vec![0.0; slice(x).len()]);
                    let (x, weight) = (slice(x), slice(weight));
                    let dw = conv_2d::backward(&shape, x, weight, slice(dy), dx.as_deref_mut());
                    [dx, Some(dw)]
                })
            });
            (y, closure)
        })
    }

    fn filterbank(
        x: FloatTensor<Self>,
        taps: FloatTensor<Self>,
        shape: filterbank::FilterbankShape,
    ) -> FloatTensor<Self> {
        record::<C, 2>([x, taps], |inputs, tracked| {
            let (y, saved) = filterbank_forward(&inputs, &shape, tracked);
            let closure = saved.map(|saved| -> Closure<2> {
                Box::new(move |dy, wanted| {
                    assert!(!wanted[0], "no gradient reaches the waveform behind a filterbank");
                    let x = slice(&inputs[0]);
                    [None, Some(filterbank::backward(&shape, saved, x, slice(dy)))]
                })
            });
            (y, closure)
        })
    }

    fn bi_gru(
        x: FloatTensor<Self>,
        fwd_w: FloatTensor<Self>,
        fwd_u: FloatTensor<Self>,
        fwd_b: FloatTensor<Self>,
        fwd_bn: FloatTensor<Self>,
        bwd_w: FloatTensor<Self>,
        bwd_u: FloatTensor<Self>,
        bwd_b: FloatTensor<Self>,
        bwd_bn: FloatTensor<Self>,
        shape: BiGruShape,
    ) -> FloatTensor<Self> {
        let inputs = [x, fwd_w, fwd_u, fwd_b, fwd_bn, bwd_w, bwd_u, bwd_b, bwd_bn];
        record::<C, 9>(inputs, |inputs, tracked| {
            let (y, saved) = bi_gru_forward(&inputs, &shape, tracked);
            let closure = saved.map(|saved| -> Closure<9> {
                Box::new(move |dy, wanted| {
                    let x = slice(&inputs[0]);
                    let mut dx = wanted[0].then(|| vec![0.0; x.len()]);
                    let directions = bi_gru_directions(&inputs, &shape);
                    let [fwd, bwd] =
                        gru::backward(&shape, x, directions, saved, slice(dy), dx.as_deref_mut());
                    let parts = |g: DirectionGradients| (Some(g.w), Some(g.u), Some(g.b), g.b_hn);
                    let ((fw, fu, fb, fbn), (bw, bu, bb, bbn)) = (parts(fwd), parts(bwd));
                    [dx, fw, fu, fb, fbn, bw, bu, bb, bbn]
                })
            });
            (y, closure)
        })
    }
}
