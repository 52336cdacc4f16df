//! Roles of a module's tensors: how each is trained. The layer that owns a tensor sets its role.

use std::collections::HashMap;
use std::ops::Range;

use burn::module::{Param, ParamId};
use burn::tensor::Tensor;

/// Whether a tensor is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Trained by gradient.
    Weight,
    /// A running mean or variance of batch normalisation, moved by the statistics of batches.
    RunningStatistic,
    /// A weight or running statistic of a frozen layer, which no step changes.
    Frozen,
}

/// How an optimiser may treat a weight beyond element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerGroup {
    /// Moved element by element: biases, norms, peepholes, the last layer.
    Elementwise,
    /// A linear map between hidden layers, which Muon can make orthogonal: matrices `[rows, columns]`, row-major, one
    /// after the other (one for each gate of a recurrent layer).
    Matrices {
        /// Rows of a matrix.
        rows: usize,
        /// Columns of a matrix.
        columns: usize,
    },
    /// Filters of hundreds of taps on the waveform, whose learning rate has a multiplier of its own.
    WaveformFilters,
}

/// Which of a network's branches the elements of a weight belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchSpan {
    /// All of them to one branch; 0 is the network's own.
    One(usize),
    /// Runs of elements of these lengths belong to branches 0, 1, .. and so on from the start again: columns of
    /// a matrix over the concatenated deep features have the features of each branch as lengths.
    Runs(Vec<usize>),
}

impl BranchSpan {
    /// The runs of elements of one branch, as `(branch, range of elements)`, of a weight of `len` elements.
    pub fn runs(&self, len: usize) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let (lengths, one) = match self {
            Self::One(branch) => (&[][..], Some(*branch)),
            // Of one branch alone: a single run, so that sums over it have one order.
            Self::Runs(lengths) if lengths.len() < 2 => (&[][..], Some(0)),
            Self::Runs(lengths) => (&lengths[..], None),
        };
        let mut next = (0, 0);
        std::iter::from_fn(move || {
            let (run, first) = next;
            if first >= len {
                return None;
            }
            let (branch, length) = match one {
                Some(branch) => (branch, len),
                None => {
                    let branch = run % lengths.len().max(1);
                    (branch, lengths.get(branch).copied().unwrap_or(len))
                }
            };
            let end = (first + length.max(1)).min(len);
            next = (run + 1, end);
            Some((branch, first..end))
        })
    }
}

/// The targets that a tensor was trained for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainedTargets {
    /// It fits a network for any targets.
    Any,
    /// It only fits a network for the same classes, such as the layer of the logits.
    Classes,
    /// It only fits a network for the same dimensions (continuous targets).
    Dimensions,
}

/// How a tensor is trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterRole {
    /// Weight or running statistic.
    pub kind: ParameterKind,
    /// Whether weight decay shrinks it.
    pub weight_decay: bool,
    /// What an optimiser may do with it.
    pub optimizer_group: OptimizerGroup,
    /// Which branches of the network it belongs to.
    pub branch: BranchSpan,
    /// The targets that it was trained for.
    pub targets: TrainedTargets,
    /// Layers with tensors between its layer and the end of its branch: 0 for the head, and for tensors outside the layers of a
    /// branch.
    pub layers_to_head: usize,
}

impl ParameterRole {
    /// A weight of the network's own branch, moved element by element, without weight decay.
    #[must_use]
    pub fn vector() -> Self {
        Self {
            kind: ParameterKind::Weight,
            weight_decay: false,
            optimizer_group: OptimizerGroup::Elementwise,
            branch: BranchSpan::One(0),
            targets: TrainedTargets::Any,
            layers_to_head: 0,
        }
    }

    /// A weight with weight decay, moved element by element.
    #[must_use]
    pub fn decayed() -> Self {
        Self { weight_decay: true, ..Self::vector() }
    }

    /// A linear map between hidden layers, with weight decay: matrices `[rows, columns]` one after the other.
    #[must_use]
    pub fn matrices(rows: usize, columns: usize) -> Self {
        Self { optimizer_group: OptimizerGroup::Matrices { rows, columns }, ..Self::decayed() }
    }

