use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use clstm_corpus::{Corpus, Split};
use clstm_nn::{DeviceName, Preset};

use crate::error::CliError;

use super::{CorpusArgs, LeakageArgs, PrecisionArg, numbers};

const TRAIN_EXAMPLES: &str = "\
Writes RUN/model.safetensors, history.json, recipe.json and checkpoint.safetensors. Ctrl-C saves a checkpoint \
after the current step; --resume continues from it and produces a bit-identical model.

Examples:
  clstm train --corpus ravdess --data data/ravdess --preset clstm --output runs/all
  clstm train --corpus ravdess --data data/ravdess --preset clstm --output runs/all --resume
  clstm train --corpus manifest --data mine.csv --preset clstm --output runs/mine
  clstm train ... --set optimizer.learning_rate=5e-4 --set network.blocks.0.filters=48
  clstm train ... --scores runs/random/metrics.json runs/emobox/metrics.json";

const CV_EXAMPLES: &str = "\
Writes RUN/metrics.json and, for each fold, RUN/fold-N/ with its model, predictions and history. The model of a \
fold is that of its last epoch: test utterances select nothing. The confidence of a fold is calibrated with the \
other folds' predictions of their own test utterances or, with --set calibration_share=0.1, with a tenth of the \
fold's training utterances, which are held out of its training.

Examples:
  clstm cv --corpus ravdess --data data/ravdess --preset clstm --split random --output runs/random
  clstm cv --corpus manifest --data mine.csv --preset clstm --split speaker --output runs/mine
  clstm cv --corpus ravdess --data R --corpus emo-db --data E --label-map four.toml --split speaker ...
  clstm cv --corpus ravdess --data data/ravdess --target speaker --split random ...
  clstm cv ... --split emobox --fold 2 --output runs/emobox     one fold, as a separate job
  clstm cv ... --split emobox --output runs/emobox --resume     the remaining folds
  clstm cv ... --split emobox --jobs 3 --output runs/emobox     three folds at a time
  clstm cv ... --split random --seeds 1,2,3 --fold-seed 1 --output runs/three
  clstm cv ... --split random --teacher runs/plus --output runs/distilled
  clstm cv ... --set validation.share=0.1 --set validation.patience=5 --set validation.select=best

The last command holds out a tenth of each fold's training utterances (with --split speaker: of its speakers) for \
validation. Their loss stops the training early and selects the epoch. Test utterances select nothing.";

const ABLATE_EXAMPLES: &str = "\
Trains the seven networks of the paper's Table 1 with the same folds, seed, epochs, augmentation and sizes. \
The rows differ only in skip connections, global block and centre loss. RUN/<preset>/ is a run as `clstm cv` \
writes it, RUN/ablation.json the table. Each fold is trained for all rows before the next; Ctrl-C saves, --resume \
continues. --set center_loss=... and network.gflb.* apply to the rows that have them.

Examples:
  clstm ablate --corpus ravdess --data data/ravdess --split random --epochs 50 --output runs/table-1
  clstm ablate ... --output runs/table-1 --resume               continue
  clstm ablate ... --rows clstm,convlstm-fcn --fold 2           two rows of one fold, as a separate job";

/// Options of all commands that train.
#[derive(Debug, Args)]
pub(crate) struct TrainingArgs {
    #[command(flatten)]
    pub(crate) choice: CorpusArgs,
    /// Folder for the run.
    #[arg(long, alias = "out", value_name = "RUN")]
    pub(crate) output: PathBuf,
    /// TOML file with settings that differ from the preset; `recipe.json` of a run lists all of them.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A setting by its dotted name, such as optimizer.learning_rate=5e-4; overrides --config.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) set: Vec<(String, String)>,
    /// List all settings with their values in the preset, and exit.
    #[arg(id = "list_settings", long = "list-settings")]
    _list_settings: bool,
    /// Number of epochs.
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub(crate) epochs: Option<usize>,
    /// Seed of all random numbers: weights, order, augmentation, dropout, folds.
    #[arg(long, value_name = "N", value_parser = numbers::seed)]
    pub(crate) seed: Option<u64>,
    /// Arithmetic of the training: f32, or bf16 for the operands of the recurrent layers' products (weights, optimiser,
    /// loss and the trained model stay f32). auto is bf16 on processors with native bf16 instructions (AVX512-BF16),
    /// else f32; with --resume it is the precision of the run.
    #[arg(long, value_name = "auto|f32|bf16", default_value_t = PrecisionArg::Auto)]
    pub(crate) precision: PrecisionArg,
    /// Device: cpu, or cuda (the first NVIDIA GPU, f32; experimental) in builds with that feature.
    #[arg(long, value_name = "cpu|cuda", default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// Continue the run in the folder.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Print lines instead of the live view on a terminal.
    #[arg(long, alias = "plain")]
    pub(crate) no_tui: bool,
    /// Also write event files for TensorBoard, into the folder of each training.
    #[arg(long)]
    pub(crate) tensorboard: bool,
}

