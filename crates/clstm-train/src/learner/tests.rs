//! Steps of small networks on waves that differ by class.

use clstm_corpus::Target;
use clstm_nn::{GflbConfig, Parameter, Peepholes, Preset, Reset, load_parameters};

use super::*;
use crate::{AuxiliaryTask, DimensionBatch, DimensionsConfig};

fn recipe() -> Recipe {
    let mut recipe = Recipe::new(Preset::ConvLstmFcn, 2);
    (recipe.crop_steps, recipe.batch) = (3, 4);
    recipe.optimizer.sam_rho = 0.0;
    recipe.frontend.segment_length = 200;
    recipe.network.segment_length = 200;
    recipe.network.features = 5;
    recipe.network.dropout = 0.0;
    recipe.network.blocks.iter_mut().for_each(|block| block.filters = 3);
    recipe.network.blocks[0].kernel_input = 40;
    if let GflbConfig::BiGru { .. } = recipe.network.gflb {
        recipe.network.gflb = GflbConfig::BiGru { hidden: 3, layers: 1, reset: Reset::Before };
    }
    recipe
}

fn batch(recipe: &Recipe) -> Batch {
    let wave = |t: usize| (t as f32 * 0.05 * (1 + t / recipe.span() % 2) as f32).sin();
    Batch {
        segments: (0..4 * recipe.span()).map(wave).collect(),
        labels: vec![0, 1, 0, 1],
        mixed: Vec::new(),
        teacher_probs: Vec::new(),
        logit_offsets: Vec::new(),
        vote_shares: Vec::new(),
        auxiliary_targets: vec![
            vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0];
            recipe.auxiliary_tasks.len()
        ],
        dimensions: DimensionBatch::default(),
    }
}

fn learner(recipe: &Recipe) -> Learner {
    Learner::new(recipe, None, &vec![2; recipe.auxiliary_tasks.len()], &Device::flex())
        .expect("a learner")
}

/// A first pass and the gradients of SAM.
fn sam_gradients(learner: &Learner, inputs: &Inputs) -> (Modules, Losses, Gradients) {
    let (losses, grads) = learner.pass(learner.modules(), inputs, false);
    let (modules, grads) = learner.sam_gradients(learner.modules().clone(), &grads, inputs);
    (modules, losses, grads.expect("finite gradients"))
}

#[test]
fn sam_takes_gradients_at_the_perturbed_weights_and_restores_the_weights() {
    let mut recipe = recipe();
    recipe.optimizer.sam_rho = 0.3;
    let learner = learner(&recipe);
    let inputs = Inputs::new(&recipe, batch(&recipe), &learner.device);
    let before = parameters_with_roles(learner.modules());
    let (_, plain) = learner.pass(learner.modules(), &inputs, false);
    let (modules, _, found) = sam_gradients(&learner, &inputs);
    assert_eq!(parameters_with_roles(&modules), before, "weights and running statistics stay");

    // The same point by hand.
    let squares = plain.iter().flatten().flatten().map(|g| f64::from(*g).powi(2));
    let scale = (0.3 / squares.sum::<f64>().sqrt()) as f32;
    let mut grads = plain.iter();
    let perturbed = before.into_iter().map(|mut parameter| {
        if parameter.role.is_weight()
            && let Some(grad) = grads.next().expect("one for each weight")
        {
            parameter.tensor.values.iter_mut().zip(grad).for_each(|(w, g)| *w += scale * g);
        }
        parameter.tensor
    });
    let perturbed: Vec<NamedTensor> = perturbed.collect();
    let perturbed = load_parameters(learner.modules().clone(), perturbed).expect("the same shapes");
    let (_, expected) = learner.pass(&perturbed, &inputs, false);
    assert_eq!(found, expected);
    assert_ne!(found, plain);
}

#[test]
fn only_the_first_pass_of_a_sam_step_moves_running_statistics() {
    let mut recipe = recipe();
    let statistics = |recipe: &Recipe| {
        let mut learner = learner(recipe);
        let metrics = learner.step(batch(recipe), 1e-3);
        assert_eq!(metrics.outcome, StepOutcome::Updated);
        let mut parameters = parameters_with_roles(learner.modules());
        parameters.retain(|parameter| !parameter.role.is_weight());
        assert!(parameters.len() > 4);
        parameters
    };
    let plain = statistics(&recipe);
    recipe.optimizer.sam_rho = 0.3;
    assert_eq!(statistics(&recipe), plain);
    let start = Learner::new(&recipe, None, &[], &Device::flex()).expect("a learner");
    let mut start = parameters_with_roles(start.modules());
    start.retain(|parameter| !parameter.role.is_weight());
    assert_ne!(start, plain);
}

