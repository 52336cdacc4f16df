//! Integration tests of `clstm-audio`.
