//! Hears a source out.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use clstm::{Event, Recognizer, Stream, StreamConfig, StreamError};

use super::feed::{Chunk, Feed, SourceError};
use super::session::Shared;
use super::source::Sound;
use super::text::Lines;
use crate::failure::Failure;
use crate::notes::warn;

/// How soon it ends when it is to, also while no sound comes.
const TICK: Duration = Duration::from_millis(50);

/// Listens until the sound ends or `goes_on` says no; `lines` get what is heard, beside the session.
///
/// # Errors
/// Of the source, when all that came before has been heard; of the stream, and of the lines.
pub(crate) fn listen(
    sound: Sound,
    recognizer: &Recognizer,
    config: &StreamConfig,
    shared: &Shared,
    lines: Option<Lines>,
    goes_on: &dyn Fn() -> bool,
) -> Result<(), Failure> {
    let Sound { name, rate, live, run, _held } = sound;
    let rate = rate.unwrap_or(recognizer.info().frontend.sample_rate);
    let stream = Stream::new(recognizer, rate, config);
    let stream = stream.map_err(|error| Failure::Usage(error.to_string()))?;
    let (feed, chunks) = Feed::new();
    let source = std::thread::Builder::new().name("source".to_owned());
    let source = source
        .spawn(move || run(&feed))
        .map_err(|error| Failure::Failed(format!("cannot start a thread: {error}")))?;
    let mut listener = Listener { name, recognizer, config, stream, rate, live, shared, lines };
    if listener.hear_all(&chunks, goes_on)? == Ended::Asked {
        // The source may be waiting for sound; it ends with the process.
        return Ok(());
    }
    match source.join() {
        Ok(Ok(()) | Err(SourceError::Gone)) => Ok(()),
        Ok(Err(SourceError::Failed(message))) => Err(Failure::Failed(message)),
        // It has told why.
        Err(_) => Err(Failure::Told),
    }
}

/// Why it no longer listens.
#[derive(PartialEq)]
enum Ended {
    /// The source has no more.
    Source,
    /// Somebody wanted so.
    Asked,
}

struct Listener<'a> {
    /// Of the source, for messages.
    name: String,
    recognizer: &'a Recognizer,
    config: &'a StreamConfig,
    stream: Stream,
    /// The stream's.
    rate: u32,
    live: bool,
    shared: &'a Shared,
    lines: Option<Lines>,
}

impl Listener<'_> {
    fn hear_all(
        &mut self,
        chunks: &Receiver<Chunk>,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Ended, Failure> {
        let mut events = Vec::new();
        let ended = loop {
            if !goes_on() {
                break Ended::Asked;
            }
            match chunks.recv_timeout(TICK) {
                Ok(chunk) => {
                    self.hear(&chunk, &mut events)?;
                    self.tell(&mut events, self.live.then_some(chunk.came))?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break Ended::Source,
            }
        };
        self.stream.finish(&mut events).map_err(|error| self.failed(&error))?;
        // What waited for more sound has not waited for an answer.
        self.tell(&mut events, None)?;
        Ok(ended)
    }

    fn hear(&mut self, chunk: &Chunk, events: &mut Vec<Event>) -> Result<(), Failure> {
        if chunk.rate != self.rate {
            // The first of a source that did not know its rate: nothing has been heard yet.
            self.rate = chunk.rate;
            self.stream = Stream::new(self.recognizer, self.rate, self.config)
                .map_err(|error| self.failed(&error))?;
        }
        let mut session = self.shared.change();
        let first_loss = session.loss().is_none();
        session.take(chunk);
        let loss = session.loss().filter(|_| first_loss && self.lines.is_some());
        drop(session);
        if let Some(loss) = loss {
            warn(&format!("{}: {loss} so far; is the machine too busy?", self.name));
        }
        self.stream.push(&chunk.samples, events).map_err(|error| self.failed(&error))
    }

    /// Tells of events, whose last sample came then.
    fn tell(&mut self, events: &mut Vec<Event>, came: Option<Instant>) -> Result<(), Failure> {
        for event in events.drain(..) {
            self.shared.change().hear(&event, came.map(|came| came.elapsed()));
            if let Some(lines) = &mut self.lines {
                lines.write(event)?;
            }
        }
        Ok(())
    }

    fn failed(&self, error: &StreamError) -> Failure {
        Failure::Failed(format!("{}: {error}", self.name))
    }
}
