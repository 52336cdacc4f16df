//! Processes the audio of a source.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use clstm::audio::Damage;
use clstm::{ChannelEvent, ChannelSelection, ChannelStream, Recognizer, StreamConfig, StreamError};

use super::channel::{AudioSender, Chunk, SourceError};
use super::session::Shared;
use super::source::Sound;
use super::text::Lines;
use crate::error::CliError;
use crate::messages::warn;

/// Interval at which it checks whether to stop, also while no audio arrives.
const TICK: Duration = Duration::from_millis(50);

/// Processes audio until it ends or `is_running` is false. Events go to the session and to `lines`.
///
/// # Errors
/// Of the source, after all audio before it has been processed; of the stream, and of the lines.
pub(crate) fn listen(
    sound: Sound,
    recognizer: &Recognizer,
    (channel, config): (ChannelSelection, &StreamConfig),
    shared: &Shared,
    lines: Option<Lines>,
    is_running: &dyn Fn() -> bool,
) -> Result<(), CliError> {
    let Sound { name, rate, live, run, _held } = sound;
    let rate = rate.unwrap_or(recognizer.info().frontend.sample_rate);
    let stream = ChannelStream::new(recognizer, rate, channel, config);
    let stream = stream.map_err(|error| CliError::Usage(error.to_string()))?;
    let (feed, chunks) = AudioSender::new();
    let source = std::thread::Builder::new().name("source".to_owned());
    let source = source
        .spawn(move || run(&feed))
        .map_err(|error| CliError::Failed(format!("cannot start a thread: {error}")))?;
    let mix = channel == ChannelSelection::Mix;
    let mut listener = Listener { name, stream, mix, live, shared, lines };
    if listener.process_all(&chunks, is_running)? == Ended::Stopped {
        // The source may be blocked in a read; it ends with the process.
        return Ok(());
    }
    match source.join() {
        Ok(Ok(damage)) => listener.report(damage),
        Ok(Err(SourceError::Disconnected)) => Ok(()),
        Ok(Err(SourceError::Failed(message))) => Err(CliError::Failed(message)),
        // The panic has been reported.
        Err(_) => Err(CliError::Reported),
    }
}

/// Why processing ended.
#[derive(PartialEq)]
enum Ended {
    /// The source has ended.
    Source,
    /// The user stopped it.
    Stopped,
}

struct Listener<'a> {
    /// Name of the source, for messages.
    name: String,
    stream: ChannelStream,
    /// Whether the channels are mixed down.
    mix: bool,
    live: bool,
    shared: &'a Shared,
    lines: Option<Lines>,
}

impl Listener<'_> {
    fn process_all(
        &mut self,
        chunks: &Receiver<Chunk>,
        is_running: &dyn Fn() -> bool,
    ) -> Result<Ended, CliError> {
        let mut events = Vec::new();
        let ended = loop {
            if !is_running() {
                break Ended::Stopped;
            }
            match chunks.recv_timeout(TICK) {
                Ok(chunk) => {
                    self.process(&chunk, &mut events)?;
                    self.emit(&mut events, self.live.then_some(chunk.arrived))?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break Ended::Source,
            }
        };
        self.stream.finish(&mut events).map_err(|error| self.failed(&error))?;
        // The delay until the end of the audio is no latency of inference.
        self.emit(&mut events, None)?;
        Ok(ended)
    }

    fn process(&mut self, chunk: &Chunk, events: &mut Vec<ChannelEvent>) -> Result<(), CliError> {
        let mut session = self.shared.change();
        let first_loss = session.loss().is_none();
        session.take(chunk);
        let loss = session.loss().filter(|_| first_loss && self.lines.is_some());
        drop(session);
        if let Some(loss) = loss {
            warn(&format!("{}: {loss} so far; the machine may be overloaded", self.name));
        }
        let Chunk { samples, channels, rate, .. } = chunk;
        let pushed = self.stream.push(samples, *channels, *rate, events);
        pushed.map_err(|error| self.failed(&error))
    }

    /// Passes events on. `arrived` is the time of arrival of their last sample.
    fn emit(
        &mut self,
        events: &mut Vec<ChannelEvent>,
        arrived: Option<Instant>,
    ) -> Result<(), CliError> {
        for event in events.drain(..) {
            let channel = (!self.mix).then_some(event.channel);
            let latency = arrived.map(|arrived| arrived.elapsed());
            self.shared.change().update(channel, &event.event, latency);
            if let Some(lines) = &mut self.lines {
                lines.write(event)?;
            }
        }
        Ok(())
    }

    /// Reports what is missing of the source.
    fn report(&mut self, damage: Option<Damage>) -> Result<(), CliError> {
        if let (Some(lines), Some(damage)) = (&mut self.lines, &damage) {
            lines.write_damage(damage)?;
        }
        self.shared.change().damage = damage;
        Ok(())
    }

    fn failed(&self, error: &StreamError) -> CliError {
        CliError::Failed(format!("{}: {error}", self.name))
    }
}
