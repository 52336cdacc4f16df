//! Deep features of utterances with the centres of their classes, and the file that keeps them.

use std::collections::HashMap;
use std::path::Path;

use clstm::write_atomic;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::EvalError;
use crate::files::read_checked;

/// Where the centres of the classes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CenterSource {
    /// Learnt by the centre loss (Eq. 13), at the epoch of the model's weights.
    Learnt,
    /// Means of the deep features of the training utterances of each class, where there was no centre
    /// loss or its centres were not kept with the model's weights.
    TrainingMeans,
}

/// The deep features of utterances, the output of the last hidden layer: a fold's `features.safetensors`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeepFeatures {
    /// Names of the utterances.
    pub ids: Vec<String>,
    /// Class of each.
    pub truths: Vec<usize>,
    /// Numbers of a feature.
    pub width: usize,
    /// `[utterances, width]`, row-major: the mean over an utterance's spans.
    pub features: Vec<f32>,
    /// `[classes, width]`, row-major.
    pub centers: Vec<f32>,
    /// Where these come from.
    pub source: CenterSource,
}

/// The header of the file.
#[derive(Serialize, Deserialize)]
struct Header {
    ids: Vec<String>,
    truths: Vec<usize>,
    source: CenterSource,
}

const KEY: &str = "clstm-features-1";

impl DeepFeatures {
    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.centers.len() / self.width.max(1)
    }

    /// The features, one utterance at a time.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.features.chunks_exact(self.width.max(1))
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// [`EvalError::Io`]; [`EvalError::Malformed`] where the numbers do not fit together.
    pub fn write(&self, path: &Path) -> Result<(), EvalError> {
        let malformed = |e: &dyn std::fmt::Display| EvalError::malformed(path, e);
        let (ids, truths) = (self.ids.clone(), self.truths.clone());
        let header = Header { ids, truths, source: self.source };
        let json = serde_json::to_string(&header).map_err(|e| malformed(&e))?;
        let bytes =
            |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let (features, centers) = (bytes(&self.features), bytes(&self.centers));
        let view = |rows: usize, bytes| TensorView::new(Dtype::F32, vec![rows, self.width], bytes);
        let views = [
            ("features", view(self.ids.len(), &features).map_err(|e| malformed(&e))?),
            ("centers", view(self.classes(), &centers).map_err(|e| malformed(&e))?),
        ];
        let header = HashMap::from([(KEY.to_owned(), json)]);
        let file = safetensors::serialize(views, Some(header)).map_err(|e| malformed(&e))?;
        write_atomic(path, &file).map_err(|e| EvalError::io(path, e))
    }

    /// Reads the file of a run with `classes` classes.
    ///
    /// # Errors
    /// [`EvalError::Io`]; [`EvalError::Malformed`] where it is not whole, its parts do not fit
    /// together, or a number is none.
    pub fn read(path: &Path, classes: usize) -> Result<Self, EvalError> {
        let bytes = read_checked(path)?;
        let malformed = |e: &dyn std::fmt::Display| EvalError::malformed(path, e);
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| malformed(&e))?;
        let json = header.metadata().as_ref().and_then(|m| m.get(KEY));
        let json = json.ok_or_else(|| malformed(&"not deep features of this version"))?;
        let Header { ids, truths, source } =
            serde_json::from_str(json).map_err(|e| malformed(&e))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| malformed(&e))?;
        let matrix = |name: &str, rows: usize| {
            let view = tensors.tensor(name).map_err(|e| malformed(&e))?;
            let fits = view.dtype() == Dtype::F32 && view.shape().len() == 2;
            if !fits || view.shape()[0] != rows || view.shape()[1] == 0 {
                return Err(malformed(&format!("{name} is not of {rows} rows of numbers")));
            }
            let words = view.data().chunks_exact(4);
            let values: Vec<f32> =
                words.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            if !values.iter().all(|value| value.is_finite()) {
                return Err(malformed(&format!("{name} holds a value that is not a number")));
            }
            Ok((values, view.shape()[1]))
        };
        let (features, width) = matrix("features", ids.len())?;
        let (centers, other) = matrix("centers", classes)?;
        if width != other || truths.len() != ids.len() || truths.iter().any(|&k| k >= classes) {
            return Err(malformed(&"its features, classes and centres do not fit together"));
        }
        Ok(Self { ids, truths, width, features, centers, source })
    }
}

#[cfg(test)]
mod tests {
    use super::{CenterSource, DeepFeatures};

    fn some() -> DeepFeatures {
        DeepFeatures {
            ids: vec!["a".to_owned(), "\"b\"\n".to_owned()],
            truths: vec![1, 0],
            width: 3,
            features: vec![0.1, 0.2, 1e-30, 4.0, 5.0, 6.0],
            centers: vec![0.0; 6],
            source: CenterSource::TrainingMeans,
        }
    }

    #[test]
    fn they_come_back_with_the_same_bits() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("features.safetensors");
        some().write(&path).expect("written");
        assert_eq!(DeepFeatures::read(&path, 2).expect("read"), some());
        assert_eq!(some().rows().nth(1), Some(&[4.0, 5.0, 6.0][..]));
    }

    #[test]
    fn files_that_cannot_be_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("features.safetensors");
        some().write(&path).expect("written");
        let refused = |path, classes, what: &str| {
            let error = DeepFeatures::read(path, classes).expect_err(what).to_string();
            assert!(error.contains(what), "{error}");
        };
        refused(&path, 3, "centers is not of 3 rows");
        let not_a_number = DeepFeatures { features: vec![f32::NAN; 6], ..some() };
        not_a_number.write(&path).expect("written");
        refused(&path, 2, "not a number");
        DeepFeatures { truths: vec![0, 2], ..some() }.write(&path).expect("written");
        refused(&path, 2, "do not fit");
        let whole = std::fs::read(&path).expect("bytes");
        for cut in [0, 4, 20, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).expect("written");
            refused(&path, 2, "features.safetensors");
        }
        let short = DeepFeatures { features: vec![0.0; 5], ..some() };
        assert!(short.write(&path).is_err());
    }
}
