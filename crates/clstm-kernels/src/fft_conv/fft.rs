//! The Fourier transform of 256 points, for as many channels at a time as a vector has lanes.
//!
//! Two passes of sixteen radix-16 butterflies (Cooley and Tukey, 1965): with `n = 16 n1 + n2` and
//! `f = f1 + 16 f2`,
//! `x^[f] = Σ_n2 e^(2πi n2 f2 / 16) · e^(2πi n2 f1 / 256) · Σ_n1 x[n] e^(2πi n1 f1 / 16)`.
//! A butterfly fits the 32 vector registers of AVX-512 and NEON. Both passes work in place, to stay in the
//! first-level cache: the 256 points of 16 lanes are 32 KiB.

use std::f64::consts::TAU;
use std::sync::LazyLock;

use pulp::Simd;

use super::BLOCK;
use super::simd_complex::{load, store};

/// Points of a transform.
///
/// A power of 16 needs the fewest passes. A block of 256 holds all 200 positions and 40 taps of one time
/// step of the waveform, so nothing is transformed twice. 64 points would need eight blocks (twice the
/// products, because 39 of the 64 points of each block overlap); 4096 would be mostly zeros.
pub(super) const POINTS: usize = 256;

/// Points of one butterfly.
const RADIX: usize = 16;

/// A vector of complex numbers, real and imaginary parts separate.
#[derive(Clone, Copy)]
pub(super) struct Complex<V> {
    pub(super) re: V,
    pub(super) im: V,
}

/// `e^(2πi n2 f1 / 256)` at `[n2 * 16 + f1]`.
#[derive(Debug)]
pub(super) struct Twiddles([[f32; 2]; POINTS]);

impl Twiddles {
    /// The factors, computed at the first use.
    pub(super) fn get() -> &'static Self {
        static TWIDDLES: LazyLock<Twiddles> = LazyLock::new(Twiddles::new);
        &TWIDDLES
    }

    fn new() -> Self {
        let mut twiddles = [[0.0; 2]; POINTS];
        for (i, twiddle) in twiddles.iter_mut().enumerate() {
            let angle = TAU * (i / RADIX * (i % RADIX)) as f64 / POINTS as f64;
            *twiddle = [angle.cos() as f32, angle.sin() as f32];
        }
        Self(twiddles)
    }
}

/// Scratch memory for the points of a transform, aligned to a cache line and a vector.
#[repr(C, align(64))]
pub(super) struct Scratch(pub(super) [f32; POINTS * BLOCK]);

impl Scratch {
    pub(super) fn new() -> Self {
        Self([0.0; POINTS * BLOCK])
    }
}

/// Where point `n` of an in-place transform lies; each point is [`BLOCK`] floats. Points are in the order
/// in which the first butterflies read them, frequencies end up in their natural order.
#[inline(always)]
pub(super) fn slot(n: usize) -> usize {
    (n % RADIX * RADIX + n / RADIX) * BLOCK
}

/// The transform `x^[f] = Σ_n source(n) e^(2πi f n / 256)`, passed to `sink(f, x^[f])` for every `f` in
/// no particular order.
///
/// The exponent is positive: unscaled, this is the inverse transform.
///
/// `scratch` holds the values between the passes. To transform in place, the source reads point `n` at
/// [`slot`]`(n)` of it, and the sink writes frequency `f` at `f * BLOCK`.
#[inline(always)]
pub(super) fn transform<S: Simd>(
    simd: S,
    twiddles: &Twiddles,
    scratch: &mut [f32],
    source: impl Fn(&[f32], usize) -> Complex<S::f32s>,
    mut sink: impl FnMut(&mut [f32], usize, Complex<S::f32s>),
) {
    let zero = simd.splat_f32s(0.0);
    for n2 in 0..RADIX {
        let mut x = [Complex { re: zero, im: zero }; RADIX];
        for (n1, x) in x.iter_mut().enumerate() {
            *x = source(scratch, n1 * RADIX + n2);
        }
        let x = radix16(simd, x);
        let scratch = &mut scratch[n2 * RADIX * BLOCK..];
        for (f1, x) in x.into_iter().enumerate() {
            let x = times(simd, x, twiddles.0[n2 * RADIX + f1]);
            store::<S>(&mut scratch[f1 * BLOCK..], x);
        }
    }
    for f1 in 0..RADIX {
        let mut x = [Complex { re: zero, im: zero }; RADIX];
        for (n2, x) in x.iter_mut().enumerate() {
            *x = load::<S>(&scratch[(n2 * RADIX + f1) * BLOCK..]);
        }
        let x = radix16(simd, x);
        for (f2, x) in x.into_iter().enumerate() {
            sink(scratch, f1 + f2 * RADIX, x);
        }
    }
}

