//! Calibrated probabilities of logits.

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// Calibration of logits: temperature scaling of all classes, then Platt scaling of the top label.
///
/// The temperature (Guo et al., *On Calibration of Modern Neural Networks*, 2017) makes the true classes as
/// likely as possible. A confidence should state how often predictions with it are correct, which is another criterion, and
/// one number does not meet both: for unseen speakers, temperatures leave confidences
/// some points too high. So the confidence is then scaled for itself ([`PlattScaling`]).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbabilityCalibration {
    /// What the logits are divided by; 1 leaves them.
    pub temperature: f64,
    /// What is done to the largest probability.
    #[serde(default)]
    pub top_label: PlattScaling,
}

/// Platt scaling of the largest probability `p` (Platt, *Probabilistic Outputs for Support Vector Machines*,
/// 1999; of the top label: Gupta & Ramdas, *Top-label calibration*, ICLR 2022): its log odds become
/// `slope * ln(p / (1 - p)) + offset`. The other classes keep their proportions and share the rest.
///
/// The top label stays on top: where others would overtake it, it stays just above them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlattScaling {
    /// Above 0; 1 leaves the log odds.
    pub slope: f64,
    /// Added to the log odds.
    pub offset: f64,
}

impl PlattScaling {
    /// Changes nothing.
    pub const IDENTITY: Self = Self { slope: 1.0, offset: 0.0 };
}

impl Default for PlattScaling {
    fn default() -> Self {
        Self::IDENTITY
    }
}

impl Default for ProbabilityCalibration {
    /// The softmax alone.
    fn default() -> Self {
        Self { temperature: 1.0, top_label: PlattScaling::IDENTITY }
    }
}

/// Smallest ratio of the top label's probability to the next one: enough to survive rounding.
const LEAD: f64 = 1.0 + 1e-9;

/// Largest factor and offset that a model file may ask for: far beyond any that was ever fitted, and far from where
/// numbers overflow.
const MOST: f64 = 1e6;

impl ProbabilityCalibration {
    /// A temperature alone.
    #[must_use]
    pub fn of_temperature(temperature: f64) -> Self {
        Self { temperature, ..Self::default() }
    }

    /// The probabilities of logits.
    ///
    /// Not a number where a logit is none; empty for no logits.
    #[must_use]
    pub fn probabilities(&self, logits: &[f64]) -> Vec<f64> {
        let mut values = logits.to_vec();
        self.apply(&mut values);
        values
    }

    /// [`ProbabilityCalibration::probabilities`] in the place of the logits.
    pub fn apply(&self, values: &mut [f64]) {
        let best = values.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((best, largest)) = best else { return };
        values.iter_mut().for_each(|z| *z = ((*z - largest) / self.temperature).exp());
        // Of the largest, that is 1: what the others weigh is not lost beside it.
        let (others, next) = values
            .iter()
            .enumerate()
            .filter(|(class, _)| *class != best)
            .fold((0.0, 0.0_f64), |(sum, next), (_, power)| (sum + power, next.max(*power)));
        let (top, rest) = match self.top_label {
            PlattScaling::IDENTITY => (1.0 / (1.0 + others), others / (1.0 + others)),
            _ if others == 0.0 => (1.0, 0.0),
            PlattScaling { slope, offset } => {
                let odds = offset - slope * others.ln();
                let least = LEAD * next / (others + LEAD * next);
                let (top, rest) = (1.0 / (1.0 + (-odds).exp()), 1.0 / (1.0 + odds.exp()));
                if top < least { (least, 1.0 - least) } else { (top, rest) }
            }
        };
        let share = if others == 0.0 { 0.0 } else { rest / others };
        for (class, value) in values.iter_mut().enumerate() {
            *value = if class == best { top } else { *value * share };
        }
    }

    /// Checks that it can be applied.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] naming the field.
    pub(crate) fn validate(&self) -> Result<(), ModelError> {
        let factor = |field, value: f64| {
            if (1.0 / MOST..=MOST).contains(&value) {
                return Ok(());
            }
            Err(ModelError::invalid(field, format!("{value} is not in {}..={MOST}", 1.0 / MOST)))
        };
        factor("temperature", self.temperature)?;
        factor("top_label.slope", self.top_label.slope)?;
        let offset = self.top_label.offset;
        if !(-MOST..=MOST).contains(&offset) {
            let reason = format!("{offset} is not in -{MOST}..={MOST}");
            return Err(ModelError::invalid("top_label.offset", reason));
        }
        Ok(())
    }
}
