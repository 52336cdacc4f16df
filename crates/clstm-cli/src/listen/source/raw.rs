//! Raw samples from standard input, pipes and files. An input that begins like a container is decoded instead.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use clstm::ChannelSelection;
use clstm::audio::{
    AudioError, ContainerKind, Damage, DecodeLimits, PipeBuffer, not_raw_samples, replace_unusable,
    sniff, stream_bytes, stream_channels_bytes,
};

use super::Sound;
use super::pace::Pace;
use super::pcm::{Pcm, width};
use super::wav_header::WavHeader;
use super::wav_stream::{Next, WavStream};
use crate::args::{ListenArgs, SampleFormat};
use crate::error::CliError;
use crate::listen::channel::{AudioSender, Lost, SourceError};
use crate::messages::warn;
use crate::text::PathText;

/// Default sample rate of raw samples in Hz: that of the models.
const RATE: u32 = 16_000;

/// Bytes that the container is recognised by: enough for two MPEG frames.
const HEAD: u64 = 4096;

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
    pace: Option<Pace>,
) -> Sound {
    let rate = args.rate.unwrap_or(RATE);
    let format = args.sample_format.unwrap_or(SampleFormat::S16le);
    let channels = usize::from(args.channels.unwrap_or(1));
    let described = args.rate.is_some() || args.sample_format.is_some() || args.channels.is_some();
    let apart = args.channel != ChannelSelection::Mix;
    let shown = name.clone();
    let run = move |sender: &AudioSender| {
        let mut player = Player { name, sender, pace, apart, frames: 0, damage: None };
        let mut reader = reader;
        let mut head = Vec::new();
        reader.by_ref().take(HEAD).read_to_end(&mut head).map_err(|e| player.failed(&e))?;
        match sniff(&head) {
            None => match not_raw_samples(&head) {
                Some(error) => Err(SourceError::Failed(format!("{}: {error}", player.name))),
                None => player.raw(io::Cursor::new(head).chain(reader), format, channels, rate),
            },
            Some(kind) => {
                if described {
                    let name = &player.name;
                    let kind = kind.name();
                    warn(&format!(
                        "{name} is a {kind} file: --rate, --sample-format and --channels are ignored"
                    ));
                }
                player.container(kind, head, reader)
            }
        }
    };
    let live = !args.no_realtime;
    Sound { name: shown, rate: Some(rate), live, run: Box::new(run), _held: None }
}

/// Sends the audio of an input.
struct Player<'a> {
    name: String,
    sender: &'a AudioSender,
    pace: Option<Pace>,
    /// Whether the channels of a container stay apart instead of being mixed down.
    apart: bool,
    /// Frames of samples that were sent as they arrived.
    frames: u64,
    /// What is missing of those samples.
    damage: Option<Damage>,
}

