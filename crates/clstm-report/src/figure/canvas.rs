//! A drawing: elements in units of CSS pixels. `svg.rs` and `raster.rs` write them.

use super::palette::SERIES;

/// Where text is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// Shapes of marks, so that classes differ not by colour alone.
const SHAPES: usize = 8;

/// Size of a figure's text. Figures are 440 wide, so that on a phone of 360 they shrink to three quarters
/// and their text stays above 9 pixels.
pub(crate) const TEXT: f64 = 12.5;

/// The role of a colour; the palette has its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColorRole {
    /// Text.
    Text,
    /// Text that matters less.
    Muted,
    /// Text on a cell of much opacity.
    On,
    /// And of little.
    Off,
    /// Text over marks, edged with the background.
    Halo,
    /// Axes, whiskers, frames.
    Axis,
    Grid,
    /// Lines to compare with.
    Guide,
    /// Cells of a matrix.
    Cell,
    /// The background.
    Paper,
    /// Areas of a series.
    Fill(usize),
    /// Lines of a series.
    Line(usize),
    /// Marks of a series, edged with the background.
    Mark(usize),
}

impl ColorRole {
    /// Its class in a style sheet.
    pub(crate) fn class(self) -> String {
        match self {
            Self::Text => String::new(),
            Self::Muted => "muted".to_owned(),
            Self::On => "on".to_owned(),
            Self::Off => "off".to_owned(),
            Self::Halo => "halo".to_owned(),
            Self::Axis => "axis".to_owned(),
            Self::Grid => "grid".to_owned(),
            Self::Guide => "guide".to_owned(),
            Self::Cell => "cell".to_owned(),
            Self::Paper => "paper".to_owned(),
            Self::Fill(series) => format!("f{}", series % SERIES),
            Self::Line(series) => format!("l{}", series % SERIES),
            Self::Mark(series) => format!("m{}", series % SERIES),
        }
    }
}

/// How a line or area is drawn, besides its colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    pub(crate) opacity: f64,
    /// Of lines.
    pub(crate) width: f64,
    /// Lengths of dashes and gaps.
    pub(crate) dash: Option<[f64; 2]>,
}

/// Default width of lines.
pub(crate) const LINE: f64 = 1.2;

impl Style {
    pub(crate) const PLAIN: Self = Self { opacity: 1.0, width: LINE, dash: None };

    pub(crate) fn faint(opacity: f64) -> Self {
        Self { opacity, ..Self::PLAIN }
    }

    pub(crate) fn line(width: f64, dash: Option<[f64; 2]>) -> Self {
        Self { width, dash, ..Self::PLAIN }
    }
}

/// Text and where it is.
#[derive(Clone, Debug)]
pub(crate) struct TextStyle {
    pub(crate) at: [f64; 2],
    pub(crate) anchor: Anchor,
    pub(crate) color: ColorRole,
    pub(crate) size: f64,
    /// Degrees that it is turned by, clockwise, about `at`.
    pub(crate) turn: f64,
    pub(crate) text: String,
}

/// An element of a drawing.
#[derive(Clone, Debug)]
pub(crate) enum Element {
    /// Straight lines through points, closed for an area.
    Path {
        points: Vec<[f64; 2]>,
        closed: bool,
        color: ColorRole,
        style: Style,
    },
    Circle {
        at: [f64; 2],
        radius: f64,
        color: ColorRole,
        style: Style,
    },
    Text(TextStyle),
}

