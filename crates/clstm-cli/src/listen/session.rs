//! State of a session of `clstm listen`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clstm::audio::Damage;
use clstm::{DimensionInfo, Event, Frame, Segment};

use super::channel::{Chunk, Lost};
use super::meter::Meter;
use crate::text::printable;

/// Seconds of frames kept for the display.
const KEPT_S: f64 = 600.0;

/// A session, shared by the listener and the live view.
#[derive(Debug)]
pub(crate) struct Shared {
    session: Mutex<Session>,
    changed: AtomicBool,
}

impl Shared {
    pub(crate) fn new(session: Session) -> Self {
        Self { session: Mutex::new(session), changed: AtomicBool::new(true) }
    }

    /// The session to read. A panic in another thread does not make it unreadable.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session to change.
    pub(crate) fn change(&self) -> MutexGuard<'_, Session> {
        self.changed.store(true, Ordering::Relaxed);
        self.lock()
    }

    /// Whether it has changed since the last call.
    pub(crate) fn has_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }
}

/// A frame as it is displayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ShownFrame {
    /// Seconds from the first sample.
    pub(crate) start_s: f64,
    /// End in seconds.
    pub(crate) end_s: f64,
    /// Index of its label; `None` without speech.
    pub(crate) label: Option<usize>,
}

/// The last turn of speech that has ended.
#[derive(Clone, Copy, Debug)]
struct ShownTurn {
    start_s: f64,
    end_s: f64,
    label: usize,
}

impl ShownTurn {
    /// Whether a frame is in the turn.
    fn covers(&self, start_s: f64, end_s: f64) -> bool {
        (self.start_s..=self.end_s).contains(&((start_s + end_s) / 2.0))
    }
}

/// Delay of frames behind the arrival of their audio.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Latency {
    pub(crate) last: Duration,
    pub(crate) worst: Duration,
    sum: Duration,
    count: u32,
}

impl Latency {
    fn add(&mut self, latency: Duration) {
        self.last = latency;
        self.worst = self.worst.max(latency);
        self.sum += latency;
        self.count += 1;
    }

    /// The mean; `None` before the first.
    pub(crate) fn mean(&self) -> Option<Duration> {
        self.sum.checked_div(self.count)
    }
}

/// Seconds of each label, and without speech.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LabelTimes {
    pub(crate) label_s: Vec<f64>,
    pub(crate) no_speech_s: f64,
    /// Sums of the continuous targets over the time with a label, each value times its seconds.
    dimension_sums: Vec<f64>,
}

impl LabelTimes {
    fn add(&mut self, label: Option<usize>, values: &[f64], seconds: f64) {
        let Some(label) = label else {
            self.no_speech_s += seconds;
            return;
        };
        self.dimension_sums.resize(values.len(), 0.0);
        let sums = self.dimension_sums.iter_mut().zip(values);
        sums.for_each(|(sum, value)| *sum += seconds * value);
        self.add_label(label, seconds);
    }

    fn add_label(&mut self, label: usize, seconds: f64) {
        if self.label_s.len() <= label {
            self.label_s.resize(label + 1, 0.0);
        }
        self.label_s[label] += seconds;
    }

    /// Moves seconds from one label to another. Sums of hops are not exact.
    fn move_to(&mut self, label: usize, from: usize, seconds: f64) {
        if let Some(before) = self.label_s.get_mut(from) {
            *before = if *before - seconds < 1e-6 { 0.0 } else { *before - seconds };
        }
        self.add_label(label, seconds);
    }

    /// Means of the continuous targets over the time with a label; none without it.
    pub(crate) fn dimension_means(&self) -> Vec<f64> {
        let seconds: f64 = self.label_s.iter().sum();
        self.dimension_sums
            .iter()
            .map(|sum| sum / seconds)
            .filter(|mean| mean.is_finite())
            .collect()
    }
}

