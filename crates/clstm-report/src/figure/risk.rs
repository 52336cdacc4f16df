//! Risk and coverage: what abstaining where the model is unsure gives.

use clstm::RiskPoint;

use super::axes::{Frame, Scale, percent};
use super::canvas::{Anchor, Canvas, ColorRole, Style};

/// The curve, and the recommended threshold as a mark.
pub(crate) fn risk_coverage(points: &[RiskPoint], abstention: Option<RiskPoint>) -> Canvas {
    let mut canvas = Canvas::new(440.0, 292.0);
    let most = points.iter().chain(&abstention).map(|point| point.risk).fold(0.02, f64::max) * 1.08;
    let frame = Frame {
        x: Scale { from: [0.0, 1.0], to: [58.0, 420.0] },
        y: Scale { from: [0.0, most], to: [248.0, 20.0] },
        x_title: "coverage: share of the predictions that are accepted",
        y_title: "risk: share of these that are wrong",
        x_label: percent,
        y_label: |value| {
            let decimals = if (100.0 * value).fract().abs() < 1e-6 { 0 } else { 1 };
            format!("{:.decimals$}%", 100.0 * value)
        },
    };
    frame.draw(&mut canvas);
    let line: Vec<[f64; 2]> = points.iter().map(|p| frame.at(p.coverage, p.risk)).collect();
    canvas.path(&line, ColorRole::Line(0), Style::line(2.0, None));
    if let Some(point) = abstention {
        let [x, y] = frame.at(point.coverage, point.risk);
        canvas.line([x, y], [x, frame.y.to[0]], ColorRole::Guide);
        canvas.shape([x, y], 5.0, 3, ColorRole::Mark(1), Style::PLAIN);
        let label = format!("sure by {:.0}%", 100.0 * point.threshold);
        canvas.text([x - 9.0, y - 9.0], Anchor::End, ColorRole::Halo, &label);
    }
    canvas
}
