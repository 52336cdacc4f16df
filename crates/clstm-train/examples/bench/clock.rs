//! Times and allocations of the parts of a step.

use std::time::Instant;

use clstm_nn::Mode;
use clstm_nn::burn::tensor::Tensor;
use clstm_test_support::allocations::{Allocations, of_watched_threads};
use serde::Serialize;

use crate::Result;

/// The name of the part that the sum of the others is compared with.
pub(crate) const WHOLE: &str = "whole";

/// What was measured of one part, one value for each step.
#[derive(Serialize)]
struct Part {
    name: String,
    /// Seconds.
    forward: Vec<f64>,
    /// Seconds; empty at inference.
    backward: Vec<f64>,
    /// Requests to the allocator, forward and backward.
    allocations: Vec<usize>,
    /// Bytes of these requests.
    allocated_bytes: Vec<usize>,
    /// Minor page faults of the process; empty for all parts but the whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    page_faults: Vec<u64>,
    /// Whether it is measured beside the step: it is no part of the sum.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    aside: bool,
}

/// Parts in the order in which they were first measured.
#[derive(Default)]
pub(crate) struct Clock {
    parts: Vec<Part>,
}

impl Clock {
    /// Work without a backward pass.
    pub(crate) fn forward<T>(&mut self, name: &str, work: impl FnOnce() -> T) -> T {
        let (result, seconds, allocations) = measure(work);
        let part = self.entry(name);
        part.forward.push(seconds);
        part.allocations.push(allocations.count);
        part.allocated_bytes.push(allocations.bytes);
        result
    }

    /// The backward pass of a part whose forward pass was measured before.
    pub(crate) fn backward<T>(&mut self, name: &str, work: impl FnOnce() -> T) {
        let ((), seconds, allocations) = measure(|| drop(std::hint::black_box(work())));
        let part = self.entry(name);
        part.backward.push(seconds);
        let add = |counts: &mut Vec<usize>, more: usize| {
            if let Some(last) = counts.last_mut() {
                *last += more;
            }
        };
        add(&mut part.allocations, allocations.count);
        add(&mut part.allocated_bytes, allocations.bytes);
    }

    /// One layer forward and, in training, backward from a gradient of ones.
    pub(crate) fn layer<const I: usize, const O: usize>(
        &mut self,
        name: &str,
        x: Tensor<I>,
        mode: Mode,
        forward: impl FnOnce(Tensor<I>) -> Tensor<O>,
    ) -> Tensor<O> {
        let y = self.forward(name, || forward(x));
        if let Mode::Training { .. } = mode {
            let y = y.clone();
            self.backward(name, || y.backward());
        }
        y.detach()
    }

    /// Work that is no part of the step.
    pub(crate) fn aside<T>(&mut self, name: &str, work: impl FnOnce() -> T) -> T {
        let result = self.forward(name, work);
        self.entry(name).aside = true;
        result
    }

    /// The whole step.
    pub(crate) fn whole<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = page_faults();
        let result = self.forward(WHOLE, work);
        if let (Some(before), Some(after)) = (before, page_faults()) {
            self.entry(WHOLE).page_faults.push(after - before);
        }
        result
    }

    fn entry(&mut self, name: &str) -> &mut Part {
        let at = self.parts.iter().position(|part| part.name == name).unwrap_or_else(|| {
            self.parts.push(Part {
                name: name.to_owned(),
                forward: Vec::new(),
                backward: Vec::new(),
                allocations: Vec::new(),
                allocated_bytes: Vec::new(),
                page_faults: Vec::new(),
                aside: false,
            });
            self.parts.len() - 1
        });
        &mut self.parts[at]
    }

    /// All parts as JSON, without the first step, which filled caches and pools.
    pub(crate) fn line(mut self) -> Result<String> {
        for part in &mut self.parts {
            let Part { forward, backward, allocations, allocated_bytes, page_faults, .. } = part;
            [forward, backward].into_iter().for_each(remove_first);
            [allocations, allocated_bytes].into_iter().for_each(remove_first);
            remove_first(page_faults);
        }
        Ok(serde_json::to_string(&self.parts)?)
    }
}

fn remove_first<T>(values: &mut Vec<T>) {
    if !values.is_empty() {
        values.remove(0);
    }
}

fn measure<T>(work: impl FnOnce() -> T) -> (T, f64, Allocations) {
    let start = Instant::now();
    let (result, allocations) = of_watched_threads(work);
    (result, start.elapsed().as_secs_f64(), allocations)
}

/// Minor page faults of the process so far; on Linux only.
fn page_faults() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program is in brackets and may hold blanks; `minflt` is the eighth field behind it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(7)?.parse().ok()
}

/// The same values as an input whose gradient is wanted, in training.
pub(crate) fn leaf<const D: usize>(x: &Tensor<D>, mode: Mode) -> Tensor<D> {
    match mode {
        Mode::Training { .. } => x.clone().detach().require_grad(),
        Mode::Inference | Mode::Frozen { .. } => x.clone(),
    }
}
