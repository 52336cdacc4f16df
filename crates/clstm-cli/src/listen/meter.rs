//! The level of the sound, as a meter shows it.

/// The lowest level shown. The noise floor of most microphones lies above it.
pub(crate) const FLOOR_DB: f64 = -60.0;
/// Release rate of the level: slow enough that words do not make it flicker.
const FALL_DB_PER_S: f64 = 24.0;
/// Time for which a peak is held.
const HOLD_S: f64 = 1.5;
/// Release rate of the peak, after the peak programme meters of broadcasting (IEC 60268-10 type I: 20 dB in 1.7 s).
const PEAK_FALL_DB_PER_S: f64 = 20.0 / 1.7;
/// Block of the RMS in seconds; of a chunk the loudest block counts.
const BLOCK_S: f64 = 0.025;

/// Level and peak in dB relative to full scale (an amplitude of 1). Time is measured in samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Meter {
    /// Root mean square of 25 ms, rising at once and falling slowly.
    pub(crate) level_db: f64,
    /// The largest sample, held and then falling.
    pub(crate) peak_db: f64,
    /// Seconds for which the peak is still held.
    hold_s: f64,
}

impl Default for Meter {
    fn default() -> Self {
        Self { level_db: FLOOR_DB, peak_db: FLOOR_DB, hold_s: 0.0 }
    }
}

impl Meter {
    /// Processes samples at this rate in Hz.
    pub(crate) fn push(&mut self, samples: &[f32], rate: u32) {
        let block = ((BLOCK_S * f64::from(rate)) as usize).max(1);
        for block in samples.chunks(block) {
            let seconds = block.len() as f64 / f64::from(rate.max(1));
            let level = clstm::audio::rms_dbfs(block);
            self.level_db = (self.level_db - FALL_DB_PER_S * seconds).max(level).max(FLOOR_DB);
            let largest = block.iter().fold(0.0_f32, |largest, sample| largest.max(sample.abs()));
            let peak = 20.0 * f64::from(largest).log10();
            if peak >= self.peak_db {
                (self.peak_db, self.hold_s) = (peak, HOLD_S);
                continue;
            }
            // A block may end the hold and begin the fall.
            let falling = (seconds - self.hold_s).max(0.0);
            self.hold_s = (self.hold_s - seconds).max(0.0);
            self.peak_db = (self.peak_db - PEAK_FALL_DB_PER_S * falling).max(peak).max(FLOOR_DB);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FLOOR_DB, HOLD_S, Meter};

    const RATE: u32 = 16_000;

    #[test]
    fn a_full_scale_sine_is_3_db_below_its_peak() {
        let mut meter = Meter::default();
        let sine = |n: usize| (std::f32::consts::TAU * 400.0 * n as f32 / RATE as f32).sin();
        meter.push(&(0..RATE as usize).map(sine).collect::<Vec<_>>(), RATE);
        assert!((meter.level_db + 3.01).abs() < 0.01, "{meter:?}");
        assert!(meter.peak_db.abs() < 1e-3, "{meter:?}");
    }

    #[test]
    fn the_peak_stands_then_falls_and_the_level_falls_at_once() {
        let mut meter = Meter::default();
        meter.push(&[0.5], RATE);
        let peak = meter.peak_db;
        assert!((peak + 6.02).abs() < 0.01);
        let silence = |s: f64| vec![0.0; (s * f64::from(RATE)) as usize];
        meter.push(&silence(1.0), RATE);
        assert_eq!(meter.peak_db, peak);
        assert!((meter.level_db + 6.02 + 24.0).abs() < 0.01, "{meter:?}");
        meter.push(&silence(HOLD_S - 1.0 + 1.7), RATE);
        assert!((meter.peak_db - (peak - 20.0)).abs() < 0.01, "{meter:?}");
        meter.push(&silence(60.0), RATE);
        assert_eq!((meter.level_db, meter.peak_db), (FLOOR_DB, FLOOR_DB));
        // A louder peak replaces it at once.
        meter.push(&[1.0], RATE);
        assert_eq!(meter.peak_db, 0.0);
    }

    #[test]
    fn it_shows_the_same_however_the_sound_arrives() {
        let sound: Vec<f32> =
            (0..20_000).map(|n| ((n * n) as f32).sin() / (1.0 + n as f32)).collect();
        let (mut whole, mut pieces) = (Meter::default(), Meter::default());
        whole.push(&sound, RATE);
        // Whole blocks of 25 ms.
        sound.chunks(1200).for_each(|piece| pieces.push(piece, RATE));
        assert_eq!(whole, pieces);
    }
}
