//! The front end: from samples to the windows that the network processes
//! ([`FrontendConfig`](clstm::FrontendConfig)).

use clstm::FrontendConfig;
use clstm::audio::SILENCE_FLOOR;

use crate::graph::{Attribute, ElementType, GraphBuilder, Name};

/// Removes DC, trims quiet edges and normalises the level of `samples` `[n]`. Sums are in `f64`, as in the front end:
/// whether a frame is above the threshold does not depend on rounding.
pub(crate) fn preprocess(graph: &mut GraphBuilder, samples: &str, config: &FrontendConfig) -> Name {
    let one = graph.int(1);
    let count = graph.size(samples, 0);
    let count = graph.reshape(&count, &[]);
    let divisor = graph.max(&count, &one);
    let divisor = graph.cast(&divisor, ElementType::Double);
    let exact = graph.cast(samples, ElementType::Double);
    let sum = graph.sum(&exact, 0, false);
    let mean = graph.div(&sum, &divisor);
    let centred = graph.sub(&exact, &mean);
    let centred = graph.cast(&centred, ElementType::Float);
    let (start, end) = speech_bounds(graph, &centred, &count, config);
    let (start, end) = (graph.vector(&start), graph.vector(&end));
    let speech = graph.slice(&centred, &start, &end, 0);
    normalize(graph, &speech, config.target_rms)
}

/// First sample and the one behind the last, scalars: `clstm_audio::speech_bounds`.
fn speech_bounds(
    graph: &mut GraphBuilder,
    samples: &str,
    count: &str,
    config: &FrontendConfig,
) -> (Name, Name) {
    let seconds = |s: f64| (s * f64::from(config.sample_rate)).round().max(0.0) as usize;
    let (frame, hop) = (seconds(config.trim.frame_s).max(1), seconds(config.trim.hop_s).max(1));
    let margin = seconds(config.trim.margin_s);
    let frame_length = graph.int(frame);
    let (zero, margin) = (graph.int(0), graph.int(margin));
    let (starts, energies) = frame_energies(graph, samples, count, frame, hop);

    let loudest = graph.largest(&energies);
    let share = graph.double(10f64.powf(f64::from(config.trim.threshold_db.min(0.0)) / 10.0));
    let threshold = graph.mul(&loudest, &share);
    let loud = graph.node("GreaterOrEqual", &[&energies, &threshold], &[]);
    let loud = graph.cast(&loud, ElementType::Float);
    let first = graph.index_of_largest(&loud, false);
    let last = graph.index_of_largest(&loud, true);
    let (first, last) = (graph.gather(&starts, &first), graph.gather(&starts, &last));
    let start = graph.sub(&first, &margin);
    let start = graph.max(&start, &zero);
    let end = graph.add(&last, &frame_length);
    let end = graph.add(&end, &margin);
    let end = graph.min(&end, count);

    // A silent clip and one shorter than a frame stay whole.
    let floor = graph.double(SILENCE_FLOOR * SILENCE_FLOOR * frame as f64);
    let silent = graph.node("Less", &[&loudest, &floor], &[]);
    let short = graph.node("LessOrEqual", &[count, &frame_length], &[]);
    let whole = graph.node("Or", &[&silent, &short], &[]);
    (graph.select(&whole, &zero, &start), graph.select(&whole, count, &end))
}

