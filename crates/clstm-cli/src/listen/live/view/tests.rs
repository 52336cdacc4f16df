use std::time::{Duration, Instant};

use clstm::{DimensionInfo, Event, Frame, WindowPrediction};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::{Palette, Session, Status, bar, draw, share};
use crate::listen::channel::{Chunk, Lost};

const LABELS: [&str; 8] =
    ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"];

fn session(labels: &[&str]) -> Session {
    let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
    Session::new("Built-in Audio Analog Stereo", "clstm-plus", &labels, 0.5)
}

/// Audio of this length in seconds, at a constant level.
fn sound(seconds: f64, amplitude: f32) -> Chunk {
    let samples = vec![amplitude; (seconds * 48_000.0) as usize];
    Chunk { samples, channels: 1, rate: 48_000, arrived: Instant::now(), lost: Lost::default() }
}

fn predict(session: &mut Session, number: usize, label: Option<usize>) {
    let classes = session.labels.len();
    let prediction = label.map(|label_index| {
        let rest = 0.37 / (classes - 1) as f64;
        let smoothed = (0..classes).map(|k| if k == label_index { 0.63 } else { rest }).collect();
        let probabilities = (0..classes).map(|_| 0.0).collect();
        WindowPrediction {
            probabilities,
            smoothed,
            label_index,
            dimensions: [].into_iter().collect(),
        }
    });
    let start_s = 0.5 * number as f64;
    let frame = Frame { start_s, end_s: start_s + 0.5, speech: 1.0, prediction };
    session.update(None, &Event::Frame(frame), Some(Duration::from_millis(23)));
}

/// Two minutes and some of talk.
fn talk(labels: &[&str]) -> Session {
    let mut session = session(labels);
    session.take(&sound(130.0, 0.05));
    session.take(&sound(2.0, 0.0));
    session.take(&sound(0.05, 0.05));
    for number in 0..264 {
        let label = match number {
            0..10 | 90..110 | 200..210 => None,
            number => Some(number / 17 % labels.len()),
        };
        predict(&mut session, number, label);
    }
    session
}

fn buffer(session: &Session, width: u16, height: u16, colored: bool, status: Status) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let palette = Palette::new(&session.labels, colored);
    terminal.draw(|frame| draw(frame, session, &palette, status)).unwrap();
    terminal.backend().buffer().clone()
}