#[test]
fn the_reused_direction_of_sam_is_a_unit_vector_at_right_angles_to_the_gradient() {
    let [both, ..] = of_two_branches();
    let learner = learner(&both);
    let inputs = Inputs::new(&both, batch(&both), &learner.device);
    let (_, plain) = learner.pass(learner.modules(), &inputs, false);
    let (_, _, ascent) = sam_gradients(&learner, &inputs);
    let direction = SamDirection::new(&plain, &ascent, &learner.roles, 2);
    let filled = |grads: &Gradients| -> Vec<Vec<f32>> {
        grads.iter().map(|grad| grad.clone().expect("a gradient")).collect()
    };
    for norm in learner.optimizer.branch_norms(&filled(&direction.values)) {
        assert!((norm - 1.0).abs() < 1e-5, "{norm}");
    }
    let norms = learner.optimizer.branch_norms(&filled(&plain));
    let added = direction.add_to(plain.clone(), 0.7, &learner.roles, 2);
    // Of each branch: |g + 0.7 |g| v|^2 = (1 + 0.49) |g|^2, because v is at right angles to g.
    for (found, plain) in learner.optimizer.branch_norms(&filled(&added)).iter().zip(&norms) {
        assert!((found / plain - 1.49_f64.sqrt()).abs() < 1e-4, "{found}, {plain}");
    }
}

#[test]
fn sam_has_a_second_pass_every_few_steps() {
    let mut recipe = recipe();
    (recipe.optimizer.sam_rho, recipe.optimizer.sam_every) = (0.3, 3);
    let run = |recipe: &Recipe| {
        let mut learner = learner(recipe);
        let mut directions = Vec::new();
        for _ in 0..6 {
            let outcome = learner.step(batch(recipe), 1e-2).outcome;
            assert_eq!(outcome, StepOutcome::Updated);
            directions.push(learner.sam_direction.clone());
        }
        (directions, learner)
    };
    let (directions, learner) = run(&recipe);
    let changes: Vec<bool> = directions.windows(2).map(|pair| pair[0] != pair[1]).collect();
    assert_eq!(changes, [false, false, true, false, false]);

    // The first steps are SAM's own; the direction is neither stored nor used with a second pass in every step.
    recipe.optimizer.sam_every = 1;
    let (directions, every) = run(&recipe);
    assert!(directions.iter().all(Option::is_none));
    assert_ne!(every.network_tensors(), learner.network_tensors());
}

#[test]
fn a_restored_learner_continues_with_its_average_and_direction() {
    let mut recipe = recipe();
    (recipe.optimizer.sam_rho, recipe.optimizer.sam_every) = (0.3, 3);
    recipe.weight_average.decay = 0.9;
    let mut whole = learner(&recipe);
    let step = |learner: &mut Learner| learner.step(batch(&recipe), 1e-2);
    (0..2).for_each(|_| drop(step(&mut whole)));
    let (values, path) = (whole.values(), std::path::Path::new("checkpoint"));
    let mut resumed = learner(&recipe);
    resumed.restore(values.clone(), whole.step_index(), path).expect("restored");
    for _ in 0..3 {
        assert_eq!(step(&mut resumed), step(&mut whole));
        assert_eq!(resumed.network_tensors(), whole.network_tensors());
    }
    for prefix in ["average.", "sam."] {
        let mut damaged = values.clone();
        let name = damaged.keys().find(|name| name.starts_with(prefix)).expect("a value").clone();
        damaged.get_mut(&name).expect("the value").push(0.0);
        let error = learner(&recipe).restore(damaged, 2, path).expect_err("another size");
        assert!(error.to_string().contains(&name), "{error}");
    }
}

