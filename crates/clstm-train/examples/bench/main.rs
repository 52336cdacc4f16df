//! Our side of `bench/run` (see `bench/README.md`):
//!
//! ```text
//! bench prepare   writes a network and its outputs, which the peers are checked against
//! bench work      times training steps, inference or a GEMM, one turn at a time
//! bench layers    times the parts of the network one after another
//! ```
#![allow(clippy::print_stdout, reason = "the lines are the output")]

mod arguments;
mod check;
mod layers;
mod learner;
mod prepare;
mod work;

use arguments::Arguments;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let (command, arguments) = Arguments::read()?;
    match command.as_str() {
        "prepare" => prepare::prepare(&arguments),
        "work" => work::work(&arguments),
        "layers" => layers::layers(&arguments),
        other => Err(format!("there is no command {other:?}: prepare, work or layers").into()),
    }
}
