//! Times that cannot be, refused with their line.

use clstm_segments::{Format, SegmentsError};

use crate::samples::parse;

#[test]
fn negative_and_reversed_times_are_refused_with_their_line() {
    for (format, text, line) in [
        (
            Format::Rttm,
            "SPEAKER f 1 0 1 <NA> <NA> a <NA> <NA>\nSPEAKER f 1 -0.5 1 <NA> <NA> a <NA> <NA>\n",
            2,
        ),
        (Format::Rttm, "\nSPEAKER f 1 0.5 -1 <NA> <NA> a <NA> <NA>\n", 2),
        (Format::Rttm, "SPEAKER f 1 x 1 <NA> <NA> a <NA> <NA>\n", 1),
        (Format::Rttm, "SPEAKER f 1 0 1\n", 1),
        (Format::Srt, "1\n00:00:02,000 --> 00:00:01,000\nx\n", 2),
        (Format::Srt, "1\n-00:00:02,000 --> 00:00:01,000\nx\n", 2),
        (Format::Srt, "1\n00:00:01,000 -> 00:00:02,000\nx\n", 1),
        (Format::Vtt, "WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", 3),
        (Format::Vtt, "WEBVTT\n\na\nb:02.000 --> 00:01.000\nx\n", 4),
        (Format::Vtt, "WEBVTTX\n", 1),
        (
            Format::TextGrid,
            "\"ooTextFile\"\n\"TextGrid\"\n0 1 <exists> 1 \"IntervalTier\" \"a\" 0 1 1\n0.9\n0.2 \"x\"",
            4,
        ),
        (Format::Audacity, "0\t1\ta\n2\t1\tb\n", 2),
        (Format::Audacity, "0 1 a\n", 1),
        (Format::Csv, "start,end\n1,2\n3,2\n", 3),
        (Format::Csv, "start,end\n\n1,\n", 3),
        (Format::Csv, "start,end\n1,nan\n", 2),
        (Format::Csv, "start,end\n\"1,2\n", 2),
        (Format::Csv, "from,to\n1,2\n", 1),
        (Format::Csv, "", 1),
        (Format::Audacity, "1e300\t1e301\tx\n", 1),
    ] {
        match parse(format, text) {
            Err(SegmentsError::Line { line: found, reason }) => {
                assert_eq!(found, line, "{format:?} {text:?}: {reason}");
            }
            other => panic!("{format:?} {text:?}: {other:?}"),
        }
    }
}
