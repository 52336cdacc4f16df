//! Deep features of a fold's test utterances, with the centres of their classes.

use std::path::Path;

use clstm::Recognizer;
use clstm_eval::{CenterSource, DeepFeatures};
use rayon::prelude::*;

use crate::checkpoint::{self, Loaded};
use crate::{Dataset, TrainError};

/// Of `test` utterances by a model that was trained on `train`. The centres are those in the
/// `checkpoint` of the training where it learnt some and is at the model's epoch; else they are
/// means over `train`, which takes a pass over these utterances.
///
/// # Errors
/// Those of reading the checkpoint.
pub(crate) fn extract(
    recognizer: &Recognizer,
    dataset: &Dataset,
    [train, test]: [&[usize]; 2],
    checkpoint: &Path,
) -> Result<DeepFeatures, TrainError> {
    let info = recognizer.info();
    let (width, classes) = (info.network.deep_feature(), info.labels.len());
    let (centers, source) = match learnt_centers(checkpoint, info.training.epochs, classes * width)?
    {
        Some(centers) => (centers, CenterSource::Learnt),
        None => {
            let features = features(recognizer, dataset, train);
            let truths = train.iter().map(|&utterance| dataset.label(utterance));
            (class_means(&features, truths, classes, width), CenterSource::TrainingMeans)
        }
    };
    Ok(DeepFeatures {
        ids: test.iter().map(|&i| dataset.corpus.utterances[i].id.clone()).collect(),
        truths: test.iter().map(|&i| dataset.label(i)).collect(),
        width,
        features: features(recognizer, dataset, test),
        centers,
        source,
    })
}

/// Of `test` utterances with the front end as it is now, with the centres as they were.
pub(crate) fn reextract(
    before: &DeepFeatures,
    recognizer: &Recognizer,
    dataset: &Dataset,
    test: &[usize],
) -> DeepFeatures {
    DeepFeatures {
        ids: test.iter().map(|&i| dataset.corpus.utterances[i].id.clone()).collect(),
        truths: test.iter().map(|&i| dataset.label(i)).collect(),
        features: features(recognizer, dataset, test),
        ..before.clone()
    }
}

/// The features of utterances, one row each.
fn features(recognizer: &Recognizer, dataset: &Dataset, utterances: &[usize]) -> Vec<f32> {
    let rows: Vec<Vec<f32>> = utterances
        .par_iter()
        .map(|&utterance| {
            let scores = recognizer.score_clips(&[&dataset.clips[utterance]]).swap_remove(0);
            scores.features.into_iter().map(|value| value as f32).collect()
        })
        .collect();
    rows.concat()
}

/// The centres in a checkpoint; none where they are of another epoch or of another size, or where no
/// centre loss has moved them from the origin.
fn learnt_centers(path: &Path, epoch: usize, size: usize) -> Result<Option<Vec<f32>>, TrainError> {
    let Some(Loaded { state, mut values, .. }) = checkpoint::read(path)? else { return Ok(None) };
    let centers = values.remove("value.centers.centers").filter(|centers| centers.len() == size);
    Ok(centers.filter(|_| state.recipe.center_loss > 0.0 && state.epoch == epoch))
}

/// Mean of the rows of each class; the origin for a class without rows.
fn class_means(
    features: &[f32],
    truths: impl Iterator<Item = usize>,
    classes: usize,
    width: usize,
) -> Vec<f32> {
    let (mut sums, mut counts) = (vec![0.0_f64; classes * width], vec![0_usize; classes]);
    for (row, class) in features.chunks_exact(width).zip(truths) {
        counts[class] += 1;
        let sums = sums[class * width..][..width].iter_mut().zip(row);
        sums.for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let count = |at: usize| counts[at / width].max(1) as f64;
    sums.iter().enumerate().map(|(at, sum)| (sum / count(at)) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::class_means;

    #[test]
    fn means_are_by_class() {
        let features = [1.0, 2.0, 3.0, 4.0, 10.0, 20.0];
        let means = class_means(&features, [0, 0, 2].into_iter(), 3, 2);
        assert_eq!(means, [2.0, 3.0, 0.0, 0.0, 10.0, 20.0]);
    }
}
