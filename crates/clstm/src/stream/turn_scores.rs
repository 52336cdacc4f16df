//! Predictions for the turns of a stream.
//!
//! The windows of a turn are those of a recording: each half a window after the one before, the last one at the end. They are
//! scored while the turn lasts, so that no more audio is kept than for frames.

use clstm_nn::NetworkConfig;

use super::turns::{Turn, Turns};
use super::{Event, LabelScore, Segment, Stream, StreamError};
use crate::RecognizeError;

/// Sums over the windows of the open turn.
#[derive(Debug, Default)]
pub(super) struct TurnScores {
    logits: Vec<f64>,
    dimensions: Vec<f64>,
    windows: usize,
    /// First sample of the next window; `None` before the first one.
    next: Option<u64>,
}

impl TurnScores {
    /// Reserves the memory for a network.
    pub(super) fn new(network: &NetworkConfig) -> Self {
        Self {
            logits: Vec::with_capacity(network.classes),
            dimensions: Vec::with_capacity(network.dimensions),
            ..Self::default()
        }
    }

    pub(super) fn reset(&mut self) {
        self.logits.clear();
        self.dimensions.clear();
        (self.windows, self.next) = (0, None);
    }
}

impl Stream {
    /// Examines the speech up to `sample`, and predicts the turns that ended before it.
    pub(super) fn advance_turns(
        &mut self,
        sample: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), StreamError> {
        // Where no sample limits it, all known frames are examined.
        let until = match sample {
            u64::MAX => u64::MAX,
            sample => self.speech.frames_by(sample),
        };
        if self.turns.is_none() {
            return Ok(());
        }
        while let Some(turns) = &mut self.turns
            && let Some(turn) = turns.next(&self.speech, until)
        {
            self.end_turn(turn, events)?;
        }
        let Some(turn) = self.turns.as_ref().and_then(Turns::open) else {
            self.turn.reset();
            return Ok(());
        };
        let [_, spoken] = turn.samples(&self.speech);
        self.score_turn(turn, spoken, events)
    }

    /// First sample that the open turn may still need.
    pub(super) fn needed_by_turn(&self) -> u64 {
        let Some(turn) = self.turns.as_ref().and_then(Turns::open) else { return u64::MAX };
        let ([start, _], [_, spoken]) = (turn.audio(&self.speech), turn.samples(&self.speech));
        start.max(spoken.saturating_sub(self.sizes.window as u64))
    }

    /// Scores the windows of a turn that end by sample `end`, but for those that were scored before.
    fn score_turn(
        &mut self,
        turn: Turn,
        end: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), StreamError> {
        let window = self.sizes.window as u64;
        let [start, _] = turn.audio(&self.speech);
        loop {
            let next = self.turn.next.unwrap_or(start);
            if next + window > end {
                return Ok(());
            }
            self.score_turn_window([next, next + window], events)?;
            self.turn.next = Some(next + window.div_ceil(2));
        }
    }

    /// Adds the scores of one window of a turn.
    fn score_turn_window(
        &mut self,
        [start, end]: [u64; 2],
        events: &mut Vec<Event>,
    ) -> Result<(), StreamError> {
        // The scores of pending frames are in the same buffers.
        self.predict(events)?;
        let range = start.saturating_sub(self.first) as usize..(end - self.first) as usize;
        let mut buffer = self.buffer();
        buffer.extend_from_slice(self.samples.get(range).unwrap_or_default());
        let clip = self.recognizer.info().frontend.preprocess(buffer);
        if clip.silent {
            self.buffers.push(clip.samples);
            return Ok(());
        }
        self.clips.push(clip);
        self.score();
        self.buffers.extend(self.clips.drain(..).map(|clip| clip.samples));
        let Self { scorer, turn, .. } = self;
        for (sums, values) in
            [(&mut turn.logits, &scorer.logits), (&mut turn.dimensions, &scorer.dimensions)]
        {
            sums.resize(values.len(), 0.0);
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        turn.windows += 1;
        // They are not those of frames.
        scorer.logits.clear();
        scorer.dimensions.clear();
        Ok(())
    }

    /// Appends the prediction for a turn that has ended.
    pub(super) fn end_turn(
        &mut self,
        turn: Turn,
        events: &mut Vec<Event>,
    ) -> Result<(), StreamError> {
        let total = self.first + self.samples.len() as u64;
        let [start, end] = turn.audio(&self.speech);
        let end = end.min(total);
        self.score_turn(turn, end, events)?;
        let window = self.sizes.window as u64;
        let last = end.saturating_sub(window).max(start);
        // The last window ends with the turn.
        let scored = self.turn.next.map(|next| next - window.div_ceil(2));
        if scored != Some(last) {
            self.score_turn_window([last, end], events)?;
        }
        self.predict(events)?;
        let count = self.turn.windows as f64;
        if count > 0.0 {
            let TurnScores { logits, dimensions, .. } = &mut self.turn;
            logits.iter_mut().chain(dimensions.iter_mut()).for_each(|sum| *sum /= count);
            if !logits.iter().chain(dimensions.iter()).all(|value| value.is_finite()) {
                return Err(RecognizeError::NonFiniteLogits.into());
            }
            let probabilities = self.recognizer.stream_probabilities(logits);
            let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let (label_index, confidence) = best.map_or((0, 0.0), |(label, p)| (label, *p));
            let dimensions = self.recognizer.stream_dimensions(dimensions);
            let label = Some(LabelScore { label_index, confidence, probabilities, dimensions });
            let [start_s, end_s] =
                turn.samples(&self.speech).map(|sample| self.seconds(sample.min(total)));
            events.push(Event::Turn(Segment { start_s, end_s, label }));
        }
        self.turn.reset();
        Ok(())
    }
}
