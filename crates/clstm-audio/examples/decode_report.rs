//! Decodes recordings and reports their length and damage, as one line of JSON each: `bench/containers` compares that with
//! other decoders. Reads paths from standard input.
//!
//!     find FOLDER -type f | cargo run --release -p clstm-audio --example decode_report
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Instant;

use clstm_audio::{AudioError, DecodeLimits, is_decoding, stream_file};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    // A panic inside a decoder becomes damage of its recording.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !is_decoding() {
            hook(info);
        }
    }));
    let mut out = io::stdout().lock();
    for path in io::stdin().lock().lines() {
        let path = path?;
        let start = Instant::now();
        let report = report(Path::new(&path));
        writeln!(
            out,
            "{}",
            json!({"path": path, "took_s": start.elapsed().as_secs_f64(), "report": report})
        )?;
    }
    Ok(())
}

fn report(path: &Path) -> Value {
    let (mut samples, mut energy) = (0_u64, 0.0_f64);
    let decoded = stream_file::<AudioError>(path, &DecodeLimits::default(), |chunk, _| {
        samples += chunk.len() as u64;
        energy += chunk.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
        Ok(())
    });
    match decoded {
        Ok(report) => json!({
            "container": report.container.name(),
            "duration_s": report.duration_s,
            "rms": (energy / samples.max(1) as f64).sqrt(),
            "damage": report.damage,
            "notes": report.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        Err(error) => json!({"error": {"kind": error.kind(), "message": error.to_string()}}),
    }
}