/// State of a session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The source, printable.
    pub(crate) source: String,
    /// Name of the model, printable.
    pub(crate) model: String,
    /// Labels of the model, printable.
    pub(crate) labels: Vec<String>,
    /// Continuous targets of the model, printable.
    pub(crate) dimensions: Vec<String>,
    /// Seconds from one frame to the next.
    pub(crate) hop_s: f64,
    /// Sample rate in Hz; `None` before the first chunk.
    pub(crate) rate: Option<u32>,
    /// Samples of each channel that have arrived.
    samples: u64,
    /// When the last ones arrived.
    pub(crate) arrived: Option<Instant>,
    pub(crate) lost: Lost,
    pub(crate) meter: Meter,
    /// The frames of the last ten minutes.
    pub(crate) frames: VecDeque<ShownFrame>,
    turn: Option<ShownTurn>,
    /// Smoothed probabilities of the latest frame with speech; empty before the first.
    pub(crate) probabilities: Vec<f64>,
    /// Continuous targets of that frame.
    pub(crate) values: Vec<f64>,
    pub(crate) latency: Latency,
    /// Time of each label, by channel; that of the mean without a number.
    pub(crate) times: BTreeMap<Option<usize>, LabelTimes>,
    /// What is missing of the source, once it has ended.
    pub(crate) damage: Option<Damage>,
}

impl Session {
    /// Before the first chunk.
    pub(crate) fn new(source: &str, model: &str, labels: &[String], hop_s: f64) -> Self {
        Self {
            source: printable(source),
            model: printable(model),
            labels: labels.iter().map(|label| printable(label)).collect(),
            dimensions: Vec::new(),
            hop_s,
            rate: None,
            samples: 0,
            arrived: None,
            lost: Lost::default(),
            meter: Meter::default(),
            frames: VecDeque::new(),
            turn: None,
            probabilities: Vec::new(),
            values: Vec::new(),
            latency: Latency::default(),
            times: BTreeMap::new(),
            damage: None,
        }
    }

    /// With the continuous targets of the model.
    pub(crate) fn with_dimensions(self, dimensions: &[DimensionInfo]) -> Self {
        let dimensions = dimensions.iter().map(|dimension| printable(&dimension.name)).collect();
        Self { dimensions, ..self }
    }

    /// Counts a chunk that has arrived.
    pub(crate) fn take(&mut self, chunk: &Chunk) {
        self.rate = Some(chunk.rate);
        self.samples += chunk.frames() as u64;
        self.arrived = Some(chunk.arrived);
        self.lost = chunk.lost;
        self.meter.push(&chunk.mean(), chunk.rate);
    }

    /// Takes an event in, of a channel or of the mean of all; `latency` is the time since the arrival of its last sample.
    pub(crate) fn update(
        &mut self,
        channel: Option<usize>,
        event: &Event,
        latency: Option<Duration>,
    ) {
        match event {
            Event::Frame(frame) => self.add(channel, frame, latency),
            Event::Turn(turn) if channel.is_none() => self.revise(turn),
            _ => {}
        }
    }

    fn add(&mut self, channel: Option<usize>, frame: &Frame, latency: Option<Duration>) {
        let Frame { start_s, end_s, prediction, .. } = frame;
        let label = prediction.as_ref().map(|prediction| prediction.label_index);
        let turn = self.turn.filter(|turn| channel.is_none() && turn.covers(*start_s, *end_s));
        let label = label.map(|label| turn.map_or(label, |turn| turn.label));
        let values = prediction.as_ref().map_or(&[][..], |prediction| &prediction.dimensions);
        self.times.entry(channel).or_default().add(label, values, end_s - start_s);
        if let Some(prediction) = prediction {
            self.probabilities.clear();
            self.probabilities.extend_from_slice(&prediction.smoothed);
            self.values.clear();
            self.values.extend_from_slice(&prediction.dimensions);
            if let Some(latency) = latency {
                self.latency.add(latency);
            }
        }
        self.frames.push_back(ShownFrame { start_s: *start_s, end_s: *end_s, label });
        let old = end_s - KEPT_S;
        while self.frames.front().is_some_and(|first| first.end_s <= old) {
            self.frames.pop_front();
        }
    }

    /// The prediction for a turn replaces those of its frames, some of which may follow.
    fn revise(&mut self, turn: &Segment) {
        let Some(score) = &turn.label else { return };
        let (start_s, end_s, label) = (turn.start_s, turn.end_s, score.label_index);
        let turn = ShownTurn { start_s, end_s, label };
        self.turn = Some(turn);
        self.probabilities.clear();
        self.probabilities.extend_from_slice(&score.probabilities);
        self.values.clear();
        self.values.extend_from_slice(&score.dimensions);
        let times = self.times.entry(None).or_default();
        for frame in self.frames.iter_mut().rev().take_while(|frame| frame.end_s > start_s) {
            if let Some(before) = frame.label.filter(|_| turn.covers(frame.start_s, frame.end_s)) {
                times.move_to(label, before, frame.end_s - frame.start_s);
                frame.label = Some(label);
            }
        }
    }

