//! A synthetic corpus: two emotions that differ in pitch, four speakers.

use std::f32::consts::TAU;

use clstm::Clip;
use clstm_corpus::{Corpus, Utterance};
use clstm_nn::{Precision, Preset};
use clstm_train::{Dataset, OptimizerKind, Recipe};

/// Utterances of each of four speakers; half of them of each class.
const EACH: usize = 8;

/// A dataset in memory, straight from generated clips.
pub(crate) fn dataset() -> Dataset {
    let mut utterances = Vec::new();
    let mut clips = Vec::new();
    for speaker in 0..4 {
        for item in 0..EACH {
            let label = item % 2;
            utterances.push(Utterance {
                id: format!("{speaker}-{item}"),
                path: format!("{speaker}-{item}.wav").into(),
                label,
                speaker: speaker.to_string(),
                ..Utterance::default()
            });
            let hz = [120.0, 700.0][label] * (1.0 + 0.03 * (speaker * EACH + item) as f32);
            let wave = |t: usize| 0.14 * (TAU * hz * t as f32 / 16_000.0).sin();
            clips
                .push(Clip { samples: (0..4_000 + 100 * item).map(wave).collect(), silent: false });
        }
    }
    let labels = vec!["low".to_owned(), "high".to_owned()];
    let durations_s = clips.iter().map(|c| c.samples.len() as f64 / 16_000.0).collect();
    let groups = (0..utterances.len()).collect();
    let corpus = Corpus::new("made-up", std::path::Path::new("nowhere"), labels, utterances)
        .expect("a valid corpus");
    Dataset { corpus, clips, durations_s, groups }
}

/// Recipes that a test can afford: of the paper's network under either optimiser and precision, and of
/// `clstm-plus` with all that is drawn at random in its steps.
pub(crate) fn recipes() -> [Recipe; 3] {
    let mut plus = small(Recipe::new(Preset::ClstmPlus, 2), 480);
    plus.network.branches = vec![small(Recipe::new(Preset::Clstm, 2), 480).network];
    let bank = plus.network.filterbank.as_mut().expect("clstm-plus has one");
    (bank.filters, bank.kernel) = (16, 100);
    for block in &mut plus.network.convolutions {
        block.filters = 6;
    }
    let mut muon = recipe();
    muon.optimizer.kind = OptimizerKind::Muon;
    muon.precision = Precision::Bf16;
    muon.optimizer.sam_rho = 0.05;
    [recipe(), muon, plus]
}

/// That of the paper's network, moved by AdamW.
pub(crate) fn recipe() -> Recipe {
    let mut recipe = small(Recipe::new(Preset::Clstm, 2), 500);
    (recipe.optimizer.kind, recipe.optimizer.sam_rho) = (OptimizerKind::AdamW, 0.0);
    recipe.network.blocks[0].kernel_input = 80;
    recipe
}

fn small(mut recipe: Recipe, segment_length: usize) -> Recipe {
    recipe.epochs = 6;
    recipe.batch = 6;
    recipe.crop_steps = 8;
    recipe.eval_every = 2;
    recipe.frontend.segment_length = segment_length;
    recipe.frontend.min_steps = 8;
    recipe.frontend.max_steps = 12;
    recipe.network.segment_length = segment_length;
    recipe.network.features = 8;
    for block in &mut recipe.network.blocks {
        block.filters = 6;
    }
    recipe.network.gflb =
        clstm_nn::GflbConfig::BiGru { hidden: 8, layers: 1, reset: clstm_nn::Reset::Before };
    recipe.optimizer.learning_rate = 5e-3;
    recipe
}
