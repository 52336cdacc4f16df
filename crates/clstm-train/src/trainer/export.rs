//! The model file of a training in its present state.

use clstm::{
    DimensionInfo, EvalProtocol, FoldId, HeldOutCounts, Model, ModelInfo, ProbabilityCalibration,
    TrainingInfo,
};
use clstm_nn::{NamedTensor, Preset};

use crate::lineage::lineage_of;
use crate::{Recipe, TrainData, TrainError};

/// The model of `tensors`, which `epochs` epochs gave; `protocol` is that of its run.
pub(super) fn assemble(
    set: &TrainData<'_>,
    recipe: &Recipe,
    epochs: usize,
    tensors: Vec<NamedTensor>,
    dimensions: Vec<DimensionInfo>,
    protocol: &EvalProtocol,
) -> Result<Model, TrainError> {
    let corpus = &set.dataset.corpus;
    let speakers =
        |indices: &[usize]| corpus.speakers_of(indices).into_iter().map(str::to_owned).collect();
    let recipe_json =
        serde_json::to_value(recipe).map_err(|e| TrainError::Recipe(e.to_string()))?;
    let info = ModelInfo {
        name: format!("{}-{}", corpus.name, recipe.preset),
        labels: corpus.labels.clone(),
        dimensions,
        network: recipe.network.clone(),
        frontend: recipe.frontend.clone(),
        scaling: ProbabilityCalibration::default(),
        calibration: None,
        training: TrainingInfo {
            corpus: corpus.name.clone(),
            protocol: protocol.clone(),
            fold: set.fold.map(|(number, of)| FoldId { number, of }),
            held_out: HeldOutCounts {
                test: set.test.len(),
                validation: set.validation.len(),
                calibration: 0,
            },
            preset: recipe.preset.clone(),
            epochs,
            seed: recipe.seed,
            precision: recipe.precision.to_string(),
            lineage: lineage_of(set.init, set.teacher),
            utterances: set.train.len(),
            speakers: speakers(set.train),
            test_speakers: speakers(set.test),
            scores: Vec::new(),
            recipe: recipe_json,
        },
        license: joined(
            license(&corpus.name),
            set.init
                .map(|init| init.info.license.as_str())
                .into_iter()
                .chain(set.teacher.iter().flat_map(|teacher| teacher.licenses())),
        ),
        description: description(recipe),
    };
    Ok(Model::new(info, tensors)?)
}

/// What `own` allows, and what the models allow that a training builds on: each once.
fn joined<'a>(own: String, others: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = own.split("; ").collect();
    for license in others.flat_map(|other| other.split("; ")) {
        if !license.is_empty() && !all.contains(&license) {
            all.push(license);
        }
    }
    all.join("; ")
}

/// What a model may be used for: what each of its corpora, joined by `+`, allows.
fn license(corpora: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for name in corpora.split('+') {
        let known = clstm_corpus::supported().iter().find(|corpus| corpus.name == name);
        let license = match (name, known) {
            ("ravdess" | "ravdess-song", _) => {
                "CC BY-NC-SA 4.0 (trained on RAVDESS): non-commercial use only".to_owned()
            }
            (_, Some(corpus)) if !matches!(name, "audiofolder" | "emobox-list") => {
                format!("{} (trained on {name})", corpus.license)
            }
            _ => "as the corpus it was trained on allows".to_owned(),
        };
        if !all.contains(&license) {
            all.push(license);
        }
    }
    all.join("; ")
}

/// What a model of this recipe is.
fn description(recipe: &Recipe) -> String {
    let preset = &recipe.preset;
    let paper = "the hierarchical ConvLSTM network of Mustaqeem & Kwon (2020)";
    let network = match preset.parse() {
        Ok(Preset::ClstmPlus | Preset::ClstmTiny) => format!(
            "{preset}, after {paper}, with a learnt filterbank and convolutions before the ConvLSTM \
             block and attention over time"
        ),
        _ => format!("{preset} of {paper}"),
    };
    let beside = match recipe.network.branches.len() {
        0 => "",
        1 => "; a second network processes the same input, and the logits are averaged",
        _ => "; further networks process the same input, and the logits are averaged",
    };
    format!("Speech emotion recognition from the raw waveform: {network}{beside}.")
}

#[cfg(test)]
mod tests {
    use clstm_nn::Preset;

    use super::{description, joined, license};
    use crate::Recipe;

    #[test]
    fn a_description_lists_branches_where_there_are_some() {
        let mut recipe = Recipe::new(Preset::ClstmPlus, 8);
        assert!(description(&recipe).ends_with(
            "over time; a second network processes the same input, and the logits are averaged."
        ));
        recipe.network.branches.clear();
        assert!(description(&recipe).ends_with("and attention over time."));
        let paper = description(&Recipe::new(Preset::Clstm, 8));
        assert!(paper.contains(": clstm of the hierarchical ConvLSTM network"), "{paper}");
        assert!(paper.ends_with("Kwon (2020)."), "{paper}");
        let tiny = description(&Recipe::new(Preset::ClstmTiny, 8));
        assert!(tiny.contains(": clstm-tiny, after the hierarchical ConvLSTM network"), "{tiny}");
        assert!(tiny.ends_with("and attention over time."), "{tiny}");
    }

    #[test]
    fn what_a_model_builds_on_still_binds_it() {
        let (own, ravdess) = (license("mine-0a1b2c3d"), license("ravdess"));
        let both = joined(own.clone(), [ravdess.as_str(), &ravdess, ""].into_iter());
        assert_eq!(both, format!("{own}; {ravdess}"));
        assert_eq!(joined(ravdess.clone(), [ravdess.as_str()].into_iter()), ravdess);
        assert_eq!(joined(both.clone(), [ravdess.as_str(), &own].into_iter()), both);
    }

    #[test]
    fn a_join_may_be_used_as_all_of_its_corpora_may() {
        let ravdess = "CC BY-NC-SA 4.0 (trained on RAVDESS): non-commercial use only";
        assert_eq!(license("ravdess"), ravdess);
        assert_eq!(license("ravdess+ravdess-song"), ravdess);
        let join = license("ravdess+tess+mine-0a1b2c3d");
        assert!(join.starts_with(ravdess) && join.contains("CC BY-NC-ND 4.0 (trained on tess)"));
        assert!(join.ends_with("; as the corpus it was trained on allows"), "{join}");
    }
}
