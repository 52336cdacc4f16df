//! No work is lost, none is done twice, and every thread ends.

use std::time::Duration;

use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;

use crate::fair_queue::{Batched, FairQueue, Work};

/// A clip of a model, and its number.
struct Clip {
    model: char,
    number: u32,
}

impl Batched for Clip {
    fn fits(&self, other: &Self) -> bool {
        self.model == other.model
    }
}

type Queue = FairQueue<u32, Clip>;

/// What a thread of the server does: the numbers of its work.
fn work(queue: &Queue) -> Vec<u32> {
    let mut done = Vec::new();
    while let Some(work) = queue.next() {
        match work {
            Work::Live(number) => {
                done.push(number);
                queue.spent_on_live(Duration::from_millis(3));
            }
            Work::Clips(clips) => {
                assert!(
                    clips.iter().all(|clip| clip.model == clips[0].model),
                    "models in one batch"
                );
                done.extend(clips.iter().map(|clip| clip.number));
                queue.spent_on_clips(Duration::from_millis(2));
            }
        }
    }
    done
}

/// The interleavings with at most `preemptions` switches away from a thread that could continue.
fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(run);
}

#[test]
fn two_threads_do_all_work_once_and_end() {
    model(3, || {
        let queue = Arc::new(Queue::new());
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || work(&queue))
            })
            .collect();
        queue.push_clip(Clip { model: 'a', number: 1 });
        queue.push_live(2);
        queue.push_clip(Clip { model: 'b', number: 3 });
        queue.end();
        let mut done: Vec<u32> =
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        done.sort_unstable();
        assert_eq!(done, [1, 2, 3]);
    });
}

#[test]
fn work_of_two_clients_reaches_one_thread() {
    model(3, || {
        let queue = Arc::new(Queue::new());
        let thread = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work(&queue))
        };
        let client = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push_live(1))
        };
        queue.push_clip(Clip { model: 'a', number: 2 });
        queue.push_clip(Clip { model: 'a', number: 3 });
        client.join().unwrap();
        queue.end();
        let mut done = thread.join().unwrap();
        done.sort_unstable();
        assert_eq!(done, [1, 2, 3]);
    });
}

/// The end of the server: the short queue ends first, as its threads hand long clips over to the other queue.
#[test]
fn what_is_handed_over_at_the_end_is_done() {
    model(3, || {
        let [short, long] = [(); 2].map(|()| Arc::new(Queue::new()));
        let first = {
            let (short, long) = (Arc::clone(&short), Arc::clone(&long));
            thread::spawn(move || {
                work(&short).into_iter().for_each(|number| long.push_live(number))
            })
        };
        let second = {
            let long = Arc::clone(&long);
            thread::spawn(move || work(&long))
        };
        short.push_clip(Clip { model: 'a', number: 1 });
        short.end();
        first.join().unwrap();
        long.end();
        assert_eq!(second.join().unwrap(), [1]);
    });
}
