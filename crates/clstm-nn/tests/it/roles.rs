//! Roles of tensors: what release 0.1 derived from their names and shapes.

use clstm_nn::{BranchSpan, OptimizerGroup, Preset, parameters_with_roles};

use crate::device;
use crate::network::small;

#[test]
fn roles_are_those_of_release_0_1() {
    for preset in Preset::ALL {
        let network = small(preset).init(1, &device()).expect("a network");
        for parameter in parameters_with_roles(&network) {
            let (tensor, role) = (&parameter.tensor, &parameter.role);
            let (name, shape) = (&tensor.name, &tensor.shape[..]);
            assert_eq!(role.is_weight(), !name.contains("statistics."), "{name}");
            if !role.is_weight() {
                continue;
            }
            let last = name.rsplit('.').next().unwrap_or_default();
            let decays = shape.len() > 1 && last != "peephole";
            assert_eq!(role.weight_decay, decays, "{preset}: {name}");
            let group = match (last, shape) {
                ("w_x", &[_, 1, taps]) if taps >= 32 => OptimizerGroup::WaveformFilters,
                ("w_x" | "w_h", &[gates, channels, taps]) if channels > 1 => {
                    OptimizerGroup::Matrices { rows: gates / 4, columns: channels * taps }
                }
                ("w" | "u", &[gates, features]) => {
                    OptimizerGroup::Matrices { rows: gates / 3, columns: features }
                }
                ("weight", &[height, width, channels, filters]) => {
                    OptimizerGroup::Matrices { rows: height * width * channels, columns: filters }
                }
                ("weight" | "feature_weight", &[rows, columns]) => {
                    OptimizerGroup::Matrices { rows, columns }
                }
                _ => OptimizerGroup::Elementwise,
            };
            assert_eq!(role.optimizer_group, group, "{preset}: {name}");
            let branch = usize::from(name.starts_with("branches.0."));
            assert_eq!(role.branch, BranchSpan::One(branch), "{preset}: {name}");
            assert_eq!(role.is_transferable(), !name.contains("head.class_"), "{preset}: {name}");
        }
    }
}
