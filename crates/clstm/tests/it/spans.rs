//! Parts of recordings, of the mean and of channels by themselves.

use clstm::audio::{AudioError, DecodeLimits};
use clstm::{
    ChannelSelection, RecognizeError, Recognizer, Span, SpanOutcome, SpanRecognition,
    SpanRecognizer, SpanSummary,
};
use clstm_test_support::wav::wav_of;

use crate::support::{RATE, tiny, voice};

/// Everything that is not silent is speech.
fn recognizer() -> Recognizer {
    Recognizer::new(tiny()).expect("a recognizer").with_min_speech(0.0)
}

/// A voice from `from` seconds on in 6 s of silence.
fn spoken(from: f64, pitch_hz: f64) -> Vec<f32> {
    let mut samples = vec![0.0; (from * f64::from(RATE)) as usize];
    samples.extend(voice(2.0, RATE, pitch_hz));
    samples.resize(6 * RATE as usize, 0.0);
    samples
}

/// Six channels, of which three have a voice: the first from 0 s, the second from 3 s, the last from 1 s on.
fn channels() -> Vec<Vec<f32>> {
    let silent = vec![0.0; 6 * RATE as usize];
    vec![
        spoken(0.0, 120.0),
        spoken(3.0, 230.0),
        silent.clone(),
        silent.clone(),
        silent,
        spoken(1.0, 170.0),
    ]
}

fn file(channels: &[Vec<f32>]) -> Vec<u8> {
    let frames = 0..channels[0].len();
    let samples = frames.flat_map(|i| channels.iter().map(move |channel| channel[i]));
    let data: Vec<u8> =
        samples.flat_map(|x| ((x * 32_767.0).round() as i16).to_le_bytes()).collect();
    wav_of(1, channels.len() as u16, RATE, 16, &data)
}

fn recognize(
    bytes: &[u8],
    selection: ChannelSelection,
    spans: &[Span],
) -> Result<SpanSummary, RecognizeError> {
    let no_interrupt = |_| Ok::<(), RecognizeError>(());
    recognizer().recognize_spans_bytes(
        bytes,
        &DecodeLimits::default(),
        selection,
        spans,
        no_interrupt,
    )
}

fn on(channel: usize, start_s: f64, end_s: f64) -> Span {
    Span { channel: Some(channel), ..Span::new(start_s, end_s) }
}

fn status(found: &SpanRecognition) -> &'static str {
    match found.outcome {
        SpanOutcome::Labelled(_) => "labelled",
        SpanOutcome::NoSpeech => "no speech",
        SpanOutcome::TooShort => "too short",
        SpanOutcome::Outside => "outside",
    }
}

#[test]
fn a_part_with_a_channel_is_of_that_channel_and_another_one_of_every_channel() {
    let bytes = file(&channels());
    // Not in the order of time, overlapping, beyond the end, and of no length.
    let spans = [
        on(1, 3.0, 5.0),
        Span::new(0.0, 2.0),
        on(5, 1.0, 2.5),
        on(0, 5.5, 9.0),
        on(0, 7.0, 8.0),
        on(0, 1.0, 1.0),
        on(1, 0.0, 2.0),
    ];
    let found = recognize(&bytes, ChannelSelection::Each, &spans).expect("results");
    assert_eq!((found.channels, found.duration_s), (6, 6.0));
    let rows: Vec<_> = found
        .spans
        .iter()
        .map(|it| (it.span, it.channel.expect("a channel"), status(it)))
        .collect();
    let every = [
        (1, 0, "labelled"),
        (1, 1, "no speech"),
        (1, 2, "no speech"),
        (1, 3, "no speech"),
        (1, 4, "no speech"),
        (1, 5, "labelled"),
    ];
    let last = [
        (2, 5, "labelled"),
        (3, 0, "no speech"),
        (4, 0, "outside"),
        (5, 0, "too short"),
        (6, 1, "no speech"),
    ];
    assert_eq!(rows, [&[(0, 1, "labelled")][..], &every, &last].concat());
    assert!(found.spans[8].clipped && !found.spans[7].clipped);
    // Each is what the channel has by itself.
    for (channel, span) in [(0, Span::new(0.0, 2.0)), (1, Span::new(3.0, 5.0))] {
        let one = recognize(&bytes, ChannelSelection::One(channel), &[span]).expect("a result");
        let same = found.spans.iter().find(|it| {
            it.channel == Some(channel) && matches!(it.outcome, SpanOutcome::Labelled(_))
        });
        assert_eq!(
            same.map(|it| (&it.outcome, it.speech)),
            Some((&one.spans[0].outcome, one.spans[0].speech))
        );
        assert_eq!(one.spans[0].channel, Some(channel));
    }
    // The mean ignores the channels of the parts.
    let mix = recognize(&bytes, ChannelSelection::Mix, &spans).expect("results");
    assert_eq!((mix.spans.len(), mix.channels, mix.spans[0].channel), (7, 1, None));
}

