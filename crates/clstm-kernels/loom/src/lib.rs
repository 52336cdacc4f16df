//! The buffer pool of `clstm-kernels` with the synchronisation types of loom, which runs every interleaving of its threads.

#![cfg(test)]

#[path = "../../src/buffer/pool.rs"]
#[allow(dead_code)]
mod pool;

/// What the pool synchronises with.
mod sync {
    pub(super) use std::sync::PoisonError;

    pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
    pub(super) use loom::sync::{Mutex, MutexGuard};
}

use loom::sync::Arc;
use loom::thread;
use pool::{Budget, Free, Pool};
use sync::{AtomicUsize, Mutex, Ordering};

/// A budget of `limit` bytes.
fn budget(limit: usize) -> &'static Budget {
    let budget = Budget { held: AtomicUsize::new(0), limit: AtomicUsize::new(limit) };
    Box::leak(Box::new(budget))
}

fn pool(budget: &'static Budget) -> Arc<Pool<u16>> {
    Arc::new(Pool { free: Mutex::new(Free::new()), budget })
}

fn held(budget: &Budget) -> usize {
    budget.held.load(Ordering::Relaxed)
}

/// A buffer taken by one thread is taken by no other, and everything that is given back is counted.
#[test]
fn threads_never_share_a_buffer() {
    loom::model(|| {
        let budget = budget(64);
        let pool = pool(budget);
        pool.give_back(vec![7; 4]);
        let threads: Vec<_> = (1..=2)
            .map(|mark| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || {
                    let mut data = pool.take(4);
                    data.fill(mark);
                    thread::yield_now();
                    assert_eq!(data, [mark; 4]);
                    pool.give_back(data);
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // One or two buffers of 8 bytes, by whether the second thread began after the first had ended.
        let bytes = held(budget);
        assert!(bytes == 8 || bytes == 16, "{bytes}");
        pool.clear();
        assert_eq!(held(budget), 0);
    });
}

/// Two pools with one budget: what they hold is counted exactly, and within the limit once all threads have ended.
#[test]
fn pools_of_one_budget_stay_within_it() {
    loom::model(|| {
        let budget = budget(12);
        let pools = [pool(budget), pool(budget)];
        let threads: Vec<_> = pools
            .iter()
            .map(|pool| {
                let pool = Arc::clone(pool);
                thread::spawn(move || pool.give_back(vec![1; 4]))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(held(budget) <= 12, "{}", held(budget));
        let taken: usize = pools.iter().map(|pool| usize::from(pool.take(4) == [1; 4])).sum();
        assert!(taken <= 1);
        assert_eq!(held(budget), 0);
    });
}

/// Emptying a pool while another thread gives a buffer back loses no byte of the count.
#[test]
fn a_pool_can_be_emptied_at_any_time() {
    loom::model(|| {
        let budget = budget(64);
        let pool = pool(budget);
        pool.give_back(vec![1; 4]);
        let other = Arc::clone(&pool);
        let thread = thread::spawn(move || other.clear());
        pool.give_back(vec![2; 2]);
        thread.join().unwrap();
        pool.clear();
        assert_eq!(held(budget), 0);
    });
}
