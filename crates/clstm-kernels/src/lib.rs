//! Fused ConvLSTM and GRU kernels, forward and backward, on plain slices.
