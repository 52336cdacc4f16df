//! Accuracy of timelines by lookahead: see `bench/live`.
//!
//! Concatenates labelled utterances to one recording, predicts its timeline offline and live, and prints the share of
//! speech frames with the utterance's label.
//!
//! ```text
//! cargo run --release -p clstm --example live_accuracy -- model.safetensors utterances.tsv
//! ```
//! Each line of the list is `PATH<tab>LABEL`.
#![allow(clippy::print_stdout, reason = "the output of this program")]

use clstm::audio::{DecodeLimits, load_file};
use clstm::{Event, Frame, Recognizer, Stream, StreamConfig};

const LOOKAHEADS_S: [f64; 8] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0];

/// Concatenated utterances: end of each in samples, and its label.
struct Speech {
    samples: Vec<f32>,
    labels: Vec<(usize, usize)>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: live_accuracy MODEL LIST";
    let recognizer = Recognizer::open(arguments.next().ok_or(usage)?.as_ref())?;
    let list = std::fs::read_to_string(arguments.next().ok_or(usage)?)?;
    let rate = recognizer.info().frontend.sample_rate;
    let names: Vec<&str> = recognizer.labels().iter().map(|label| merged(label)).collect();
    let mut speech = Speech { samples: Vec::new(), labels: Vec::new() };
    for line in list.lines() {
        let (path, label) = line.split_once('\t').ok_or("a line without a tab")?;
        let label = names.iter().position(|name| *name == merged(label));
        let label = label.ok_or_else(|| format!("unknown label in {line}"))?;
        let utterance = load_file(path.as_ref(), rate, &DecodeLimits::default())?.strict()?;
        speech.samples.extend(utterance.samples);
        speech.labels.push((speech.samples.len(), label));
    }
    let offline = frames(&recognizer, &speech, rate, &offline())?;
    let (accuracy, _) = score(&offline, &offline, &speech, rate, &names);
    let seconds = speech.samples.len() as f64 / f64::from(rate);
    println!(
        "{} utterances, {seconds:.0} s; offline: {:.1}%",
        speech.labels.len(),
        100.0 * accuracy
    );
    println!("| lookahead, s | pause, s | accuracy | agreement with offline |");
    println!("|---|---|---|---|");
    for pause_s in [None, Some(0.3), Some(0.5)] {
        for lookahead_s in LOOKAHEADS_S {
            let config = StreamConfig {
                lookahead_s: Some(lookahead_s),
                provisional_s: None,
                utterance_pause_s: pause_s,
                ..StreamConfig::live()
            };
            let live = frames(&recognizer, &speech, rate, &config)?;
            let (accuracy, agreement) = score(&live, &offline, &speech, rate, &names);
            let pause = pause_s.map_or("none".to_owned(), |s| format!("{s}"));
            let [accuracy, agreement] = [accuracy, agreement].map(|x| 100.0 * x);
            println!("| {lookahead_s} | {pause} | {accuracy:.1}% | {agreement:.1}% |");
        }
    }
    Ok(())
}

/// The timeline of a recording, at the hop of live audio.
fn offline() -> StreamConfig {
    StreamConfig { hop_s: StreamConfig::live().hop_s, ..StreamConfig::recording() }
}

/// Calm speech counts as neutral.
fn merged(label: &str) -> &str {
    if label == "calm" { "neutral" } else { label }
}

fn frames(
    recognizer: &Recognizer,
    speech: &Speech,
    rate: u32,
    config: &StreamConfig,
) -> Result<Vec<Frame>, Box<dyn std::error::Error>> {
    let mut stream = Stream::new(recognizer, rate, config)?;
    let mut events = Vec::new();
    stream.push(&speech.samples, &mut events)?;
    stream.finish(&mut events)?;
    let frame = |event| if let Event::Frame(frame) = event { Some(frame) } else { None };
    Ok(events.into_iter().filter_map(frame).collect())
}

/// Shares of the speech frames that have the label of their utterance, and that of the offline timeline.
fn score(
    frames: &[Frame],
    offline: &[Frame],
    speech: &Speech,
    rate: u32,
    names: &[&str],
) -> (f64, f64) {
    let (mut count, mut right, mut same) = (0.0, 0.0, 0.0);
    for (frame, offline) in frames.iter().zip(offline) {
        // Both have the same detector; frames that are half silence have no certain label.
        if offline.speech < 0.5 {
            continue;
        }
        let middle = (0.5 * (frame.start_s + frame.end_s) * f64::from(rate)) as usize;
        let utterance = speech.labels.partition_point(|(end, _)| *end <= middle);
        let Some((_, truth)) = speech.labels.get(utterance) else { continue };
        let name = |frame: &Frame| frame.prediction.as_ref().map(|p| names[p.label_index]);
        count += 1.0;
        right += f64::from(name(frame) == Some(names[*truth]));
        same += f64::from(name(frame) == name(offline));
    }
    (right / f64::max(count, 1.0), same / f64::max(count, 1.0))
}
