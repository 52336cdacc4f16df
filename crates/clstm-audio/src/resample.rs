//! Band-limited resampling, aligned with the input.
//!
//! The engine is rubato's synchronous FFT resampler: a windowed-sinc filter applied by overlapping
//! transforms, with an exact rational ratio. Blocks have one fixed size however the input arrives,
//! so a stream gives bit for bit what one call gives. The filter's delay is removed and the length
//! is `round(n * to / from)`.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction};

use crate::error::AudioError;
use crate::level::is_usable;
use crate::waveform::Waveform;

/// Rates that can be converted, in Hz. Outside, the transforms for extreme or coprime ratios grow
/// past reason.
pub(crate) const RATE_MIN: u32 = 1_000;
pub(crate) const RATE_MAX: u32 = 768_000;

/// Shortest block at the lower of the two rates. It is also the length of the filter: 1024 taps
/// under a squared Blackman-Harris window leave a transition of about 1 % of the band (flat to
/// 7.9 kHz at 16 kHz) and stop more than 100 dB.
const MIN_BLOCK: usize = 1024;

/// Converts a stream of samples from one rate to another.
///
/// ```
/// # fn main() -> Result<(), clstm_audio::AudioError> {
/// let mut resampler = clstm_audio::Resampler::new(44_100, 16_000)?;
/// let mut out = Vec::new();
/// for chunk in vec![0.0; 44_100].chunks(512) {
///     resampler.push(chunk, &mut out)?;
/// }
/// resampler.finish(&mut out)?;
/// assert_eq!(out.len(), 16_000);
/// # Ok(())
/// # }
/// ```
pub struct Resampler {
    from: u32,
    to: u32,
    /// None where the rates are equal: samples pass as they are.
    engine: Option<Engine>,
    taken: u64,
    given: u64,
}

struct Engine {
    fft: Fft<f32>,
    /// Input collected towards the next block.
    block: Vec<f32>,
    filled: usize,
    converted: Vec<f32>,
    /// Output samples still to drop: the delay of the filter.
    skip: usize,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampler")
            .field("from", &self.from)
            .field("to", &self.to)
            .field("taken", &self.taken)
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}

impl Resampler {
    /// A resampler from the rate `from` to the rate `to`, both in Hz.
    ///
    /// # Errors
    ///
    /// [`AudioError::BadSampleRate`] if a rate is outside 1 kHz to 768 kHz.
    pub fn new(from: u32, to: u32) -> Result<Self, AudioError> {
        for rate in [from, to] {
            if !(RATE_MIN..=RATE_MAX).contains(&rate) {
                return Err(AudioError::BadSampleRate { rate, min: RATE_MIN, max: RATE_MAX });
            }
        }
        let engine = if from == to { None } else { Some(Engine::new(from, to)?) };
        Ok(Self { from, to, engine, taken: 0, given: 0 })
    }

    /// Seconds of sound that are held back, at most: what makes no block yet, and half of the filter. 0
    /// where the rates are equal.
    #[must_use]
    pub fn latency_s(&self) -> f64 {
        self.engine.as_ref().map_or(0.0, |engine| {
            let block_s = engine.block.len() as f64 / f64::from(self.from);
            block_s + engine.fft.output_delay() as f64 / f64::from(self.to)
        })
    }

    /// Takes a chunk of any length and appends what is ready to `out`.
    ///
    /// # Errors
    ///
    /// [`AudioError::NonFinite`] if a sample is NaN or beyond [`LOUDEST`](crate::LOUDEST): one would
    /// spread over a block.
    pub fn push(&mut self, chunk: &[f32], out: &mut Vec<f32>) -> Result<(), AudioError> {
        if let Some(at) = chunk.iter().position(|x| !is_usable(*x)) {
            return Err(AudioError::NonFinite { at: self.taken + at as u64 });
        }
        self.taken += chunk.len() as u64;
        let before = out.len();
        match &mut self.engine {
            None => out.extend_from_slice(chunk),
            Some(engine) => engine.push(chunk, out)?,
        }
        self.given += (out.len() - before) as u64;
        Ok(())
    }

