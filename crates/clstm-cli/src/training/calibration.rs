//! Calibration of a model of the whole corpus, and calibrations as text.

use std::fmt::Write as _;
use std::path::Path;

use clstm::{Calibration, CalibrationScores, PlattScaling, ProbabilityCalibration, RiskPoint};
use clstm_train::{RunCalibration, RunMetrics};

use crate::table::{Table, percent};
use crate::text::printable;

/// Rows of a risk-coverage table: about every tenth of coverage.
const ROWS: usize = 10;

/// The run whose calibration a model gets: the first speaker-independent one with a calibration, or else the first
/// with one. New recordings are of unseen speakers; calibrated on seen speakers, a model is overconfident.
pub(crate) fn source<'a>(
    runs: &'a [(&'a Path, RunMetrics)],
) -> Option<(&'a Path, &'a RunMetrics, &'a RunCalibration)> {
    let calibrated =
        || runs.iter().filter_map(|(path, run)| Some((*path, run, run.calibration.as_ref()?)));
    let independent = calibrated().find(|(_, run, _)| run.protocol.is_speaker_independent());
    independent.or_else(|| calibrated().next())
}

/// The temperature, and in brackets slope and offset of the Platt scaling of the confidence.
pub(crate) fn scaling(
    ProbabilityCalibration { temperature, top_label }: &ProbabilityCalibration,
) -> String {
    let PlattScaling { slope, offset } = top_label;
    format!("{temperature:.3} ({slope:.2} {offset:+.2})")
}

/// Calibration errors, the risk-coverage curve in few rows, and the recommended threshold. Coverage is the share of
/// utterances at or above the threshold, risk the share of wrong predictions among them.
pub(crate) fn describe(calibration: &Calibration) -> String {
    let Calibration { bins, uncalibrated, calibrated, aurc, .. } = calibration;
    let ece = format!("ECE ({bins} bins)");
    let mut scores = Table::new(1, ["", &ece, "NLL", "Brier"]);
    for (name, of) in [("uncalibrated", uncalibrated), ("calibrated", calibrated)] {
        let CalibrationScores { ece, nll, brier } = of;
        scores.row([name, &percent(*ece), &format!("{nll:.3}"), &format!("{brier:.3}")]);
    }
    let mut text = format!("{}\n{scores}", printable(&calibration.describe()));
    let mut curve = Table::new(0, ["threshold", "coverage", "risk"]);
    for point in thinned(&calibration.risk_coverage) {
        curve.row([percent(point.threshold), percent(point.coverage), percent(point.risk)]);
    }
    let _ = write!(text, "\nrisk and coverage (AURC {aurc:.3})\n{curve}");
    let _ = match calibration.abstention {
        Some(RiskPoint { threshold, coverage, risk }) => writeln!(
            text,
            "recommended threshold for --abstain {}: coverage {}, risk {}",
            percent(threshold),
            percent(coverage),
            percent(risk)
        ),
        None => writeln!(text, "no threshold for --abstain is recommended"),
    };
    text
}

/// At most [`ROWS`] points, the ends included, about evenly over the coverage.
fn thinned(points: &[RiskPoint]) -> Vec<&RiskPoint> {
    let mut kept: Vec<&RiskPoint> = Vec::new();
    for point in points {
        let step = 1.0 / ROWS as f64 - 1e-9;
        if kept.last().is_none_or(|last| last.coverage - point.coverage >= step) {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use clstm::{Calibration, CalibrationMethod, CalibrationScores, EvalProtocol, RiskPoint};

    use super::describe;

    #[test]
    fn a_calibration_in_words() {
        let point = |threshold, coverage, risk| RiskPoint { threshold, coverage, risk };
        let mut calibration = Calibration {
            protocol: EvalProtocol {
                remark: Some("made-up, 5 folds".to_owned()),
                ..EvalProtocol::default()
            },
            folds: 5,
            method: CalibrationMethod::CrossFit,
            utterances: 100,
            bins: 15,
            uncalibrated: CalibrationScores { ece: 0.21, nll: 1.5, brier: 0.7 },
            calibrated: CalibrationScores { ece: 0.034, nll: 1.25, brier: 0.61 },
            aurc: 0.2,
            risk_coverage: vec![
                point(0.0, 1.0, 0.4),
                point(0.3, 0.98, 0.39),
                point(0.4, 0.9, 0.3),
                point(0.9, 0.1, 0.0),
            ],
            abstention: Some(point(0.55, 0.7, 0.2)),
        };
        let expected = "\
made-up, 5 folds
              ECE (15 bins)    NLL  Brier
uncalibrated          21.0%  1.500  0.700
calibrated             3.4%  1.250  0.610

risk and coverage (AURC 0.200)
threshold  coverage   risk
     0.0%    100.0%  40.0%
    40.0%     90.0%  30.0%
    90.0%     10.0%   0.0%
recommended threshold for --abstain 55.0%: coverage 70.0%, risk 20.0%
";
        assert_eq!(describe(&calibration), expected);
        calibration.abstention = None;
        assert!(describe(&calibration).ends_with("no threshold for --abstain is recommended\n"));
    }
}
