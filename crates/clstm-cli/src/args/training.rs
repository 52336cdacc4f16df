use std::path::PathBuf;

use clap::Args;
use clstm::nn::{DeviceName, Precision, Preset};
use clstm_corpus::{Corpus, Split};

use crate::failure::Failure;

use super::{CorpusChoice, Leakage};

const TRAIN_EXAMPLES: &str = "\
Writes OUT/model.safetensors, history.json, recipe.json and checkpoint.safetensors. Ctrl-C stops at
the next step and saves; --resume goes on from there and gives the same model, bit for bit.

Examples:
  clstm train --corpus ravdess --data data/ravdess --preset clstm --out runs/all
  clstm train --corpus ravdess --data data/ravdess --preset clstm --out runs/all --resume
  clstm train --corpus manifest --data mine.csv --preset clstm --out runs/mine
  clstm train ... --set optimizer.learning_rate=5e-4 --set network.blocks.0.filters=48
  clstm train ... --scores runs/random/metrics.json runs/emobox/metrics.json";

const CV_EXAMPLES: &str = "\
Writes OUT/metrics.json and, for each fold, OUT/fold-N/ with its model, predictions and history.
A fold's model is that of its last epoch: nothing is chosen by the test utterances. Confidences are
calibrated with what the other folds' models said of the utterances that they did not train on, or, with
--set calibration_share=0.1, on a tenth of the fold's own training utterances, held out of its training.

Examples:
  clstm cv --corpus ravdess --data data/ravdess --preset clstm --split random --out runs/random
  clstm cv --corpus manifest --data mine.csv --preset clstm --split speaker --out runs/mine
  clstm cv --corpus ravdess --data R --corpus emo-db --data E --labels four.toml --split speaker ...
  clstm cv --corpus ravdess --data data/ravdess --target speaker --split random ...
  clstm cv ... --split emobox --fold 2 --out runs/emobox     one fold, as a job of its own
  clstm cv ... --split emobox --out runs/emobox --resume     the folds that are not done
  clstm cv ... --split random --seeds 1,2,3 --fold-seed 1 --out runs/three
  clstm cv ... --split random --teacher runs/plus --out runs/taught
  clstm cv ... --set validation.share=0.1 --set validation.patience=5 --set validation.select=best

The last one holds a tenth of each fold's training utterances (with --split speaker, of its speakers) out of
the training: their loss ends it and chooses the epoch. The test utterances choose nothing.";

const ABLATE_EXAMPLES: &str = "\
Trains the seven rows of the paper's Table 1 by one recipe: the same folds, seed, epochs, augmentation and
sizes; they differ in skip connections, global block and centre loss alone. OUT/<preset>/ is a run as `clstm
cv` writes it, OUT/ablation.json the table. Fold after fold is trained for all rows; Ctrl-C saves, --resume
goes on. --set center_loss=... and network.gflb.* go to the rows that have them.

Examples:
  clstm ablate --corpus ravdess --data data/ravdess --split random --epochs 50 --out runs/table-1
  clstm ablate ... --out runs/table-1 --resume               what is not done
  clstm ablate ... --rows clstm,convlstm-fcn --fold 2        two rows of one fold, as a job of its own";

/// What the commands that train share.
#[derive(Debug, Args)]
pub(crate) struct TrainingArgs {
    #[command(flatten)]
    pub(crate) choice: CorpusChoice,
    /// Folder for the run.
    #[arg(long, value_name = "RUN")]
    pub(crate) out: PathBuf,
    /// TOML file with settings that differ from the preset's; `recipe.json` of a run has them all.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A setting by its dotted name, such as optimizer.learning_rate=5e-4; comes after --config.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Passes over the training utterances.
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
    /// Decides everything random: weights, order, augmentation, dropout, folds.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Arithmetic of the training: f32, or bf16 for the operands of the recurrent layers' products
    /// (faster; weights, optimiser and loss stay f32, and so does the use of the model).
    #[arg(long, value_name = "f32|bf16")]
    pub(crate) precision: Option<Precision>,
    /// What computes: cpu, or cuda (the first NVIDIA GPU, in f32) in builds with that feature.
    #[arg(long, value_name = "cpu|cuda", default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// Go on with the run that is in the folder.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Lines instead of the live view that a terminal gets.
    #[arg(long)]
    pub(crate) plain: bool,
    /// Also write event files for TensorBoard, into the folder of each training.
    #[arg(long)]
    pub(crate) tensorboard: bool,
}

