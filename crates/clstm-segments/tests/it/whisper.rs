//! The JSON of Whisper and whisperX.

use clstm_segments::{Format, WriteOptions};

use crate::samples::{WHISPER, annotated, annotations, labels, parse, read, spans};

#[test]
fn segments_get_a_member_and_the_rest_stays() {
    let document = read(Format::Whisper, WHISPER);
    assert_eq!(spans(&document), [(0.5, 2.75, None), (2.0, 3.5, Some("SPEAKER_01".to_owned()))]);
    assert_eq!(document.segments()[0].text.as_deref(), Some("Good morning."));
    let written = annotated(Format::Whisper, WHISPER);
    let emotion = "\"avg_logprob\": NaN, \"emotion\": {\"status\": \"ok\", \"label\": \"sad\", \"confidence\": 0.8, \
                   \"unsure\": false, \"probabilities\": {\"happy\": 0.2, \"sad\": 0.8}}},\n";
    assert!(written.contains(emotion), "{written}");
    assert!(
        written.contains(
            "{\"word\": \"99\"}], \"emotion\": {\"status\": \"no_speech\"}}\n ], \"language\""
        ),
        "{written}"
    );
    // Written again, the member is replaced.
    let again = read(Format::Whisper, &written);
    let twice = again.write(&annotations(2), &labels(), &WriteOptions::default());
    assert_eq!(String::from_utf8(twice).unwrap(), written);
}

#[test]
fn a_list_alone_and_escapes_are_read() {
    let list =
        "[{\"start\":0,\"end\":1.5,\"text\":\"a \\\"b\\\" \\u00e9\"},{\"start\":1e0,\"end\":2}]";
    let document = read(Format::Whisper, list);
    assert_eq!(document.segments()[0].text.as_deref(), Some("a \"b\" é"));
    assert_eq!(spans(&document)[1], (1.0, 2.0, None));
}

#[test]
fn mistakes_have_a_line() {
    for (text, part) in [
        ("{\"text\": \"x\"}", "no list \"segments\""),
        ("{\"segments\": [\n{\"text\": \"x\"}]}", "line 2: the segment has no number \"start\""),
        ("{\"segments\": [\n{\"start\": 2, \"end\": 1}]}", "line 2: the end 1 s is before"),
        ("{\"segments\": [\n{\"start\": NaN, \"end\": 1}]}", "line 2"),
        ("{\"segments\": [{\"start\": 1, \"end\": 2}]", "JSON"),
        ("{\"segments\": {\"start\": 1}}", "JSON"),
        ("{\"segments\": [1, 2]}", "JSON"),
        ("{\"segments\": []} x", "after the end"),
        ("", "JSON"),
    ] {
        let error = parse(Format::Whisper, text).unwrap_err().to_string();
        assert!(error.contains(part), "{part:?}: {error}");
    }
}
