//! Live audio of several channels.

use clstm::{
    ChannelEvent, ChannelSelection, ChannelStream, Event, RecognizeError, Recognizer, Stream,
    StreamConfig, StreamError,
};

use crate::support::{RATE, conversation, tiny, voice};

fn recognizer() -> Recognizer {
    Recognizer::new(tiny()).expect("a model").with_min_speech(0.0)
}

fn config() -> StreamConfig {
    StreamConfig { hop_s: 0.25, lookahead_s: Some(0.25), ..StreamConfig::live() }
}

fn stream(selection: ChannelSelection) -> ChannelStream {
    ChannelStream::new(&recognizer(), RATE, selection, &config()).expect("a stream")
}

fn interleaved(channels: &[&[f32]]) -> Vec<f32> {
    let frames = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
    (0..frames).flat_map(|i| channels.iter().map(move |channel| channel[i])).collect()
}

/// The events of samples in chunks of this number of frames.
fn events(selection: ChannelSelection, channels: &[&[f32]], chunk: usize) -> Vec<ChannelEvent> {
    let (mut stream, mut events) = (stream(selection), Vec::new());
    for samples in interleaved(channels).chunks(chunk * channels.len()) {
        stream.push(samples, channels.len(), RATE, &mut events).expect("samples");
    }
    stream.finish(&mut events).expect("an end");
    events
}

fn of(channel: usize, events: &[ChannelEvent]) -> Vec<Event> {
    let own = events.iter().filter(|event| event.channel == channel);
    own.map(|event| event.event.clone()).collect()
}

/// Seconds of the last frame of a channel.
fn end_s(channel: usize, events: &[ChannelEvent]) -> f64 {
    let mut frames = of(channel, events).into_iter().filter_map(|event| match event {
        Event::Frame(frame) => Some(frame.end_s),
        _ => None,
    });
    frames.next_back().expect("frames")
}

#[test]
fn the_mean_of_one_channel_has_the_events_of_a_stream() {
    let sound = conversation();
    let found = events(ChannelSelection::Mix, &[&sound], 1000);
    let mut expected = Vec::new();
    let mut plain = Stream::new(&recognizer(), RATE, &config()).expect("a stream");
    for chunk in sound.chunks(1000) {
        plain.push(chunk, &mut expected).expect("samples");
    }
    plain.finish(&mut expected).expect("an end");
    assert_eq!(of(0, &found), expected);
    assert_eq!(found.len(), expected.len());
}

#[test]
fn channels_do_not_depend_on_each_other_or_on_chunks() {
    let (first, second) = (conversation(), voice(3.0, RATE, 180.0));
    let both = [&first[..second.len()], &second[..]];
    let each = events(ChannelSelection::Each, &both, 1600);
    // How the channels alternate depends on the chunks.
    let other = events(ChannelSelection::Each, &both, 777);
    for channel in [0, 1] {
        assert_eq!(of(channel, &other), of(channel, &each));
    }
    let one = events(ChannelSelection::One(1), &both, 1600);
    assert_eq!(of(1, &one), of(1, &each));
    assert!(one.iter().all(|event| event.channel == 1));
}

#[test]
fn the_number_of_channels_may_change() {
    let sound = conversation();
    let second = RATE as usize;
    let [a, b, c] = [0, 1, 2].map(|i| &sound[i * second..(i + 1) * second]);
    let mut stream = stream(ChannelSelection::Each);
    let mut events = Vec::new();
    for parts in [&[a, b][..], &[c], &[a, b, c]] {
        stream.push(&interleaved(parts), parts.len(), RATE, &mut events).expect("samples");
    }
    assert_eq!(stream.channels(), 2);
    stream.finish(&mut events).expect("an end");
    // Both are as long as all of it.
    assert_eq!([0, 1].map(|channel| end_s(channel, &events)), [3.0, 3.0]);
    assert!(events.iter().all(|event| event.channel < 2));
}

#[test]
fn the_rate_of_the_first_samples_counts() {
    let sound = voice(2.0, 8000, 150.0);
    let mut stream = stream(ChannelSelection::Each);
    let mut events = Vec::new();
    stream.push(&[], 1, RATE, &mut events).expect("nothing");
    stream.push(&interleaved(&[&sound, &sound]), 2, 8000, &mut events).expect("samples");
    assert_eq!((stream.sample_rate(), stream.channels()), (8000, 2));
    stream.finish(&mut events).expect("an end");
    assert!((end_s(1, &events) - 2.0).abs() < 0.01);
}

#[test]
fn a_channel_that_is_not_there_is_an_error() {
    let mut stream = stream(ChannelSelection::One(2));
    let error = stream.push(&[0.0; 4], 2, RATE, &mut Vec::new()).expect_err("two channels");
    assert!(matches!(
        error,
        StreamError::Recognize(RecognizeError::NoChannel { channel: 2, channels: 2 })
    ));
    assert!(error.to_string().contains("channels 0 to 1"), "{error}");
}
