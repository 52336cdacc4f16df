//! One test for every bug that was found.

use clstm_nn::{Preset, parameters};

use crate::device;

/// A first block of 32 to 39 taps made the Gabor start ask for a width between 8 and less than 8.
#[test]
fn every_number_of_taps_has_a_start() {
    for taps in [1, 31, 32, 36, 39, 40, 400] {
        let mut config = Preset::Clstm.network(8);
        config.blocks[0].kernel_input = taps;
        let network = config.init(1, &device()).expect("a network");
        assert!(
            parameters(&network).iter().all(|t| t.values.iter().all(|v| v.is_finite())),
            "{taps}"
        );
    }
}
