//! A mono recording in memory.

/// A mono recording: samples at full scale ±1 and their rate.
///
/// Samples of float files may exceed ±1; nothing clips them.
#[derive(Debug, Clone, PartialEq)]
pub struct Waveform {
    /// Amplitudes, full scale ±1.
    pub samples: Vec<f32>,
    /// Samples per second, in Hz.
    pub sample_rate: u32,
}

impl Waveform {
    /// Length in seconds; 0 for a waveform without samples or without a rate.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        if self.sample_rate == 0 {
            return 0.0;
        }
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }
}
