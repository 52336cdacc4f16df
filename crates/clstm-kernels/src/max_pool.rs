//! Max pooling along the length, of plain values and of batch-normalised ones.

use crate::batch_norm::Affine;
use crate::gemm::GemmScalar;
use crate::simd::lanes::{Lanes, load, load_wide, over_channels, store};
use crate::simd::vectorized;

/// The maxima of `pool` neighbours along the length: `x` `[segments, length, channels]` to `y`
/// `[segments, ceil(length / pool), channels]`.
///
/// The last window may be partial. A NaN in a window makes its maximum NaN.
///
/// # Panics
/// If a size is 0 or `y` is too short.
pub fn max_pool(x: &[f32], [length, channels]: [usize; 2], pool: usize, y: &mut [f32]) {
    assert!(length > 0 && channels > 0 && pool > 0, "max_pool: every size must be positive");
    // A window longer than the segment is the whole segment: no overflow for any `pool`.
    let window = pool.min(length) * channels;
    let windows = length.div_ceil(pool.min(length)) * channels;
    assert!(y.len() >= x.len() / (length * channels) * windows, "max_pool: y is too short");
    vectorized(
        #[inline(always)]
        || {
            let windows =
                x.chunks_exact(length * channels).flat_map(|segment| segment.chunks(window));
            for (x, y) in windows.zip(y.chunks_exact_mut(channels)) {
                over_channels(channels, &mut PlainWindow { x, channels, y });
            }
        },
    );
}

/// One window of plain values.
struct PlainWindow<'a> {
    x: &'a [f32],
    channels: usize,
    y: &'a mut [f32],
}

impl Lanes for PlainWindow<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let max = largest::<f32, L>(self.x, self.channels, c, &[1.0; L]);
        store(max, self.y, c);
    }
}

/// The largest of a window's values times `sign`, in its `L` channels from `c` on.
#[inline(always)]
fn largest<E: GemmScalar, const L: usize>(
    rows: &[E],
    stride: usize,
    c: usize,
    sign: &[f32; L],
) -> [f32; L] {
    let mut max: [f32; L] = load_wide(rows, c);
    for l in 0..L {
        max[l] *= sign[l];
    }
    for row in rows.chunks(stride).skip(1) {
        let x: [f32; L] = load_wide(row, c);
        for l in 0..L {
            let key = x[l] * sign[l];
            // NaN replaces anything, and only NaN replaces NaN.
            let larger = (key > max[l]) | key.is_nan();
            max[l] = if larger { key } else { max[l] };
        }
    }
    max
}

/// An affine map whose largest output is wanted: that of the largest or of the smallest input,
/// depending on the sign of the channel's scale.
#[derive(Debug)]
pub(crate) struct PooledAffine {
    affine: Affine,
    /// Sign of the scale: -1, 0 or 1. The map is monotone, so `x * sign` has the order of its outputs.
    sign: Vec<f32>,
}

impl PooledAffine {
    /// [`Affine::new`], followed by pooling.
    pub(crate) fn new(mean: &[f32], rstd: &[f32], gamma: &[f32], beta: &[f32]) -> Self {
        // `signum` of zero is one, and under a gamma of zero all inputs of a window tie.
        let sign = gamma.iter().map(|&g| if g == 0.0 { 0.0 } else { g.signum() }).collect();
        Self { affine: Affine::new(mean, rstd, gamma, beta), sign }
    }

    pub(crate) fn channels(&self) -> usize {
        self.sign.len()
    }
}

/// One window of values that are mapped and pooled: the rows of its positions, and the outputs.
pub(crate) struct Window<'a, E, const KEEP: bool> {
    /// The rows, `stride` apart.
    pub(crate) x: &'a [E],
    pub(crate) stride: usize,
    pub(crate) map: &'a PooledAffine,
    /// The maxima of the mapped values.
    pub(crate) y: &'a mut [f32],
    /// The inputs that gave the maxima; empty unless `KEEP`.
    pub(crate) max_values: &'a mut [f32],
    /// Their positions within the window; empty unless `KEEP`.
    pub(crate) argmax: &'a mut [u16],
}

impl<E: GemmScalar, const KEEP: bool> Lanes for Window<'_, E, KEEP> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let sign: [f32; L] = load(&self.map.sign, c);
        let first: [f32; L] = load_wide(self.x, c);
        let mut max = largest(self.x, self.stride, c, &sign);
        if KEEP {
            self.find_argmax(c, &sign, &max);
        }
        let Affine { mean, scale, shift } = &self.map.affine;
        let (mean, scale): ([f32; L], [f32; L]) = (load(mean, c), load(scale, c));
        let shift: [f32; L] = load(shift, c);
        let y = &mut self.y[c..c + L];
        for l in 0..L {
            let tied = (sign[l] == 0.0) & !max[l].is_nan();
            max[l] = if tied { first[l] } else { max[l] * sign[l] };
            y[l] = (max[l] - mean[l]) * scale[l] + shift[l];
        }
        if KEEP {
            store(max, self.max_values, c);
        }
    }
}

impl<E: GemmScalar, const KEEP: bool> Window<'_, E, KEEP> {
    /// Searches the maxima backwards, so that the first of equal values remains.
    ///
    /// A second loop over the window (which is in the cache) is several times as fast as one loop
    /// that also tracks positions, which the compiler does not vectorise.
    #[inline(always)]
    fn find_argmax<const L: usize>(&mut self, c: usize, sign: &[f32; L], max: &[f32; L]) {
        let mut found = [0_u32; L];
        for (p, row) in self.x.chunks(self.stride).enumerate().rev() {
            let x: [f32; L] = load_wide(row, c);
            for l in 0..L {
                found[l] = if x[l] * sign[l] == max[l] { p as u32 } else { found[l] };
            }
        }
        let argmax = &mut self.argmax[c..c + L];
        for l in 0..L {
            argmax[l] = found[l] as u16;
        }
    }
}
