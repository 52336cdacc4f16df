//! Everything that decides a training.

mod optimizer_config;
mod overrides;
mod renamed;

use clstm::FrontendConfig;
use clstm_nn::{NetworkConfig, Precision, Preset};
use serde::{Deserialize, Serialize};

pub use self::optimizer_config::OptimizerConfig;
pub(crate) use self::overrides::NONE;
use self::overrides::Overrides;
use crate::augment::{
    AugmentConfig, FilterConfig, NoiseConfig, OffsetConfig, PolarityConfig, SpeedConfig,
    TimeMaskConfig,
};
use crate::{
    AuxiliaryTask, DimensionsConfig, DistillationConfig, OptimizerKind, SamplingConfig, Schedule,
    TrainError, ValidationConfig,
};

/// Utterances of a corpus for which the presets' epochs are set.
pub const MIN_UTTERANCES_FOR_PRESET_EPOCHS: usize = 1_200;

/// Largest ratio of the counts of two classes in a corpus whose classes count as balanced: that of RAVDESS, on which the
/// presets were tuned.
pub const MAX_BALANCED_RATIO: usize = 2;

/// Most epochs.
const MOST_EPOCHS: usize = 1_000_000;

/// Most utterances of a step.
const MOST_UTTERANCES_PER_BATCH: usize = 4_096;

/// Most time steps of a crop, as a front end's window has at most.
const MOST_CROP_STEPS: usize = 4_096;

/// Most masks of an utterance.
const MOST_TIME_MASKS: usize = 1_000;

/// Most auxiliary tasks.
const MOST_TASKS: usize = 16;

/// Most values of the largest array of a training step: 8 GiB of `f32`. A preset's default batch has 31 million.
const MOST_ACTIVATIONS: u128 = 1 << 31;

/// Mixing of two utterances of a batch, and of their classes (mixup, Zhang et al., ICLR 2018; of
/// waveforms by their levels as Tokozume et al., ICLR 2018).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixupConfig {
    /// Probability that an utterance has another mixed into it.
    pub prob: f64,
    /// Parameter of the symmetric beta distribution that shares are drawn from; small ones mix in
    /// little.
    pub alpha: f64,
    /// Share of the mixtures that replace a part of the crop, up to half, by the same part of the other utterance
    /// instead of summing both (CutMix, Yun et al., ICCV 2019, <https://arxiv.org/abs/1905.04899>). The classes are
    /// then mixed by the part's share of the energy.
    #[serde(default, alias = "cut")]
    pub cutmix_share: f64,
}

impl Default for MixupConfig {
    /// Off; mostly small shares when switched on.
    fn default() -> Self {
        Self { prob: 0.0, alpha: 0.4, cutmix_share: 0.0 }
    }
}

/// Exponential moving average of the weights and running statistics over the steps (Polyak averaging). The model is the
/// average; the training continues from the weights themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightAverageConfig {
    /// Share of the average that a step keeps, in [0, 1): with 0.999 it covers about the last thousand steps. The first steps
    /// keep less, `(1 + t) / (10 + t)` after `t` steps, so that the initial weights are forgotten. 0 for the last weights.
    pub decay: f64,
}

