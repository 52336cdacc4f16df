//! Where a step's time goes: each part by itself, forward and backward, and whole steps beside.

use clstm::Model;
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{InferenceEngine, Mode, Output, Precision, load_parameters};
use clstm_train::{
    Augmenter, Batch, DimensionBatch, Learner as TrainingLearner, OptimizerConfig, Recipe,
    StepOutcome,
};

use crate::Result;
use crate::arguments::Arguments;
use crate::check::{Inputs, label, targets};
use crate::clock::{Clock, leaf};
use crate::learner::Learner;
use crate::parts;

/// Learning rate of the steps, so small that the weights hardly change.
const LEARNING_RATE: f64 = 1e-5;

/// Runs `--steps` steps in parts, the same number of whole ones beside, and prints one line.
pub(crate) fn layers(arguments: &Arguments) -> Result<()> {
    let precision = arguments.start()?;
    let (batch, steps) = (arguments.number("batch")?, arguments.number("steps")?);
    let model = Model::read(arguments.path("model")?)?;
    let inputs = Inputs::read(arguments.path("check")?)?;
    let line = match arguments.text("what")? {
        "train_step" => {
            let recipe = recipe(arguments, &model, &inputs, precision)?;
            train(&Recipe { batch, ..recipe }, &model, &inputs, steps)?
        }
        "infer" => infer(&model, &inputs, batch, steps, precision)?,
        other => return Err(format!("there are no layers of {other:?}").into()),
    };
    println!("{line}");
    Ok(())
}

fn infer(
    model: &Model,
    inputs: &Inputs,
    batch: usize,
    steps: usize,
    precision: Precision,
) -> Result<String> {
    let (config, device, segments) = (&model.info.network, Device::flex(), inputs.first(batch)?);
    let network = load_parameters(config.init(0, &device)?, model.tensors.clone())?;
    let network = network.with_precision(precision);
    let engine = InferenceEngine::new(config, &model.tensors, precision)?;
    let values: Vec<f32> = segments.iter::<f32>().collect();
    let mut clock = Clock::default();
    for _ in 0..=steps {
        let input = Tensor::<3>::from_data(segments.clone(), &device);
        parts::network(&mut clock, &network, config, &input, Mode::Inference);
        clock.whole(|| drop(std::hint::black_box(network.forward(input, Mode::Inference))));
        // The layers above pack their weights in each call.
        clock.aside("inference engine", || engine.run(&values, [batch, inputs.steps()]));
    }
    clock.line()
}

/// The recipe of the preset for the network of the model and the inputs.
fn recipe(
    arguments: &Arguments,
    model: &Model,
    inputs: &Inputs,
    precision: Precision,
) -> Result<Recipe> {
    let network = model.info.network.clone();
    let recipe = Recipe::new(arguments.text("preset")?.parse()?, network.classes);
    let (crop_steps, frontend) = (inputs.steps(), model.info.frontend.clone());
    Ok(Recipe { network, frontend, crop_steps, precision, ..recipe })
}

/// Steps of the trainer: augmentation, forward, backward, clipping, optimiser. Mixup is left out: it takes a sum of two
/// waveforms.
fn train(recipe: &Recipe, model: &Model, inputs: &Inputs, steps: usize) -> Result<String> {
    let (batch, config) = (recipe.batch, &recipe.network);
    let plain = OptimizerConfig { sam_rho: 0.0, ..recipe.optimizer };
    let plain = Recipe { optimizer: plain, ..recipe.clone() };
    let mut learner = Learner::of_recipe(&plain, model)?;
    let whole = |recipe: &Recipe| TrainingLearner::new(recipe, Some(model), &[], &Device::flex());
    let mut trainer = whole(&plain)?;
    let mut with_sam = if recipe.optimizer.sam_rho > 0.0 { Some(whole(recipe)?) } else { None };
    let mut augmentation = Augmentation::new(recipe, inputs)?;
    let mut clock = Clock::default();
    for step in 0..=steps as u64 {
        let crops = clock.forward("augmentation", || augmentation.batch(step))?;
        let device = learner.device().clone();
        let (input, one_hot) = clock.forward("batch to tensors", || {
            let shape = [batch, recipe.crop_steps, config.segment_length];
            let data = TensorData::new(crops.clone(), shape);
            let targets = targets(batch, config.classes, &device);
            (Tensor::<3>::from_data(data, &device), targets)
        });
        let mode = Mode::training(step);
        let outputs = parts::network(&mut clock, learner.network(), config, &input, mode);
        let outputs = outputs.into_iter().map(|Output { features, logits }| Output {
            features: leaf(&features, mode),
            logits: leaf(&logits, mode),
        });
        let outputs = outputs.collect();
        let loss = clock.forward("loss", || learner.branch_loss(outputs, one_hot));
        clock.backward("loss", || loss.backward());
        // A whole pass for the gradients alone.
        let mut gradients = learner.loss(&inputs.first(batch)?, step).backward();
        let mut gradients =
            clock.forward("gradients to vectors", || learner.gradients(&mut gradients));
        clock.forward("gradient clipping", || learner.clip(&mut gradients));
        clock.forward("optimizer", || learner.update(&gradients));

        let mut whole = |trainer: &mut TrainingLearner| -> Result<()> {
            let metrics = trainer.step(augmented(augmentation.batch(step)?, recipe), LEARNING_RATE);
            match metrics.outcome {
                StepOutcome::Updated => Ok(()),
                StepOutcome::Skipped(cause) => Err(format!("a step was skipped: {cause}").into()),
            }
        };
        clock.whole(|| whole(&mut trainer))?;
        if let Some(trainer) = &mut with_sam {
            clock.aside("whole step with SAM", || whole(trainer))?;
        }
    }
    clock.line()
}

/// A batch of these crops.
fn augmented(segments: Vec<f32>, recipe: &Recipe) -> Batch {
    Batch {
        segments,
        labels: (0..recipe.batch).map(|index| label(index, recipe.network.classes)).collect(),
        mixed: Vec::new(),
        teacher_probs: Vec::new(),
        logit_offsets: Vec::new(),
        vote_shares: Vec::new(),
        auxiliary_targets: Vec::new(),
        dimensions: DimensionBatch::default(),
    }
}

/// Augments the inputs as the trainer does on a thread of its own.
struct Augmentation<'a> {
    augmenter: Augmenter,
    recipe: &'a Recipe,
    inputs: &'a Inputs,
    crop: Vec<f32>,
}

impl<'a> Augmentation<'a> {
    fn new(recipe: &'a Recipe, inputs: &'a Inputs) -> Result<Self> {
        let augmenter = Augmenter::new(recipe.augment.clone(), recipe.frontend.sample_rate)?;
        Ok(Self { augmenter, recipe, inputs, crop: Vec::new() })
    }

    /// The samples of a batch.
    fn batch(&mut self, step: u64) -> Result<Vec<f32>> {
        let (batch, span) = (self.recipe.batch, self.recipe.span());
        let mut segments = Vec::with_capacity(batch * span);
        for index in 0..batch {
            let clip = self.inputs.waveform(index);
            let clip = clip.ok_or("the check file holds fewer utterances than the batch")?;
            let seed = step * batch as u64 + index as u64;
            self.augmenter.apply(clip, seed, span, &mut self.crop);
            segments.extend_from_slice(&self.crop);
        }
        Ok(segments)
    }
}
