//! Turns of speech in a stream: what lies between two pauses.

use crate::speech::SpeechDetector;

/// Least speech of a turn that gets a prediction, in frames of the detector: 0.26 s.
const LEAST: u64 = 16;
/// Longest turn, in frames of the detector: 30 s. What follows it is another turn.
const LONGEST: u64 = 1875;
/// Most frames of a pause that belong to the audio of a turn: 0.3 s. Utterances of corpora begin and end in silence, and a model
/// trained on them is less accurate on speech that is cut at its first and last sound.
const MOST_MARGIN: u64 = 19;

/// Finds turns frame by frame of the speech detector.
#[derive(Debug)]
pub(super) struct Turns {
    /// Frames without speech that end a turn.
    pause: u64,
    /// The next frame.
    next: u64,
    open: Option<Turn>,
}

/// A turn, in frames of the speech detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    first: u64,
    /// The last frame with speech.
    last: u64,
    /// Frames with speech.
    speech: u64,
    /// First frame of its audio, and the one behind its last.
    audio: [u64; 2],
}

impl Turns {
    pub(super) fn new(pause: u64) -> Self {
        Self { pause: pause.max(1), next: 0, open: None }
    }

    /// Frames before and behind a turn that belong to its audio: less than the pause, whose end a turn does not wait for.
    fn margin(&self) -> u64 {
        (3 * self.pause / 4).min(MOST_MARGIN)
    }

    pub(super) fn reset(&mut self) {
        (self.next, self.open) = (0, None);
    }

    /// Examines the frames before `until` and returns the first turn that ends among them.
    pub(super) fn next(&mut self, detector: &SpeechDetector, until: u64) -> Option<Turn> {
        let until = until.min(detector.known());
        while self.next < until {
            let frame = self.next;
            self.next += 1;
            if let Some(turn) = self.add(frame, detector.is_speech(frame)) {
                return Some(turn);
            }
        }
        None
    }

    fn add(&mut self, frame: u64, is_speech: bool) -> Option<Turn> {
        let margin = self.margin();
        let Some(open) = &mut self.open else {
            let audio = [frame.saturating_sub(margin), frame + 1];
            self.open = is_speech.then_some(Turn { first: frame, last: frame, speech: 1, audio });
            return None;
        };
        if is_speech {
            (open.last, open.speech) = (frame, open.speech + 1);
        }
        // No more than was examined, so that the audio does not depend on what has arrived.
        open.audio[1] = (frame + 1).min(open.last + 1 + margin);
        let ends = frame - open.last >= self.pause || frame + 1 - open.first >= LONGEST;
        if ends { self.finish() } else { None }
    }

    /// The turn that has not ended.
    pub(super) fn open(&self) -> Option<Turn> {
        self.open
    }

    /// Ends the open turn. One with too little speech is none.
    pub(super) fn finish(&mut self) -> Option<Turn> {
        self.open.take().filter(|turn| turn.speech >= LEAST)
    }
}

impl Turn {
    /// First sample, and the one behind the last.
    pub(super) fn samples(self, detector: &SpeechDetector) -> [u64; 2] {
        [detector.sample_of(self.first), detector.sample_of(self.last + 1)]
    }

    /// The same with the edges of the pauses around it.
    pub(super) fn audio(self, detector: &SpeechDetector) -> [u64; 2] {
        self.audio.map(|frame| detector.sample_of(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::{LEAST, LONGEST, Turn, Turns};

    /// Turns of frames: numbers of frames with and without speech in turn, beginning with speech.
    fn turns(lengths: &[u64]) -> Vec<Turn> {
        let (mut turns, mut found, mut frame) = (Turns::new(25), Vec::new(), 0);
        for (index, length) in lengths.iter().enumerate() {
            for _ in 0..*length {
                found.extend(turns.add(frame, index % 2 == 0));
                frame += 1;
            }
        }
        found.extend(turns.finish());
        found
    }

    #[test]
    fn pauses_separate_turns_and_gaps_between_words_do_not() {
        let one = Turn { first: 0, last: 99, speech: 80, audio: [0, 118] };
        assert_eq!(turns(&[40, 20, 40, 25]), [one]);
        assert_eq!(turns(&[40, 20, 40, 24]), [one], "the end of the stream ends it, too");
        assert_eq!(turns(&[40, 20, 40, 2]), [Turn { audio: [0, 102], ..one }]);
        let first = Turn { first: 0, last: 39, speech: 40, audio: [0, 58] };
        let second = Turn { first: 65, last: 104, speech: 40, audio: [47, 123] };
        assert_eq!(turns(&[40, 25, 40, 30]), [first, second]);
        assert_eq!(turns(&[LEAST - 1, 30, 1, 40]), [], "a click is no turn");
    }

    #[test]
    fn speech_without_pauses_is_split() {
        let found = turns(&[2 * LONGEST + 100, 30]);
        assert_eq!(
            found.iter().map(|turn| turn.speech).collect::<Vec<_>>(),
            [LONGEST, LONGEST, 100]
        );
        assert_eq!(found[1].first, LONGEST);
    }
}
