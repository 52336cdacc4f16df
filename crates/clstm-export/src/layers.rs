//! The layers of a branch ([`clstm_nn::LayerSpec`]). Time is the first axis and windows are the second, as the
//! recurrent operators of ONNX have them.

mod convolution;
mod head;
mod lflb;
mod recurrent;
mod waveform;

use clstm_nn::{BranchSpec, LayerSpec};

use crate::ExportError;
use crate::graph::{GraphBuilder, Name};
use crate::weights::Weights;

/// What a branch computes of a batch of windows.
pub(crate) struct BranchOutput {
    /// The deep feature `[windows, features]`.
    pub(crate) features: Name,
    /// `[windows, classes]`
    pub(crate) logits: Name,
}

/// The activations between two layers.
enum Activations {
    /// `[windows, samples]`
    Waveform(Name),
    /// `[windows, channels, time, length]`
    Image(Name),
    /// `[time * windows, channels, length]` and the sizes of the last two.
    Steps(Name, [usize; 2]),
    /// `[time, windows, features]`
    Sequence(Name),
}

/// Adds a branch to the graph.
///
/// - `waveform`: `[windows, samples]`, a whole number of time steps
///
/// # Errors
/// If a tensor is missing or a layer is not supported.
pub(crate) fn branch(
    graph: &mut GraphBuilder,
    spec: &BranchSpec,
    segment_length: usize,
    weights: &Weights<'_>,
    waveform: &str,
) -> Result<BranchOutput, ExportError> {
    let windows = graph.size(waveform, 0);
    let mut context = Context { graph, windows, segment_length };
    let mut x = Activations::Waveform(waveform.to_owned());
    for layer in &spec.layers {
        let weights = weights.below(&layer.path);
        x = match &layer.spec {
            LayerSpec::Compression(config) => {
                let waveform = x.waveform()?;
                Activations::Waveform(waveform::compression(context.graph, &waveform, config))
            }
            LayerSpec::Filterbank(spec) => {
                let waveform = x.waveform()?;
                Activations::Image(waveform::filterbank(context.graph, &waveform, spec, &weights)?)
            }
            LayerSpec::ConvBlock(spec) => {
                let image = context.image(x)?;
                Activations::Image(convolution::block(context.graph, &image, spec, &weights)?)
            }
            LayerSpec::Lflb(spec) => {
                let steps = context.steps(x)?;
                let windows = context.windows.clone();
                lflb::block(context.graph, &steps, &windows, spec, &weights)?
            }
            LayerSpec::BiGru(config) => {
                let sequence = context.sequence(x)?;
                Activations::Sequence(recurrent::gru(context.graph, &sequence, config, &weights)?)
            }
            LayerSpec::BiLstm(config) => {
                let sequence = context.sequence(x)?;
                Activations::Sequence(recurrent::lstm(context.graph, &sequence, config, &weights)?)
            }
            LayerSpec::Head(config) => {
                let sequence = context.sequence(x)?;
                return head::head(context.graph, &sequence, config, &weights);
            }
            _ => return Err(ExportError::UnsupportedLayer(layer.path.clone())),
        };
    }
    Err(ExportError::UnsupportedLayer("a branch without a head".to_owned()))
}

/// Conversions between activations.
struct Context<'a> {
    graph: &'a mut GraphBuilder,
    /// Number of windows, a vector of one.
    windows: Name,
    segment_length: usize,
}

impl Activations {
    fn waveform(self) -> Result<Name, ExportError> {
        match self {
            Self::Waveform(x) => Ok(x),
            _ => Err(ExportError::UnsupportedLayer("a waveform layer after others".to_owned())),
        }
    }
}

impl Context<'_> {
    /// The image that convolutional blocks process.
    fn image(&mut self, x: Activations) -> Result<Name, ExportError> {
        match x {
            Activations::Image(x) => Ok(x),
            Activations::Waveform(x) => {
                let length = self.segment_length as i64;
                let x = self.graph.reshape(&x, &[0, -1, length]);
                let axes = self.graph.ints(&[1]);
                Ok(self.graph.node("Unsqueeze", &[&x, &axes], &[]))
            }
            _ => Err(ExportError::UnsupportedLayer("a convolution after a block".to_owned())),
        }
    }

    /// The time steps that local feature learning blocks process.
    fn steps(&mut self, x: Activations) -> Result<Name, ExportError> {
        match x {
            Activations::Waveform(x) => {
                let length = self.segment_length as i64;
                let x = self.graph.reshape(&x, &[0, -1, length]);
                let x = self.graph.transpose(&x, &[1, 0, 2]);
                Ok(self.graph.reshape(&x, &[-1, 1, length]))
            }
            Activations::Image(x) => {
                let shape = self.graph.unary("Shape", &x);
                let x = self.graph.transpose(&x, &[2, 0, 1, 3]);
                let (channels, length) = (self.graph.ints(&[1]), self.graph.ints(&[3]));
                let (channels, length) =
                    (self.graph.gather(&shape, &channels), self.graph.gather(&shape, &length));
                let first = self.graph.ints(&[-1]);
                let shape = self.graph.concat(&[&first, &channels, &length], 0);
                Ok(self.graph.node("Reshape", &[&x, &shape], &[]))
            }
            Activations::Steps(x, _) => Ok(x),
            Activations::Sequence(_) => {
                Err(ExportError::UnsupportedLayer("a block after a recurrent layer".to_owned()))
            }
        }
    }

    /// The sequence that recurrent layers process; positions before channels, as the network flattens them.
    fn sequence(&mut self, x: Activations) -> Result<Name, ExportError> {
        match x {
            Activations::Sequence(x) => Ok(x),
            Activations::Steps(x, [channels, length]) => {
                let x = self.graph.transpose(&x, &[0, 2, 1]);
                let windows = self.windows.clone();
                Ok(self.graph.reshape_steps(&x, &windows, &[channels * length]))
            }
            _ => Err(ExportError::UnsupportedLayer("a recurrent layer before a block".to_owned())),
        }
    }
}
