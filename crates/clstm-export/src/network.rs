//! The network on all windows of a clip, with test-time augmentation.

use std::collections::HashMap;

use clstm::{DimensionInfo, ModelInfo, NamedTensor};
use clstm_nn::NetworkSpec;

use crate::ExportError;
use crate::frontend::{mean_over_windows, variants, windows};
use crate::graph::{ElementType, GraphBuilder, Name};
use crate::layers::{BranchOutput, branch};
use crate::weights::Weights;

/// Deep feature and logits of a clip, vectors.
pub(crate) struct Output {
    pub(crate) features: Name,
    pub(crate) logits: Name,
}

/// A network with its description and weights.
pub(crate) struct NetworkGraph<'a> {
    pub(crate) spec: &'a NetworkSpec,
    pub(crate) info: &'a ModelInfo,
    pub(crate) tensors: &'a HashMap<&'a str, &'a NamedTensor>,
}

impl NetworkGraph<'_> {
    /// Continuous targets `[dimensions]` of a deep feature `[features]`, in their units and within the range of the training
    /// data, see [`DimensionInfo::value`](clstm::DimensionInfo::value).
    ///
    /// # Errors
    /// If a tensor of the head is missing.
    pub(crate) fn dimensions(
        &self,
        graph: &mut GraphBuilder,
        features: &str,
    ) -> Result<Name, ExportError> {
        let infos = &self.info.dimensions;
        let weights = Weights::new(self.tensors, "dimension_head".to_owned());
        let weight = weights.get("weight")?;
        let weight = graph.floats(weight, &[self.info.network.deep_feature(), infos.len()]);
        let bias = graph.floats(weights.get("bias")?, &[infos.len()]);
        let product = graph.node("MatMul", &[features, &weight], &[]);
        let output = graph.add(&product, &bias);
        let mut all = |of: fn(&DimensionInfo) -> f64| {
            let values: Vec<f32> = infos.iter().map(|info| of(info) as f32).collect();
            graph.floats(&values, &[infos.len()])
        };
        let (std, mean) = (all(|info| info.std), all(|info| info.mean));
        let (min, max) = (all(|info| info.min), all(|info| info.max));
        let scaled = graph.mul(&output, &std);
        let value = graph.add(&scaled, &mean);
        let value = graph.max(&value, &min);
        Ok(graph.node("Min", &[&value, &max], &[]))
    }

    /// Adds the network on a clip `[samples]`.
    ///
    /// # Errors
    /// If a branch cannot be exported.
    pub(crate) fn clip(&self, graph: &mut GraphBuilder, clip: &str) -> Result<Output, ExportError> {
        let frontend = &self.info.frontend;
        let variants = variants(frontend);
        if let [_] = variants[..] {
            let none = graph.int(0);
            let waveform = windows(graph, clip, &none, frontend);
            let BranchOutput { features, logits } = self.windows(graph, &waveform)?;
            let features = mean_over_windows(graph, &features);
            return Ok(Output { features, logits: mean_over_windows(graph, &logits) });
        }
        // The variants may have different numbers of windows: each window counts the same.
        let count = graph.int(variants.len());
        let (silences, signs): (Vec<i64>, Vec<f32>) = variants.into_iter().unzip();
        let (silences, signs) = (graph.ints(&silences), graph.floats(&signs, &[signs.len()]));
        let network = &self.info.network;
        let sizes = [network.deep_feature(), network.classes, 1];
        let sums = graph.repeat(&count, &sizes, |graph, index| {
            let (silence, sign) = (graph.gather(&silences, index), graph.gather(&signs, index));
            let waveform = windows(graph, clip, &silence, frontend);
            let waveform = graph.mul(&waveform, &sign);
            let BranchOutput { features, logits } = self.windows(graph, &waveform)?;
            let features = graph.sum(&features, 0, false);
            let logits = graph.sum(&logits, 0, false);
            let count = graph.size(&waveform, 0);
            let count = graph.cast(&count, ElementType::Float);
            Ok(vec![features, logits, count])
        })?;
        let totals: Vec<Name> = sums.iter().map(|sums| graph.sum(sums, 0, false)).collect();
        let features = graph.div(&totals[0], &totals[2]);
        Ok(Output { features, logits: graph.div(&totals[1], &totals[2]) })
    }

    /// Adds all branches on windows `[windows, samples]`.
    fn windows(
        &self,
        graph: &mut GraphBuilder,
        waveform: &str,
    ) -> Result<BranchOutput, ExportError> {
        let length = self.spec.segment_length;
        let mut outputs = Vec::with_capacity(self.spec.branches.len());
        for (index, spec) in self.spec.branches.iter().enumerate() {
            let path = index.checked_sub(1).map_or(String::new(), |i| format!("branches.{i}"));
            let weights = Weights::new(self.tensors, path);
            outputs.push(branch(graph, spec, length, &weights, waveform)?);
        }
        let features: Vec<&str> = outputs.iter().map(|output| output.features.as_str()).collect();
        let features = graph.concat(&features, 1);
        let logits: Vec<&str> = outputs.iter().map(|output| output.logits.as_str()).collect();
        let logits = graph.node("Mean", &logits, &[]);
        Ok(BranchOutput { features, logits })
    }
}