/// Starts of the frames, the last of which ends with the samples, and their sums of squares. Sums of blocks that frames share are
/// added, not subtracted as running sums would be: that stays exact enough where a runtime computes `f64` as `f32`, as OpenVINO does.
fn frame_energies(
    graph: &mut GraphBuilder,
    samples: &str,
    count: &str,
    frame: usize,
    hop: usize,
) -> (Name, Name) {
    let block = gcd(frame, hop);
    let exact = graph.cast(samples, ElementType::Double);
    let squares = graph.mul(&exact, &exact);
    // Zeros behind, so that there is a frame in what is shorter than one.
    let (none, zeros) = (graph.ints(&[0]), graph.ints(&[frame as i64]));
    let padded = graph.pad(&squares, &none, &zeros, 0, 1);
    let (frame_length, block_length) = (graph.int(frame), graph.int(block));
    let padded_count = graph.add(count, &frame_length);
    let blocks = graph.div(&padded_count, &block_length);
    let end = graph.mul(&blocks, &block_length);
    let end = graph.vector(&end);
    let whole = graph.slice(&padded, &none, &end, 0);
    let rows = graph.reshape(&whole, &[-1, block as i64]);
    let sums = graph.sum(&rows, 1, false);

    let (zero, one) = (graph.int(0), graph.int(1));
    let last_start = graph.sub(count, &frame_length);
    let last_start = graph.max(&last_start, &zero);
    let hop_length = graph.int(hop);
    let regular = graph.div_ceil(&last_start, &hop_length);
    let regular = graph.max(&regular, &one);
    let regular = graph.range(&regular);
    let starts = graph.mul(&regular, &hop_length);
    let per_hop = graph.int(hop / block);
    let first = graph.mul(&regular, &per_hop);
    let first = graph.reshape(&first, &[-1, 1]);
    let per_frame = graph.int(frame / block);
    let within = graph.range(&per_frame);
    let indices = graph.add(&first, &within);
    let parts = graph.gather(&sums, &indices);
    let energies = graph.sum(&parts, 1, false);

    let (last_vector, count) = (graph.vector(&last_start), graph.vector(count));
    let last = graph.slice(&squares, &last_vector, &count, 0);
    let last = graph.sum(&last, 0, true);
    (graph.concat(&[&starts, &last_vector], 0), graph.concat(&[&energies, &last], 0))
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Eq. 1 of the paper; zeros for silence.
fn normalize(graph: &mut GraphBuilder, samples: &str, target: f32) -> Name {
    let one = graph.int(1);
    let count = graph.size(samples, 0);
    let count = graph.reshape(&count, &[]);
    let count = graph.max(&count, &one);
    let count = graph.cast(&count, ElementType::Double);
    let exact = graph.cast(samples, ElementType::Double);
    let squares = graph.mul(&exact, &exact);
    let sum = graph.sum(&squares, 0, false);
    let mean = graph.div(&sum, &count);
    let rms = graph.unary("Sqrt", &mean);
    let (floor, target, none) =
        (graph.double(SILENCE_FLOOR), graph.double(f64::from(target)), graph.double(0.0));
    let silent = graph.node("Less", &[&rms, &floor], &[]);
    let divisor = graph.max(&rms, &floor);
    let gain = graph.div(&target, &divisor);
    let gain = graph.select(&silent, &none, &gain);
    let scaled = graph.mul(&exact, &gain);
    graph.cast(&scaled, ElementType::Float)
}

/// The windows `[windows, span]` of a clip with `silence` zeros before it, a scalar.
pub(crate) fn windows(
    graph: &mut GraphBuilder,
    samples: &str,
    silence: &str,
    config: &FrontendConfig,
) -> Name {
    let (zero, one) = (graph.int(0), graph.int(1));
    let (length, least) = (graph.int(config.segment_length), graph.int(config.min_steps));
    let (most, two) = (graph.int(config.max_steps), graph.int(2));
    let count = graph.size(samples, 0);
    let count = graph.reshape(&count, &[]);
    let count = graph.add(&count, silence);
    let steps = graph.div_ceil(&count, &length);
    let steps = graph.max(&steps, &least);
    let steps = graph.min(&steps, &most);
    let span = graph.mul(&steps, &length);
    let beyond = graph.sub(&count, &span);
    let last = graph.max(&beyond, &zero);
    let hop = graph.div_ceil(&span, &two);
    let further = graph.div_ceil(&last, &hop);
    let windows = graph.add(&further, &one);
    let starts = graph.range(&windows);
    let starts = graph.mul(&starts, &hop);
    let starts = graph.min(&starts, &last);

    let missing = graph.sub(&span, &count);
    let missing = graph.max(&missing, &zero);
    let (before, behind) = (graph.vector(silence), graph.vector(&missing));
    let padded = graph.pad(samples, &before, &behind, 0, 1);
    let starts = graph.reshape(&starts, &[-1, 1]);
    let within = graph.range(&span);
    let indices = graph.add(&starts, &within);
    graph.gather(&padded, &indices)
}

/// Silence before the clip, in samples, and the sign of each variant of test-time augmentation.
pub(crate) fn variants(config: &FrontendConfig) -> Vec<(i64, f32)> {
    let signs: &[f32] = if config.tta.polarity { &[1.0, -1.0] } else { &[1.0] };
    let shifts = config.tta.shifts;
    let silence = |k: usize| (k * config.segment_length / shifts) as i64;
    (0..shifts).flat_map(|k| signs.iter().map(move |&sign| (silence(k), sign))).collect()
}

/// The first `length` of the samples of a row, a scalar.
pub(crate) fn used(graph: &mut GraphBuilder, row: &str, length: &str) -> Name {
    let (zero, length) = (graph.ints(&[0]), graph.vector(length));
    graph.slice(row, &zero, &length, 0)
}

/// A mean over windows `[windows, n]`.
pub(crate) fn mean_over_windows(graph: &mut GraphBuilder, x: &str) -> Name {
    graph.node(
        "ReduceMean",
        &[x],
        &[Attribute::Ints("axes", vec![0]), Attribute::Int("keepdims", 0)],
    )
}
