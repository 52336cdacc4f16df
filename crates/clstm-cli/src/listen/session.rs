//! What is known of a session of listening.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clstm::{Event, Frame};

use super::feed::{Chunk, Lost};
use super::meter::Meter;
use crate::table::printable;

/// Seconds of moments that are kept to be shown.
const KEPT_S: f64 = 600.0;

/// A session between the thread that listens and the one that shows it.
#[derive(Debug)]
pub(crate) struct Shared {
    session: Mutex<Session>,
    changed: AtomicBool,
}

impl Shared {
    pub(crate) fn new(session: Session) -> Self {
        Self { session: Mutex::new(session), changed: AtomicBool::new(true) }
    }

    /// The session to be looked at. A panic elsewhere does not make it unreadable.
    pub(crate) fn look(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session to be changed.
    pub(crate) fn change(&self) -> MutexGuard<'_, Session> {
        self.changed.store(true, Ordering::Relaxed);
        self.look()
    }

    /// Whether it has changed since this was last asked.
    #[cfg(unix)]
    pub(crate) fn has_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }
}

/// A moment as it is remembered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Heard {
    /// Seconds from the first sample.
    pub(crate) start_s: f64,
    /// Where it ends.
    pub(crate) end_s: f64,
    /// Its label; `None` without speech.
    pub(crate) label: Option<usize>,
}

/// How far answers lie behind their sound.
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

/// All that is known.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Where the sound comes from, as it can be shown.
    pub(crate) source: String,
    /// The model.
    pub(crate) model: String,
    /// Its labels, as they can be shown.
    pub(crate) labels: Vec<String>,
    /// Seconds from one answer to the next.
    pub(crate) hop_s: f64,
    /// Rate of the sound in Hz; `None` before the first.
    pub(crate) rate: Option<u32>,
    /// Samples that came in.
    samples: u64,
    /// When the last ones did.
    pub(crate) came: Option<Instant>,
    pub(crate) lost: Lost,
    pub(crate) meter: Meter,
    /// The latest moments, of ten minutes.
    pub(crate) moments: VecDeque<Heard>,
    /// Smoothed probabilities of the latest moment with speech; empty before it.
    pub(crate) probabilities: Vec<f64>,
    pub(crate) latency: Latency,
    /// Seconds of each label, and without speech.
    pub(crate) label_s: Vec<f64>,
    pub(crate) quiet_s: f64,
}

impl Session {
    /// Before the first sound.
    pub(crate) fn new(source: &str, model: &str, labels: &[String], hop_s: f64) -> Self {
        Self {
            source: printable(source),
            model: printable(model),
            labels: labels.iter().map(|label| printable(label)).collect(),
            hop_s,
            rate: None,
            samples: 0,
            came: None,
            lost: Lost::default(),
            meter: Meter::default(),
            moments: VecDeque::new(),
            probabilities: Vec::new(),
            latency: Latency::default(),
            label_s: vec![0.0; labels.len()],
            quiet_s: 0.0,
        }
    }

    /// Sound has come in.
    pub(crate) fn take(&mut self, chunk: &Chunk) {
        self.rate = Some(chunk.rate);
        self.samples += chunk.samples.len() as u64;
        self.came = Some(chunk.came);
        self.lost = chunk.lost;
        self.meter.push(&chunk.samples, chunk.rate);
    }

    /// Something was heard, so long after its last sample had come in.
    pub(crate) fn hear(&mut self, event: &Event, latency: Option<Duration>) {
        let Event::Frame(moment) = event else { return };
        let Frame { start_s, end_s, prediction: answer, .. } = moment;
        let label = answer.as_ref().map(|answer| answer.label_index);
        match answer {
            None => self.quiet_s += end_s - start_s,
            Some(answer) => {
                if let Some(seconds) = self.label_s.get_mut(answer.label_index) {
                    *seconds += end_s - start_s;
                }
                self.probabilities.clear();
                self.probabilities.extend_from_slice(&answer.smoothed);
                if let Some(latency) = latency {
                    self.latency.add(latency);
                }
            }
        }
        self.moments.push_back(Heard { start_s: *start_s, end_s: *end_s, label });
        let old = end_s - KEPT_S;
        while self.moments.front().is_some_and(|first| first.end_s <= old) {
            self.moments.pop_front();
        }
    }

    /// Seconds of sound that came in.
    pub(crate) fn heard_s(&self) -> f64 {
        self.rate.map_or(0.0, |rate| self.samples as f64 / f64::from(rate))
    }

    /// The label of the latest moment; `None` without speech and before the first.
    #[cfg(unix)]
    pub(crate) fn label(&self) -> Option<usize> {
        self.moments.back()?.label
    }

    /// What was lost, in words; `None` where nothing was.
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

    use super::{KEPT_S, Session};
    use crate::listen::feed::{Chunk, Lost};

    fn moment(number: usize, label: Option<usize>) -> Event {
        let answer = label.map(|label_index| {
            let smoothed = (0..2).map(|k| if k == label_index { 0.75 } else { 0.25 }).collect();
            WindowPrediction {
                probabilities: [0.5; 2].into_iter().collect(),
                smoothed,
                label_index,
            }
        });
        let start_s = 0.5 * number as f64;
        Event::Frame(Frame { start_s, end_s: start_s + 0.5, speech: 0.5, prediction: answer })
    }

    #[test]
    fn seconds_add_up_and_old_moments_go() {
        let labels = ["calm", "angry"].map(str::to_owned);
        let mut session = Session::new("a\u{7}b", "model", &labels, 0.5);
        assert_eq!(session.source, "a\\u{7}b");
        let (rate, came) = (8000, Instant::now());
        let lost = Lost { samples: 400, overruns: 2 };
        session.take(&Chunk { samples: vec![0.5; 12_000], rate, came, lost });
        assert_eq!((session.heard_s(), session.rate), (1.5, Some(8000)));
        let loss = session.loss();
        assert_eq!(loss.as_deref(), Some("400 samples lost (0.05 s), the device overran 2 times"));

        for number in 0..3000 {
            let label = [None, Some(0), Some(1), Some(1)][number % 4];
            session.hear(&moment(number, label), Some(Duration::from_millis(number as u64)));
        }
        assert_eq!((session.label_s.as_slice(), session.quiet_s), (&[375.0, 750.0][..], 375.0));
        let kept = session.moments.len() as f64 * 0.5;
        assert!((kept - KEPT_S).abs() <= 0.5, "{kept}");
        assert_eq!(session.moments.back().map(|last| last.end_s), Some(1500.0));
        // What was heard last stays, also through a pause.
        session.hear(&moment(3000, None), None);
        assert_eq!(session.probabilities, [0.25, 0.75]);
        // Moments without speech wait for no answer.
        let worst = session.latency.worst;
        assert_eq!((worst, session.latency.last), (Duration::from_millis(2999), worst));
        // The mean of 1, 2, 3, 5, 6, 7, ...: those of which the fourth part is missing.
        assert_eq!(session.latency.mean(), Some(Duration::from_millis(1500)));
    }
}
