//! The transforms of one tile: small matrices times rows of a few thousand floats.

use pulp::{Arch, Simd, WithSimd};

use super::matrices::{Matrix, OUTPUTS, POINTS, input, output, transpose};

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
    Arch::new().dispatch(Task::<M> { from, to, map: std::marker::PhantomData });
}

struct Task<'a, M> {
    from: [&'a [f32]; POINTS],
    to: [&'a mut [f32]; POINTS],
    map: std::marker::PhantomData<M>,
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

/// `Σ_j coefficients[j] x[j]`
#[inline(always)]
fn combine<S: Simd>(
    simd: S,
    coefficients: [f32; POINTS],
    x: &[S::f32s; POINTS],
    start: Option<S::f32s>,
) -> S::f32s {
    let mut sum = start;
    unrolled!(J < POINTS => {
        let c = coefficients[J];
        if c != 0.0 {
            sum = Some(match sum {
                None if c == 1.0 => x[J],
                None => simd.mul_f32s(simd.splat_f32s(c), x[J]),
                Some(sum) if c == 1.0 => simd.add_f32s(sum, x[J]),
                Some(sum) if c == -1.0 => simd.sub_f32s(sum, x[J]),
                Some(sum) => simd.mul_add_e_f32s(simd.splat_f32s(c), x[J], sum),
            });
        }
    });
    sum.unwrap_or(simd.splat_f32s(0.0))
}

impl<M: Map> WithSimd for Task<'_, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { from, to, .. } = self;
        let width = from[0].len();
        let mut at = 0;
        while at + S::F32_LANES <= width {
            let mut x = [simd.splat_f32s(0.0); POINTS];
            unrolled!(J < M::FROM => { x[J] = S::as_simd_f32s(&from[J][at..]).0[0]; });
            unrolled!(I < M::TO => {
                let to = &mut S::as_mut_simd_f32s(&mut to[I][at..]).0[0];
                *to = combine(simd, M::MATRIX[I], &x, M::ADD.then_some(*to));
            });
            at += S::F32_LANES;
        }
        if at < width {
            let mut x = [simd.splat_f32s(0.0); POINTS];
            unrolled!(J < M::FROM => { x[J] = simd.partial_load_f32s(&from[J][at..width]); });
            unrolled!(I < M::TO => {
                let to = &mut to[I][at..width];
                let start = M::ADD.then(#[inline(always)] || simd.partial_load_f32s(to));
                simd.partial_store_f32s(to, combine(simd, M::MATRIX[I], &x, start));
            });
        }
    }
}