/// All settings of a training: the same recipe on the same data gives the same model, bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the preset that it started from.
    pub preset: String,
    /// Passes over the training utterances.
    pub epochs: usize,
    /// Utterances a step.
    pub batch: usize,
    /// Decides weights, order, augmentation and dropout.
    pub seed: u64,
    /// Operands of the recurrent layers' products in training: `f32` or `bf16`. The weights, the
    /// optimiser and the loss are `f32` in either, and so is the use of the model.
    pub precision: Precision,
    /// Segments of a training crop.
    pub crop_steps: usize,
    /// Mixup and CutMix of two utterances of a batch.
    #[serde(default)]
    pub mixup: MixupConfig,
    /// Share of the target spread over the other classes (Szegedy et al. 2016).
    pub label_smoothing: f64,
    /// Factor of the logarithm of a class's share of the training utterances, which is added to the class's logit in the
    /// softmax loss only: with 1 the network is trained as if all classes were equally common, which unweighted accuracy
    /// rewards (logit adjustment, Menon et al., ICLR 2021, <https://arxiv.org/abs/2007.07314>). 0 disables it: the
    /// model is then biased towards frequent classes.
    #[serde(default)]
    pub logit_adjustment: f64,
    /// Weight of the listeners' votes in the targets of utterances that have votes: with 0 the target is the label, with 1
    /// the distribution of the votes (soft labels).
    #[serde(default)]
    pub vote_weight: f64,
    /// How often utterances of large and small corpora and classes occur in an epoch.
    #[serde(default)]
    pub sampling: SamplingConfig,
    /// Knowledge distillation, where the training has a teacher; without effect otherwise.
    #[serde(default)]
    pub distillation: DistillationConfig,
    /// Lambda of Eq. 14; 0 for softmax loss alone.
    pub center_loss: f64,
    /// Auxiliary tasks (multi-task learning), each with a head of its own that is dropped after the training.
    #[serde(default, alias = "tasks")]
    pub auxiliary_tasks: Vec<AuxiliaryTask>,
    /// Continuous targets beside the classes, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<DimensionsConfig>,
    /// Epochs between two evaluations on the test utterances, for the curves.
    #[serde(alias = "test_every")]
    pub eval_every: usize,
    /// Epochs between two checkpoints.
    pub checkpoint_every: usize,
    /// Share of a fold's training utterances (whole speakers where folds are speaker-independent) that
    /// its temperature is fitted on and its weights are not; 0 fits it on the other folds' test
    /// utterances, see [`RunCalibration`](crate::RunCalibration). Below 0.5. A training of everything
    /// has no folds and trains on them whatever it is.
    #[serde(default)]
    pub calibration_share: f64,
    /// Validation on a part of the training utterances, to end a training early and to choose its weights;
    /// off unless its share is set.
    #[serde(default)]
    pub validation: ValidationConfig,
    /// The optimiser.
    pub optimizer: OptimizerConfig,
    /// Layers at the front of each branch whose weights and running statistics stay those of the initial model. Layers
    /// without tensors do not count, and the head is always trained. 0 for none.
    #[serde(default)]
    pub frozen_layers: usize,
    /// Averaging of the weights over the steps; off unless its decay is set.
    #[serde(default)]
    pub weight_average: WeightAverageConfig,
    /// The learning rate's way.
    pub schedule: Schedule,
    /// From a recording to segments.
    pub frontend: FrontendConfig,
    /// What training does to a recording.
    pub augment: AugmentConfig,
    /// The network.
    pub network: NetworkConfig,
}

impl Recipe {
    /// The default recipe of a preset for `classes` classes: whole-utterance crops, strong augmentation, mixup, and Muon
    /// with SAM gradients (`sam_rho` 0.05). The presets differ in their networks and epochs. The values were tuned on
    /// RAVDESS (`docs/experiments.md`).
    #[must_use]
    pub fn new(preset: Preset, classes: usize) -> Self {
        let plus = preset == Preset::ClstmPlus;
        let network = preset.network(classes);
        let frontend = FrontendConfig::for_network(&network);
        let level = frontend.target_rms;
        let whole = frontend.max_steps;
        Self {
            preset: preset.name().to_owned(),
            epochs: if plus { 60 } else { 120 },
            batch: 16,
            seed: 1,
            precision: Precision::F32,
            crop_steps: whole,
            mixup: MixupConfig { prob: 0.5, ..MixupConfig::default() },
            label_smoothing: 0.05,
            logit_adjustment: 0.0,
            vote_weight: 0.0,
            sampling: SamplingConfig::default(),
            distillation: DistillationConfig::default(),
            center_loss: if preset.center_loss() { 0.003 } else { 0.0 },
            auxiliary_tasks: Vec::new(),
            dimensions: None,
            eval_every: 10,
            checkpoint_every: 2,
            calibration_share: 0.0,
            validation: ValidationConfig::default(),
            optimizer: OptimizerConfig {
                learning_rate: 1e-3,
                beta_1: 0.9,
                beta_2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.02,
                clip_norm: 5.0,
                waveform_lr_multiplier: 1.0,
                layer_decay: 1.0,
                sam_rho: 0.05,
                sam_every: 1,
                sam_reuse: optimizer_config::reuse(),
                kind: OptimizerKind::Muon,
            },
            frozen_layers: 0,
            weight_average: WeightAverageConfig::default(),
            schedule: Schedule::OneCycle { warmup: 0.15, cycles: 1 },
            // Short clips are padded at inference as in training: recurrent states and mean-normalised energies
            // depend on the padding.
            frontend: FrontendConfig { min_steps: whole, ..frontend },
            augment: AugmentConfig {
                target_rms: Some(level),
                speed: SpeedConfig { prob: 1.0, max: 0.12 },
                filter: FilterConfig { prob: 0.5, strength: 0.5 },
                offset: OffsetConfig { prob: 1.0, ..OffsetConfig::default() },
                noise: NoiseConfig {
                    prob: 0.5,
                    min_snr_db: 15.0,
                    max_snr_db: 45.0,
                    tilt_prob: 0.0,
                },
                polarity: PolarityConfig { prob: 0.5 },
                time_mask: TimeMaskConfig { prob: 1.0, count: 1, max_s: 0.3 },
                ..AugmentConfig::default()
            },
            network,
        }
    }

