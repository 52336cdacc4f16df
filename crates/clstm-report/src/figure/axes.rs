//! Axes of plots.

use super::canvas::{Anchor, Canvas, ColorRole, text_width};

/// A range of values and where it is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Values at the ends.
    pub(crate) from: [f64; 2],
    /// Places of the ends.
    pub(crate) to: [f64; 2],
}

impl Scale {
    /// Where a value is.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let [low, high] = self.from;
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        self.to[0] + share * (self.to[1] - self.to[0])
    }

    /// About `count` round values within, ascending.
    pub(crate) fn ticks(&self, count: usize) -> Vec<f64> {
        let [low, high] = self.from;
        let step = round_step((high - low) / count.max(1) as f64);
        if !step.is_finite() || step <= 0.0 {
            return vec![low];
        }
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

/// 1, 2 or 5 times a power of ten, not below `step` by more than a rounding.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps.into_iter().find(|round| *round >= step * 0.999).unwrap_or(step)
}

/// The frame of a plot: its scales, and what is written along them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) x_title: &'a str,
    pub(crate) y_title: &'a str,
    pub(crate) x_label: fn(f64) -> String,
    pub(crate) y_label: fn(f64) -> String,
}

impl Frame<'_> {
    /// Grid, axes, ticks and titles.
    pub(crate) fn draw(&self, canvas: &mut Canvas) {
        let ([left, right], [bottom, top]) = (self.x.to, self.y.to);
        for value in self.y.ticks(5) {
            let y = self.y.at(value);
            canvas.line([left, y], [right, y], ColorRole::Grid);
            canvas.text(
                [left - 6.0, y + 4.0],
                Anchor::End,
                ColorRole::Text,
                &(self.y_label)(value),
            );
        }
        for value in self.x.ticks(5) {
            let x = self.x.at(value);
            canvas.line([x, bottom], [x, bottom + 4.0], ColorRole::Axis);
            canvas.text(
                [x, bottom + 17.0],
                Anchor::Middle,
                ColorRole::Text,
                &(self.x_label)(value),
            );
        }
        canvas.line([left, bottom], [right, bottom], ColorRole::Axis);
        canvas.line([left, bottom], [left, top], ColorRole::Axis);
        let middle = (left + right) / 2.0;
        canvas.text([middle, bottom + 34.0], Anchor::Middle, ColorRole::Muted, self.x_title);
        let up = [13.0, (top + bottom) / 2.0];
        canvas.turned(up, Anchor::Middle, -90.0, ColorRole::Muted, self.y_title);
    }

    /// A point of the plot.
    pub(crate) fn at(&self, x: f64, y: f64) -> [f64; 2] {
        [self.x.at(x), self.y.at(y)]
    }
}

/// A fraction as a whole percentage.
pub(crate) fn percent(value: f64) -> String {
    format!("{:.0}%", 100.0 * value)
}

/// A number with as many decimals as it needs, three at most.
pub(crate) fn plain(value: f64) -> String {
    let rounded = (value * 1000.0).round() / 1000.0;
    format!("{}", rounded + 0.0)
}

/// A line of a legend: how it is drawn and what it is.
pub(crate) struct Entry<'a> {
    pub(crate) sample: &'a dyn Fn(&mut Canvas, [f64; 2]),
    pub(crate) name: &'a str,
}

/// Samples and names in a row from a point on.
pub(crate) fn legend(canvas: &mut Canvas, [mut x, y]: [f64; 2], entries: &[Entry<'_>]) {
    for Entry { sample, name } in entries {
        sample(canvas, [x, y - 4.0]);
        canvas.text([x + 27.0, y], Anchor::Start, ColorRole::Text, name);
        x += 27.0 + text_width(name) + 14.0;
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    fn ticks(low: f64, high: f64) -> Vec<f64> {
        Scale { from: [low, high], to: [0.0, 1.0] }.ticks(5)
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 1.0).len(), 6);
        assert_eq!(ticks(1.0, 90.0), [20.0, 40.0, 60.0, 80.0]);
        assert_eq!(ticks(0.0, 2.3), [0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(ticks(3.0, 3.0), [3.0]);
        assert_eq!(ticks(-1.0, 1.0).len(), 5);
    }
}
