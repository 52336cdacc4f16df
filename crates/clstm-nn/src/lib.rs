//! The hierarchical ConvLSTM network as Burn modules.
