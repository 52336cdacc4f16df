//! Many pieces of work on all threads, their results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use crate::error::CliError;

/// Does `work` for 0 to `count` and hands the results to `each` in that order as soon as they are there.
/// Where `each` says `false`, or fails, nothing more is begun.
pub(crate) fn for_each_ordered<T: Send>(
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    mut each: impl FnMut(T) -> Result<bool, CliError>,
) -> Result<(), CliError> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = channel();
    std::thread::scope(|scope| {
        // Not tasks of rayon's pool: one that waits there may take up another whole recording.
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
        let mut hand_on = || {
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
        let done = hand_on();
        stop.store(true, Ordering::Relaxed);
        done
    })
}