/// Where the settings of `train` and `cv` start.
#[derive(Debug, Args)]
pub(crate) struct PresetArgs {
    /// Network and settings: a row of the paper's Table 1 (convlstm-fcn, convlstm-skip-fcn, convlstm-bilstm,
    /// convlstm-skip-bilstm, convlstm-bigru, convlstm-skip-bigru, clstm), clstm-plus, which is more
    /// accurate than the paper's networks, or clstm-tiny, which has fewer than 50,000 parameters.
    #[arg(long, value_name = "PRESET")]
    pub(crate) preset: Preset,
}

#[derive(Debug, Args)]
#[command(after_help = TRAIN_EXAMPLES)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) start: PresetArgs,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    /// Model with the initial weights, instead of random ones.
    #[arg(long, visible_alias = "init-from", value_name = "NAME|MODEL")]
    pub(crate) init: Option<PathBuf>,
    /// Model to distil from; repeat for several. See the settings distillation.*.
    #[arg(long, value_name = "MODEL")]
    pub(crate) teacher: Vec<PathBuf>,
    /// `metrics.json` of cross-validations with the same recipe. The model file then contains their scores with their
    /// protocols, and the calibration and abstention threshold of the first speaker-independent one (or else of the
    /// first).
    #[arg(long, value_name = "METRICS.json", num_args = 1..)]
    pub(crate) scores: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = CV_EXAMPLES)]
pub(crate) struct CvArgs {
    #[command(flatten)]
    pub(crate) start: PresetArgs,
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    #[command(flatten)]
    pub(crate) folds: FoldArgs,
    /// Initial weights instead of random ones: a built-in model or a model file of other corpora, or a run on the same
    /// folds. Each fold then starts from the model of the same fold of that run.
    #[arg(long, visible_alias = "init-from", value_name = "NAME|MODEL|RUN")]
    pub(crate) init: Option<PathBuf>,
    /// Cross-validation on the same folds to distil from; repeat for several. Each fold uses the models of the same
    /// fold. See the settings distillation.*.
    #[arg(long, value_name = "RUN")]
    pub(crate) teacher: Vec<PathBuf>,
    /// Folds to train at the same time, each in a separate process [default: one for every two threads, limited by
    /// the memory]. The results do not depend on it.
    #[arg(long, value_name = "N", conflicts_with = "seeds", value_parser = numbers::threads)]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Repeat the cross-validation with these seeds, separated by commas. Each is a run in RUN/seed-N. Prints mean and
    /// standard deviation over the seeds.
    #[arg(long, value_name = "N,...", value_delimiter = ',', conflicts_with = "seed", value_parser = numbers::seed)]
    pub(crate) seeds: Vec<u64>,
}

#[derive(Debug, Args)]
#[command(after_help = ABLATE_EXAMPLES)]
pub(crate) struct AblateArgs {
    #[command(flatten)]
    pub(crate) training: TrainingArgs,
    #[command(flatten)]
    pub(crate) folds: FoldArgs,
    /// Only these rows, by their presets, separated by commas [default: all seven].
    #[arg(long, value_name = "PRESET,...", value_delimiter = ',')]
    pub(crate) rows: Vec<Preset>,
}

/// How `cv` and `ablate` split a corpus.
#[derive(Debug, Args)]
pub(crate) struct FoldArgs {
    /// How utterances are split into training and test: random (speakers in both, the paper's protocol), speaker (no
    /// speaker in both), emobox or luna-jimenez (published folds), session or leave-one-session-out, loso or
    /// leave-one-speaker-out, text (no sentence in both), text-speaker (neither in both), corpus or
    /// leave-one-corpus-out (of several corpora), given (the folds or the split of the corpus).
    #[arg(long)]
    pub(crate) split: Split,
    #[command(flatten)]
    pub(crate) leakage: LeakageArgs,
    /// Number of folds [default: 5, or as many as the split has].
    #[arg(long, value_name = "N", value_parser = numbers::number)]
    pub(crate) folds: Option<usize>,
    /// Seed of randomly drawn folds [default: the seed]. Runs of several seeds with one --fold-seed test the same
    /// utterances and can be averaged.
    #[arg(long, value_name = "N", value_parser = numbers::seed)]
    pub(crate) fold_seed: Option<u64>,
    /// Only this fold, from 1; the folds of a run may be separate jobs with the same --output.
    #[arg(long, value_name = "K", value_parser = numbers::number)]
    pub(crate) fold: Option<usize>,
}

impl FoldArgs {
    /// The number of folds.
    ///
    /// # Errors
    /// If --fold is not one of them.
    pub(crate) fn count(&self, corpus: &Corpus) -> Result<usize, CliError> {
        let folds = self.folds.unwrap_or_else(|| self.split.default_folds(corpus));
        match self.fold {
            Some(fold) if folds > 0 && !(1..=folds).contains(&fold) => {
                Err(CliError::Usage(format!("there is no fold {fold}; the folds are 1 to {folds}")))
            }
            _ => Ok(folds),
        }
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected KEY=VALUE, such as optimizer.learning_rate=5e-4".to_owned()),
    }
}
