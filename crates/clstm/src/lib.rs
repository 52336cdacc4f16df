//! Speech emotion recognition with the hierarchical ConvLSTM network.
