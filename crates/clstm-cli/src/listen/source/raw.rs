//! Raw samples: standard input, pipes and files without a header.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use super::Sound;
use super::pace::Pace;
use super::pcm::Pcm;
use crate::args::{ListenArgs, SampleFormat};
use crate::error::CliError;
use crate::listen::channel::{AudioSender, Lost, SourceError};
use crate::text::PathText;

/// Default sample rate of raw samples in Hz: that of the models.
const RATE: u32 = 16_000;

/// Standard input.
pub(super) fn standard_input(args: &ListenArgs) -> Result<Sound, CliError> {
    if io::stdin().is_terminal() {
        let message = "standard input is a terminal: pipe audio in, such as \
                       `arecord -q -t raw -f S16_LE -r 16000 | clstm listen --input -`";
        return Err(CliError::Usage(message.to_owned()));
    }
    Ok(sound(args, "standard input".to_owned(), io::stdin(), None))
}

/// A file or pipe.
pub(super) fn file(args: &ListenArgs, path: &Path) -> Result<Sound, CliError> {
    let name = path.text();
    let failed = |error| CliError::Failed(format!("cannot read {name}: {error}"));
    let file = File::open(path).map_err(failed)?;
    // A pipe is in real time by itself.
    let regular = file.metadata().map_err(failed)?.is_file();
    let pace = regular.then(|| Pace::new(args.no_realtime));
    Ok(sound(args, name, file, pace))
}

fn sound(
    args: &ListenArgs,
    name: String,
    reader: impl Read + Send + 'static,
    mut pace: Option<Pace>,
) -> Sound {
    let rate = args.rate.unwrap_or(RATE);
    let samples = args.sample_format.unwrap_or(SampleFormat::S16le);
    let mut pcm = Pcm::new(reader, samples, usize::from(args.channels.unwrap_or(1)));
    let shown = name.clone();
    let run = move |feed: &AudioSender| {
        let mut samples = Vec::new();
        let failed = |error| SourceError::Failed(format!("cannot read {name}: {error}"));
        while pcm.read(&mut samples).map_err(failed)? {
            match &mut pace {
                None => feed.push(&samples, rate, Lost::default())?,
                Some(pace) => pace.push(feed, &samples, rate)?,
            }
        }
        Ok(())
    };
    let live = !args.no_realtime;
    Sound { name: shown, rate: Some(rate), live, run: Box::new(run), _held: None }
}
