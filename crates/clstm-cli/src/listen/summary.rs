//! Summary of a session that has ended.

use super::session::{LabelTimes, Session};
use crate::table::{Table, percent};
use crate::text::printable;
use crate::timeline::clock;

/// Time by emotion, latency, lost audio and the file that was written; several lines.
pub(crate) fn summary(session: &Session, written: Option<&str>) -> String {
    let Session { times, labels, source, model, .. } = session;
    let mut text = format!("processed {} of {source} with {model}\n", clock(session.received_s()));
    for (channel, times) in times {
        if let Some(channel) = channel {
            text += &format!("channel {channel}\n");
        }
        text += &table(times, labels);
        for (name, mean) in session.dimensions.iter().zip(times.dimension_means()) {
            text += &format!("  {name} {mean:.2} on average\n");
        }
    }
    if let Some(mean) = session.latency.mean() {
        let (mean, worst) = (mean.as_millis(), session.latency.worst.as_millis());
        text += &format!("latency {mean} ms on average, {worst} ms at most\n");
    }
    if let Some(damage) = &session.damage {
        text += &format!("{}\n", printable(&damage.to_string()));
    }
    if let Some(loss) = session.loss() {
        text += &format!("{loss}\n");
    }
    if let Some(path) = written {
        text += &format!("events are in {path}\n");
    }
    text
}

/// The times of the labels, the longest first.
fn table(times: &LabelTimes, labels: &[String]) -> String {
    let LabelTimes { label_s, no_speech_s, .. } = times;
    let total: f64 = label_s.iter().sum::<f64>() + no_speech_s;
    let mut times: Vec<(&str, f64)> =
        labels.iter().map(String::as_str).zip(label_s.iter().copied()).collect();
    // A stable sort: labels of the same time keep the order of the model.
    times.sort_by(|a, b| b.1.total_cmp(&a.1));
    times.push(("no speech", *no_speech_s));
    let mut table = Table::bare(1);
    for (label, seconds) in times.into_iter().filter(|(_, seconds)| *seconds > 0.0) {
        table.row([format!("  {label}"), clock(seconds), percent(seconds / total)]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use clstm::{Event, Frame, Probabilities, WindowPrediction};

    use super::{Session, summary};
    use crate::listen::channel::{Chunk, Lost};

    #[test]
    fn times_are_sorted_and_lost_audio_is_reported() {
        let labels = ["neutral", "happy", "sad"].map(str::to_owned);
        let mut session = Session::new("talk.wav", "clstm-plus", &labels, 0.5);
        assert_eq!(summary(&session, None), "processed 0:00.0 of talk.wav with clstm-plus\n");
        let lost = Lost { samples: 1600, overruns: 1 };
        let arrived = Instant::now();
        let samples = vec![0.0; 64_000];
        session.take(&Chunk { samples, channels: 1, rate: 16_000, arrived, lost });
        for (number, label) in [None, Some(1), Some(1), Some(0), None, Some(1), Some(1), Some(1)]
            .into_iter()
            .enumerate()
        {
            let start_s = 0.5 * number as f64;
            let prediction = label.map(|label_index| {
                let probabilities: Probabilities = [0.2, 0.5, 0.3].into_iter().collect();
                let smoothed = probabilities.clone();
                let dimensions = [].into_iter().collect();
                WindowPrediction { smoothed, probabilities, label_index, dimensions }
            });
            let frame = Frame { start_s, end_s: start_s + 0.5, speech: 1.0, prediction };
            let latency = Duration::from_millis(10 + number as u64);
            session.update(None, &Event::Frame(frame), Some(latency));
        }
        insta::assert_snapshot!(summary(&session, Some("events.jsonl")), @r"
        processed 0:04.0 of talk.wav with clstm-plus
          happy      0:02.5  62.5%
          neutral    0:00.5  12.5%
          no speech  0:01.0  25.0%
        latency 14 ms on average, 17 ms at most
        1600 samples lost (0.10 s), the device overran once
        events are in events.jsonl
        ");
    }
}