#[test]
fn the_model_is_the_average_of_the_weights() {
    let mut recipe = recipe();
    recipe.weight_average.decay = 0.5;
    let mut learner = learner(&recipe);
    let raw = |learner: &Learner| parameters(&learner.modules().network);
    let mut expected: Vec<Vec<f64>> = raw(&learner)
        .into_iter()
        .map(|tensor| tensor.values.into_iter().map(f64::from).collect())
        .collect();
    for step in 1..=20_u32 {
        learner.step(batch(&recipe), 1e-2);
        let keep = 0.5_f64.min(f64::from(1 + step) / f64::from(10 + step));
        for (average, tensor) in expected.iter_mut().zip(raw(&learner)) {
            for (average, value) in average.iter_mut().zip(tensor.values) {
                *average = keep * *average + (1.0 - keep) * f64::from(value);
            }
        }
    }
    let found = learner.network_tensors();
    for (tensor, expected) in found.iter().zip(&expected) {
        let off = tensor.values.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs());
        assert!(off.fold(0.0, f64::max) < 1e-5, "{}", tensor.name);
    }
    assert_ne!(found, raw(&learner), "the training continues from the weights themselves");
}

/// Weights and optimiser: everything that a skipped step leaves alone.
fn state(learner: &Learner) -> (Vec<Parameter>, Vec<[Vec<f32>; 2]>, u64) {
    let mut weights = parameters_with_roles(learner.modules());
    weights.retain(|parameter| parameter.role.is_weight());
    (weights, learner.optimizer.moments.clone(), learner.step_index())
}

/// Why a step on this batch is skipped; the next one on a good batch is not.
fn why_skipped(recipe: &Recipe, bad: Batch) -> NonFinite {
    let mut learner = learner(recipe);
    let before = state(&learner);
    let outcome = learner.step(bad, 1e-3).outcome;
    assert!(state(&learner) == before, "{outcome:?}, and yet something moved");
    let finite = |(name, values): (&String, &Vec<f32>)| {
        assert!(values.iter().all(|value| value.is_finite()), "{name} is not finite");
    };
    learner.values().iter().for_each(finite);
    match outcome {
        StepOutcome::Skipped(cause) => cause,
        StepOutcome::Updated => panic!("the step was not skipped"),
    }
}

/// Energies of such samples overflow inside the network: their statistics are not kept.
#[test]
fn samples_whose_energy_overflows_leave_finite_statistics() {
    let mut recipe = Recipe::new(Preset::ClstmPlus, 2);
    recipe.batch = 4;
    recipe.network.branches.clear();
    let mut batch = batch(&recipe);
    batch.segments.fill(1e30);
    let mut learner = learner(&recipe);
    let outcome = learner.step(batch, 1e-3).outcome;
    for (name, values) in learner.values() {
        assert!(values.iter().all(|value| value.is_finite()), "{name} after {outcome:?}");
    }
}

/// A recipe with one dimension, and a batch whose values alternate.
fn of_a_dimension(label_weight: f64) -> (Recipe, Batch) {
    let mut recipe = recipe().with_dimensions(&["arousal".to_owned()]);
    recipe.dimensions = Some(DimensionsConfig { label_weight, ..recipe.dimensions.unwrap() });
    let mut batch = batch(&recipe);
    batch.dimensions =
        DimensionBatch { values: vec![1.0, -1.0, 0.5, -2.0], known: vec![1.0, 1.0, 1.0, 0.0] };
    (recipe, batch)
}

#[test]
fn an_infinite_dimension_moves_nothing() {
    for bad in [f32::INFINITY, f32::NAN] {
        let (recipe, mut batch) = of_a_dimension(1.0);
        batch.dimensions.values[0] = bad;
        assert_eq!(why_skipped(&recipe, batch), NonFinite::Loss);
    }
    let (recipe, batch) = of_a_dimension(1.0);
    let step = learner(&recipe).step(batch, 1e-3);
    assert_eq!(step.outcome, StepOutcome::Updated);
    // The head begins with zeros: the CCC is 0 and the loss 1 for each utterance.
    assert!((step.dimension_loss - 4.0).abs() < 1e-5, "{}", step.dimension_loss);
}

#[test]
fn a_batch_without_known_values_has_no_dimension_loss() {
    let (recipe, mut batch) = of_a_dimension(1.0);
    batch.dimensions.known = vec![0.0, 0.0, 1.0, 0.0];
    let step = learner(&recipe).step(batch, 1e-3);
    assert_eq!((step.outcome, step.dimension_loss), (StepOutcome::Updated, 0.0));
}