    /// Filters on the waveform, with weight decay.
    #[must_use]
    pub fn waveform_filters() -> Self {
        Self { optimizer_group: OptimizerGroup::WaveformFilters, ..Self::decayed() }
    }

    /// A running mean or variance.
    #[must_use]
    pub fn running_statistic() -> Self {
        Self { kind: ParameterKind::RunningStatistic, ..Self::vector() }
    }

    /// The same for a tensor that only fits a network for the same classes.
    #[must_use]
    pub fn class_specific(self) -> Self {
        Self { targets: TrainedTargets::Classes, ..self }
    }

    /// The same for a tensor that only fits a network for the same dimensions.
    #[must_use]
    pub fn dimension_specific(self) -> Self {
        Self { targets: TrainedTargets::Dimensions, ..self }
    }

    /// Whether the tensor fits a network for other targets.
    #[must_use]
    pub fn is_transferable(&self) -> bool {
        self.targets == TrainedTargets::Any
    }

    /// The same for elements of several branches.
    #[must_use]
    pub fn across(self, branch: BranchSpan) -> Self {
        Self { branch, ..self }
    }

    /// Whether the tensor is trained by gradient.
    #[must_use]
    pub fn is_weight(&self) -> bool {
        self.kind == ParameterKind::Weight
    }
}

/// A module whose tensors have roles.
pub trait WithRoles {
    /// Adds the role of each of the module's tensors.
    fn add_roles(&self, roles: &mut Roles);
}

/// Roles of the tensors of a module, by the tensors' identity.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    by_id: HashMap<ParamId, ParameterRole>,
    branch: usize,
    layers_to_head: usize,
    frozen: bool,
}

impl Roles {
    /// The roles of all tensors of `module`.
    #[must_use]
    pub fn of<M: WithRoles + ?Sized>(module: &M) -> Self {
        let mut roles = Self::default();
        module.add_roles(&mut roles);
        roles
    }

    /// Sets the role of a tensor of the present branch.
    pub fn add<const D: usize>(&mut self, param: &Param<Tensor<D>>, role: ParameterRole) {
        self.add_id(param.id, role);
    }

    /// Sets the role of the tensor of this identity.
    pub(crate) fn add_id(&mut self, id: ParamId, role: ParameterRole) {
        let branch = match role.branch {
            BranchSpan::One(_) => BranchSpan::One(self.branch),
            runs @ BranchSpan::Runs(_) => runs,
        };
        let kind = if self.frozen { ParameterKind::Frozen } else { role.kind };
        let layers_to_head = self.layers_to_head;
        self.by_id.insert(id, ParameterRole { branch, kind, layers_to_head, ..role });
    }

    /// Adds the roles of the layers of a branch, first to last. The tensors of the first `frozen` ones are
    /// [frozen](ParameterKind::Frozen).
    pub(crate) fn add_layers(&mut self, layers: &[&dyn WithRoles], frozen: usize) {
        for (index, layer) in layers.iter().enumerate() {
            (self.layers_to_head, self.frozen) = (layers.len() - 1 - index, index < frozen);
            layer.add_roles(self);
        }
        (self.layers_to_head, self.frozen) = (0, false);
    }

    /// Adds the roles of a further branch, number `branch` from 1.
    pub(crate) fn add_branch<M: WithRoles>(&mut self, branch: usize, module: &M) {
        let own = std::mem::replace(&mut self.branch, branch);
        module.add_roles(self);
        self.branch = own;
    }

    /// The role of a tensor.
    ///
    /// # Panics
    /// If its layer gave it none.
    #[must_use]
    pub(crate) fn role(&self, id: ParamId) -> &ParameterRole {
        self.by_id.get(&id).expect("a layer gives a role to each of its tensors")
    }
}

#[cfg(test)]
mod tests {
    use super::BranchSpan;

    #[test]
    fn runs_repeat_until_all_elements_are_named() {
        let runs = |span: BranchSpan, len| span.runs(len).collect::<Vec<_>>();
        let expected = [(0, 0..3), (1, 3..5), (0, 5..8), (1, 8..10)];
        assert_eq!(runs(BranchSpan::Runs(vec![3, 2]), 10), expected);
        assert_eq!(runs(BranchSpan::One(4), 10), [(4, 0..10)]);
        assert!(runs(BranchSpan::One(4), 0).is_empty());
    }
}
