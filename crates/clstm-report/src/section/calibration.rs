//! Calibration, and risk and coverage of abstaining.

use clstm_eval::{ECE_BINS, RunCalibration};

use super::Context;
use crate::document::{Block, Cell, Figure, Table, Unit};
use crate::figure::{reliability, risk_coverage};
use crate::{Analysis, Run};

pub(super) fn blocks(context: &Context<'_>) -> Vec<Block> {
    let measured: Vec<(&Run, &Analysis, &RunCalibration)> = context
        .each()
        .filter_map(|(run, analysis)| Some((run, analysis, run.metrics.calibration.as_ref()?)))
        .collect();
    if measured.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Table(table(&measured))];
    for (run, analysis, calibration) in &measured {
        blocks.extend(context.heading(run));
        blocks.push(Block::Figures(figures(context, run, analysis, calibration)));
    }
    blocks
}

fn table(measured: &[(&Run, &Analysis, &RunCalibration)]) -> Table {
    let protocols: Vec<String> = match measured {
        [(run, _, one)] => vec![one.summary(run.protocol()).describe()],
        _ => measured
            .iter()
            .map(|(run, _, of)| format!("{}: {}", run.name, of.summary(run.protocol()).describe()))
            .collect(),
    };
    let note = format!(
        "{}. ECE: expected calibration error over {ECE_BINS} bins of equal width (Guo et al. 2017). AURC: area \
         under the risk-coverage curve. Accepted and wrong: the shares at the threshold that is recommended \
         for abstaining, which no label of the utterances it is counted on had a part in.",
        protocols.join(". ")
    );
    let caption = "Confidence, before and after calibration.";
    let mut table = Table::new("calibration", caption, &note).columns([
        ("run", Unit::Text),
        ("ECE before %", Unit::Percent),
        ("ECE after %", Unit::Percent),
        ("NLL before", Unit::Decimal(3)),
        ("NLL after", Unit::Decimal(3)),
        ("Brier before", Unit::Decimal(3)),
        ("Brier after", Unit::Decimal(3)),
        ("AURC", Unit::Decimal(3)),
        ("threshold %", Unit::Percent),
        ("accepted %", Unit::Percent),
        ("wrong of these %", Unit::Percent),
    ]);
    for (run, _, RunCalibration { uncalibrated, calibrated, risk_coverage, abstention, .. }) in
        measured
    {
        let at = |pick: fn(&clstm::RiskPoint) -> f64| Cell::maybe(abstention.as_ref().map(pick));
        table.row(vec![
            Cell::text(&run.name),
            Cell::Number(uncalibrated.ece),
            Cell::Number(calibrated.ece),
            Cell::Number(uncalibrated.nll),
            Cell::Number(calibrated.nll),
            Cell::Number(uncalibrated.brier),
            Cell::Number(calibrated.brier),
            Cell::Number(risk_coverage.aurc),
            at(|point| point.threshold),
            at(|point| point.coverage),
            at(|point| point.risk),
        ]);
    }
    table
}

fn figures(
    context: &Context<'_>,
    run: &Run,
    analysis: &Analysis,
    calibration: &RunCalibration,
) -> Vec<Figure> {
    let (of, protocol) = (context.of(run), &analysis.protocol);
    let RunCalibration { uncalibrated, calibrated, risk_coverage: curve, abstention, .. } =
        calibration;
    let whole = curve.points.first().map_or(0.0, |point| point.risk);
    let mark = match abstention {
        Some(_) => {
            " The diamond is the recommended threshold, measured on folds that it was not chosen on."
        }
        None => "",
    };
    vec![
        Figure {
            name: context.name(run, "reliability"),
            caption: format!(
                "Reliability{of}: accuracy of the predictions in bins of confidence; on the dotted line \
                 both are equal. Below, the number of predictions after calibration. {protocol}."
            ),
            description: format!(
                "Accuracy against confidence. Expected calibration error {:.1}% before calibration, {:.1}% \
                 after.",
                100.0 * uncalibrated.ece,
                100.0 * calibrated.ece
            ),
            canvas: reliability(uncalibrated, calibrated),
        },
        Figure {
            name: context.name(run, "risk-coverage"),
            caption: format!("Risk and coverage{of}.{mark} {protocol}."),
            description: format!(
                "Share of wrong predictions against the share of accepted ones: {:.1}% wrong where all are \
                 accepted, fewer where those of low confidence are withheld.",
                100.0 * whole
            ),
            canvas: risk_coverage(&curve.points, *abstention),
        },
    ]
}
