//! The transforms of one tile: small matrices times rows of a few thousand floats.

use std::marker::PhantomData;

use super::matrices::{Matrix, OUTPUTS, POINTS, input, output, transpose};
use crate::simd::lanes::{Lanes, lanes, load, over_channels, store};
use crate::simd::{Arithmetic, WithArithmetic, vectorized_with};

/// A linear map between the rows of a tile. It is a type, so that its zeros and ones cost nothing.
trait Map {
    const MATRIX: Matrix;
    /// Rows read.
    const FROM: usize;
    /// Rows written.
    const TO: usize;
    /// Whether to add to the output.
    const ADD: bool;
}

/// Inputs to transformed rows.
struct InputTransform<const M: usize>;
/// Transformed rows to outputs.
struct OutputTransform<const M: usize>;
/// Gradients of outputs to those of transformed rows.
struct OutputTransformGradient<const M: usize>;
/// Gradients of transformed rows to those of inputs.
struct InputTransformGradient<const M: usize>;

impl<const M: usize> Map for InputTransform<M> {
    const MATRIX: Matrix = input(M);
    const FROM: usize = M + 2;
    const TO: usize = M + 2;
    const ADD: bool = false;
}

impl<const M: usize> Map for OutputTransform<M> {
    const MATRIX: Matrix = output(M);
    const FROM: usize = M + 2;
    const TO: usize = M;
    const ADD: bool = false;
}

impl<const M: usize> Map for OutputTransformGradient<M> {
    const MATRIX: Matrix = transpose(output(M));
    const FROM: usize = M;
    const TO: usize = M + 2;
    const ADD: bool = false;
}

impl<const M: usize> Map for InputTransformGradient<M> {
    const MATRIX: Matrix = transpose(input(M));
    const FROM: usize = M + 2;
    const TO: usize = M + 2;
    // Neighbouring tiles share two inputs.
    const ADD: bool = true;
}

/// Runs a map for a tile of `$m` outputs.
macro_rules! for_tile {
    ($map:ident, $m:expr, $from:expr, $to:expr) => {
        match $m {
            1 => run::<$map<1>>($from, $to),
            2 => run::<$map<2>>($from, $to),
            3 => run::<$map<3>>($from, $to),
            OUTPUTS => run::<$map<OUTPUTS>>($from, $to),
            m => unreachable!("a tile of {m} outputs"),
        }
    };
}

/// Transforms `m + 2` rows `x` of inputs for `m` outputs.
pub(super) fn input_transform(m: usize, x: &[f32], points: [&mut [f32]; POINTS]) {
    for_tile!(InputTransform, m, rows(x, m + 2), points);
}

/// Transforms products back to `m` rows of outputs.
pub(super) fn output_transform(m: usize, points: [&[f32]; POINTS], to: &mut [f32]) {
    for_tile!(OutputTransform, m, points, rows_mut(to, m));
}

/// Transforms the gradients `d` of `m` rows of outputs.
pub(super) fn output_transform_gradient(m: usize, d: &[f32], points: [&mut [f32]; POINTS]) {
    for_tile!(OutputTransformGradient, m, rows(d, m), points);
}

/// Transforms gradients back and adds them to those of `m + 2` rows of inputs.
pub(super) fn input_transform_gradient(m: usize, points: [&[f32]; POINTS], to: &mut [f32]) {
    for_tile!(InputTransformGradient, m, points, rows_mut(to, m + 2));
}

/// `x` divided into `count` rows.
fn rows(x: &[f32], count: usize) -> [&[f32]; POINTS] {
    let mut rows = [&[][..]; POINTS];
    rows.iter_mut().zip(x.chunks_exact(x.len() / count)).for_each(|(to, row)| *to = row);
    rows
}

/// `x` divided into `count` rows.
fn rows_mut(x: &mut [f32], count: usize) -> [&mut [f32]; POINTS] {
    let mut rows = <[&mut [f32]; POINTS]>::default();
    let width = x.len() / count;
    rows.iter_mut().zip(x.chunks_exact_mut(width)).for_each(|(to, row)| *to = row);
    rows
}

fn run<M: Map>(from: [&[f32]; POINTS], to: [&mut [f32]; POINTS]) {
    vectorized_with(Task::<M> { from, to, map: PhantomData });
}

/// A map of the rows `from` to the rows `to`, all of one length.
struct Task<'a, M> {
    from: [&'a [f32]; POINTS],
    to: [&'a mut [f32]; POINTS],
    map: PhantomData<M>,
}

impl<M: Map> WithArithmetic for Task<'_, M> {
    #[inline(always)]
    fn run<A: Arithmetic>(mut self) {
        let width = self.from[0].len();
        over_channels(width, &mut Columns::<M, A> { task: &mut self, with: PhantomData });
    }
}

struct Columns<'a, 'b, M, A> {
    task: &'a mut Task<'b, M>,
    with: PhantomData<A>,
}

