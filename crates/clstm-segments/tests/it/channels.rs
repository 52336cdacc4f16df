//! Channels of segments: read where a format has them, and written for each of them.

use clstm_segments::{Annotation, Document, Format, Outcome, ReadOptions, WriteOptions};
use serde_json::Value;

use crate::samples::{
    ALL, AUDACITY, CSV, EAF, RTTM, SRT, TEXTGRID, VTT, WHISPER, annotated, annotated_by_channel,
    labels, of_channels, read, spans,
};

fn channels(format: Format, text: &str, needed: bool) -> Result<Vec<Option<usize>>, String> {
    let options = ReadOptions { channels: needed, ..ReadOptions::default() };
    let document = Document::parse(text.as_bytes(), format, &options);
    let document = document.map_err(|error| error.to_string())?;
    Ok(document.segments().iter().map(|segment| segment.channel).collect())
}

#[test]
fn channels_are_read_from_fields_columns_and_members() {
    let rttm = |fields: &[&str]| -> String {
        fields.iter().map(|it| format!("SPEAKER f {it} 0 1 <NA> <NA> a <NA> <NA>\n")).collect()
    };
    for (fields, expected) in [
        (&["1", "2", "1"][..], &[Some(0), Some(1), Some(0)][..]),
        (&["0", "1"], &[Some(0), Some(1)]),
        (&["A", "B", "<NA>"], &[Some(0), Some(1), None]),
        (&["6"], &[Some(5)]),
    ] {
        assert_eq!(channels(Format::Rttm, &rttm(fields), true).as_deref(), Ok(expected));
    }
    let csv = "start,end,Channel\n0,1,0\n0,1,\n0,1, 3 \n0,1\n";
    let expected = [Some(0), None, Some(3), None];
    assert_eq!(channels(Format::Csv, csv, true).as_deref(), Ok(&expected[..]));
    let json = r#"[{"start":0,"end":1,"channel":1},{"start":0,"end":1,"channel":null},{"start":0,"end":1},
                   {"start":0,"end":1,"channel":"2"}]"#;
    let expected = [Some(1), None, None, Some(2)];
    assert_eq!(channels(Format::Whisper, json, true).as_deref(), Ok(&expected[..]));
}

#[test]
fn a_channel_that_is_no_number_is_an_error_only_where_it_is_needed() {
    for (format, text, line) in [
        (Format::Csv, "start,end,channel\n0,1,0\n0,1,left\n", "line 3"),
        (Format::Csv, "start,end,channel\n0,1,-1\n", "line 2"),
        (Format::Csv, "start,end,channel\n0,1,1.5\n", "line 2"),
        (Format::Csv, "start,end,channel\n0,1,99999999999999999999\n", "line 2"),
        (Format::Rttm, "SPEAKER f NaN 0 1 <NA> <NA> a <NA> <NA>\n", "line 1"),
        (Format::Whisper, "[{\"start\":0,\"end\":1,\"channel\":{}}]", "line 1"),
    ] {
        let error = channels(format, text, true).unwrap_err();
        assert!(error.starts_with(line) && error.contains("is no number"), "{error}");
        assert!(channels(format, text, false).unwrap().contains(&None), "{text}");
    }
}

#[test]
fn a_segment_of_two_channels_has_two_lines_rows_and_members() {
    let open = RTTM.replace("call 1   0.500", "call <NA>   0.500");
    let written = annotated_by_channel(Format::Rttm, &open);
    let expected = "\
SPEAKER call 1   0.500 2.250 happy=0.2;sad=0.8 sad anna 0.8 <NA>
SPEAKER call 2   0.500 2.250 happy=0.6;sad=0.4 happy anna 0.6 <NA>
";
    assert!(written.contains(expected), "{written}");
    let again = channels(Format::Rttm, &written, true).unwrap();
    assert_eq!(again[..2], [Some(0), Some(1)]);
    let written = annotated_by_channel(Format::Csv, CSV);
    let rows: Vec<&str> = written.lines().collect();
    assert!(rows[0].ends_with(
        ",note,channel,emotion,emotion_confidence,emotion_status,emotion_p_happy,emotion_p_sad"
    ));
    assert!(rows[2].starts_with("c\",0,sad,") && rows[4].starts_with("c\",1,happy,"), "{written}");
    assert_eq!(
        rows[5..],
        ["call.wav,2.0,3.5,ben,,0,,,no_speech,,", "call.wav,2.0,3.5,ben,,1,,,outside,,"]
    );
    let expected = [Some(0), Some(1), Some(0), Some(1)];
    assert_eq!(channels(Format::Csv, &written, true).as_deref(), Ok(&expected[..]));
    // An empty cell of the column is filled, whether it is quoted, blank or missing.
    for table in ["start,end,channel,x\n0,1,\"\",y\n", "start,end,channel,x\n0,1, ,y\n"] {
        let written = annotated_by_channel(Format::Csv, table);
        assert!(
            written.contains("\n0,1,0,y,sad,") && written.contains("\n0,1,1,y,happy,"),
            "{written}"
        );
    }
    let table = "start,end,channel,x\n0,1,\"\",y\n";
    assert!(
        annotated(Format::Csv, table).contains("\n0,1,\"\",y,sad,"),
        "without channels it stays"
    );
    let written = annotated_by_channel(Format::Csv, "start,end,x,channel\n0,1\n");
    assert!(written.contains("\n0,1,,0,sad,") && written.contains("\n0,1,,1,happy,"), "{written}");
    let json = annotated_by_channel(Format::Whisper, WHISPER).replace("NaN", "0");
    let json: Value = serde_json::from_str(&json).unwrap();
    let emotion = json["segments"][0]["emotion"].as_array().unwrap();
    assert_eq!((&emotion[0]["channel"], &emotion[0]["label"]), (&0.into(), &"sad".into()));
    assert_eq!((&emotion[1]["channel"], &emotion[1]["label"]), (&1.into(), &"happy".into()));
}

