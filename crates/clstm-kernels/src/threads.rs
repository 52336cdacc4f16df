//! Which threads do the work: those of the current Rayon pool, or only the calling one.

use std::cell::Cell;

use rayon::iter::plumbing::{Producer, ProducerCallback};
use rayon::prelude::*;

thread_local! {
    static SINGLE_THREADED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, and every kernel that it calls, on the calling thread only.
///
/// For work that is too short to distribute, and for threads that must not wait or allocate: a thread
/// outside of Rayon's pool submits work through a queue that allocates a new block now and then.
pub fn single_threaded<T>(work: impl FnOnce() -> T) -> T {
    /// Restores the previous setting, also if `work` panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            SINGLE_THREADED.set(self.0);
        }
    }
    let _before = Before(SINGLE_THREADED.replace(true));
    work()
}

/// Threads that share the work of the calling thread.
#[must_use]
pub fn count() -> usize {
    if SINGLE_THREADED.get() { 1 } else { rayon::current_num_threads() }
}

/// `iter.for_each(work)`. With a single thread it is a plain loop, without Rayon's bookkeeping.
pub fn for_each<I: IndexedParallelIterator>(iter: I, work: impl Fn(I::Item) + Sync + Send) {
    if count() == 1 {
        iter.with_producer(Sequential(work));
    } else {
        iter.for_each(work);
    }
}

/// Runs `work` on a thread of the pool, if more than one thread shares the work.
///
/// From outside of the pool each distribution of work in it wakes a thread and blocks until that has finished; here that
/// happens once for all of them.
pub fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if count() == 1 || rayon::current_thread_index().is_some() {
        work()
    } else {
        rayon::scope(|_| work())
    }
}

/// Runs both, side by side if more than one thread shares the work.
pub fn join(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    if count() == 1 {
        a();
        b();
    } else {
        rayon::join(a, b);
    }
}

struct Sequential<F>(F);

impl<T, F: Fn(T)> ProducerCallback<T> for Sequential<F> {
    type Output = ();

    fn callback<P: Producer<Item = T>>(self, producer: P) {
        producer.into_iter().for_each(self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    use rayon::prelude::*;

    use super::{count, for_each, in_pool, join, single_threaded};

    fn fill(to: &mut [usize]) {
        for_each(to.par_chunks_mut(3).enumerate(), |(i, to)| {
            assert!(count() > 1 || thread::current().id() == HOME.with(|home| *home));
            to.fill(i);
        });
    }

    thread_local! {
        static HOME: thread::ThreadId = thread::current().id();
    }

    #[test]
    fn single_threaded_work_stays_on_the_calling_thread_until_its_end() {
        HOME.with(|_| ());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        pool.install(|| {
            assert_eq!(count(), 3);
            let mut to = [[0; 10]; 2];
            single_threaded(|| {
                HOME.with(|_| ());
                assert_eq!(count(), 1);
                single_threaded(|| fill(&mut to[0]));
                assert_eq!(count(), 1);
            });
            fill(&mut to[1]);
            assert_eq!(to, [[0, 0, 0, 1, 1, 1, 2, 2, 2, 3]; 2]);
            let panicked =
                catch_unwind(AssertUnwindSafe(|| single_threaded(|| panic!("on purpose"))));
            assert!(panicked.is_err());
            assert_eq!(count(), 3);
        });
    }

    #[test]
    fn work_moves_to_the_pool_once_and_both_halves_of_a_join_run() {
        let [mut a, mut b] = [None; 2];
        let index = in_pool(|| {
            join(|| a = rayon::current_thread_index(), || b = rayon::current_thread_index());
            rayon::current_thread_index()
        });
        assert_eq!(index.is_some(), rayon::current_num_threads() > 1);
        assert_eq!([a.is_some(), b.is_some()], [index.is_some(); 2]);

        let [mut a, mut b] = [None; 2];
        let index = single_threaded(|| {
            in_pool(|| {
                join(|| a = Some(thread::current().id()), || b = Some(thread::current().id()));
                rayon::current_thread_index()
            })
        });
        assert_eq!(
            (index, a, b),
            (None, Some(thread::current().id()), Some(thread::current().id()))
        );
    }
}
