//! The emotion of recordings in files.
//!
//! ```text
//! cargo run --release -p clstm --example label_file -- model.safetensors hello.wav
//! ```
#![allow(clippy::print_stdout, reason = "the output of this program")]

use clstm::Recognizer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().ok_or("usage: label_file MODEL RECORDING...")?;
    let recognizer = Recognizer::open(model.as_ref())?;
    for path in arguments {
        let recognition = recognizer.recognize_file(path.as_ref())?;
        let speech = 100.0 * recognition.speech;
        match recognition.prediction {
            None => println!("{path}: no speech"),
            Some(prediction) => {
                let confidence = 100.0 * prediction.confidence;
                println!("{path}: {} ({confidence:.0}%; {speech:.0}% speech)", prediction.label);
            }
        }
    }
    Ok(())
}
