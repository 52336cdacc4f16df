//! Speed change by windowed-sinc interpolation.

/// Taps of the interpolator: at 16 the images lie about 60 dB below the signal.
const TAPS: usize = 16;
/// Positions between two samples. The nearest one is taken: at a quarter of the sample rate the
/// rounding of the position makes noise 67 dB below the signal.
const PHASES: usize = 1024;
/// Shape of the Kaiser window.
const BETA: f64 = 6.0;

/// A table of interpolation filters.
pub(super) struct Interpolator {
    /// `[PHASES][TAPS]`
    table: Vec<[f32; TAPS]>,
}

impl Interpolator {
    /// For speeds up to `1 + max`. The cutoff leaves room for that speed, above which frequencies
    /// would fold back.
    pub(super) fn new(max: f32) -> Self {
        let cutoff = 1.0 / (1.0 + f64::from(max));
        let table = (0..PHASES)
            .map(|phase| {
                let fraction = phase as f64 / PHASES as f64;
                let mut taps = [0.0f64; TAPS];
                for (k, tap) in taps.iter_mut().enumerate() {
                    // Distance from the wanted position, in input samples.
                    let x = k as f64 - (TAPS / 2 - 1) as f64 - fraction;
                    *tap = cutoff * sinc(cutoff * x) * kaiser(x / (TAPS / 2) as f64);
                }
                // Each phase passes DC alike, or the phases would modulate the signal.
                let sum: f64 = taps.iter().sum();
                taps.map(|tap| (tap / sum) as f32)
            })
            .collect();
        Self { table }
    }

    /// Writes the samples from number `first` on of `clean` played at `speed`.
    pub(super) fn interpolate(&self, clean: &[f32], speed: f64, first: usize, out: &mut [f32]) {
        let step = speed * PHASES as f64;
        for (n, y) in out.iter_mut().enumerate() {
            // Rounded by truncation: `round` is a library call on machines without SSE4.1.
            let ticks = ((first + n) as f64 * step + 0.5) as usize;
            let (centre, phase) = (ticks / PHASES, ticks % PHASES);
            let taps = &self.table[phase];
            let window = centre
                .checked_sub(TAPS / 2 - 1)
                .and_then(|start| clean.get(start..start + TAPS))
                .and_then(|window| <&[f32; TAPS]>::try_from(window).ok());
            *y = match window {
                Some(window) => dot(window, taps),
                None => dot_at_edge(clean, centre, taps),
            };
        }
    }
}

/// Samples of a clip of `n` when played at `speed`.
pub(super) fn len_at(n: usize, speed: f64) -> usize {
    (n as f64 / speed).round() as usize
}

fn dot(window: &[f32; TAPS], taps: &[f32; TAPS]) -> f32 {
    // Four sums in a fixed order: vectorised, and the same on every run.
    let mut sums = [0.0f32; 4];
    for (window, taps) in window.chunks_exact(4).zip(taps.chunks_exact(4)) {
        for ((sum, x), tap) in sums.iter_mut().zip(window).zip(taps) {
            *sum += x * tap;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// Beyond its edges the clip is zero.
fn dot_at_edge(clean: &[f32], centre: usize, taps: &[f32; TAPS]) -> f32 {
    let sample = |k: usize| {
        let at = (centre + k).checked_sub(TAPS / 2 - 1)?;
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
