//! Colours, as style sheets for pages and for files of their own.
//!
//! Figures name what a thing is by a class (`color`, `grid`, `f3` for the fill of series 3); how that looks
//! like is here alone. Series follow Okabe & Ito, *Color Universal Design* (2008), darkened for white paper
//! or lightened for dark pages until each has a contrast of 3:1 to its background (WCAG 2.2, 1.4.11), and
//! differ in shape or dash besides.

use std::fmt::Write as _;

/// Series that differ in colour.
pub(crate) const SERIES: usize = 8;

/// The colours of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    pub(crate) background: &'static str,
    /// Text and axes.
    pub(crate) color: &'static str,
    /// Text that matters less; 4.5:1 all the same.
    pub(crate) muted: &'static str,
    /// Lines behind the data.
    pub(crate) grid: &'static str,
    /// Cells of matrices, in shares of opacity.
    pub(crate) cell: &'static str,
    /// Text on cells of much opacity, and of little: black and white, since with softer inks some shade
    /// between would leave neither with a contrast of 4.5:1.
    pub(crate) on: &'static str,
    pub(crate) off: &'static str,
    pub(crate) series: [&'static str; SERIES],
}

/// White paper.
pub(crate) const LIGHT: Palette = Palette {
    background: "#ffffff",
    color: "#1b1b1b",
    muted: "#5a5a5a",
    grid: "#dcdcdc",
    cell: "#0b3d6e",
    on: "#ffffff",
    off: "#000000",
    series: [
        "#0067a5", "#c44e00", "#00835f", "#a8508a", "#8a6d00", "#2a8fc4", "#7a3b1d", "#5f5f5f",
    ],
};

/// A dark screen.
pub(crate) const DARK: Palette = Palette {
    background: "#14161a",
    color: "#e6e6e3",
    muted: "#a6a6a2",
    grid: "#34373d",
    cell: "#64a7e8",
    on: "#000000",
    off: "#ffffff",
    series: [
        "#5aaeea", "#f0843a", "#35c197", "#e09ac6", "#e0c04a", "#8fd3f7", "#d6926e", "#b4b4b4",
    ],
};

impl Palette {
    /// The rules of figures.
    pub(crate) fn rules(&self) -> String {
        let Self { background, color, muted, grid, cell, on, off, series } = self;
        let mut css = format!(
            ".fig text{{fill:{color};stroke:none}}.fig .muted{{fill:{muted}}}\
             .fig .axis{{stroke:{color};fill:none}}.fig .grid{{stroke:{grid};fill:none}}\
             .fig .guide{{stroke:{muted};fill:none}}.fig .cell{{fill:{cell}}}\
             .fig text.on{{fill:{on}}}.fig text.off{{fill:{off}}}.fig .paper{{fill:{background}}}\
             .fig text.halo{{stroke:{background};stroke-width:3;paint-order:stroke;\
             stroke-linejoin:round}}"
        );
        for (number, color) in series.iter().enumerate() {
            // A mark is filled and edged with its background, so that marks that overlap are distinguishable.
            let _ = write!(
                css,
                ".fig .f{number}{{fill:{color}}}.fig .l{number}{{stroke:{color};fill:none}}\
                 .fig .m{number}{{fill:{color};stroke:{background};stroke-width:.7}}"
            );
        }
        css
    }

    /// Whether text on a cell of so much opacity is to be in [`on`](Self::on). The two contrasts meet
    /// here, on white paper as on dark pages: both cells were chosen for that.
    pub(crate) fn is_strong(opacity: f64) -> bool {
        opacity > 0.69
    }
}

#[cfg(test)]
mod tests {
    use super::{DARK, LIGHT, Palette};

    fn channels(color: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0)
    }

    /// Relative luminance of WCAG 2.
    fn luminance(color: [f64; 3]) -> f64 {
        let linear = |c: f64| match c <= 0.04045 {
            true => c / 12.92,
            false => ((c + 0.055) / 1.055).powf(2.4),
        };
        let [r, g, b] = color.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn everything_can_be_seen() {
        for palette in [LIGHT, DARK] {
            let background = channels(palette.background);
            for text in [palette.color, palette.muted] {
                assert!(contrast(channels(text), background) >= 4.5, "{text}");
            }
            for color in palette.series {
                let found = contrast(channels(color), background);
                assert!(found >= 3.0, "{color}: {found}");
            }
        }
    }

    #[test]
    fn numbers_in_cells_can_be_read() {
        for palette in [LIGHT, DARK] {
            let [cell, paper, on, off] =
                [palette.cell, palette.background, palette.on, palette.off].map(channels);
            for step in 0..=100 {
                let share = f64::from(step) / 100.0;
                let mixed = [0, 1, 2].map(|i| share * cell[i] + (1.0 - share) * paper[i]);
                let text = if Palette::is_strong(share) { on } else { off };
                let found = contrast(mixed, text);
                assert!(found >= 4.5, "{share}: {found} on {}", palette.background);
            }
        }
    }
}