#[test]
fn without_a_label_weight_only_the_last_layer_follows_the_classes() {
    let (recipe, batch) = of_a_dimension(0.0);
    let of = |labels: [usize; 4]| {
        let mut learner = learner(&recipe);
        let before = learner.values();
        let metrics = learner.step(Batch { labels: labels.to_vec(), ..batch.clone() }, 1e-3);
        assert!(metrics.softmax_loss > 0.0);
        (before, learner.values())
    };
    // The first step of Adam has the sign of the gradient: the classes are frequent in turn.
    let (before, one) = of([0, 0, 0, 1]);
    let (_, other) = of([1, 1, 1, 0]);
    for (name, values) in one.iter().filter(|(name, _)| name.starts_with("value.network.")) {
        let classes = name.contains("head.class_");
        assert_eq!(*values != other[name], classes, "{name}");
        assert!(!classes || *values != before[name], "{name} is trained");
    }
    assert_ne!(
        one["value.network.dimension_head.weight"],
        before["value.network.dimension_head.weight"]
    );
    // A weight that the loss of the dimensions does not reach would not move.
    let (recipe, batch) = of_a_dimension(1.0);
    let moved = |labels: [usize; 4]| {
        let mut learner = learner(&recipe);
        learner.step(Batch { labels: labels.to_vec(), ..batch.clone() }, 1e-3);
        learner.values()["value.network.head.feature_weight"].clone()
    };
    assert_ne!(moved([0, 1, 0, 1]), moved([1, 1, 0, 0]), "with a weight the feature follows them");
}

#[test]
fn an_infinite_auxiliary_loss_moves_nothing() {
    let mut recipe = recipe();
    let task = AuxiliaryTask { target: Target::Speaker, weight: 1.0, gradient_reversal: false };
    recipe.auxiliary_tasks = vec![task];
    for rho in [0.0, 0.05] {
        recipe.optimizer.sam_rho = rho;
        for bad in [f32::INFINITY, f32::NAN] {
            let mut batch = batch(&recipe);
            batch.auxiliary_targets[0][0] = bad;
            assert_eq!(why_skipped(&recipe, batch), NonFinite::Loss);
        }
        let good = learner(&recipe).step(batch(&recipe), 1e-3);
        assert_eq!(good.outcome, StepOutcome::Updated);
    }
}

#[test]
fn a_batch_that_is_not_finite_moves_no_weight_and_no_statistic() {
    let mut recipe = recipe();
    for rho in [0.0, 0.05] {
        recipe.optimizer.sam_rho = rho;
        for bad in [f32::INFINITY, f32::NAN] {
            let mut batch = batch(&recipe);
            batch.segments[17] = bad;
            assert_eq!(why_skipped(&recipe, batch), NonFinite::Input);
        }
    }
}

#[test]
fn a_loss_that_is_not_finite_in_the_second_pass_of_sam_moves_nothing() {
    let mut recipe = recipe();
    // Infinitely far from the weights, where every sum of products is not a number.
    recipe.optimizer.sam_rho = f64::INFINITY;
    assert_eq!(why_skipped(&recipe, batch(&recipe)), NonFinite::SamLoss);
}

#[test]
fn a_gradient_that_is_not_finite_moves_nothing() {
    let mut learner = learner(&recipe());
    let before = state(&learner);
    for bad in [f32::INFINITY, f32::NAN] {
        let (modules, optimizer) = (learner.modules().clone(), &mut learner.optimizer);
        let mut grads: Gradients =
            before.0.iter().map(|weight| Some(vec![0.1; weight.tensor.values.len()])).collect();
        grads[3].as_mut().expect("a gradient")[0] = bad;
        let (modules, outcome) = optimizer.step(modules, grads, 1e-3);
        assert_eq!(outcome, StepOutcome::Skipped(NonFinite::Gradient));
        learner.modules = Some(modules);
        assert!(state(&learner) == before);
    }
}

/// The recipe for both branches, then for each alone.
fn of_two_branches() -> [Recipe; 3] {
    let mut alone = recipe();
    alone.optimizer.sam_rho = 0.1;
    // Clipped, and pulled to the centres as much as to the labels.
    alone.optimizer.clip_norm = 0.1;
    alone.center_loss = 1.0;
    let mut other = alone.clone();
    other.network.features = 4;
    other.network.blocks[0].peepholes = Peepholes::Full;
    let mut both = alone.clone();
    both.network.branches = vec![other.network.clone()];
    [both, alone, other]
}

