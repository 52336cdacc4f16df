//! Emotions in live audio: raw samples in, a line for each frame of half a second out.
//!
//! ```text
//! arecord -q -t raw -f FLOAT_LE -r 48000 | cargo run --release -p clstm --example stream -- model.safetensors
//! ```
#![allow(clippy::print_stdout, reason = "the output of this program")]

use std::io::Read;

use clstm::{Event, Recognizer, Stream, StreamConfig};

/// Sample rate of the input, in Hz, and a tenth of a second of it.
const RATE: u32 = 48_000;
const CHUNK: usize = 4_800;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = std::env::args().nth(1).ok_or("usage: stream MODEL")?;
    let recognizer = Recognizer::open(model.as_ref())?;
    let mut stream = Stream::new(&recognizer, RATE, &StreamConfig::live())?;
    stream.warm_up(CHUNK);
    let (mut microphone, mut bytes) = (std::io::stdin().lock(), [0; 4 * CHUNK]);
    let (mut chunk, mut events) = (Vec::with_capacity(CHUNK), Vec::new());
    while microphone.read_exact(&mut bytes).is_ok() {
        chunk.clear();
        chunk.extend(bytes.as_chunks().0.iter().map(|sample| f32::from_le_bytes(*sample)));
        stream.push(&chunk, &mut events)?;
        for event in events.drain(..) {
            // Provisional frames would come half a second earlier.
            let Event::Frame(frame) = event else { continue };
            match frame.prediction {
                None => println!("{:7.1} s  (no speech)", frame.end_s),
                Some(prediction) => {
                    let label = &recognizer.labels()[prediction.label_index];
                    let confidence = 100.0 * prediction.smoothed[prediction.label_index];
                    println!("{:7.1} s  {label} ({confidence:.0}%)", frame.end_s);
                }
            }
        }
    }
    Ok(())
}
