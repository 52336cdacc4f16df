//! SRT, WebVTT and Audacity labels: captions before the text.

use clstm_segments::{Document, Format, ReadOptions, WriteOptions};

use crate::samples::{AUDACITY, SRT, VTT, annotated, annotations, labels, read, spans};

#[test]
fn srt_cues_get_a_prefix_behind_the_speaker() {
    let document = read(Format::Srt, SRT);
    let expected = [(0.5, 2.75, None), (2.0, 3.5, Some("SPEAKER_01".to_owned()))];
    assert_eq!(spans(&document), expected);
    assert_eq!(document.segments()[0].text.as_deref(), Some("Good <i>morning</i>\nto you"));
    let written = annotated(Format::Srt, SRT);
    assert!(
        written.contains("750\r\n[sad 80%] Good <i>morning</i>\r\nto you\r\n\r\n2\r\n"),
        "{written}"
    );
    assert!(written.contains("X2:600\r\n[SPEAKER_01]: [no speech] hello\r\n"), "{written}");
    let options = WriteOptions { top: 2 };
    let all = document.write(&annotations(2), &labels(), &options);
    assert!(String::from_utf8(all).unwrap().contains("[sad 80%, happy 20%] Good"));
}

#[test]
fn srt_takes_what_players_take() {
    let text = "00:00:01.5 --> 00:00:02.5\nno number\n\n\n\n7\n100:00:00,000 --> 123:45:06,789\n\n9\n00:10,1 --> 00:11,0\nx";
    let document = read(Format::Srt, text);
    let times: Vec<(f64, f64)> = document.segments().iter().map(|s| (s.start_s, s.end_s)).collect();
    assert_eq!(times, [(1.5, 2.5), (360_000.0, 445_506.789), (10.1, 11.0)]);
    // A cue without text gets a line for its caption.
    let written = annotated(Format::Srt, text);
    assert!(written.contains("123:45:06,789\n[no speech]\n\n9\n"), "{written}");
    assert!(written.ends_with("\n[too short] x"), "{written}");
    assert_eq!(read(Format::Srt, "").segments().len(), 0);
}

#[test]
fn webvtt_keeps_notes_styles_and_settings() {
    let document = read(Format::Vtt, VTT);
    assert_eq!(spans(&document), [(0.5, 2.75, Some("Anna".to_owned())), (2.0, 3.5, None)]);
    let written = annotated(Format::Vtt, VTT);
    let note = "NOTE clstm {\"label\":\"sad\",\"confidence\":0.8,\"probabilities\":{\"happy\":0.2,\"sad\":0.8}}\n\n\
                intro\n00:00.500 --> 00:02.750 align:start\n<v Anna>[sad 80%] Good morning\n";
    assert!(written.contains(note), "{written}");
    assert!(written.contains("STYLE\n::cue { color: lime }\n\nNOTE made by hand\n\n"), "{written}");
    assert!(written.ends_with("NOTE clstm {\"status\":\"no_speech\"}\n\n00:02.000 --> 00:03.500\n[no speech] hello & goodbye\n"), "{written}");
    // A label in the file's own markup stays text.
    let names = ["<b>&".to_owned(), "a-->b".to_owned()];
    let marked =
        String::from_utf8(document.write(&annotations(2), &names, &WriteOptions::default()))
            .unwrap();
    assert!(marked.contains("[a--&gt;b 80%]"), "{marked}");
    assert_eq!(read(Format::Vtt, &marked).segments().len(), 2);
}

#[test]
fn audacity_labels_keep_their_frequencies() {
    let document = read(Format::Audacity, AUDACITY);
    let times: Vec<(f64, f64)> = document.segments().iter().map(|s| (s.start_s, s.end_s)).collect();
    assert_eq!(times, [(0.5, 2.75), (2.0, 3.5), (4.0, 4.0)]);
    let expected = "0.500000\t2.750000\t[sad 80%] good morning\n\\\t100.0\t4000.0\n2.0\t3.5\t[no speech]\n4.0\t4.0\t[too short] point\n";
    assert_eq!(annotated(Format::Audacity, AUDACITY), expected);
    // Old releases wrote the decimal comma of the system, and no label at all.
    assert_eq!(annotated(Format::Audacity, "0,5\t1,25"), "0,5\t1,25\t[sad 80%]");
}

#[test]
fn a_byte_order_mark_and_a_code_page_are_read() {
    let marked = [b"\xef\xbb\xbf", SRT.as_bytes()].concat();
    let document = Document::parse(&marked, Format::Srt, &ReadOptions::default()).unwrap();
    assert_eq!(document.segments()[0].line, 2);
    let latin = b"1\n00:00:00,000 --> 00:00:01,000\ncaf\xe9\n";
    let document = Document::parse(latin, Format::Srt, &ReadOptions::default()).unwrap();
    assert_eq!(document.segments()[0].text.as_deref(), Some("café"));
    let written = document.write(&annotations(1), &labels(), &WriteOptions::default());
    assert_eq!(written, b"1\n00:00:00,000 --> 00:00:01,000\n[sad 80%] caf\xe9\n");
}
