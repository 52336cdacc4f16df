//! The reliability diagram: confidence against accuracy, before and after calibration.

use clstm_eval::{Reliability, ReliabilityBin};

use super::axes::{Entry, Frame, Scale, legend, percent};
use super::canvas::{Anchor, Canvas, ColorRole, Style};

/// Both sides as points of their bins, whose size is the number of predictions in a bin, with how many there
/// are after calibration as bars below.
pub(crate) fn reliability(before: &Reliability, after: &Reliability) -> Canvas {
    let mut canvas = Canvas::new(440.0, 400.0);
    let frame = Frame {
        x: Scale { from: [0.0, 1.0], to: [58.0, 420.0] },
        y: Scale { from: [0.0, 1.0], to: [268.0, 34.0] },
        x_title: "",
        y_title: "accuracy",
        x_label: |_| String::new(),
        y_label: percent,
    };
    frame.draw(&mut canvas);
    let diagonal = [frame.at(0.0, 0.0), frame.at(1.0, 1.0)];
    canvas.path(&diagonal, ColorRole::Guide, Style::line(1.2, Some([3.0, 3.0])));
    let filled = |side: &Reliability| -> Vec<ReliabilityBin> {
        side.bins.iter().copied().filter(|bin| bin.count > 0).collect()
    };
    for (series, side) in [(1, before), (0, after)] {
        let bins = filled(side);
        let at = |bin: &ReliabilityBin| frame.at(bin.confidence, bin.accuracy);
        let points: Vec<[f64; 2]> = bins.iter().map(at).collect();
        canvas.path(&points, ColorRole::Line(series), style(series));
        points.iter().for_each(|point| canvas.mark(*point, 3.8, series, 1.0));
    }
    // The number of predictions of each confidence.
    let most = after.bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let y = Scale { from: [0.0, most as f64], to: [350.0, 290.0] };
    let count = after.bins.len().max(1) as f64;
    for (index, bin) in after.bins.iter().enumerate() {
        let [from, to] = [index, index + 1].map(|edge| frame.x.at(edge as f64 / count));
        let top = y.at(bin.count as f64);
        let size = [to - from - 2.0, 350.0 - top];
        canvas.rect([from + 1.0, top], size, ColorRole::Fill(0), Style::faint(0.55));
    }
    canvas.line([58.0, 350.0], [420.0, 350.0], ColorRole::Axis);
    canvas.text([52.0, 354.0], Anchor::End, ColorRole::Text, "0");
    canvas.text([52.0, 294.0], Anchor::End, ColorRole::Text, &most.to_string());
    canvas.turned([13.0, 320.0], Anchor::Middle, -90.0, ColorRole::Muted, "predictions");
    for value in frame.x.ticks(5) {
        let x = frame.x.at(value);
        canvas.line([x, 350.0], [x, 354.0], ColorRole::Axis);
        canvas.text([x, 367.0], Anchor::Middle, ColorRole::Text, &percent(value));
    }
    canvas.text([239.0, 386.0], Anchor::Middle, ColorRole::Muted, "confidence");
    let sample = |series: usize| {
        move |canvas: &mut Canvas, [x, y]: [f64; 2]| {
            canvas.path(&[[x, y], [x + 22.0, y]], ColorRole::Line(series), style(series));
            canvas.mark([x + 11.0, y], 3.8, series, 1.0);
        }
    };
    let (first, second) = (sample(1), sample(0));
    let entries = [
        Entry { sample: &first, name: "before calibration" },
        Entry { sample: &second, name: "after" },
    ];
    legend(&mut canvas, [60.0, 18.0], &entries);
    canvas
}

/// Before calibration dashed, after it full.
fn style(series: usize) -> Style {
    Style::line(1.6, (series == 1).then_some([7.0, 4.0]))
}