    /// Seconds of audio that have arrived.
    pub(crate) fn received_s(&self) -> f64 {
        self.rate.map_or(0.0, |rate| self.samples as f64 / f64::from(rate))
    }

    /// The label of the latest frame; `None` without speech and before the first frame.
    pub(crate) fn label(&self) -> Option<usize> {
        self.frames.back()?.label
    }

    /// Lost audio in words; `None` if nothing was lost.
    pub(crate) fn loss(&self) -> Option<String> {
        let Lost { samples, overruns } = self.lost;
        let seconds = samples as f64 / f64::from(self.rate.unwrap_or(1));
        let mut parts = Vec::new();
        if samples > 0 {
            parts.push(format!("{samples} samples lost ({seconds:.2} s)"));
        }
        match overruns {
            0 => {}
            1 => parts.push("the device overran once".to_owned()),
            n => parts.push(format!("the device overran {n} times")),
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use clstm::{Event, Frame, WindowPrediction};

    use super::{BTreeMap, KEPT_S, LabelTimes, Session};
    use crate::listen::channel::{Chunk, Lost};

    fn frame(number: usize, label: Option<usize>) -> Event {
        let prediction = label.map(|label_index| {
            let smoothed = (0..2).map(|k| if k == label_index { 0.75 } else { 0.25 }).collect();
            WindowPrediction {
                probabilities: [0.5; 2].into_iter().collect(),
                smoothed,
                label_index,
                dimensions: [2.0 + label_index as f64].into_iter().collect(),
            }
        });
        let start_s = 0.5 * number as f64;
        Event::Frame(Frame { start_s, end_s: start_s + 0.5, speech: 0.5, prediction })
    }

    #[test]
    fn seconds_add_up_and_old_frames_are_dropped() {
        let labels = ["calm", "angry"].map(str::to_owned);
        let mut session = Session::new("a\u{7}b", "model", &labels, 0.5);
        assert_eq!(session.source, "a\\u{7}b");
        let (rate, arrived) = (8000, Instant::now());
        let lost = Lost { samples: 400, overruns: 2 };
        let samples = vec![0.5; 2 * 12_000];
        session.take(&Chunk { samples, channels: 2, rate, arrived, lost });
        assert_eq!((session.received_s(), session.rate), (1.5, Some(8000)));
        let loss = session.loss();
        assert_eq!(loss.as_deref(), Some("400 samples lost (0.05 s), the device overran 2 times"));

        for number in 0..3000 {
            let label = [None, Some(0), Some(1), Some(1)][number % 4];
            let latency = Some(Duration::from_millis(number as u64));
            session.update(None, &frame(number, label), latency);
        }
        let expected = LabelTimes {
            label_s: vec![375.0, 750.0],
            no_speech_s: 375.0,
            dimension_sums: vec![2.0 * 375.0 + 3.0 * 750.0],
        };
        let mean = expected.dimension_means()[0];
        assert!((mean - 8.0 / 3.0).abs() < 1e-12, "{mean}");
        assert!(LabelTimes::default().dimension_means().is_empty());
        assert_eq!(session.times, BTreeMap::from([(None, expected)]));
        let kept = session.frames.len() as f64 * 0.5;
        assert!((kept - KEPT_S).abs() <= 0.5, "{kept}");
        assert_eq!(session.frames.back().map(|last| last.end_s), Some(1500.0));
        // The last probabilities stay through a pause.
        session.update(None, &frame(3000, None), None);
        assert_eq!((session.probabilities.as_slice(), session.values[0]), (&[0.25, 0.75][..], 3.0));
        // Frames without speech have no latency.
        let worst = session.latency.worst;
        assert_eq!((worst, session.latency.last), (Duration::from_millis(2999), worst));
        // The mean of 1, 2, 3, 5, 6, 7, ...: those of which the fourth part is missing.
        assert_eq!(session.latency.mean(), Some(Duration::from_millis(1500)));
    }
}
