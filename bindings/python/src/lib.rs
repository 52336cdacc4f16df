//! The extension module `clstm._clstm`: what the Python package `clstm` wraps. Its own types are plain tuples; the
//! package turns them into dataclasses.

mod classes;
mod compute;
mod errors;
mod input;
mod recognizer;
mod results;
mod segments;
mod stream;

use std::ffi::OsString;
use std::path::PathBuf;

use clstm::EmbeddedModel;
use clstm_cli::RestartCommand;
use pyo3::prelude::*;

use crate::compute::compute;
use crate::input::Input;

/// Speech emotion recognition, the part in Rust.
#[pymodule]
mod _clstm {
    #[pymodule_export]
    use super::recognizer::NativeRecognizer;
    #[pymodule_export]
    use super::stream::NativeStream;
    #[pymodule_export]
    use super::{decode, models, run_command, version};
}

/// Executes a command line of `clstm` without its first item, the name of the program, and returns the exit status.
///
/// `python` and `python_arguments` start the command in another process.
#[pyfunction]
fn run_command(
    py: Python<'_>,
    arguments: Vec<OsString>,
    python: PathBuf,
    python_arguments: Vec<OsString>,
) -> u8 {
    let restart = RestartCommand { program: python, arguments: python_arguments };
    let mut line = vec![OsString::from("clstm")];
    line.extend(arguments);
    py.detach(|| clstm_cli::run(line, &restart))
}

/// Decodes a recording, mixes its channels down and resamples it: mono samples at `sample_rate` Hz as native-endian `f32`.
#[pyfunction]
fn decode(py: Python<'_>, input: Input, sample_rate: u32) -> PyResult<Vec<u8>> {
    let samples = compute(py, |_| Ok(input.decode(sample_rate)?))?;
    Ok(samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect())
}

/// The names of the built-in models, the default first.
#[pyfunction]
fn models() -> Vec<&'static str> {
    EmbeddedModel::ALL.map(EmbeddedModel::name).to_vec()
}

/// The version of the package.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
