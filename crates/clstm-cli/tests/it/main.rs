//! Integration tests of the command: every test runs the binary.

// Helpers outside of test functions, too: a failed step is a failed test.
#![allow(clippy::unwrap_used)]

mod ablation;
mod aliases;
mod annotate;
mod bad_input;
mod bounds;
mod building;
mod calibration;
mod channels;
mod choice;
mod classes;
mod corpus;
mod cross_validation;
mod device;
mod dimensions;
mod download;
mod embeddings;
mod generated;
mod healthcheck;
mod hostile;
mod jobs;
mod listen;
mod listen_live;
mod live;
mod manifest;
mod model_folder;
mod names;
mod output;
mod outputs;
mod parquet;
mod precision;
mod readme;
mod regression;
mod release_0_1;
mod report;
mod reproduce;
mod resume;
mod segments;
mod serve_options;
mod support;
mod terminal;
mod timeline;
mod train_and_use;
mod usage;
mod validation;
