//! A nested graph that is run for each index.

use crate::ExportError;
use crate::graph::{Attribute, Dimension, ElementType, GraphBuilder, Name, Value};

impl GraphBuilder {
    /// A `Loop` over the indices below `count`, a scalar. `body` adds the nodes for an index, a scalar, and returns `f32`
    /// vectors of `sizes`; the results are these, stacked: `[count, size]`.
    ///
    /// The graphs that are repeated have a `Scan` in them, for the ConvLSTM. Around it a `Scan` would do, but OpenVINO refuses
    /// a `Scan` in a `Scan`.
    ///
    /// # Errors
    /// Those of `body`.
    pub(crate) fn repeat(
        &mut self,
        count: &str,
        sizes: &[usize],
        body: impl FnOnce(&mut Self, &str) -> Result<Vec<Name>, ExportError>,
    ) -> Result<Vec<Name>, ExportError> {
        let (index, condition) = (self.name("index"), self.name("condition"));
        let truth = self.truth();
        self.open();
        let results = body(self, &index)?;
        let next = self.unary("Identity", &condition);
        let inputs = [
            Value::new(&index, ElementType::Int64, &[]),
            Value::new(&condition, ElementType::Bool, &[]),
        ];
        let mut outputs = vec![Value::new(&next, ElementType::Bool, &[])];
        outputs.extend(
            results.iter().zip(sizes).map(|(name, size)| {
                Value::new(name, ElementType::Float, &[Dimension::Fixed(*size)])
            }),
        );
        let body = self.close(&inputs, &outputs);
        Ok(self.nodes("Loop", &[count, &truth], &[Attribute::Graph("body", body)], sizes.len()))
    }
}
