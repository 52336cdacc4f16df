use clstm_train::{EpochRecord, Event, Metrics, TestRecord};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::draw;
use crate::training::live::state::State;
use crate::training::observers::RunDescription;

fn state() -> State {
    let labels = ["neutral", "calm", "a very long name"].map(str::to_owned);
    let title = "ravdess, clstm".to_owned();
    State::new(&RunDescription { title, labels: &labels, trainings: 5, batch: 16 })
}

fn record(epoch: usize, watched: bool) -> EpochRecord {
    let x = epoch as f64;
    let seen = TestRecord { loss: 2.0 / x, ua: 0.5 - 0.4 / x, wa: 0.5 };
    EpochRecord {
        epoch,
        learning_rate: 1e-3,
        loss: 2.4 / x,
        softmax_loss: 2.1 / x,
        center_loss: 9.0,
        dimension_loss: None,
        train_ua: 0.8 - 0.7 / x,
        train_wa: 0.5,
        validation: watched.then_some(seen),
        test: (epoch == 4).then_some(seen),
    }
}

fn started(history: Vec<EpochRecord>) -> Event {
    Event::Started {
        fold: Some(2),
        folds: 5,
        train: 100,
        validation: 10,
        test: 30,
        epochs: 10,
        steps: 7,
        done: history.len(),
        folder: "run".into(),
        history,
    }
}

fn metrics() -> Metrics {
    Metrics::from_confusion(vec![vec![3, 1, 0], vec![0, 4, 0], vec![2, 2, 0]])
}

fn screen(state: &State, width: u16, height: u16, stopping: bool) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, stopping)).unwrap();
    terminal.backend().to_string()
}

fn running() -> State {
    let mut state = state();
    state.update(&Event::FoldDone { fold: 1, metrics: metrics(), resumed: true });
    state.update(&started((1..=4).map(|epoch| record(epoch, true)).collect()));
    state.update(&Event::Classes { training: metrics(), validation: Some(metrics()) });
    state
}

#[test]
fn a_training_in_the_middle() {
    // No step of this process yet: nothing in the picture depends on the clock.
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/src/training/live/view/running.txt");
    let expected = std::fs::read_to_string(picture).unwrap();
    let seen = screen(&running(), 80, 20, false);
    assert!(seen == expected, "this is seen now:\n{seen}");
}

#[test]
fn small_windows_show_what_has_room() {
    let state = running();
    let lines = screen(&state, 40, 4, false);
    assert!(lines.contains("ravdess, clstm, fold 2 of 5"), "{lines}");
    assert!(lines.contains("epoch 4/10 step 7/7"), "{lines}");
    assert!(!lines.contains("recall"), "{lines}");
    assert!(screen(&state, 60, 13, false).contains(" loss training"));
    for (width, height) in [(1, 1), (2, 30), (200, 2), (7, 19), (300, 90)] {
        screen(&state, width, height, false); // whatever has room: it must not panic
    }
}

#[test]
fn the_view_shows_start_progress_and_stop() {
    let mut state = state();
    assert!(screen(&state, 80, 24, false).contains("starting"));
    state.update(&started(Vec::new()));
    let first = screen(&state, 80, 24, false);
    assert!(first.contains("10 epochs of 7 steps") && first.contains("after the first epoch"));
    state.update(&Event::Step { epoch: 1, step: 3, loss: 1.5 });
    let stepping = screen(&state, 80, 24, false);
    for part in ["epoch 1/10 step 3/7", "loss 1.500, ", " left, ", " for the run", "q or Ctrl-C"] {
        assert!(stepping.contains(part), "{part:?} is not in\n{stepping}");
    }
    state.update(&Event::Classes { training: metrics(), validation: None });
    state.update(&Event::Epoch(record(1, false)));
    let after = screen(&state, 80, 24, false);
    assert!(after.contains("recall by class, training crops"), "{after}");
    assert!(after.contains("75.0%") && after.contains("100.0%"), "{after}");
    assert!(!after.contains("validation 2.0"), "{after}");
    assert!(screen(&state, 80, 24, true).contains("saving a checkpoint after the current step"));
}

#[test]
fn the_lines_of_the_folds_remain_after_the_view() {
    let state = running();
    let [line] = state.lines() else { panic!("one fold is done") };
    assert_eq!(line, "fold 1 done (done earlier): UA 58.3%, WA 58.3%, macro F1 46.5%");
}
