//! Predicted and true values of a continuous target.

use super::axes::{Frame, Scale, plain};
use super::canvas::{Canvas, ColorRole, Style};

/// Points `[true, predicted]`, on one scale for both directions; on the dotted line both are equal.
pub(crate) fn scatter(points: &[[f64; 2]]) -> Canvas {
    let values = || points.iter().flatten().copied();
    let (low, high) =
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let edge = 0.04 * (high - low).max(1e-9);
    let range = [low - edge, high + edge];
    let mut canvas = Canvas::new(400.0, 396.0);
    let frame = Frame {
        x: Scale { from: range, to: [58.0, 386.0] },
        y: Scale { from: range, to: [350.0, 22.0] },
        x_title: "true value",
        y_title: "predicted value",
        x_label: plain,
        y_label: plain,
    };
    frame.draw(&mut canvas);
    let diagonal = range.map(|value| frame.at(value, value));
    canvas.path(&diagonal, ColorRole::Guide, Style::line(1.4, Some([2.0, 4.0])));
    for [truth, predicted] in points {
        canvas.mark(frame.at(*truth, *predicted), 2.6, 0, 0.5);
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::scatter;

    #[test]
    fn equal_values_are_on_the_line_and_one_value_makes_a_plot() {
        let drawn = scatter(&[[1.0, 1.0], [5.0, 3.0]]).file("caption", "description");
        assert!(drawn.contains("true value") && drawn.contains("predicted value"));
        assert!(!scatter(&[[2.0, 2.0]]).file("caption", "description").contains("NaN"));
    }
}
