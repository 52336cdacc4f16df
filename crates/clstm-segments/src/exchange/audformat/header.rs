//! The header of an audformat database: `db.yaml`.

use super::yaml::Node;
use crate::SegmentsError;

/// What a header has on labels: tables, their columns and raters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    root: Node,
}

/// A column with labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelColumn {
    /// Its name in the table.
    pub name: String,
    /// Who gave the labels; empty where it is not stated.
    pub rater: String,
    /// Whether that is a machine.
    pub machine: bool,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`SegmentsError`] if the text is no YAML, or has no tables.
    pub fn parse(text: &str) -> Result<Self, SegmentsError> {
        let root = Node::parse(text.trim_start_matches('\u{feff}'))?;
        match root.get("tables").is_some_and(|tables| tables.entries().next().is_some()) {
            true => Ok(Self { root }),
            false => Err(SegmentsError::structure("the header has no tables")),
        }
    }

    /// The names of the tables, in their order.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.root.get("tables").into_iter().flat_map(Node::entries).map(|(name, _)| name)
    }

    /// The columns of a table with this scheme, or of this name where a column has no scheme.
    #[must_use]
    pub fn columns(&self, table: &str, scheme: &str) -> Vec<LabelColumn> {
        let columns = self.root.get("tables").and_then(|tables| tables.get(table));
        let columns = columns.and_then(|table| table.get("columns"));
        let text =
            |column: &Node, key: &str| column.get(key).and_then(Node::text).map(str::to_owned);
        let of_scheme = |(name, column): (&str, &Node)| {
            let known = text(column, "scheme_id").unwrap_or_else(|| name.to_owned());
            let rater = text(column, "rater_id").unwrap_or_default();
            let machine = self.is_machine(&rater);
            (known == scheme).then(|| LabelColumn { name: name.to_owned(), rater, machine })
        };
        columns.into_iter().flat_map(Node::entries).filter_map(of_scheme).collect()
    }

    fn is_machine(&self, rater: &str) -> bool {
        let rater = self.root.get("raters").and_then(|raters| raters.get(rater));
        rater.and_then(|rater| rater.get("type")).and_then(Node::text) == Some("machine")
    }
}
