//! RTTM and CSV: fields.

use clstm_segments::Format;

use crate::samples::{CSV, RTTM, annotated, read, spans};

#[test]
fn rttm_fields_that_are_empty_are_filled() {
    let both = [(0.5, 2.75, Some("anna".to_owned())), (2.0, 3.5, Some("ben".to_owned()))];
    assert_eq!(spans(&read(Format::Rttm, RTTM)), both);
    let expected = "\
;; a comment
SPKR-INFO call 1 <NA> <NA> <NA> unknown anna <NA> <NA>
SPEAKER call 1   0.500 2.250 happy=0.2;sad=0.8 sad anna 0.8 <NA>
SPEAKER call 1 2.000\t1.5 <NA> no_speech ben 0.93 <NA>
";
    assert_eq!(annotated(Format::Rttm, RTTM), expected);
    // Nine fields, as before 2009; a confidence and a subtype of another tool stay.
    let old = "SPEAKER f 1 0.1 0.2 <NA> child anna 0.5\n";
    assert_eq!(
        annotated(Format::Rttm, old),
        "SPEAKER f 1 0.1 0.2 happy=0.2;sad=0.8 child anna 0.5\n"
    );
    assert_eq!(spans(&read(Format::Rttm, old)), [(0.1, 0.3, Some("anna".to_owned()))]);
}

#[test]
fn csv_gets_columns() {
    let document = read(Format::Csv, CSV);
    assert_eq!(spans(&document)[1], (2.0, 3.5, Some("ben".to_owned())));
    assert_eq!(document.segments()[1].line, 4);
    let expected = "\
file,start,end,speaker,note,emotion,emotion_confidence,emotion_status,emotion_p_happy,emotion_p_sad
call.wav,0.5,2.75,anna,\"a, \"\"b\"\"\nc\",sad,0.8,ok,0.2,0.8
call.wav,2.0,3.5,ben,,,,no_speech,,
";
    assert_eq!(annotated(Format::Csv, CSV), expected);
}

#[test]
fn csv_of_spreadsheets_is_read() {
    let semicolons = "Onset;Duration;Speaker;emotion\r\n0,5;1,25;anna;x\r\n\r\n2;1;ben;y";
    let document = read(Format::Csv, semicolons);
    assert_eq!(spans(&document)[0], (0.5, 1.75, Some("anna".to_owned())));
    let written = annotated(Format::Csv, semicolons);
    let expected = "Onset;Duration;Speaker;emotion;emotion 2;emotion_confidence;emotion_status;emotion_p_happy;emotion_p_sad\r\n\
                    0,5;1,25;anna;x;sad;0,8;ok;0,2;0,8\r\n\r\n2;1;ben;y;;;no_speech;;";
    assert_eq!(written, expected);
    let clock = "start\tend\n00:00:01,5\t00:01:00.25\n";
    assert_eq!(spans(&read(Format::Csv, clock))[0], (1.5, 60.25, None));
}