impl Player<'_> {
    fn failed(&self, error: &dyn std::fmt::Display) -> SourceError {
        SourceError::Failed(format!("cannot read {}: {error}", self.name))
    }

    fn send(&mut self, samples: &[f32], channels: usize, rate: u32) -> Result<(), SourceError> {
        match &mut self.pace {
            None => self.sender.push(samples, channels, rate, Lost::default()),
            Some(pace) => pace.push(self.sender, samples, channels, rate),
        }
    }

    /// Sends raw samples, which have no header.
    fn raw(
        &mut self,
        reader: impl Read,
        format: SampleFormat,
        channels: usize,
        rate: u32,
    ) -> Result<Option<Damage>, SourceError> {
        if self.samples(reader, format, channels, rate)? {
            let cut = "the data ends within a sample; check --sample-format and --channels";
            return Err(self.failed(&cut));
        }
        Ok(self.damage.take())
    }

    /// Sends samples as they arrive. Returns whether they end within one.
    fn samples(
        &mut self,
        reader: impl Read,
        format: SampleFormat,
        channels: usize,
        rate: u32,
    ) -> Result<bool, SourceError> {
        let mut pcm = Pcm::new(reader, format, channels);
        let mut samples = Vec::new();
        while pcm.read(&mut samples).map_err(|error| self.failed(&error))? {
            if let Some((first, count)) = replace_unusable(&mut samples) {
                let at = self.frames + (first / channels) as u64;
                let (frames, at_s) = (count.div_ceil(channels), at as f64 / f64::from(rate));
                self.add_damage(Damage::unusable_samples(count, frames, rate, at_s));
            }
            self.frames += (samples.len() / channels) as u64;
            self.send(&samples, channels, rate)?;
        }
        Ok(pcm.is_cut())
    }

    fn add_damage(&mut self, damage: Damage) {
        Damage::add(&mut self.damage, damage);
    }

    /// Sends all chunks of samples of a WAV, and of those that are joined to it, as they arrive.
    fn wav(
        &mut self,
        mut header: WavHeader,
        mut stream: WavStream<impl Read>,
    ) -> Result<Option<Damage>, SourceError> {
        loop {
            stream.skip(header.data_at as u64).map_err(|error| self.failed(&error))?;
            match self.chunks(header, &mut stream)? {
                Some(next) => header = next,
                None => return Ok(self.damage.take()),
            }
        }
    }

    /// Sends the chunks of samples of one WAV. Returns the header of a WAV that is joined to it.
    fn chunks(
        &mut self,
        header: WavHeader,
        stream: &mut WavStream<impl Read>,
    ) -> Result<Option<WavHeader>, SourceError> {
        let WavHeader { format, channels, rate, data_bytes, .. } = header;
        let mut len = data_bytes;
        loop {
            let mut data = stream.by_ref().take(len);
            let cut = self.samples(data.by_ref(), format, channels, rate)?;
            // Writers of pipes do not know the length.
            let missing = if len == u64::MAX { 0 } else { data.limit() };
            if cut || missing > 0 {
                let bytes_per_s = (width(format) * channels) as f64 * f64::from(rate);
                self.add_damage(Damage::cut_short(missing as f64 / bytes_per_s));
            }
            match stream.after_samples(len).map_err(|error| self.failed(&error))? {
                Next::End => return Ok(None),
                Next::Samples(more) => len = more,
                Next::Recording(next) => return Ok(Some(next)),
                Next::Uncounted => {
                    let message = format!(
                        "the WAV header promises {len} bytes of samples, more follow; all were decoded"
                    );
                    self.add_damage(Damage::new(message));
                    len = u64::MAX;
                }
                Next::NoAudio => {
                    let message = "what follows the samples cannot be decoded as it arrives";
                    self.add_damage(Damage::new(message));
                    return Ok(None);
                }
            }
        }
    }

    /// Sends the audio of a container: of WAV as it arrives, of others once all of it has arrived.
    fn container(
        &mut self,
        kind: ContainerKind,
        head: Vec<u8>,
        reader: impl Read,
    ) -> Result<Option<Damage>, SourceError> {
        if kind == ContainerKind::Wav
            && let Some(header) = WavHeader::parse(&head)
        {
            return self.wav(header, WavStream::new(io::Cursor::new(head).chain(reader)));
        }
        let limits = DecodeLimits { max_duration_s: f64::INFINITY, ..DecodeLimits::default() };
        let name = self.name.clone();
        let bytes =
            PipeBuffer::read(io::Cursor::new(head).chain(reader), Path::new(&name), &limits)
                .map_err(|error| match error {
                    AudioError::Io { .. } => SourceError::from(error),
                    error => SourceError::Failed(format!("{name}: {error}")),
                })?;
        let decoded = match self.apart {
            false => {
                stream_bytes(bytes, None, &limits, |samples, rate| self.send(samples, 1, rate))
            }
            true => stream_channels_bytes(bytes, None, &limits, |samples, channels, rate| {
                self.send(samples, channels, rate)
            }),
        };
        decoded.map(|report| report.damage).map_err(|error| match error {
            SourceError::Failed(message) => SourceError::Failed(format!("{name}: {message}")),
            disconnected @ SourceError::Disconnected => disconnected,
        })
    }
}
