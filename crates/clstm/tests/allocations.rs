//! Pushing sound allocates nothing once a stream is warm.

#[allow(dead_code, reason = "shared with the other tests, which use more of it")]
#[path = "it/support.rs"]
mod support;

use clstm::audio::{Waveform, resample};
use clstm::{Event, FrontendConfig, Model, ModelInfo, Recognizer, Stream, StreamConfig};
use clstm_nn::{GflbConfig, Preset};
use clstm_test_support::allocations::{CountingAllocator, of_watched_threads, watch_thread};
use support::{RATE, conversation, info, model, tiny, tiny_network, tiny_pair, tiny_plus};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Requests to the allocator during the work, on all watched threads.
fn allocations(work: impl FnOnce()) -> usize {
    of_watched_threads(work).1.count
}

/// A preset's sizes with random weights, and its own front end.
fn preset(preset: Preset) -> Model {
    let network = preset.network(8);
    let tensors = model(network.clone()).tensors;
    let frontend = FrontendConfig::for_network(&network);
    Model::new(ModelInfo { frontend, ..info(network) }, tensors).expect("a model")
}

/// The events of `sound`, pushed in chunks of these sizes in turn.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    pushes: usize,
    predictions: usize,
    segments: usize,
}

fn push_all(
    stream: &mut Stream,
    sound: &[f32],
    sizes: &[usize],
    events: &mut Vec<Event>,
) -> Counts {
    let (mut counts, mut rest) = (Counts::default(), sound);
    for size in sizes.iter().cycle() {
        let (chunk, more) = rest.split_at((*size).min(rest.len()));
        stream.push(chunk, events).expect("sound");
        counts.pushes += 1;
        for event in events.drain(..) {
            match event {
                Event::Frame(frame) => {
                    counts.predictions += usize::from(frame.prediction.is_some())
                }
                Event::Segment(_) => counts.segments += 1,
                _ => {}
            }
        }
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    counts
}

/// Counts what pushing takes after `warm`.
fn check(
    name: &str,
    stream: &mut Stream,
    rate: u32,
    sizes: &[usize],
    warm: impl FnOnce(&mut Stream, &[f32], &mut Vec<Event>),
) {
    let sound = Waveform { samples: conversation().repeat(3), sample_rate: RATE };
    let sound = resample(&sound, rate).expect("another rate").samples;
    let mut events = Vec::with_capacity(256);
    warm(stream, &sound, &mut events);
    let mut counts = Counts::default();
    let count = allocations(|| counts = push_all(stream, &sound, sizes, &mut events));
    assert!(counts.predictions > 10 && counts.segments > 2, "{counts:?}");
    assert_eq!(count, 0, "{name}, {rate} Hz, chunks of {sizes:?}");
}

/// [`check`] from the very first sample on, after [`Stream::warm_up`] alone.
fn check_live(name: &str, recognizer: &Recognizer, rate: u32, hop_s: f64, sizes: &[usize]) {
    let config = StreamConfig { hop_s, ..StreamConfig::live() };
    let mut stream = Stream::new(recognizer, rate, &config).expect("a stream");
    let longest = *sizes.iter().max().expect("sizes");
    check(name, &mut stream, rate, sizes, |stream, _, _| stream.warm_up(longest));
}

#[test]
fn a_warm_stream_allocates_nothing() {
    // The threads that may be handed work are watched as well.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
    pool.start_handler(|_| watch_thread()).build_global().expect("threads");
    watch_thread();
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1_u8; 10]))), 1, "it counts");

    let mut lstm = tiny_network();
    lstm.gflb = GflbConfig::BiLstm { hidden: 5, layers: 2 };
    let models = [
        ("clstm in small", tiny()),
        ("clstm-plus in small", tiny_plus()),
        ("both as branches", tiny_pair()),
        ("convlstm-skip-bilstm in small", model(lstm)),
    ];
    for (name, model) in models {
        let recognizer = Recognizer::new(model).expect("a model");
        for rate in [8_000, 16_000, 44_100, 48_000] {
            let tenth = rate as usize / 10;
            // A packet of telephony, a tenth of a second, uneven sizes, and two frames at once.
            for sizes in [&[tenth / 5][..], &[tenth], &[1, 97, tenth, 1_021], &[4 * tenth]] {
                check_live(name, &recognizer, rate, 0.2, sizes);
            }
        }
    }
    for of in [Preset::Clstm, Preset::ClstmPlus] {
        let recognizer = Recognizer::new(preset(of)).expect("a model");
        check_live(of.name(), &recognizer, RATE, 0.5, &[1_600]);
        check_live(of.name(), &recognizer, 44_100, 0.5, &[4_410, 13]);
    }

    // Seconds at a time, in a pool of the one thread that pushes, once it has processed as much.
    let alone = std::thread::spawn(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        let _pool = pool.build().expect("a pool");
        watch_thread();
        for model in [tiny(), tiny_plus(), tiny_pair()] {
            let recognizer = Recognizer::new(model).expect("a model");
            let config = StreamConfig { hop_s: 0.2, ..StreamConfig::recording() };
            let mut stream = Stream::new(&recognizer, RATE, &config).expect("a stream");
            let sizes = [32_000, 20_000, 48_000];
            check("seconds at a time", &mut stream, RATE, &sizes, |stream, sound, events| {
                push_all(stream, sound, &sizes, events);
                stream.finish(events).expect("an end");
                events.clear();
            });
        }
    });
    alone.join().expect("no panic");
}
