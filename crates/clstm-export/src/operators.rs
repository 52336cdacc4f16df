//! Operators of ONNX by short names.

use crate::graph::{Attribute, ElementType, GraphBuilder, Name};

impl GraphBuilder {
    pub(crate) fn add(&mut self, a: &str, b: &str) -> Name {
        self.node("Add", &[a, b], &[])
    }

    pub(crate) fn sub(&mut self, a: &str, b: &str) -> Name {
        self.node("Sub", &[a, b], &[])
    }

    pub(crate) fn mul(&mut self, a: &str, b: &str) -> Name {
        self.node("Mul", &[a, b], &[])
    }

    /// The quotient; of integers rounded towards zero.
    pub(crate) fn div(&mut self, a: &str, b: &str) -> Name {
        self.node("Div", &[a, b], &[])
    }

    pub(crate) fn min(&mut self, a: &str, b: &str) -> Name {
        self.node("Min", &[a, b], &[])
    }

    pub(crate) fn max(&mut self, a: &str, b: &str) -> Name {
        self.node("Max", &[a, b], &[])
    }

    /// An operator of one input, such as `Exp`.
    pub(crate) fn unary(&mut self, kind: &str, x: &str) -> Name {
        self.node(kind, &[x], &[])
    }

    pub(crate) fn cast(&mut self, x: &str, to: ElementType) -> Name {
        self.node("Cast", &[x], &[Attribute::Int("to", to.code())])
    }

    pub(crate) fn select(&mut self, condition: &str, yes: &str, no: &str) -> Name {
        self.node("Where", &[condition, yes, no], &[])
    }

    pub(crate) fn transpose(&mut self, x: &str, order: &[i64]) -> Name {
        self.node("Transpose", &[x], &[Attribute::Ints("perm", order.to_vec())])
    }

    /// A reshape to a shape that is known but for one size, -1.
    pub(crate) fn reshape(&mut self, x: &str, shape: &[i64]) -> Name {
        let shape = self.ints(shape);
        self.node("Reshape", &[x, &shape], &[])
    }

    /// A reshape to `[-1, batch, ..]`, with `batch` a vector of one integer.
    pub(crate) fn reshape_steps(&mut self, x: &str, batch: &str, rest: &[usize]) -> Name {
        let rest: Vec<i64> = rest.iter().map(|&size| size as i64).collect();
        let (first, rest) = (self.ints(&[-1]), self.ints(&rest));
        let shape = self.concat(&[&first, batch, &rest], 0);
        self.node("Reshape", &[x, &shape], &[])
    }

    /// The scalar as a vector of one.
    pub(crate) fn vector(&mut self, scalar: &str) -> Name {
        self.reshape(scalar, &[1])
    }

    pub(crate) fn concat(&mut self, parts: &[&str], axis: i64) -> Name {
        self.node("Concat", parts, &[Attribute::Int("axis", axis)])
    }

    /// The size of a dimension, as a vector of one.
    pub(crate) fn size(&mut self, x: &str, axis: i64) -> Name {
        let shape = self.unary("Shape", x);
        let index = self.ints(&[axis]);
        self.node("Gather", &[&shape, &index], &[Attribute::Int("axis", 0)])
    }

    /// From `start` to before `end` along an axis; both are vectors of one.
    pub(crate) fn slice(&mut self, x: &str, start: &str, end: &str, axis: i64) -> Name {
        let axis = self.ints(&[axis]);
        self.node("Slice", &[x, start, end, &axis], &[])
    }

    pub(crate) fn gather(&mut self, x: &str, indices: &str) -> Name {
        self.node("Gather", &[x, indices], &[Attribute::Int("axis", 0)])
    }

    /// Integers from 0 to before a scalar.
    pub(crate) fn range(&mut self, end: &str) -> Name {
        let (zero, one) = (self.int(0), self.int(1));
        self.node("Range", &[&zero, end, &one], &[])
    }

    /// `ceil(x / divisor)` of an integer that is not negative.
    pub(crate) fn div_ceil(&mut self, x: &str, divisor: &str) -> Name {
        let one = self.int(1);
        let most = self.sub(divisor, &one);
        let sum = self.add(x, &most);
        self.div(&sum, divisor)
    }

    /// A sum over one axis.
    pub(crate) fn sum(&mut self, x: &str, axis: i64, keep: bool) -> Name {
        let axes = self.ints(&[axis]);
        self.node("ReduceSum", &[x, &axes], &[Attribute::Int("keepdims", i64::from(keep))])
    }

    /// A mean over one axis.
    pub(crate) fn mean(&mut self, x: &str, axis: i64, keep: bool) -> Name {
        let keep = Attribute::Int("keepdims", i64::from(keep));
        self.node("ReduceMean", &[x], &[Attribute::Ints("axes", vec![axis]), keep])
    }

    /// The largest of a vector, a scalar.
    pub(crate) fn largest(&mut self, x: &str) -> Name {
        self.node("ReduceMax", &[x], &[Attribute::Int("keepdims", 0)])
    }

    /// The first or last index of the largest of a vector, a scalar.
    pub(crate) fn index_of_largest(&mut self, x: &str, last: bool) -> Name {
        let attributes = [
            Attribute::Int("axis", 0),
            Attribute::Int("keepdims", 0),
            Attribute::Int("select_last_index", i64::from(last)),
        ];
        self.node("ArgMax", &[x], &attributes)
    }

    /// Zeros before and behind along one axis of `rank`; both numbers are vectors of one.
    pub(crate) fn pad(
        &mut self,
        x: &str,
        before: &str,
        behind: &str,
        axis: usize,
        rank: usize,
    ) -> Name {
        // An axis alone has no others, which stay as they are.
        let none = if rank > 1 { self.ints(&[0]) } else { Name::new() };
        let mut pads = vec![none.as_str(); 2 * rank];
        (pads[axis], pads[rank + axis]) = (before, behind);
        let pads = self.concat(&pads, 0);
        self.node("Pad", &[x, &pads], &[])
    }

    /// `x scale + shift` with constants of this shape.
    pub(crate) fn affine(
        &mut self,
        x: &str,
        (scale, shift): (&[f32], &[f32]),
        shape: &[usize],
    ) -> Name {
        let (scale, shift) = (self.floats(scale, shape), self.floats(shift, shape));
        let scaled = self.mul(x, &scale);
        self.add(&scaled, &shift)
    }
}