/// A loop over matrix indices, unrolled: the entries of the matrix are then constants.
macro_rules! unrolled {
    ($i:ident < $end:expr => $body:block) => {
        unrolled!(@ $i $end, $body, 0 1 2 3 4 5)
    };
    (@ $i:ident $end:expr, $body:block, $($value:literal)*) => {
        $({
            const $i: usize = $value;
            if $i < $end $body
        })*
    };
}

impl<M: Map, A: Arithmetic> Lanes for Columns<'_, '_, M, A> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, at: usize) {
        let Task { from, to, .. } = &mut *self.task;
        let mut x = [[0.0_f32; L]; POINTS];
        unrolled!(J < M::FROM => { x[J] = load(from[J], at); });
        unrolled!(I < M::TO => {
            let start = if M::ADD { Some(load(to[I], at)) } else { None };
            store(combine::<A, L>(M::MATRIX[I], &x, start), to[I], at);
        });
    }
}

/// `start + Σ_j coefficients[j] x[j]`
#[inline(always)]
fn combine<A: Arithmetic, const L: usize>(
    coefficients: [f32; POINTS],
    x: &[[f32; L]; POINTS],
    start: Option<[f32; L]>,
) -> [f32; L] {
    let mut sum = start;
    unrolled!(J < POINTS => {
        let (c, x) = (coefficients[J], &x[J]);
        if c != 0.0 {
            sum = Some(match sum {
                None if c == 1.0 => *x,
                None => lanes::<L>(#[inline(always)] |l| c * x[l]),
                Some(sum) if c == 1.0 => lanes::<L>(#[inline(always)] |l| sum[l] + x[l]),
                Some(sum) if c == -1.0 => lanes::<L>(#[inline(always)] |l| sum[l] - x[l]),
                Some(sum) => lanes::<L>(#[inline(always)] |l| A::mul_add(c, x[l], sum[l])),
            });
        }
    });
    sum.unwrap_or([0.0; L])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transforms of a tile, element by element.
    struct Scalar<'a> {
        matrix: Matrix,
        /// Whether to add to the output.
        add: bool,
        from: &'a [Vec<f32>],
        to: &'a mut [Vec<f32>],
    }

    impl WithArithmetic for Scalar<'_> {
        fn run<A: Arithmetic>(self) {
            for (to, coefficients) in self.to.iter_mut().zip(&self.matrix) {
                for (at, to) in to.iter_mut().enumerate() {
                    let mut sum = self.add.then_some(*to);
                    for (c, row) in coefficients.iter().zip(self.from).filter(|(c, _)| **c != 0.0) {
                        sum = Some(match sum {
                            None => c * row[at],
                            Some(sum) => A::mul_add(*c, row[at], sum),
                        });
                    }
                    *to = std::hint::black_box(sum.unwrap_or(0.0));
                }
            }
        }
    }

    /// Rows of numbers that differ in every element.
    fn numbers(rows: usize, width: usize, phase: f32) -> Vec<Vec<f32>> {
        let number = |row: usize, at: usize| ((row * 131 + at * 17) as f32 * 0.37 + phase).sin();
        (0..rows).map(|row| (0..width).map(|at| number(row, at)).collect()).collect()
    }

    /// Compares the map `run` of `count` rows to the scalar code.
    fn check(
        (matrix, add, counts): (Matrix, bool, [usize; 2]),
        width: usize,
        run: impl Fn([&[f32]; POINTS], [&mut [f32]; POINTS]),
    ) {
        let (from, before) = (numbers(counts[0], width, 0.1), numbers(counts[1], width, 0.7));
        let (mut actual, mut expected) = (before.clone(), before);
        let mut inputs = [&[][..]; POINTS];
        inputs.iter_mut().zip(&from).for_each(|(to, row)| *to = row);
        let mut outputs = <[&mut [f32]; POINTS]>::default();
        outputs.iter_mut().zip(&mut actual).for_each(|(to, row)| *to = row);
        run(inputs, outputs);
        vectorized_with(Scalar { matrix, add, from: &from, to: &mut expected });
        assert_eq!(actual, expected, "{counts:?} rows of {width}");
    }

    fn check_tile<const M: usize>(width: usize) {
        let (m, n) = (M, M + 2);
        let of = |matrix, add, counts| (matrix, add, counts);
        check(of(input(m), false, [n, n]), width, run::<InputTransform<M>>);
        check(of(output(m), false, [n, m]), width, run::<OutputTransform<M>>);
        let back = of(transpose(output(m)), false, [m, n]);
        check(back, width, run::<OutputTransformGradient<M>>);
        let back = of(transpose(input(m)), true, [n, n]);
        check(back, width, run::<InputTransformGradient<M>>);
    }

    #[test]
    fn every_transform_equals_scalar_code_bit_for_bit() {
        for width in [0, 1, 3, 4, 15, 16, 17, 20, 37, 64] {
            check_tile::<1>(width);
            check_tile::<2>(width);
            check_tile::<3>(width);
            check_tile::<OUTPUTS>(width);
        }
    }
}