fn screen(session: &Session, width: u16, height: u16, status: Status) -> String {
    let buffer = buffer(session, width, height, false, status);
    let lines = buffer.content.chunks(usize::from(width.max(1))).map(|row| {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}

#[test]
fn two_minutes_of_talk() {
    insta::assert_snapshot!("80x24", screen(&talk(&LABELS), 80, 24, Status::default()));
}

#[test]
fn a_wide_window_has_finer_cells() {
    insta::assert_snapshot!("140x30", screen(&talk(&LABELS), 140, 30, Status::default()));
}

#[test]
fn a_narrow_window_keeps_the_figures() {
    insta::assert_snapshot!("34x16", screen(&talk(&LABELS), 34, 16, Status::default()));
    insta::assert_snapshot!("16x12", screen(&talk(&LABELS), 16, 12, Status::default()));
}

#[test]
fn a_low_window_keeps_the_current_label() {
    insta::assert_snapshot!("70x9", screen(&talk(&LABELS), 70, 9, Status::default()));
    insta::assert_snapshot!("70x5", screen(&talk(&LABELS), 70, 5, Status::default()));
    insta::assert_snapshot!("70x2", screen(&talk(&LABELS), 70, 2, Status::default()));
}

#[test]
fn no_size_and_no_labels_break_it() {
    let many: Vec<&str> = vec!["a label of twenty-four columns"; 60];
    for session in [talk(&LABELS), session(&LABELS), talk(&["悲しい", "うれしい"]), talk(&many)]
    {
        for width in [1, 2, 5, 8, 9, 10, 17, 18, 19, 33, 61, 69, 127, 128, 300] {
            for height in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 19, 40, 90] {
                screen(&session, width, height, Status { stopping: false, waiting: true });
            }
        }
    }
}

#[test]
fn it_begins_waits_loses_sound_and_ends() {
    let mut session = session(&LABELS);
    let waiting = Status { stopping: false, waiting: true };
    let first = screen(&session, 80, 24, waiting);
    for part in ["Built-in Audio Analog Stereo ", "0:00.0", " listening ", "waiting for audio"] {
        assert!(first.contains(part), "{part:?} is not in\n{first}");
    }
    assert!(!first.contains("kHz") && !first.contains("latency"), "{first}");
    session.take(&Chunk { lost: Lost { samples: 4800, overruns: 0 }, ..sound(1.0, 1.0) });
    predict(&mut session, 0, Some(2));
    let loud = screen(&session, 80, 24, Status::default());
    for part in
        [", 48 kHz", "0:01.0", "clipping", "happy 63.0%", "4800 samples lost (0.10 s)", "23 ms"]
    {
        assert!(loud.contains(part), "{part:?} is not in\n{loud}");
    }
    assert!(!loud.contains("no speech  ") && !loud.contains("waiting"), "{loud}");
    predict(&mut session, 1, None);
    let pause = screen(&session, 80, 24, Status { stopping: true, waiting: false });
    assert!(pause.contains("\n no speech ──"), "{pause}");
    assert!(pause.contains("63.0%") && pause.contains("stopping; Ctrl-C stops at once"), "{pause}");
}

#[test]
fn colours_are_those_of_the_labels_and_can_be_left_out() {
    let session = talk(&LABELS);
    let colored = buffer(&session, 80, 24, true, Status::default());
    let find = |buffer: &Buffer, symbol: &str, bg: Color| {
        buffer.content.iter().filter(|cell| cell.symbol() == symbol && cell.bg == bg).count()
    };
    assert!(find(&colored, "A", Color::LightRed) > 10, "angry");
    assert!(find(&colored, "H", Color::LightYellow) > 10, "happy");
    let plain = buffer(&session, 80, 24, false, Status::default());
    assert!(plain.content.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
    let symbols = |buffer: &Buffer| -> String {
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    };
    assert_eq!(symbols(&plain), symbols(&colored), "nothing is shown by colour alone");
}

#[test]
fn bars_are_drawn_in_eighths() {
    assert_eq!(bar(0.0, 4), (String::new(), "····".to_owned()));
    assert_eq!(bar(0.5, 4), ("██".to_owned(), "··".to_owned()));
    assert_eq!(bar(1.0 / 32.0, 4), ("▏".to_owned(), "···".to_owned()));
    assert_eq!(bar(2.0, 3), ("███".to_owned(), String::new()));
    assert_eq!(bar(0.5, 0), (String::new(), String::new()));
}

#[test]
fn lines_are_shared_without_rest_or_overflow() {
    for rest in 0..60 {
        for labels in [0, 2, 8, 70] {
            let (now, bars, history) = share(rest, labels);
            assert!(now + bars + history <= rest, "{rest} {labels}");
            assert!(bars != 1 || labels == 0, "a heading alone: {rest} {labels}");
        }
    }
    assert_eq!(share(20, 8), (0, 9, 11));
    assert_eq!(share(12, 8), (0, 9, 3));
    assert_eq!(share(8, 8), (0, 5, 3));
    assert_eq!(share(4, 8), (0, 4, 0));
    assert_eq!(share(2, 8), (1, 0, 1));
}

#[test]
fn continuous_targets_follow_the_current_label() {
    let names = ["arousal", "valence"];
    let dimensions = names.map(|name| DimensionInfo {
        name: name.to_owned(),
        min: 1.0,
        max: 5.0,
        mean: 3.0,
        std: 1.0,
    });
    let mut session = session(&LABELS).with_dimensions(&dimensions);
    session.take(&sound(1.0, 0.05));
    let prediction = WindowPrediction {
        probabilities: [0.125; 8].into_iter().collect(),
        smoothed: [0.125; 8].into_iter().collect(),
        label_index: 2,
        dimensions: [3.25, 2.5].into_iter().collect(),
    };
    let frame = Frame { start_s: 0.0, end_s: 0.5, speech: 1.0, prediction: Some(prediction) };
    session.update(None, &Event::Frame(frame), None);
    for height in [24, 5] {
        let shown = screen(&session, 80, height, Status::default());
        assert!(shown.contains("happy 12.5%, arousal 3.25, valence 2.50"), "{shown}");
    }
    predict(&mut session, 1, None);
    let pause = screen(&session, 80, 24, Status::default());
    assert!(!pause.contains("arousal"), "{pause}");
}
