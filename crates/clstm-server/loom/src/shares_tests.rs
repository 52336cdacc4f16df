//! A client never holds more than its limit, and what is given back can be taken again.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::shares::Shares;

#[test]
fn threads_of_one_client_never_exceed_its_limit() {
    loom::model(|| {
        let shares = Arc::new(Shares::<u8, 2>::new([1, 8]));
        let held = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (shares, held) = (Arc::clone(&shares), Arc::clone(&held));
                thread::spawn(move || {
                    if shares.acquire(7, 0, 1).is_err() {
                        return false;
                    }
                    assert_eq!(held.fetch_add(1, Ordering::SeqCst), 0, "more than the limit");
                    held.fetch_sub(1, Ordering::SeqCst);
                    shares.release(7, 0, 1);
                    true
                })
            })
            .collect();
        let acquired = threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|a| *a);
        // Both, if one released before the other asked.
        assert!(acquired.count() >= 1);
        assert!(shares.is_empty());
    });
}

/// Bytes of a body are acquired piece by piece while another request of the client ends.
#[test]
fn resources_and_clients_are_counted_apart() {
    loom::model(|| {
        let shares = Arc::new(Shares::<u8, 2>::new([1, 8]));
        shares.acquire(7, 0, 1).unwrap();
        let other = Arc::clone(&shares);
        let thread = thread::spawn(move || {
            let bytes: usize = [5, 5].into_iter().filter(|n| other.acquire(7, 1, *n).is_ok()).sum();
            other.acquire(8, 0, 1).unwrap();
            other.release(7, 1, bytes);
            bytes
        });
        shares.release(7, 0, 1);
        shares.acquire(7, 0, 1).unwrap();
        assert_eq!(thread.join().unwrap(), 5);
        assert_eq!(shares.acquire(8, 0, 1), Err(1));
        shares.release(7, 0, 1);
        shares.release(8, 0, 1);
        assert!(shares.is_empty());
    });
}
