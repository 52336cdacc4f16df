//! The mel scale, `mel = 2595 log10(1 + Hz / 700)` (O'Shaughnessy, *Speech Communication*, 1987).

use std::f64::consts::LN_10;

/// Mel of a factor of ten in `1 + Hz / 700`.
const MEL_PER_DECADE: f64 = 2595.0;

/// Below this frequency the scale is about linear, in Hz.
pub(crate) const LINEAR_HZ: f64 = 700.0;

/// `ln(1 + Hz / 700)` of a thousand mel.
pub(crate) const LOG_PER_KILOMEL: f64 = 1000.0 * LN_10 / MEL_PER_DECADE;

/// Centre frequencies of filters begin here, in Hz: below it there is no speech.
const LOWEST_HZ: f64 = 60.0;

/// Centre frequencies of filters end at this share of the sample rate, 94% of Nyquist.
const HIGHEST_SHARE: f64 = 0.47;

pub(crate) fn hz_to_mel(hz: f64) -> f64 {
    MEL_PER_DECADE * (1.0 + hz / LINEAR_HZ).log10()
}

pub(crate) fn mel_to_hz(mel: f64) -> f64 {
    LINEAR_HZ * ((mel * LN_10 / MEL_PER_DECADE).exp() - 1.0)
}

/// The centre frequencies of `filters` filters equally spaced on the mel scale, in mel, and their distance.
pub(crate) fn equally_spaced(filters: usize, sample_rate: u32) -> (Vec<f64>, f64) {
    let (low, high) = (hz_to_mel(LOWEST_HZ), hz_to_mel(HIGHEST_SHARE * f64::from(sample_rate)));
    let place = |filter: usize| (filter as f64 + 0.5) / filters as f64;
    let centers = (0..filters).map(|filter| low + (high - low) * place(filter)).collect();
    (centers, (high - low) / filters as f64)
}

#[cfg(test)]
mod tests {
    use super::{equally_spaced, hz_to_mel, mel_to_hz};

    #[test]
    fn a_kilohertz_is_about_a_thousand_mel_and_back() {
        assert!((hz_to_mel(1000.0) - 1000.0).abs() < 0.1);
        for hz in [0.0, 60.0, 440.0, 7520.0] {
            assert!((mel_to_hz(hz_to_mel(hz)) - hz).abs() < 1e-9);
        }
    }

    #[test]
    fn centers_lie_between_60_hz_and_94_percent_of_nyquist() {
        let (centers, apart) = equally_spaced(64, 16_000);
        assert!(mel_to_hz(centers[0] - apart / 2.0) > 59.9);
        assert!(mel_to_hz(centers[63] + apart / 2.0) < 7520.1);
    }
}
