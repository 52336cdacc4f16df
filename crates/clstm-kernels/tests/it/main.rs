//! Integration tests of the kernels.