/// The losses of a step and the clipped gradients by which it would move the weights, by name.
fn step_gradients(learner: &Learner, recipe: &Recipe) -> (Losses, Vec<(String, Vec<f32>)>) {
    let inputs = Inputs::new(recipe, batch(recipe), &learner.device);
    let (_, losses, grads) = sam_gradients(learner, &inputs);
    let mut grads: Vec<Vec<f32>> =
        grads.into_iter().map(|grad| grad.expect("a gradient")).collect();
    learner.optimizer.clip(&mut grads);
    let mut weights = parameters_with_roles(learner.modules());
    weights.retain(|weight| weight.role.is_weight());
    (losses, weights.into_iter().map(|weight| weight.tensor.name).zip(grads).collect())
}

#[test]
fn branches_learn_as_they_would_alone() {
    let [both, alone, other] = of_two_branches();
    let pair = learner(&both);
    let (together, of_pair) = step_gradients(&pair, &both);
    let mut apart = Vec::new();
    for (recipe, further) in [(alone, false), (other, true)] {
        let mut single = learner(&recipe);
        let own = |name: &str| name.starts_with("branches.0.") == further;
        let tensors = pair.network_tensors().into_iter().filter(|t| own(&t.name));
        let tensors =
            tensors.map(|t| NamedTensor { name: t.name.replace("branches.0.", ""), ..t }).collect();
        let mut modules = single.modules.take().expect("modules");
        modules.network = load_parameters(modules.network, tensors).expect("the branch's");
        single.modules = Some(modules);
        let (seen, grads) = step_gradients(&single, &recipe);
        apart.push(seen);
        let largest = grads.iter().flat_map(|(_, grad)| grad).fold(0.0_f32, |m, g| m.max(g.abs()));
        assert!(largest > 1e-3, "nothing to learn");
        for (name, grad) in grads.iter().filter(|(name, _)| name.starts_with("network.")) {
            let path = if further { "network.branches.0." } else { "network." };
            let name = name.replacen("network.", path, 1);
            let (_, found) = of_pair.iter().find(|(n, _)| *n == name).expect("the same names");
            // A mean over two branches has half their gradients.
            let off = found.iter().zip(grad).map(|(f, g)| (2.0 * f - g).abs());
            let most = off.fold(0.0, f32::max);
            assert!(most < 1e-5 * largest, "{name}: off by {most} of {largest}");
        }
    }
    for value in [|losses: &Losses| losses.softmax, |losses: &Losses| losses.center] {
        let mean = apart.iter().map(value).sum::<f64>() / 2.0;
        assert!((value(&together) - mean).abs() < 1e-5 * mean, "{together:?}, {apart:?}");
    }
}

#[test]
fn an_adjustment_is_what_the_loss_adds_to_the_logits() {
    let mut recipe = recipe();
    recipe.network.classes = 3;
    recipe.logit_adjustment = 0.5;
    let learner = learner(&recipe);
    let inputs = Inputs::new(&recipe, batch(&recipe), &learner.device);
    let plain = learner.pass(learner.modules(), &inputs, false).0;

    // A constant added to the bias of a class does to the loss what adding it to the logits does.
    let mut tensors = parameters(learner.modules());
    let bias = tensors.iter_mut().find(|t| t.name == "network.head.class_bias");
    let offsets = [0.5 * (0.25_f32).ln(), 0.0, 0.0];
    let bias = &mut bias.expect("a bias").values;
    bias.iter_mut().zip(offsets).for_each(|(b, offset)| *b += offset);
    let moved = load_parameters(learner.modules().clone(), tensors).expect("the same shapes");
    let (by_hand, expected) = learner.pass(&moved, &inputs, false);

    let learner = learner.with_class_counts(&[2, 8, 0]);
    let (adjusted, found) = learner.pass(learner.modules(), &inputs, false);
    assert_ne!(adjusted.softmax, plain.softmax);
    assert!((adjusted.softmax - by_hand.softmax).abs() < 1e-5, "{adjusted:?}");
    assert_eq!(adjusted.predicted, plain.predicted, "predictions are not adjusted");
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-5, "off by {off}");
    }
}

#[test]
fn equally_common_classes_are_not_adjusted() {
    assert_eq!(log_shares(&[7, 7, 0]), [0.0, 0.0, 0.0]);
    assert_eq!(log_shares(&[0, 0]), [0.0, 0.0]);
    let shares = log_shares(&[10, 5]);
    assert!(shares[0] == 0.0 && (shares[1] + 2.0_f64.ln()).abs() < 1e-12, "{shares:?}");
}
