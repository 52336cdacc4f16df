//! Training, cross-validation and metrics for clstm.
