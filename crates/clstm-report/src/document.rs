//! A report before it has a form: what every format is written from.

use clstm_eval::Interval;

use crate::figure::Canvas;

/// The whole.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) title: String,
    /// What was measured, in a line or two.
    pub(crate) lead: Vec<String>,
    pub(crate) sections: Vec<Section>,
}

#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub(crate) enum Block {
    /// A heading within the section: the name of a run.
    Heading(String),
    Text(String),
    /// A warning.
    Note(String),
    Table(Table),
    /// Side by side where the page is wide enough.
    Figures(Vec<Figure>),
    /// Verbatim text, such as a command.
    Code(String),
}

/// A table; the note below it has the protocol.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Of its files.
    pub(crate) name: String,
    pub(crate) caption: String,
    pub(crate) note: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) head: String,
    pub(crate) unit: Unit,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Text,
    /// Sentences, which are broken into lines.
    Prose,
    Count,
    /// Fractions, written in percent with one decimal.
    Percent,
    /// Fractions, written in percent with two decimals, as published figures are.
    Precise,
    /// Differences of fractions, in points with a sign.
    Points,
    /// Numbers with this number of decimals.
    Decimal(u8),
    /// Probabilities of a test.
    P,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    /// Ours among others, or the totals.
    pub(crate) strong: bool,
    /// A line above.
    pub(crate) ruled: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Empty,
    Text(String),
    Number(f64),
    /// Mean and standard deviation.
    Spread(f64, f64),
    Interval(Interval),
}

/// A drawing and what it shows.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) caption: String,
    /// For those who do not see it.
    pub(crate) description: String,
    pub(crate) canvas: Canvas,
}

impl Table {
    pub(crate) fn new(name: &str, caption: &str, note: &str) -> Self {
        let [name, caption, note] = [name, caption, note].map(str::to_owned);
        Self { name, caption, note, columns: Vec::new(), rows: Vec::new() }
    }

    pub(crate) fn columns<'a>(
        mut self,
        columns: impl IntoIterator<Item = (&'a str, Unit)>,
    ) -> Self {
        let column = |(head, unit): (&str, Unit)| Column { head: head.to_owned(), unit };
        self.columns.extend(columns.into_iter().map(column));
        self
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row { cells, strong: false, ruled: false });
    }

    pub(crate) fn strong_row(&mut self, cells: Vec<Cell>, ruled: bool) {
        self.rows.push(Row { cells, strong: true, ruled });
    }
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn count(count: usize) -> Self {
        Self::Number(count as f64)
    }

    pub(crate) fn maybe(value: Option<f64>) -> Self {
        value.map_or(Self::Empty, Self::Number)
    }

    /// As people read it.
    pub(crate) fn show(&self, unit: Unit) -> String {
        let number = |value: f64| unit.show(value);
        match self {
            Self::Empty => "–".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Number(value) => number(*value),
            Self::Spread(mean, deviation) => {
                format!("{} ± {}", number(*mean), unit.unsigned().show(*deviation))
            }
            Self::Interval(Interval { value, low, high }) => {
                format!("{} [{}, {}]", number(*value), number(*low), number(*high))
            }
        }
    }
}

impl Unit {
    /// A value as people read it.
    pub(crate) fn show(self, value: f64) -> String {
        let signed = |value: f64| match format!("{value:+.1}") {
            zero if zero == "-0.0" => "+0.0".to_owned(),
            text => text.replace('-', "−"),
        };
        match self {
            Self::Text | Self::Prose => value.to_string(),
            Self::Count => format!("{value:.0}"),
            Self::Percent => format!("{:.1}", 100.0 * value),
            Self::Precise => format!("{:.2}", 100.0 * value),
            Self::Points => signed(100.0 * value),
            Self::Decimal(places) => format!("{value:.*}", usize::from(places)),
            Self::P if value < 0.001 => "< 0.001".to_owned(),
            Self::P => format!("{value:.3}"),
        }
    }

    /// For programs: the value in the unit of the column's head, without the noise of binary fractions.
    pub(crate) fn raw(self, value: f64) -> f64 {
        let in_unit = match self {
            Self::Percent | Self::Precise | Self::Points => 100.0 * value,
            _ => value,
        };
        let rounded = (in_unit * 1e8).round() / 1e8;
        // Very small probabilities are kept.
        if self == Self::P || !rounded.is_finite() { in_unit } else { rounded }
    }

    fn unsigned(self) -> Self {
        if self == Self::Points { Self::Percent } else { self }
    }

    /// Whether a column is set to the left.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Prose)
    }
}

#[cfg(test)]
mod tests {
    use clstm_eval::Interval;

    use super::{Cell, Unit};

    #[test]
    fn cells_are_written_for_people() {
        let interval = Cell::Interval(Interval { value: 0.5, low: 0.25, high: 0.75 });
        assert_eq!(interval.show(Unit::Percent), "50.0 [25.0, 75.0]");
        assert_eq!(Cell::Spread(0.835, 0.019).show(Unit::Percent), "83.5 ± 1.9");
        assert_eq!(Cell::Number(-0.0123).show(Unit::Points), "−1.2");
        assert_eq!(Cell::Number(-0.0001).show(Unit::Points), "+0.0");
        assert_eq!(Cell::Number(0.0004).show(Unit::P), "< 0.001");
        assert_eq!(Cell::Number(0.0468).show(Unit::Decimal(3)), "0.047");
        assert_eq!(Cell::count(192).show(Unit::Count), "192");
        assert_eq!(Cell::Empty.show(Unit::Percent), "–");
        assert_eq!(Cell::Number(0.8005).show(Unit::Precise), "80.05");
        assert_eq!(Unit::Percent.raw(0.1 + 0.2), 30.0);
    }
}
