//! Counts what a thread requests from the allocator.

use clstm_test_support::allocations::{CountingAllocator, of_thread};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Bytes that this thread requested while it did the work.
pub(crate) fn allocated(work: impl FnOnce()) -> usize {
    of_thread(work).1.bytes
}