    /// Appends the rest of the stream to `out` and makes the resampler ready for the next one.
    ///
    /// From [`new`](Self::new) or the last `finish` on, exactly `round(n * to / from)` samples
    /// have then been appended for `n` samples pushed.
    ///
    /// # Errors
    ///
    /// None in practice; the engine's errors are passed on.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        let total = resampled_len(self.taken, self.from, self.to);
        if let Some(engine) = &mut self.engine {
            let end = out.len() + total.saturating_sub(self.given) as usize;
            engine.flush(end, out)?;
            out.truncate(end);
            engine.reset();
        }
        self.taken = 0;
        self.given = 0;
        Ok(())
    }
}

impl Engine {
    fn new(from: u32, to: u32) -> Result<Self, AudioError> {
        let divisor = gcd(from, to);
        let (unit_in, unit_out) = ((from / divisor) as usize, (to / divisor) as usize);
        // An even number of units makes both halves of the filter whole samples: the delay is then
        // exact at both rates and nothing is shifted by half a sample.
        let units = MIN_BLOCK.div_ceil(unit_in.min(unit_out)).next_multiple_of(2);
        let fft = Fft::new_custom(
            from as usize,
            to as usize,
            units * unit_in,
            1,
            1,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|e| AudioError::config("sample_rate", e.to_string()))?;
        let block = vec![0.0; fft.input_frames_max()];
        let converted = vec![0.0; fft.output_frames_max()];
        let skip = fft.output_delay();
        Ok(Self { fft, block, filled: 0, converted, skip })
    }

    fn push(&mut self, mut chunk: &[f32], out: &mut Vec<f32>) -> Result<(), AudioError> {
        while !chunk.is_empty() {
            let n = chunk.len().min(self.block.len() - self.filled);
            let (head, tail) = chunk.split_at(n);
            self.block[self.filled..self.filled + n].copy_from_slice(head);
            self.filled += n;
            chunk = tail;
            if self.filled == self.block.len() {
                self.convert(out)?;
            }
        }
        Ok(())
    }

    /// Pads with zeros until `out` has `end` samples or more.
    fn flush(&mut self, end: usize, out: &mut Vec<f32>) -> Result<(), AudioError> {
        while out.len() < end {
            self.block[self.filled..].fill(0.0);
            self.convert(out)?;
        }
        Ok(())
    }

    fn convert(&mut self, out: &mut Vec<f32>) -> Result<(), AudioError> {
        self.filled = 0;
        let (n_in, n_out) = (self.block.len(), self.converted.len());
        let failed = |e: &dyn std::fmt::Display| AudioError::damaged(format!("resampling: {e}"));
        let input = InterleavedSlice::new(&self.block, 1, n_in).map_err(|e| failed(&e))?;
        let mut output =
            InterleavedSlice::new_mut(&mut self.converted, 1, n_out).map_err(|e| failed(&e))?;
        let (_, produced) = self
            .fft
            .process_into_buffer(&input, &mut output, None::<&Indexing>)
            .map_err(|e| failed(&e))?;
        let dropped = self.skip.min(produced);
        self.skip -= dropped;
        out.extend_from_slice(&self.converted[dropped..produced]);
        Ok(())
    }

    fn reset(&mut self) {
        self.fft.reset();
        self.filled = 0;
        self.skip = self.fft.output_delay();
    }
}

/// The waveform at the rate `to`; unchanged where it has that rate already.
///
/// # Errors
///
/// [`AudioError::BadSampleRate`] for a rate that cannot be converted and
/// [`AudioError::NonFinite`] for a sample that is not a number.
pub fn resample(waveform: &Waveform, to: u32) -> Result<Waveform, AudioError> {
    let mut resampler = Resampler::new(waveform.sample_rate, to)?;
    let n = resampled_len(waveform.samples.len() as u64, waveform.sample_rate, to) as usize;
    // One block more: the last one is appended whole and then cut.
    let surplus = resampler.engine.as_ref().map_or(0, |engine| engine.converted.len());
    let mut samples = Vec::with_capacity(n + surplus);
    resampler.push(&waveform.samples, &mut samples)?;
    resampler.finish(&mut samples)?;
    Ok(Waveform { samples, sample_rate: to })
}

/// `round(n * to / from)`, halves up.
fn resampled_len(n: u64, from: u32, to: u32) -> u64 {
    let (n, from, to) = (u128::from(n), u128::from(from), u128::from(to));
    ((2 * n * to + from) / (2 * from)) as u64
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