    /// The recipe adapted to a corpus with these counts of utterances of each class (measured in `docs/experiments.md`).
    ///
    /// A small corpus is trained for more epochs, so that the optimiser takes about as many steps as on one of
    /// [`MIN_UTTERANCES_FOR_PRESET_EPOCHS`], but at most four times as often; larger ones are left alone. Where a class has more
    /// than [`MAX_BALANCED_RATIO`] times the utterances of another, the [`logit_adjustment`](Self::logit_adjustment) is 1.
    #[must_use]
    pub fn for_corpus(self, class_counts: &[usize]) -> Self {
        let utterances: usize = class_counts.iter().sum();
        let wanted = (self.epochs * MIN_UTTERANCES_FOR_PRESET_EPOCHS).div_ceil(utterances.max(1));
        let rarest = class_counts.iter().filter(|count| **count > 0).min();
        let uneven = rarest.is_some_and(|rarest| {
            class_counts.iter().any(|count| *count > MAX_BALANCED_RATIO.saturating_mul(*rarest))
        });
        Self {
            epochs: wanted.clamp(self.epochs, 4 * self.epochs),
            logit_adjustment: if uneven { 1.0 } else { self.logit_adjustment },
            ..self
        }
    }

    /// Changes settings: tables of a configuration file first, then `key=value` pairs with dotted
    /// keys such as `optimizer.learning_rate=5e-4` or `network.blocks.0.filters=48`. What the preset does without
    /// can be set as well, such as `network.compression={ ratio = 0.5, hop = 320 }`.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] for a key that does not exist or a value that does not fit.
    pub fn with_changes(
        &self,
        file: Option<&toml::Table>,
        pairs: &[(String, String)],
    ) -> Result<Self, TrainError> {
        let mut overrides = Overrides::of(self)?;
        if let Some(file) = file {
            overrides.merge(file);
        }
        for (key, value) in pairs {
            overrides.set(key, value)?;
        }
        let recipe = overrides.recipe()?;
        recipe.validate()?;
        Ok(recipe)
    }

    /// The dotted keys of all settings with their values as TOML writes them, such as
    /// `("optimizer.learning_rate", "0.001")`: what [`with_changes`](Self::with_changes) takes. Optional parts that are not set, such as
    /// a filterbank, are left out.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] for a value that TOML cannot write.
    pub fn settings(&self) -> Result<Vec<(String, String)>, TrainError> {
        Ok(Overrides::of(self)?.list())
    }

