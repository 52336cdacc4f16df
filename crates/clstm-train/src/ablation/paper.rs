//! The figures of the paper's Table 1.

use clstm_nn::Preset;
use serde::{Deserialize, Serialize};

/// What the paper reports of a row: unweighted accuracy over five folds, as fractions (Table 1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaperFigures {
    /// Four classes of IEMOCAP.
    pub iemocap: f64,
    /// Eight classes of RAVDESS.
    pub ravdess: f64,
}

/// A row as the paper names it, and its figures; none for presets that are not in the table.
pub(super) fn row(preset: Preset) -> Option<(&'static str, PaperFigures)> {
    let (name, iemocap, ravdess) = match preset {
        Preset::ConvLstmFcn => ("ConvLSTM + FCN + Softmax", 0.6518, 0.6921),
        Preset::ConvLstmSkipFcn => ("ConvLSTM + Skip connection + FCN + Softmax", 0.6633, 0.6967),
        Preset::ConvLstmBiLstm => ("ConvLSTM + BiLSTM + Softmax", 0.6544, 0.6937),
        Preset::ConvLstmSkipBiLstm => {
            ("ConvLSTM + Skip connection + BiLSTM + Softmax", 0.6701, 0.7329)
        }
        Preset::ConvLstmBiGru => ("ConvLSTM + BiGRU + Softmax", 0.6926, 0.7667),
        Preset::ConvLstmSkipBiGru => {
            ("ConvLSTM + Skip connection + BiGRU + Softmax", 0.7386, 0.7866)
        }
        Preset::Clstm => ("ConvLSTM + Skip connection + BiGRU + Center loss", 0.7503, 0.8005),
        _ => return None,
    };
    Some((name, PaperFigures { iemocap, ravdess }))
}
