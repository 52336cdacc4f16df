//! What a training step requests from the allocator.

use clstm_nn::Preset;
use clstm_nn::burn::tensor::Device;
use clstm_test_support::allocations::{Allocations, CountingAllocator, of_thread};
use clstm_train::{Batch, DimensionBatch, Learner, Recipe, StepOutcome};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const BATCH: usize = 4;

/// The requests of each of `steps` steps after two that fill the pools.
fn steps(preset: Preset, steps: usize) -> Vec<Allocations> {
    let recipe = Recipe { batch: BATCH, crop_steps: 6, ..Recipe::new(preset, 4) };
    let mut learner = Learner::new(&recipe, None, &[], &Device::flex()).expect("a learner");
    let mut step = || {
        let batch = Batch {
            segments: (0..BATCH * recipe.span()).map(|t| (0.1 * t as f32).sin()).collect(),
            labels: vec![0, 1, 2, 3],
            mixed: Vec::new(),
            teacher_probs: Vec::new(),
            logit_offsets: Vec::new(),
            vote_shares: Vec::new(),
            auxiliary_targets: Vec::new(),
            dimensions: DimensionBatch::default(),
        };
        let (metrics, allocations) = of_thread(|| learner.step(batch, 1e-4));
        assert_eq!(metrics.outcome, StepOutcome::Updated);
        allocations
    };
    for _ in 0..2 {
        step();
    }
    (0..steps).map(|_| step()).collect()
}

#[test]
fn steps_of_a_training_keep_their_number_of_allocations() {
    // All work of a pool of one thread is done by that thread, whose requests are counted.
    let measured = std::thread::spawn(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        let _pool = pool.build().expect("a pool");
        [Preset::Clstm, Preset::ClstmPlus, Preset::ClstmTiny]
            .map(|preset| (preset, steps(preset, 6)))
    });
    for (preset, steps) in measured.join().expect("no panic") {
        let (most, most_bytes) = limits(preset);
        let first = steps[0];
        for (index, &Allocations { count, bytes }) in steps.iter().enumerate() {
            assert!(count <= most, "{preset}: step {index} has {count} allocations");
            assert!(bytes <= most_bytes, "{preset}: step {index} requests {bytes} bytes");
            // The tables of Burn's graph differ by some requests.
            assert!(count <= first.count + first.count / 50, "{preset}: {count} after {first:?}");
            assert!(bytes <= first.bytes + first.bytes / 50, "{preset}: {bytes} after {first:?}");
        }
    }
}

/// Allocations of a step with SAM, and their bytes, at most. Burn's tensors and its graph own their memory; what a forward pass
/// keeps for the backward pass comes from the pool of the kernels and counts once.
fn limits(preset: Preset) -> (usize, usize) {
    match preset {
        Preset::ClstmPlus => (28_000, 120 << 20),
        _ => (15_000, 60 << 20),
    }
}
