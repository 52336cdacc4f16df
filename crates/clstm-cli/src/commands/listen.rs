//! `clstm listen`: emotions of live sound.

use std::fs::File;
use std::io::{self, IsTerminal, Read};

use clstm::{Recognizer, Stream, StreamConfig};

use crate::args::{ListenArgs, ListenFormat};
use crate::failure::Failure;
use crate::listen::{Pcm, json, line};
use crate::models;
use crate::output::Output;

/// Listens until the sound ends.
pub(crate) fn run(args: &ListenArgs) -> Result<(), Failure> {
    let recognizer = Recognizer::new(models::open(args.model.as_deref())?)?;
    let config = StreamConfig { hop_s: args.hop, ..StreamConfig::live() };
    let mut stream = Stream::new(&recognizer, args.rate, &config)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let name = args.input.display();
    let reader: Box<dyn Read> = if args.input.as_os_str() == "-" {
        if io::stdin().is_terminal() {
            let message = "no sound on standard input: pipe raw samples in, such as \
                           `arecord -q -t raw -f S16_LE -r 16000 | clstm listen`";
            return Err(Failure::Usage(message.to_owned()));
        }
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&args.input);
        Box::new(file.map_err(|error| Failure::Failed(format!("cannot read {name}: {error}")))?)
    };
    let mut pcm = Pcm::new(reader, args.samples, usize::from(args.channels));
    let (mut output, mut samples, mut events) = (Output::stdout(), Vec::new(), Vec::new());
    let labels = recognizer.labels();
    let mut told = |events: &mut Vec<clstm::Event>| {
        events.drain(..).try_for_each(|event| {
            let text = match args.format {
                ListenFormat::Text => line(event, labels),
                ListenFormat::Jsonl => json(event, labels),
            };
            text.map_or(Ok(()), |text| output.write(&text))
        })
    };
    let failed = |error: clstm::StreamError| Failure::Failed(format!("{name}: {error}"));
    loop {
        // What was heard before an error is told first.
        let read = pcm.read(&mut samples);
        match read {
            Ok(true) => stream.push(&samples, &mut events).map_err(failed)?,
            Ok(false) | Err(_) => stream.finish(&mut events).map_err(failed)?,
        }
        told(&mut events)?;
        match read {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(Failure::Failed(format!("cannot read {name}: {error}"))),
        }
    }
}