    /// Checks that the recipe can be followed.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] and the network's and the front end's own errors name the setting.
    pub fn validate(&self) -> Result<(), TrainError> {
        let bad = |message: &str| Err(TrainError::Recipe(message.to_owned()));
        self.network.validate()?;
        self.frontend.validate()?;
        self.augment.validate(self.frontend.sample_rate)?;
        self.validation.validate()?;
        self.distillation.validate()?;
        self.sampling.validate()?;
        self.optimizer.validate()?;
        self.auxiliary_tasks.iter().try_for_each(AuxiliaryTask::validate)?;
        match (&self.dimensions, self.network.dimensions) {
            (Some(dimensions), outputs) => dimensions.validate(outputs)?,
            (None, 0) => {}
            (None, _) => {
                return bad(
                    "network.dimensions is set without dimensions.targets; name them, such as \
                            --target arousal,valence",
                );
            }
        }
        let count = |name: &str, value: usize, least: usize, most: usize| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(TrainError::Recipe(format!("{name} is {value}, not in {least}..={most}")))
        };
        count("epochs", self.epochs, 1, MOST_EPOCHS)?;
        count("batch", self.batch, 2, MOST_UTTERANCES_PER_BATCH)?;
        count("crop_steps", self.crop_steps, 1, MOST_CROP_STEPS)?;
        count("eval_every", self.eval_every, 1, MOST_EPOCHS)?;
        count("checkpoint_every", self.checkpoint_every, 1, MOST_EPOCHS)?;
        count("validation.eval_every", self.validation.eval_every, 1, MOST_EPOCHS)?;
        count("augment.time_mask.count", self.augment.time_mask.count, 0, MOST_TIME_MASKS)?;
        count("auxiliary_tasks", self.auxiliary_tasks.len(), 0, MOST_TASKS)?;
        let depth = self.network.layers_before_heads()?;
        count("frozen_layers", self.frozen_layers, 0, depth)?;
        let values = self.network.largest_activation(self.crop_steps) * self.batch as u128;
        if values > MOST_ACTIVATIONS {
            return Err(TrainError::Recipe(format!(
                "batch, crop_steps and network together need {values} values for a layer's outputs, more than \
                 {MOST_ACTIVATIONS}"
            )));
        }
        let MixupConfig { prob, alpha, cutmix_share } = self.mixup;
        let shares = [prob, cutmix_share].iter().all(|share| (0.0..=1.0).contains(share));
        if !shares || prob > 0.0 && !(0.01..=1.0).contains(&alpha) {
            return bad(
                "mixup.prob and mixup.cutmix_share must be in [0, 1] and mixup.alpha in [0.01, 1]",
            );
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return bad("label_smoothing must be in [0, 1)");
        }
        if !(0.0..=1.0).contains(&self.vote_weight) {
            return bad("vote_weight must be in [0, 1]");
        }
        if !(0.0..=2.0).contains(&self.logit_adjustment) {
            return bad("logit_adjustment must be in [0, 2]");
        }
        if !(0.0..=1_000.0).contains(&self.center_loss) {
            return bad("center_loss must be in [0, 1000]");
        }
        if !(0.0..0.5).contains(&self.calibration_share) {
            return bad("calibration_share must be in [0, 0.5)");
        }
        if !(0.0..1.0).contains(&self.weight_average.decay) {
            return bad("weight_average.decay must be in [0, 1)");
        }
        if let Schedule::Decay { factor, .. } = self.schedule
            && !(0.0..=1.0).contains(&factor)
        {
            return bad("schedule: factor must be in [0, 1]");
        }
        if let Schedule::OneCycle { warmup, cycles } = self.schedule
            && !((0.0..1.0).contains(&warmup) && (1..=self.epochs).contains(&cycles))
        {
            return bad("schedule: warmup must be in [0, 1) and cycles from 1 to the epochs");
        }
        if self.frontend.segment_length != self.network.segment_length
            || self.frontend.sample_rate != self.network.sample_rate
        {
            return bad("frontend and network differ in segment_length or sample_rate");
        }
        if self.augment.target_rms != Some(self.frontend.target_rms) {
            return bad("augment.target_rms must be frontend.target_rms");
        }
        Ok(())
    }

    /// Whether both recipes give the same model: how often a training evaluates on the test utterances and saves a
    /// checkpoint changes nothing.
    #[must_use]
    pub fn same_training(&self, other: &Self) -> bool {
        let Self { eval_every, checkpoint_every, .. } = *other;
        Self { eval_every, checkpoint_every, ..self.clone() } == *other
    }

    /// Refuses frozen layers without an initial model, whose random weights would stay random.
    ///
    /// # Errors
    /// [`TrainError::Recipe`].
    pub fn check_frozen_layers(&self, has_initial_model: bool) -> Result<(), TrainError> {
        if self.frozen_layers == 0 || has_initial_model {
            return Ok(());
        }
        let message = format!(
            "frozen_layers is {}, but the training starts from random weights, which would stay random: name an initial \
             model with --init",
            self.frozen_layers
        );
        Err(TrainError::Recipe(message))
    }

    /// The setting that holds utterances out of a training, where one does.
    pub(crate) fn holds_out(&self) -> Option<&'static str> {
        match (self.validation.is_on(), self.calibration_share > 0.0) {
            (true, _) => Some("validation.share"),
            (_, true) => Some("calibration_share"),
            _ => None,
        }
    }

    /// Samples of a training crop.
    #[must_use]
    pub fn span(&self) -> usize {
        self.crop_steps * self.frontend.segment_length
    }
}