#[test]
fn the_size_of_chunks_does_not_matter() {
    let channels = &channels()[..2];
    let interleaved: Vec<f32> =
        (0..channels[0].len()).flat_map(|i| [channels[0][i], channels[1][i]]).collect();
    let spans = [Span::new(0.0, 2.0), on(1, 3.0, 5.0), on(0, 0.5, 1.5)];
    let with = |chunk: usize| {
        let mut spans = SpanRecognizer::new(&recognizer(), ChannelSelection::Each, &spans);
        for samples in interleaved.chunks(2 * chunk) {
            spans.push(samples, 2, RATE).expect("samples");
        }
        spans.finish().expect("results")
    };
    let whole = with(interleaved.len());
    for chunk in [777, 16_000, 20_001] {
        assert_eq!(with(chunk), whole, "{chunk}");
    }
}

#[test]
fn channels_that_are_missing_and_too_much_work_are_errors() {
    let mono = file(&channels()[..1]);
    let error = recognize(&mono, ChannelSelection::Each, &[on(0, 0.0, 2.0), on(1, 0.0, 2.0)]);
    let error = error.expect_err("one channel");
    assert!(matches!(error, RecognizeError::NoChannel { channel: 1, channels: 1 }), "{error}");
    // A channel of a part is ignored where it is not asked for.
    assert!(recognize(&mono, ChannelSelection::Mix, &[on(1, 0.0, 2.0)]).is_ok());
    let six = file(&channels());
    let many = vec![Span::new(0.0, 0.001); 200_000];
    let error = recognize(&six, ChannelSelection::Each, &many).expect_err("1.2 million results");
    assert!(matches!(error, RecognizeError::TooManySpans { .. }), "{error}");
    assert_eq!(error.kind(), "segments");
    // All channels together are as long as the longest recording at most.
    let limits = DecodeLimits { max_duration_s: 20.0, ..DecodeLimits::default() };
    let no_interrupt = |_| Ok::<(), RecognizeError>(());
    let spans = [Span::new(0.0, 1.0)];
    let found = recognizer().recognize_spans_bytes(
        &six,
        &limits,
        ChannelSelection::Each,
        &spans,
        no_interrupt,
    );
    let error = found.expect_err("36 s");
    assert!(matches!(error, RecognizeError::Audio(AudioError::TooLong { .. })), "{error}");
    let one = ChannelSelection::One(0);
    assert!(recognizer().recognize_spans_bytes(&six, &limits, one, &spans, no_interrupt).is_ok());
}

#[test]
fn many_parts_in_any_order_are_each_recognised() {
    let stereo = file(&channels()[..2]);
    let count = 100_000;
    // Too short for a prediction, so that only the bookkeeping is measured.
    let spans: Vec<Span> = (0..count)
        .map(|i| {
            let start = f64::from((i * 7919) % count) * 5.9 / f64::from(count);
            on((i % 2) as usize, start, start + 0.0005)
        })
        .collect();
    let found = recognize(&stereo, ChannelSelection::Each, &spans).expect("results");
    assert_eq!(found.spans.len(), spans.len());
    assert!(found.spans.iter().enumerate().all(|(i, it)| it.span == i));
}

/// A part that ends hours after the audio was refused as a recording that is too long.
#[test]
fn a_part_may_end_long_after_the_audio() {
    let mono = file(&channels()[..1]);
    let week = 7.0 * 24.0 * 3600.0;
    let spans = [Span::new(0.0, week), Span::new(1.0, 2.5), Span::new(week, week + 1.0)];
    let found = recognize(&mono, ChannelSelection::Mix, &spans).expect("results");
    assert_eq!(found.spans.len(), 3);
    assert!(found.spans[0].clipped && !found.spans[1].clipped);
    assert!(matches!(found.spans[0].outcome, SpanOutcome::Labelled(_)), "{:?}", found.spans[0]);
    assert_eq!(found.spans[2].outcome, SpanOutcome::Outside);
}