/// `Σ_n x[n] e^(2πi f n / 4)`.
#[inline(always)]
fn radix4<S: Simd>(simd: S, [a, b, c, d]: [Complex<S::f32s>; 4]) -> [Complex<S::f32s>; 4] {
    let [even, odd] = [sum(simd, a, c), sum(simd, b, d)];
    let [p, q] = [difference(simd, a, c), difference(simd, b, d)];
    [
        sum(simd, even, odd),
        Complex { re: simd.sub_f32s(p.re, q.im), im: simd.add_f32s(p.im, q.re) },
        difference(simd, even, odd),
        Complex { re: simd.add_f32s(p.re, q.im), im: simd.sub_f32s(p.im, q.re) },
    ]
}

/// `Σ_n x[n] e^(2πi f n / 16)`, as four times four.
#[inline(always)]
fn radix16<S: Simd>(simd: S, x: [Complex<S::f32s>; 16]) -> [Complex<S::f32s>; 16] {
    // cos(π/8), sin(π/8), cos(π/4).
    const C: f32 = 0.923_879_5;
    const S: f32 = 0.382_683_43;
    const H: f32 = std::f32::consts::FRAC_1_SQRT_2;
    let y = x;
    let [a0, a1, a2, a3] = radix4(simd, [y[0], y[4], y[8], y[12]]);
    let [b0, b1, b2, b3] = radix4(simd, [y[1], y[5], y[9], y[13]]);
    let [c0, c1, c2, c3] = radix4(simd, [y[2], y[6], y[10], y[14]]);
    let [d0, d1, d2, d3] = radix4(simd, [y[3], y[7], y[11], y[15]]);
    // e^(2πi b f / 16) for b = 1, 2, 3 and f = 1, 2, 3.
    let (b1, b2, b3) = (times(simd, b1, [C, S]), times(simd, b2, [H, H]), times(simd, b3, [S, C]));
    let (c1, c3) = (times(simd, c1, [H, H]), times(simd, c3, [-H, H]));
    let c2 = Complex { re: simd.neg_f32s(c2.im), im: c2.re };
    let (d1, d2, d3) =
        (times(simd, d1, [S, C]), times(simd, d2, [-H, H]), times(simd, d3, [-C, -S]));
    let [y0, y4, y8, y12] = radix4(simd, [a0, b0, c0, d0]);
    let [y1, y5, y9, y13] = radix4(simd, [a1, b1, c1, d1]);
    let [y2, y6, y10, y14] = radix4(simd, [a2, b2, c2, d2]);
    let [y3, y7, y11, y15] = radix4(simd, [a3, b3, c3, d3]);
    [y0, y1, y2, y3, y4, y5, y6, y7, y8, y9, y10, y11, y12, y13, y14, y15]
}

#[inline(always)]
fn sum<S: Simd>(simd: S, a: Complex<S::f32s>, b: Complex<S::f32s>) -> Complex<S::f32s> {
    Complex { re: simd.add_f32s(a.re, b.re), im: simd.add_f32s(a.im, b.im) }
}

#[inline(always)]
fn difference<S: Simd>(simd: S, a: Complex<S::f32s>, b: Complex<S::f32s>) -> Complex<S::f32s> {
    Complex { re: simd.sub_f32s(a.re, b.re), im: simd.sub_f32s(a.im, b.im) }
}

/// `a (c + i s)`
#[inline(always)]
fn times<S: Simd>(simd: S, a: Complex<S::f32s>, [c, s]: [f32; 2]) -> Complex<S::f32s> {
    let (c, s) = (simd.splat_f32s(c), simd.splat_f32s(s));
    Complex {
        re: simd.negate_mul_add_e_f32s(a.im, s, simd.mul_f32s(a.re, c)),
        im: simd.mul_add_e_f32s(a.im, c, simd.mul_f32s(a.re, s)),
    }
}
