//! Counting what a program requests from the allocator.
//!
//! A test binary or an example makes [`CountingAllocator`] its global allocator and counts with [`of_thread`] or
//! [`of_watched_threads`].

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests to the allocator; a block that grows or shrinks is one more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Requests.
    pub count: usize,
    /// Bytes of all requests.
    pub bytes: usize,
}

impl Allocations {
    fn since(self, before: Self) -> Self {
        // The counters wrap, as atomic ones do.
        Self {
            count: self.count.wrapping_sub(before.count),
            bytes: self.bytes.wrapping_sub(before.bytes),
        }
    }
}

thread_local! {
    static OF_THREAD: Cell<Allocations> = const { Cell::new(Allocations { count: 0, bytes: 0 }) };
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

static COUNT: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

/// Counts the requests of this thread in [`of_watched_threads`] from now on.
pub fn watch_thread() {
    WATCHED.set(true);
}

/// The result of the work, and the requests of this thread during it.
pub fn of_thread<T>(work: impl FnOnce() -> T) -> (T, Allocations) {
    let before = OF_THREAD.get();
    let result = work();
    (result, OF_THREAD.get().since(before))
}

/// The result of the work, and the requests of all watched threads during it.
pub fn of_watched_threads<T>(work: impl FnOnce() -> T) -> (T, Allocations) {
    let before = on_watched_threads();
    let result = work();
    (result, on_watched_threads().since(before))
}

fn on_watched_threads() -> Allocations {
    Allocations { count: COUNT.load(Ordering::Relaxed), bytes: BYTES.load(Ordering::Relaxed) }
}

/// The system's allocator, whose requests are counted.
#[derive(Clone, Copy, Debug)]
pub struct CountingAllocator;

impl CountingAllocator {
    fn record(bytes: usize) {
        // A thread that ends may allocate after its locals are gone.
        let _ = OF_THREAD.try_with(|of_thread| {
            let Allocations { count, bytes: before } = of_thread.get();
            let (count, bytes) = (count.wrapping_add(1), before.wrapping_add(bytes));
            of_thread.set(Allocations { count, bytes });
        });
        if WATCHED.try_with(Cell::get).unwrap_or(false) {
            COUNT.fetch_add(1, Ordering::Relaxed);
            BYTES.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

// SAFETY: every request goes to the system's allocator as it came.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::record(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::record(layout.size());
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::record(size);
        // SAFETY: the caller's.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}
