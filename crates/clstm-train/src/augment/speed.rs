//! Speed perturbation by windowed-sinc interpolation.

/// Taps of the interpolator: at 16 the images lie about 60 dB below the signal.
const TAPS: usize = 16;
/// Interpolation phases between two samples. The nearest phase is used; at a quarter of the sample
/// rate the rounding adds noise 67 dB below the signal.
const PHASES: usize = 1024;
/// Shape parameter of the Kaiser window.
const BETA: f64 = 6.0;

/// A table of polyphase interpolation filters.
pub(super) struct Interpolator {
    /// `[PHASES][TAPS]`
    table: Vec<[f32; TAPS]>,
}

impl Interpolator {
    /// Filters for speeds up to `1 + max`. The cutoff is lowered by that factor against aliasing.
    pub(super) fn new(max: f32) -> Self {
        let cutoff = 1.0 / (1.0 + f64::from(max));
        let table = (0..PHASES)
            .map(|phase| {
                let fraction = phase as f64 / PHASES as f64;
                let mut taps = [0.0f64; TAPS];
                for (k, tap) in taps.iter_mut().enumerate() {
                    // Distance from the interpolated position, in input samples.
                    let x = k as f64 - (TAPS / 2 - 1) as f64 - fraction;
                    *tap = cutoff * sinc(cutoff * x) * kaiser(x / (TAPS / 2) as f64);
                }
                // Equal DC gain in every phase: otherwise the phases modulate the signal.
                let sum: f64 = taps.iter().sum();
                taps.map(|tap| (tap / sum) as f32)
            })
            .collect();
        Self { table }
    }

    /// Writes the samples of `clean` at `speed`, starting at output sample `first`.
    pub(super) fn interpolate(&self, clean: &[f32], speed: f64, first: usize, out: &mut [f32]) {
        let step = speed * PHASES as f64;
        for (n, y) in out.iter_mut().enumerate() {
            // Rounded by truncation: `round` is a library call on machines without SSE4.1.
            let ticks = ((first + n) as f64 * step + 0.5) as usize;
            let (center, phase) = (ticks / PHASES, ticks % PHASES);
            let taps = &self.table[phase];
            let window = center
                .checked_sub(TAPS / 2 - 1)
                .and_then(|start| clean.get(start..start + TAPS))
                .and_then(|window| <&[f32; TAPS]>::try_from(window).ok());
            *y = match window {
                Some(window) => dot(window, taps),
                None => dot_at_edge(clean, center, taps),
            };
        }
    }
}

/// Samples of a clip of `n` when played at `speed`.
pub(super) fn len_at(n: usize, speed: f64) -> usize {
    (n as f64 / speed).round() as usize
}

fn dot(window: &[f32; TAPS], taps: &[f32; TAPS]) -> f32 {
    // Four partial sums in a fixed order: the compiler vectorises them and the result is reproducible.
    let mut sums = [0.0f32; 4];
    for (window, taps) in window.chunks_exact(4).zip(taps.chunks_exact(4)) {
        for ((sum, x), tap) in sums.iter_mut().zip(window).zip(taps) {
            *sum += x * tap;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// Beyond its edges the clip is zero.
fn dot_at_edge(clean: &[f32], center: usize, taps: &[f32; TAPS]) -> f32 {
    let sample = |k: usize| {
        let at = (center + k).checked_sub(TAPS / 2 - 1)?;
        clean.get(at).copied()
    };
    taps.iter().enumerate().map(|(k, tap)| tap * sample(k).unwrap_or(0.0)).sum()
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

/// The Kaiser window over -1 to 1.
fn kaiser(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        return 0.0;
    }
    bessel_i0(BETA * (1.0 - x * x).sqrt()) / bessel_i0(BETA)
}

/// Modified Bessel function of the first kind, order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}
