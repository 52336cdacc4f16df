//! Our side of `bench/run` (see `bench/README.md`):
//!
//! ```text
//! bench prepare   writes a network and its outputs, which the peers are checked against
//! bench work      times training steps, inference or a GEMM, one turn at a time
//! bench layers    times the parts of a step one after another and counts their allocations
//! ```
#![allow(clippy::print_stdout, reason = "the lines are the output")]

mod arguments;
mod check;
mod clock;
mod layers;
mod learner;
mod parts;
mod prepare;
mod work;

use arguments::Arguments;
use clstm_test_support::allocations::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

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
