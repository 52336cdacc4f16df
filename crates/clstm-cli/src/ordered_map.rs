//! A parallel map with results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use crate::error::CliError;

/// Runs `work` for 0 to `count` on all threads and passes the results to `each` in this order, as soon as they are
/// complete. No further work starts once `each` returns `false` or an error.
pub(crate) fn for_each_ordered<T: Send>(
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    mut each: impl FnMut(T) -> Result<bool, CliError>,
) -> Result<(), CliError> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = channel();
    std::thread::scope(|scope| {
        // Not tasks of rayon's pool: a waiting task there may start another whole recording.
        for _ in 0..rayon::current_num_threads().min(count) {
            let sender = sender.clone();
            let (work, next, stop) = (&work, &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || sender.send((index, work(index))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut receive = || {
            let (mut waiting, mut due) = (BTreeMap::new(), 0);
            for (index, result) in &receiver {
                waiting.insert(index, result);
                while let Some(result) = waiting.remove(&due) {
                    due += 1;
                    if !each(result)? {
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        let done = receive();
        stop.store(true, Ordering::Relaxed);
        done
    })
}