/// What `train` and `cv` start from.
#[derive(Debug, Args)]
pub(crate) struct PresetArgs {
    /// Network and settings to start from: a row of the paper's Table 1 (convlstm-fcn,
    /// convlstm-skip-fcn, convlstm-bilstm, convlstm-skip-bilstm, convlstm-bigru,
    /// convlstm-skip-bigru, clstm), or clstm-plus, which goes beyond it and is more accurate.
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
    /// Model to start from instead of drawn weights.
    #[arg(long, value_name = "MODEL")]
    pub(crate) init: Option<PathBuf>,
    /// Model that takes part in the targets, several by repeating it, as --set distillation.share=... says.
    #[arg(long, value_name = "MODEL")]
    pub(crate) teacher: Vec<PathBuf>,
    /// `metrics.json` of cross-validations by the same recipe: their scores, with their protocols,
    /// go into the model file. Its scaling of the confidence, calibration figures and abstention threshold are those of
    /// the first speaker-independent one, or else of the first.
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
    /// What to start from instead of drawn weights: a model of another corpus, or a run on the same folds, each
    /// fold from its model of the same fold.
    #[arg(long, value_name = "MODEL|RUN")]
    pub(crate) init: Option<PathBuf>,
    /// Run of a cross-validation on the same folds, several by repeating it: the models that it has of a fold
    /// take part in the targets of that fold's training, as --set distillation.share=... says.
    #[arg(long, value_name = "RUN")]
    pub(crate) teacher: Vec<PathBuf>,
    /// Repeat from these seeds, separated by commas, each a run of its own in OUT/seed-N; the figures are
    /// printed as mean and deviation over them.
    #[arg(long, value_name = "N,...", value_delimiter = ',', conflicts_with = "seed")]
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

/// What `cv` and `ablate` split by.
#[derive(Debug, Args)]
pub(crate) struct FoldArgs {
    /// How utterances are split: random (speakers in training and test, the paper's protocol),
    /// speaker (no speaker in both), emobox or luna-jimenez (published speaker-independent folds),
    /// session or leave-one-session-out, loso or leave-one-speaker-out, given (the folds or the split
    /// that the corpus gives).
    #[arg(long)]
    pub(crate) split: Split,
    #[command(flatten)]
    pub(crate) leakage: Leakage,
    /// Number of folds [default: 5, or as many as the split has].
    #[arg(long, value_name = "N")]
    pub(crate) folds: Option<usize>,
    /// Decides the folds where they are drawn [default: the seed]; with one --fold-seed, runs of several
    /// seeds test on the same utterances and can be averaged.
    #[arg(long, value_name = "N")]
    pub(crate) fold_seed: Option<u64>,
    /// Only this fold, from 1; folds of a run may be separate jobs with the same --out.
    #[arg(long, value_name = "K")]
    pub(crate) fold: Option<usize>,
}

impl FoldArgs {
    /// The number of folds; refuses a fold that is not among them.
    pub(crate) fn count(&self, corpus: &Corpus) -> Result<usize, Failure> {
        let folds = self.folds.unwrap_or_else(|| self.split.default_folds(corpus));
        match self.fold {
            Some(fold) if folds > 0 && !(1..=folds).contains(&fold) => {
                Err(Failure::Usage(format!("there is no fold {fold}; the folds are 1 to {folds}")))
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