/// A drawing under way, from back to front.
#[derive(Clone, Debug)]
pub(crate) struct Canvas {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) elements: Vec<Element>,
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, elements: Vec::new() }
    }

    pub(crate) fn line(&mut self, from: [f64; 2], to: [f64; 2], color: ColorRole) {
        self.path(&[from, to], color, Style::PLAIN);
    }

    /// A rectangle; sides below nothing are none.
    pub(crate) fn rect(
        &mut self,
        [x, y]: [f64; 2],
        [w, h]: [f64; 2],
        color: ColorRole,
        style: Style,
    ) {
        let (right, bottom) = (x + w.max(0.0), y + h.max(0.0));
        let points = vec![[x, y], [right, y], [right, bottom], [x, bottom]];
        self.elements.push(Element::Path { points, closed: true, color, style });
    }

    /// A line through points; nothing for fewer than two.
    pub(crate) fn path(&mut self, points: &[[f64; 2]], color: ColorRole, style: Style) {
        if points.len() > 1 {
            let points = points.to_vec();
            self.elements.push(Element::Path { points, closed: false, color, style });
        }
    }

    /// A mark of the shape and colour of a series.
    pub(crate) fn mark(&mut self, at: [f64; 2], radius: f64, series: usize, opacity: f64) {
        // Colours repeat after eight; shapes then are others.
        let shape = (series + series / SHAPES) % SHAPES;
        self.shape(at, radius, shape, ColorRole::Mark(series), Style::faint(opacity));
    }

    /// A mark of a shape: 0 a circle, then square, triangle, diamond, triangle down, plus, cross, bar.
    pub(crate) fn shape(
        &mut self,
        [x, y]: [f64; 2],
        r: f64,
        shape: usize,
        color: ColorRole,
        style: Style,
    ) {
        let outline: &[[f64; 2]] = match shape {
            0 => {
                return self.elements.push(Element::Circle { at: [x, y], radius: r, color, style });
            }
            1 => &[[-0.88, -0.88], [0.88, -0.88], [0.88, 0.88], [-0.88, 0.88]],
            2 => &[[0.0, -1.15], [1.05, 0.75], [-1.05, 0.75]],
            3 => &[[0.0, -1.25], [1.25, 0.0], [0.0, 1.25], [-1.25, 0.0]],
            4 => &[[0.0, 1.15], [1.05, -0.75], [-1.05, -0.75]],
            5 => &PLUS,
            6 => &CROSS,
            _ => &[[-1.2, -0.45], [1.2, -0.45], [1.2, 0.45], [-1.2, 0.45]],
        };
        let points = outline.iter().map(|[dx, dy]| [x + r * dx, y + r * dy]).collect();
        self.elements.push(Element::Path { points, closed: true, color, style });
    }

    pub(crate) fn text(&mut self, at: [f64; 2], anchor: Anchor, color: ColorRole, text: &str) {
        self.lettering(at, anchor, color, TEXT, 0.0, text);
    }

    /// Text of another size.
    pub(crate) fn small(
        &mut self,
        at: [f64; 2],
        anchor: Anchor,
        color: ColorRole,
        size: f64,
        text: &str,
    ) {
        self.lettering(at, anchor, color, size, 0.0, text);
    }

    /// Text turned by degrees, clockwise.
    pub(crate) fn turned(
        &mut self,
        at: [f64; 2],
        anchor: Anchor,
        turn: f64,
        color: ColorRole,
        text: &str,
    ) {
        self.lettering(at, anchor, color, TEXT, turn, text);
    }

    fn lettering(
        &mut self,
        at: [f64; 2],
        anchor: Anchor,
        color: ColorRole,
        size: f64,
        turn: f64,
        text: &str,
    ) {
        let text = text.to_owned();
        self.elements.push(Element::Text(TextStyle { at, anchor, color, size, turn, text }));
    }
}

const PLUS: [[f64; 2]; 12] = [
    [-0.4, -1.2],
    [0.4, -1.2],
    [0.4, -0.4],
    [1.2, -0.4],
    [1.2, 0.4],
    [0.4, 0.4],
    [0.4, 1.2],
    [-0.4, 1.2],
    [-0.4, 0.4],
    [-1.2, 0.4],
    [-1.2, -0.4],
    [-0.4, -0.4],
];

/// The plus, turned by an eighth.
const CROSS: [[f64; 2]; 12] = [
    [0.0, -0.57],
    [0.57, -1.13],
    [1.13, -0.57],
    [0.57, 0.0],
    [1.13, 0.57],
    [0.57, 1.13],
    [0.0, 0.57],
    [-0.57, 1.13],
    [-1.13, 0.57],
    [-0.57, 0.0],
    [-1.13, -0.57],
    [-0.57, -1.13],
];

/// About how wide text is, in the widest of the usual fonts: figures leave space by it.
pub(crate) fn text_width(text: &str) -> f64 {
    let width = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ' ' | 'I' | '\'' => 0.32,
        'm' | 'w' | 'M' | 'W' => 0.9,
        c if c.is_ascii() => 0.6,
        c if (c as u32) < 0x1100 => 0.65,
        _ => 1.0,
    };
    text.chars().map(width).sum::<f64>() * TEXT
}

/// Text cut to a width, with an ellipsis.
pub(crate) fn fitted(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if text_width(&cut) + TEXT > width {
            cut.pop();
            break;
        }
    }
    cut + "…"
}

#[cfg(test)]
mod tests {
    use super::{fitted, text_width};

    #[test]
    fn long_text_is_cut() {
        assert_eq!(fitted("sad", 100.0), "sad");
        let cut = fitted("a very long name of a class", 60.0);
        assert!(cut.ends_with('…') && text_width(&cut) < 66.0, "{cut}");
    }
}
