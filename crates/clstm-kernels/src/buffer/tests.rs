//! The pool with a budget of its own; on several threads also in `loom/`.

use super::*;
use pool::{Budget, Pool};

/// A pool of `u16` with a budget of its own.
fn pool(limit: usize) -> Pool<u16> {
    let budget = Budget { held: AtomicUsize::new(0), limit: AtomicUsize::new(limit) };
    Pool { free: Mutex::new(Free::new()), budget: Box::leak(Box::new(budget)) }
}

fn held(pool: &Pool<u16>) -> usize {
    pool.budget.held.load(Ordering::Relaxed)
}

#[test]
fn a_request_takes_the_shortest_buffer_that_fits() {
    let pool = pool(1000);
    for len in [40, 10, 30, 20] {
        pool.give_back(vec![len as u16; len]);
    }
    assert_eq!(held(&pool), 200);
    assert_eq!(pool.take(15), [20; 20]);
    assert_eq!(pool.take(15), [30; 30]);
    // Of 40 elements 15 are less than half.
    assert_eq!(pool.take(15), [0; 15]);
    assert_eq!(pool.take(41), [0; 41]);
    assert_eq!(held(&pool), 100);
}

#[test]
fn the_pool_holds_no_more_than_its_limit() {
    let pool = pool(100);
    for value in 1..=3 {
        pool.give_back(vec![value; 20]);
    }
    assert_eq!(held(&pool), 80);
    let left = [pool.take(20)[0], pool.take(20)[0], pool.take(20)[0]];
    assert!(!left.contains(&1), "the oldest is freed: {left:?}");
    assert_eq!(held(&pool), 0);
    pool.give_back(vec![1; 51]);
    assert_eq!(held(&pool), 0, "a buffer beyond the limit is freed");
    pool.give_back(vec![1; 50]);
    assert_eq!(held(&pool), 100);
    pool.clear();
    assert_eq!(held(&pool), 0);
    assert_eq!(pool.take(50), [0; 50]);
}

#[test]
fn threads_share_a_pool() {
    let pool = pool(64);
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..if cfg!(miri) { 3 } else { 200 } {
                    let mut data = pool.take(1 + (thread + round) % 8);
                    data.fill(round as u16);
                    pool.give_back(data);
                    assert!(held(pool) <= 64 + 3 * 2 * 16);
                }
            });
        }
    });
    assert!(held(&pool) <= 64);
}
