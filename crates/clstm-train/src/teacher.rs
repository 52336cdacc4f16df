//! Knowledge distillation: models whose predictions are part of the targets of a training.

use clstm::{FrontendConfig, Model};
use clstm_eval::Ancestor;
use clstm_nn::{InferenceEngine, NetworkError, Precision};
use serde::{Deserialize, Serialize};

use crate::lineage::{ancestor, corpora_of};
use crate::{Recipe, TrainError};

/// How much of the targets comes from a [`Teacher`], where a training has one (knowledge distillation,
/// Hinton et al. 2015, <https://arxiv.org/abs/1503.02531>).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistillationConfig {
    /// Share of the softmax loss that is against the teacher's probabilities; the rest is against the
    /// labels. In (0, 1].
    #[serde(alias = "share")]
    pub alpha: f64,
    /// What the logits of teacher and network are divided by in that share, whose loss is multiplied by its
    /// square: larger ones give more weight to the less likely classes.
    pub temperature: f64,
}

impl Default for DistillationConfig {
    fn default() -> Self {
        Self { alpha: 0.7, temperature: 1.0 }
    }
}

impl DistillationConfig {
    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        let Self { alpha, temperature } = *self;
        let fits = alpha > 0.0 && alpha <= 1.0 && (0.1..=100.0).contains(&temperature);
        if !fits {
            let message =
                "distillation.alpha must be in (0, 1], distillation.temperature in [0.1, 100]";
            return Err(TrainError::Recipe(message.to_owned()));
        }
        Ok(())
    }
}

/// One model or several, whose probabilities are averaged. Their input is that of the network in training, augmented
/// and mixed.
#[derive(Debug)]
pub struct Teacher {
    models: Vec<TeacherModel>,
}

#[derive(Debug)]
struct TeacherModel {
    /// As the lineage of its student has it.
    ancestor: Ancestor,
    digest: String,
    license: String,
    /// That it, or what it builds on, was trained on.
    corpora: Vec<String>,
    labels: Vec<String>,
    frontend: FrontendConfig,
    engine: InferenceEngine,
}

impl Teacher {
    /// A teacher of these models, which compute in `precision`.
    ///
    /// # Errors
    /// [`TrainError::Empty`] without any; weights that are not those of their network.
    pub fn new(models: &[Model], precision: Precision) -> Result<Self, TrainError> {
        if models.is_empty() {
            return Err(TrainError::Empty("a teacher without models".to_owned()));
        }
        let teacher_model = |model: &Model| -> Result<TeacherModel, NetworkError> {
            Ok(TeacherModel {
                ancestor: ancestor(&model.info.training),
                digest: model.digest(),
                license: model.info.license.clone(),
                corpora: corpora_of(&model.info.training),
                labels: model.info.labels.clone(),
                frontend: model.info.frontend.clone(),
                engine: InferenceEngine::new(&model.info.network, &model.tensors, precision)?,
            })
        };
        Ok(Self { models: models.iter().map(teacher_model).collect::<Result<_, _>>()? })
    }

    /// Presets of the models, joined by `+`, and what these were distilled from themselves.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<String> = self.models.iter().map(|it| it.ancestor.name()).collect();
        names.join("+")
    }

    /// Digests of the models' files.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|model| model.digest.as_str())
    }

    /// What the models may be used for.
    pub(crate) fn licenses(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|model| model.license.as_str())
    }

    /// The models as a lineage has them, each with the corpora that it builds on.
    pub(crate) fn models(&self) -> impl Iterator<Item = (&Ancestor, &Vec<String>)> {
        self.models.iter().map(|model| (&model.ancestor, &model.corpora))
    }

    /// Refuses models that cannot process the recipe's crops, or have other classes.
    pub(crate) fn check(&self, recipe: &Recipe, labels: &[String]) -> Result<(), TrainError> {
        // Utterances that the teacher was trained on cannot measure generalisation.
        if let Some(key) = recipe.holds_out() {
            let message = format!(
                "and {key} exclude each other: the teacher was trained on the utterances that would be held out"
            );
            return Err(TrainError::Teacher(message));
        }
        for model in &self.models {
            let bad = |what: String| {
                Err(TrainError::Teacher(format!("{}: {what}", model.ancestor.name())))
            };
            if model.labels != labels {
                let (theirs, ours) = (model.labels.join(", "), labels.join(", "));
                return bad(format!("it has the classes {theirs}, the corpus has {ours}"));
            }
            let of = |f: &FrontendConfig| (f.sample_rate, f.target_rms);
            if of(&model.frontend) != of(&recipe.frontend) {
                return bad("it has another sample rate or level than the recipe's".to_owned());
            }
        }
        Ok(())
    }

    /// The models' probabilities for the crops of a batch, `[batch, classes]`, row-major, the rows summing to one:
    /// the mean of the softmax of their logits over `temperature`. Each cuts the crops into segments of its
    /// own, the last one padded with silence.
    ///
    /// # Shapes
    /// - `crops`: `[batch, span]`
    pub(crate) fn probabilities(&self, crops: &[f32], span: usize, temperature: f64) -> Vec<f32> {
        let batch = crops.len() / span;
        let mut mean = Vec::new();
        for model in &self.models {
            let length = model.frontend.segment_length;
            let steps = span.div_ceil(length).max(model.frontend.min_steps);
            let mut segments = vec![0.0; batch * steps * length];
            let padded = segments.chunks_exact_mut(steps * length);
            padded
                .zip(crops.chunks_exact(span))
                .for_each(|(to, crop)| to[..span].copy_from_slice(crop));
            let logits = model.engine.run(&segments, [batch, steps]).logits;
            mean.resize(logits.len(), 0.0);
            let classes = model.labels.len();
            for (mean, logits) in mean.chunks_exact_mut(classes).zip(logits.chunks_exact(classes)) {
                add_softmax(mean, logits, temperature, self.models.len());
            }
        }
        mean
    }
}

/// Adds the `count`-th part of a softmax.
fn add_softmax(mean: &mut [f32], logits: &[f32], temperature: f64, count: usize) {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised = |logit: &f32| (f64::from(logit - most) / temperature).exp();
    let sum = logits.iter().map(raised).sum::<f64>() * count as f64;
    mean.iter_mut().zip(logits).for_each(|(mean, logit)| *mean += (raised(logit) / sum) as f32);
}

#[cfg(test)]
mod tests {
    use super::add_softmax;

    #[test]
    fn the_mean_of_softmaxes_over_a_temperature() {
        let mut mean = [0.0; 2];
        // At temperature 2 the odds are e^1 and e^-2.
        add_softmax(&mut mean, &[1002.0, 1000.0], 2.0, 2);
        add_softmax(&mut mean, &[-4.0, 0.0], 2.0, 2);
        let odds = |x: f64| 1.0 / (1.0 + (-x).exp());
        let expected = (odds(1.0) + odds(-2.0)) / 2.0;
        assert!((f64::from(mean[0]) - expected).abs() < 1e-6, "{mean:?}");
        assert!((mean[0] + mean[1] - 1.0).abs() < 1e-6);
    }
}
