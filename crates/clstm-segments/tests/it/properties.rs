//! Properties of all formats.

use clstm_segments::{Document, Format, ReadOptions, WriteOptions};
use proptest::prelude::*;

use crate::samples::{ALL, annotations, labels, spans};

/// A file with these times, in ms, and speakers.
fn written(format: Format, rows: &[(u32, u32, String)]) -> String {
    let seconds = |ms: u32| f64::from(ms) / 1000.0;
    let clock = |ms: u32, point: char| {
        let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        format!("{h:02}:{m:02}:{s:02}{point}{:03}", ms % 1000)
    };
    let each =
        |line: &dyn Fn(&(u32, u32, String)) -> String| rows.iter().map(line).collect::<String>();
    match format {
        Format::Rttm => each(&|(a, d, who)| {
            format!("SPEAKER f 1 {} {} <NA> <NA> {who} <NA> <NA>\n", seconds(*a), seconds(*d))
        }),
        Format::Srt => each(&|(a, d, who)| {
            format!("1\n{} --> {}\n[{who}]: x\n\n", clock(*a, ','), clock(a + d, ','))
        }),
        Format::Vtt => {
            let cues = each(&|(a, d, who)| {
                format!("{} --> {}\n<v {who}>x\n\n", clock(*a, '.'), clock(a + d, '.'))
            });
            format!("WEBVTT\n\n{cues}")
        }
        Format::Csv => {
            let rows = each(&|(a, d, who)| format!("{},{},{who}\n", seconds(*a), seconds(a + d)));
            format!("start,end,speaker\n{rows}")
        }
        Format::Whisper => {
            let rows: Vec<String> = rows
                .iter()
                .map(|(a, d, who)| {
                    format!(
                        "{{\"start\":{},\"end\":{},\"speaker\":\"{who}\"}}",
                        seconds(*a),
                        seconds(a + d)
                    )
                })
                .collect();
            format!("{{\"segments\":[{}]}}", rows.join(",\n"))
        }
        _ => each(&|(a, d, _)| format!("{}\t{}\tx\n", seconds(*a), seconds(a + d))),
    }
}

const TABLES: [Format; 6] =
    [Format::Rttm, Format::Srt, Format::Vtt, Format::Csv, Format::Whisper, Format::Audacity];

fn rows() -> impl Strategy<Value = Vec<(u32, u32, String)>> {
    // Up to a thousand hours.
    proptest::collection::vec((0_u32..3_000_000_000, 0_u32..100_000, "[a-zA-Z_0-9]{1,8}"), 0..8)
}

fn document(format: Format, bytes: &[u8]) -> Result<Document, clstm_segments::SegmentsError> {
    Document::parse(bytes, format, &ReadOptions::default())
}

proptest! {
    #[test]
    fn times_and_speakers_are_read_and_survive_writing(rows in rows(), crlf: bool, mark: bool) {
        for format in TABLES {
            let mut text = written(format, &rows);
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            let mut bytes = text.into_bytes();
            if mark {
                bytes.splice(0..0, *b"\xef\xbb\xbf");
            }
            let read = document(format, &bytes).unwrap();
            prop_assert_eq!(read.segments().len(), rows.len());
            for (segment, (start, length, who)) in read.segments().iter().zip(&rows) {
                prop_assert!((segment.start_s - f64::from(*start) / 1000.0).abs() < 1e-6);
                prop_assert!((segment.duration_s() - f64::from(*length) / 1000.0).abs() < 1e-6);
                if format != Format::Audacity {
                    prop_assert_eq!(segment.speaker.as_deref(), Some(who.as_str()));
                }
            }
            if format != Format::Csv {
                prop_assert_eq!(&read.write(&[], &labels(), &WriteOptions::default()), &bytes);
            }
            let added = read.write(&annotations(rows.len()), &labels(), &WriteOptions::default());
            let again = document(format, &added).unwrap();
            prop_assert_eq!(spans(&read), spans(&again));
        }
    }

    #[test]
    fn damaged_files_are_read_or_refused(index in 0..ALL.len(), cut in any::<prop::sample::Index>(), byte: u8) {
        let (format, text) = ALL[index];
        let mut bytes = text.as_bytes().to_vec();
        let at = cut.index(bytes.len());
        for damaged in [bytes[..at].to_vec(), { bytes[at] = byte; bytes }] {
            if let Ok(read) = document(format, &damaged) {
                let _ = read.write(&annotations(read.segments().len()), &labels(), &WriteOptions::default());
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*[\n\t\",;:<>0-9 -]*\\PC*") {
        for format in Format::ALL {
            let _ = document(format, text.as_bytes());
        }
    }
}
