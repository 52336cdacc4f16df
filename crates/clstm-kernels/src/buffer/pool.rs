//! The pool of one element type.

// Of the parent, so that `loom/` can check the same code with the types of loom.
use super::sync::{AtomicUsize, Mutex, MutexGuard, Ordering, PoisonError};

/// Bytes that several pools may hold together.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) held: AtomicUsize,
    pub(super) limit: AtomicUsize,
}

impl Budget {
    fn is_exceeded(&self) -> bool {
        self.held.load(Ordering::Relaxed) > self.limit.load(Ordering::Relaxed)
    }
}

/// Unused buffers of one element type.
#[derive(Debug)]
pub struct Pool<E: 'static> {
    pub(super) free: Mutex<Free<E>>,
    pub(super) budget: &'static Budget,
}

#[derive(Debug)]
pub(super) struct Free<E> {
    /// In ascending order of their lengths.
    buffers: Vec<Unused<E>>,
    /// Buffers given back so far: the time by which their age is measured.
    clock: u64,
}

impl<E> Free<E> {
    pub(super) const fn new() -> Self {
        Self { buffers: Vec::new(), clock: 0 }
    }
}

#[derive(Debug)]
struct Unused<E> {
    data: Vec<E>,
    /// The clock when it was given back.
    since: u64,
}

impl<E: Copy + Default> Pool<E> {
    fn lock(&self) -> MutexGuard<'_, Free<E>> {
        // A panic elsewhere leaves the list whole: it changes by single pushes and removals.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A vector of at least `len` elements: the shortest unused one, unless more than half of it would
    /// be wasted, or a new one.
    pub(super) fn take(&self, len: usize) -> Vec<E> {
        let mut free = self.lock();
        let at = free.buffers.partition_point(|unused| unused.data.len() < len);
        let fits = free.buffers.get(at).is_some_and(|unused| unused.data.len() / 2 <= len);
        if !fits {
            drop(free);
            return allocate(len);
        }
        let data = free.buffers.remove(at).data;
        self.budget.held.fetch_sub(size_of_val(&data[..]), Ordering::Relaxed);
        data
    }

    /// Keeps a vector for reuse, if the budget allows.
    pub(super) fn give_back(&self, data: Vec<E>) {
        let mut evicted = None;
        let mut free = self.lock();
        self.budget.held.fetch_add(size_of_val(&data[..]), Ordering::Relaxed);
        free.clock += 1;
        let at = free.buffers.partition_point(|unused| unused.data.len() < data.len());
        let since = free.clock;
        free.buffers.insert(at, Unused { data, since });
        while self.budget.is_exceeded() {
            // Freed outside of the lock, which other threads wait for.
            drop(free);
            drop(evicted.take());
            free = self.lock();
            let oldest = (0..free.buffers.len()).min_by_key(|&i| free.buffers[i].since);
            let Some(oldest) = oldest else { break };
            let unused = free.buffers.remove(oldest);
            self.budget.held.fetch_sub(size_of_val(&unused.data[..]), Ordering::Relaxed);
            evicted = Some(unused);
        }
        drop(free);
    }

    /// Frees all unused buffers.
    pub(super) fn clear(&self) {
        let buffers = std::mem::take(&mut self.lock().buffers);
        let bytes: usize = buffers.iter().map(|unused| size_of_val(&unused.data[..])).sum();
        self.budget.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Smallest allocation that asks for huge pages: it holds at least one of 2 MiB, wherever it starts.
#[cfg(all(target_os = "linux", not(miri)))]
const HUGE: usize = 4 << 20;

/// Zeros from the allocator, on huge pages where the system provides them on request.
///
/// A training step streams through hundreds of megabytes. With pages of 4 KiB it would miss the
/// translation buffer all the time, and the first access to each page costs a fault.
fn allocate<E: Copy + Default>(len: usize) -> Vec<E> {
    let data = vec![E::default(); len];
    #[cfg(all(target_os = "linux", not(miri)))]
    if size_of_val(&data[..]) >= HUGE {
        let page = 2 << 20;
        let start = data.as_ptr().addr().next_multiple_of(page);
        let end = (data.as_ptr().addr() + size_of_val(&data[..])) / page * page;
        let at = data.as_ptr().with_addr(start).cast_mut().cast();
        // SAFETY: the range lies inside the allocation that `data` owns (it is at least two pages
        // long), and the advice changes neither its contents nor its protection. An error only means
        // that the advice was not taken.
        unsafe { libc::madvise(at, end - start, libc::MADV_HUGEPAGE) };
    }
    data
}
