//! Writes the summaries of the speech gate for a list of recordings.
//!
//! Reads the paths of raw files (32-bit floats, mono, 16 kHz), one a line, from standard input. Writes for each, in little
//! endian: the number of blocks as `u32`, then for each block of 64 ms the summary of the second before it (NaN for silence)
//! and 1 if the block is louder than a pause, else 0, as `f32`.
#![allow(dead_code, reason = "modules of clstm-audio, of which the fit needs a part")]

use std::io::{self, BufRead, BufWriter, Write};
use std::time::Instant;

#[path = "../../../../crates/clstm-audio/src/speech/context.rs"]
mod context;
#[path = "../../../../crates/clstm-audio/src/speech/spectrum.rs"]
mod spectrum;

const RATE: u32 = 16_000;

/// The rows of a recording.
fn rows(samples: &[f32]) -> Vec<f32> {
    let (mut analyzer, mut context) = (spectrum::FrameAnalyzer::new(), context::Context::new());
    let mut rows = Vec::new();
    for (i, frame) in samples.as_chunks::<{ spectrum::FFT }>().0.iter().enumerate() {
        context.push(analyzer.analyze(frame));
        if i % 2 == 1 {
            rows.extend(context.summary().unwrap_or([f32::NAN; context::SUMMARY]));
            rows.push(f32::from(u8::from(context.is_active())));
        }
    }
    rows
}

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut seconds, begun) = (0.0, Instant::now());
    for path in io::stdin().lock().lines() {
        let bytes = std::fs::read(path?)?;
        let samples: Vec<f32> = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        seconds += samples.len() as f64 / f64::from(RATE);
        let rows = rows(&samples);
        let count = rows.len() / (context::SUMMARY + 1);
        out.write_all(&(count as u32).to_le_bytes())?;
        rows.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))?;
    }
    let per_second = 1e3 * begun.elapsed().as_secs_f64() / seconds;
    eprintln!("{seconds:.0} s of audio, {per_second:.3} ms for each");
    out.flush()
}
