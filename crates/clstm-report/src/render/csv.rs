//! Tables as CSV, for programs: full numbers, deviations and ends of intervals in columns of their own.

use clstm_eval::csv;

use crate::document::{Cell, Column, Row, Table};

/// RFC 4180 with LF, UTF-8.
pub(crate) fn table(table: &Table) -> String {
    let shapes: Vec<Shape> =
        (0..table.columns.len()).map(|column| Shape::of(&table.rows, column)).collect();
    let heads = table.columns.iter().zip(&shapes).flat_map(|(column, shape)| {
        let ends = shape.ends().iter().map(|end| format!("{} {end}", column.head));
        std::iter::once(column.head.clone()).chain(ends).collect::<Vec<_>>()
    });
    let mut text = line(heads.map(|head| csv::text(&head)));
    for row in &table.rows {
        let cells = row.cells.iter().zip(&table.columns).zip(&shapes);
        text += &line(cells.flat_map(|((cell, column), shape)| fields(cell, column, *shape)));
    }
    text
}

fn line(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\n"
}

/// How many fields a column takes.
#[derive(Clone, Copy)]
enum Shape {
    One,
    Spread,
    Interval,
}

impl Shape {
    fn of(rows: &[Row], column: usize) -> Self {
        let cells = || rows.iter().filter_map(|row| row.cells.get(column));
        if cells().any(|cell| matches!(cell, Cell::Interval(_))) {
            Self::Interval
        } else if cells().any(|cell| matches!(cell, Cell::Spread(..))) {
            Self::Spread
        } else {
            Self::One
        }
    }

    fn ends(self) -> &'static [&'static str] {
        match self {
            Self::One => &[],
            Self::Spread => &["sd"],
            Self::Interval => &["low", "high"],
        }
    }
}

fn fields(cell: &Cell, column: &Column, shape: Shape) -> Vec<String> {
    let number = |value: f64| column.unit.raw(value).to_string();
    let mut fields = match cell {
        Cell::Empty => vec![String::new()],
        Cell::Text(text) => vec![csv::text(text)],
        Cell::Number(value) => vec![number(*value)],
        Cell::Spread(mean, deviation) => vec![number(*mean), number(*deviation)],
        Cell::Interval(i) => [i.value, i.low, i.high].map(number).to_vec(),
    };
    fields.resize(1 + shape.ends().len(), String::new());
    fields
}
