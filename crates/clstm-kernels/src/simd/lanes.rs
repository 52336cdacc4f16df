//! Loops over runs of channels whose width the compiler knows, so that they live in vector registers.
//!
//! Everything here is inlined into its caller: code that is not inlined is compiled for the smallest
//! vectors.

use crate::gemm::GemmScalar;

/// Work on `L` adjacent channels from channel `c` on.
pub(crate) trait Lanes {
    fn run<const L: usize>(&mut self, c: usize);
}

/// Covers all channels: sixteen at a time (one AVX-512 register), then four, then one.
#[inline(always)]
pub(crate) fn over_channels(channels: usize, work: &mut impl Lanes) {
    let mut c = 0;
    while c + 16 <= channels {
        work.run::<16>(c);
        c += 16;
    }
    while c + 4 <= channels {
        work.run::<4>(c);
        c += 4;
    }
    while c < channels {
        work.run::<1>(c);
        c += 1;
    }
}

/// `x[at .. at + L]` by value.
#[inline(always)]
pub(crate) fn load<T: Copy + Default, const L: usize>(x: &[T], at: usize) -> [T; L] {
    let mut lanes = [T::default(); L];
    lanes.copy_from_slice(&x[at..at + L]);
    lanes
}

/// `x[at .. at + L]` as `f32`.
#[inline(always)]
pub(crate) fn load_wide<E: GemmScalar, const L: usize>(x: &[E], at: usize) -> [f32; L] {
    let narrow: [E; L] = load(x, at);
    lanes::<L>(
        #[inline(always)]
        |l| narrow[l].to_f32(),
    )
}

/// Writes `x` to `to[at .. at + L]`.
#[inline(always)]
pub(crate) fn store<const L: usize>(x: [f32; L], to: &mut [f32], at: usize) {
    to[at..at + L].copy_from_slice(&x);
}

/// Writes `x`, rounded, to `to[at .. at + L]`.
#[inline(always)]
pub(crate) fn store_narrow<E: GemmScalar, const L: usize>(x: [f32; L], to: &mut [E], at: usize) {
    for (to, x) in to[at..at + L].iter_mut().zip(x) {
        *to = E::from_f32(x);
    }
}

/// Adds `x` to `to[at .. at + L]`.
#[inline(always)]
pub(crate) fn add<const L: usize>(x: [f32; L], to: &mut [f32], at: usize) {
    let sum: [f32; L] = load(to, at);
    store(
        lanes::<L>(
            #[inline(always)]
            |l| sum[l] + x[l],
        ),
        to,
        at,
    );
}

/// `[f(0), f(1), ..]`; unlike `array::from_fn` and `array::map` always inlined: out of line, `f`
/// would not be compiled for the vectors of its caller.
#[inline(always)]
pub(crate) fn lanes<const L: usize>(f: impl Fn(usize) -> f32) -> [f32; L] {
    let mut lanes = [0.0; L];
    for (l, lane) in lanes.iter_mut().enumerate() {
        *lane = f(l);
    }
    lanes
}
