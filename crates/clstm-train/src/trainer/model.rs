//! The model file of a training as it stands.

use clstm::{Model, ModelInfo, TrainingInfo};
use clstm_nn::{NamedTensor, Preset};

use crate::{Recipe, TrainError, TrainingSet};

/// The model of `tensors`, which `epochs` epochs gave; `protocol` is the sentence that its file carries.
pub(super) fn assemble(
    set: &TrainingSet<'_>,
    recipe: &Recipe,
    epochs: usize,
    tensors: Vec<NamedTensor>,
    protocol: &str,
) -> Result<Model, TrainError> {
    let corpus = &set.dataset.corpus;
    let speakers =
        |indices: &[usize]| corpus.speakers_of(indices).into_iter().map(str::to_owned).collect();
    let license = match corpus.name.as_str() {
        "ravdess" => "CC BY-NC-SA 4.0 (trained on RAVDESS): non-commercial use only",
        _ => "as the corpus it was trained on allows",
    };
    let recipe_json =
        serde_json::to_value(recipe).map_err(|e| TrainError::Recipe(e.to_string()))?;
    let info = ModelInfo {
        name: format!("{}-{}", corpus.name, recipe.preset),
        labels: corpus.labels.clone(),
        network: recipe.network.clone(),
        frontend: recipe.frontend.clone(),
        temperature: 1.0,
        calibration: None,
        training: TrainingInfo {
            corpus: corpus.name.clone(),
            protocol: protocol.to_owned(),
            preset: recipe.preset.clone(),
            epochs,
            seed: recipe.seed,
            precision: recipe.precision.to_string(),
            utterances: set.train.len(),
            speakers: speakers(set.train),
            test_speakers: speakers(set.test),
            scores: Vec::new(),
            recipe: recipe_json,
        },
        license: license.to_owned(),
        description: description(&recipe.preset),
    };
    Ok(Model::new(info, tensors)?)
}

/// What a model of this preset is.
fn description(preset: &str) -> String {
    let paper = "the hierarchical ConvLSTM network of Mustaqeem & Kwon (2020)";
    match preset.parse() {
        Ok(Preset::ClstmPlus) => format!(
            "Speech emotion recognition from the raw waveform: {preset}, after {paper}, with a \
             learnt filterbank and convolutions before the ConvLSTM block and attention over time."
        ),
        _ => format!("Speech emotion recognition from the raw waveform: {preset} of {paper}."),
    }
}