#[test]
fn captions_and_tiers_name_the_channels() {
    let srt = annotated_by_channel(Format::Srt, SRT);
    assert!(srt.contains("[channel 0: sad 80%; channel 1: ? happy 60%] Good"), "{srt}");
    let text = annotated_by_channel(Format::Audacity, AUDACITY);
    assert!(text.contains("\t[channel 0: no speech; channel 1: after the end of the recording]\n"));
    let vtt = annotated_by_channel(Format::Vtt, VTT);
    assert!(vtt.contains("NOTE clstm {\"channel\":0,\"label\":\"sad\""), "{vtt}");
    assert!(vtt.contains("NOTE clstm {\"channel\":1,\"label\":\"happy\""), "{vtt}");
    assert_eq!(read(Format::Vtt, &vtt).segments().len(), 2);
    for (format, text, tier) in
        [(Format::TextGrid, TEXTGRID, "words"), (Format::Eaf, EAF, "A & words")]
    {
        let written = annotated_by_channel(format, text);
        for (channel, label) in [(0, "sad"), (1, "happy")] {
            let tiers = vec![format!("{tier} emotion {channel}")];
            let options = ReadOptions { tiers, ..ReadOptions::default() };
            let document = Document::parse(written.as_bytes(), format, &options).unwrap();
            assert_eq!(document.segments()[0].text.as_deref(), Some(label), "{written}");
        }
    }
}

#[test]
fn times_and_speakers_stay_with_channels_as_well() {
    for (format, text) in ALL {
        let (before, written) = (read(format, text), annotated_by_channel(format, text));
        let tiers = match format {
            Format::TextGrid => vec!["words".to_owned()],
            Format::Eaf => vec!["A & words".to_owned()],
            _ => Vec::new(),
        };
        let options = ReadOptions { tiers, ..ReadOptions::default() };
        let after = Document::parse(written.as_bytes(), format, &options).unwrap();
        let mut found = spans(&after);
        // Rows of CSV and lines of RTTM are there for each channel.
        found.dedup();
        assert_eq!(found, spans(&before), "{format:?}: {written}");
    }
}

#[test]
fn a_hundred_thousand_segments_are_written_for_each_channel() {
    let count = 100_000;
    let rows: String = (0..count)
        .map(|i| format!("{},{},\"a, \"\"{i}\"\"\"\n", count - i, count - i + 1))
        .collect();
    let document = read(Format::Csv, &format!("start,end,text\n{rows}"));
    assert_eq!(document.segments().len(), count);
    let annotations = of_channels(count);
    let written = document.write_channels(&annotations, &labels(), &WriteOptions::default());
    let written = String::from_utf8(written).unwrap();
    assert_eq!(written.lines().count(), 2 * count + 1);
    let again = read(Format::Csv, &written);
    assert_eq!(again.segments()[2 * count - 1].text, document.segments()[count - 1].text);
}

#[test]
fn a_segment_without_annotations_stays_as_it_is() {
    let one = vec![Vec::new(), vec![Annotation::new(Outcome::NoSpeech)]];
    let written = read(Format::Srt, SRT).write_channels(&one, &labels(), &WriteOptions::default());
    let written = String::from_utf8(written).unwrap();
    assert!(written.contains("\nGood <i>") && written.contains("[no speech] hello"), "{written}");
    let written =
        read(Format::Rttm, RTTM).write_channels(&one, &labels(), &WriteOptions::default());
    assert!(String::from_utf8(written).unwrap().contains("1   0.500 2.250 <NA> <NA> anna"));
}
