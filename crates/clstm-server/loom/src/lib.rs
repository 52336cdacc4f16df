//! The queue and the shares of `clstm-server` with the synchronisation types of loom, which runs the interleavings of their threads.

#![cfg(test)]

#[path = "../../src/compute/fair_queue.rs"]
mod fair_queue;
#[path = "../../src/quota/shares.rs"]
mod shares;

mod queue_tests;
mod shares_tests;

/// What both synchronise with.
mod sync {
    pub(super) use std::sync::PoisonError;

    pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};
}
