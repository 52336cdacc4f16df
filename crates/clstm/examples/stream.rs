//! Emotions of live sound: raw samples in, a line for each half second out.
//!
//! ```text
//! arecord -q -t raw -f FLOAT_LE -r 48000 | cargo run --release -p clstm --example stream -- model.safetensors
//! ```
#![allow(clippy::print_stdout, reason = "the answer of this program")]

use std::io::Read;

use clstm::{Event, Recognizer, Stream, StreamConfig};

/// What the microphone records at, in Hz, and a tenth of a second of it.
const RATE: u32 = 48_000;
const CHUNK: usize = 4_800;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = std::env::args().nth(1).ok_or("name a model file")?;
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
            let Event::Frame(moment) = event else { continue };
            match moment.prediction {
                None => println!("{:7.1} s  (no speech)", moment.end_s),
                Some(heard) => {
                    let label = &recognizer.labels()[heard.label_index];
                    let sure = 100.0 * heard.smoothed[heard.label_index];
                    println!("{:7.1} s  {label} ({sure:.0} %)", moment.end_s);
                }
            }
        }
    }
    Ok(())
}
