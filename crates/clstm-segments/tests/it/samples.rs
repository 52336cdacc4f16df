//! A file of each format, with what this crate does not interpret, and annotations.

use clstm_segments::{
    Annotation, Document, Emotion, Format, Names, Outcome, ReadOptions, SegmentsError, WriteOptions,
};

pub(crate) const RTTM: &str = "\
;; a comment
SPKR-INFO call 1 <NA> <NA> <NA> unknown anna <NA> <NA>
SPEAKER call 1   0.500 2.250 <NA> <NA> anna <NA> <NA>
SPEAKER call 1 2.000\t1.5 <NA> <NA> ben 0.93 <NA>
";

pub(crate) const SRT: &str = "\
1\r\n00:00:00,500 --> 00:00:02,750\r\nGood <i>morning</i>\r\nto you\r\n\r\n\
2\r\n00:00:02,000 --> 00:00:03,500 X1:40 X2:600\r\n[SPEAKER_01]: hello\r\n\r\n";

pub(crate) const VTT: &str = "\
WEBVTT - a call
Kind: captions

STYLE
::cue { color: lime }

NOTE made by hand

intro
00:00.500 --> 00:02.750 align:start
<v Anna>Good morning

00:02.000 --> 00:03.500
hello & goodbye
";

pub(crate) const TEXTGRID: &str = "\
File type = \"ooTextFile\"
Object class = \"TextGrid\"

xmin = 0
xmax = 3.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = \"IntervalTier\"
        name = \"words\"
        xmin = 0
        xmax = 3.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.50
            text = \"\"
        intervals [2]:
            xmin = 0.50
            xmax = 2.75
            text = \"good \"\"morning\"\" ! [1]\"
        intervals [3]:
            xmin = 2.75
            xmax = 3.5
            text = \"hello\"
    item [2]:
        class = \"TextTier\"
        name = \"clicks\"
        xmin = 0
        xmax = 3.5
        points: size = 1
        points [1]:
            number = 1.25
            mark = \"x\"
";

pub(crate) const SHORT_TEXTGRID: &str = "\
File type = \"ooTextFile\"
Object class = \"TextGrid\"

0
3.5
<exists>
1
\"IntervalTier\"
\"words\"
0
3.5
2
0
2.75
\"good\"
2.75
3.5
\"hello\"
";

pub(crate) const EAF: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
    <!-- kept -->
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="file:///call.wav" MIME_TYPE="audio/x-wav"/>
        <PROPERTY NAME="URN">urn:nl-mpi:1</PROPERTY>
        <PROPERTY NAME="lastUsedAnnotationId">7</PROPERTY>
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
        <TIME_SLOT TIME_SLOT_ID="ts2"/>
        <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="3500"/>
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="default" PARTICIPANT="Anna" TIER_ID="A &amp; words">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
                <ANNOTATION_VALUE>good &lt;morning&gt;</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
                <ANNOTATION_VALUE/>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="gloss" PARENT_REF="A &amp; words" TIER_ID="gloss">
        <ANNOTATION>
            <REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">
                <ANNOTATION_VALUE>greeting</ANNOTATION_VALUE>
            </REF_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default" TIME_ALIGNABLE="true"/>
    <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="gloss" TIME_ALIGNABLE="false"/>
    <CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" STEREOTYPE="Symbolic_Association"/>
</ANNOTATION_DOCUMENT>
"#;

pub(crate) const AUDACITY: &str =
    "0.500000\t2.750000\tgood morning\n\\\t100.0\t4000.0\n2.0\t3.5\t\n4.0\t4.0\tpoint\n";

pub(crate) const CSV: &str = "file,start,end,speaker,note\ncall.wav,0.5,2.75,anna,\"a, \"\"b\"\"\nc\"\ncall.wav,2.0,3.5,ben\n";

pub(crate) const WHISPER: &str = r#"{"text": " Good morning. Hello.", "segments": [
  {"id": 0, "seek": 0, "start": 0.5, "end": 2.75, "text": " Good morning.", "tokens": [50364, 2205], "avg_logprob": NaN},
  {"id": 1, "text": " Hello.", "speaker": "SPEAKER_01", "words": [{"word": "Hello.", "start": 2.0, "end": 3.5, "score": 0.9}, {"word": "99"}]}
 ], "language": "en"}
"#;

/// A file of each format.
pub(crate) const ALL: [(Format, &str); 9] = [
    (Format::Rttm, RTTM),
    (Format::Srt, SRT),
    (Format::Vtt, VTT),
    (Format::TextGrid, TEXTGRID),
    (Format::TextGrid, SHORT_TEXTGRID),
    (Format::Eaf, EAF),
    (Format::Audacity, AUDACITY),
    (Format::Csv, CSV),
    (Format::Whisper, WHISPER),
];

pub(crate) fn labels() -> Vec<String> {
    ["happy", "sad"].map(str::to_owned).to_vec()
}

pub(crate) fn read(format: Format, text: &str) -> Document {
    parse(format, text).unwrap()
}

pub(crate) fn parse(format: Format, text: &str) -> Result<Document, SegmentsError> {
    Document::parse(text.as_bytes(), format, &ReadOptions::default())
}

/// `sad` with 0.8, then nothing for silence, too short, then `happy` with 0.6 and so on.
pub(crate) fn annotations(count: usize) -> Vec<Annotation> {
    let emotion = |label_index: usize, p: f64| {
        let mut probabilities = vec![1.0 - p; 2];
        probabilities[label_index] = p;
        Outcome::Labelled(Emotion {
            label_index,
            probabilities,
            dimensions: Vec::new(),
            unsure: p < 0.7,
        })
    };
    let outcomes =
        [emotion(1, 0.8), Outcome::NoSpeech, Outcome::TooShort, emotion(0, 0.6), Outcome::Outside];
    outcomes.into_iter().cycle().take(count).map(Annotation::new).collect()
}

/// The same with arousal and valence.
pub(crate) fn rated(count: usize) -> Vec<Annotation> {
    let mut all = annotations(count);
    for annotation in &mut all {
        if let Outcome::Labelled(emotion) = &mut annotation.outcome {
            emotion.dimensions = vec![3.25, -0.12346];
        }
    }
    all
}

/// Names of continuous targets.
pub(crate) fn dimensions() -> Vec<String> {
    ["arousal", "valence"].map(str::to_owned).to_vec()
}

/// The first annotations in channel 0, and others in channel 1.
pub(crate) fn of_channels(count: usize) -> Vec<Vec<Annotation>> {
    let on = |annotation: &Annotation, channel: usize| Annotation {
        channel: Some(channel),
        ..annotation.clone()
    };
    let (first, second) = (annotations(count), annotations(count + 3));
    let pairs = first.iter().zip(&second[3..]);
    pairs.map(|(first, second)| vec![on(first, 0), on(second, 1)]).collect()
}

/// The file with the annotations of two channels, as text.
pub(crate) fn annotated_by_channel(format: Format, text: &str) -> String {
    let document = read(format, text);
    let annotations = of_channels(document.segments().len());
    let written = document.write_channels(&annotations, &labels(), &WriteOptions::default());
    String::from_utf8(written).unwrap()
}

/// The file with annotations that have continuous targets, as text.
pub(crate) fn annotated_with_dimensions(format: Format, text: &str) -> String {
    let document = read(format, text);
    let (labels, dimensions) = (labels(), dimensions());
    let names = Names { labels: &labels, dimensions: &dimensions };
    let annotations = rated(document.segments().len());
    let written = document.write(&annotations, names, &WriteOptions::default());
    String::from_utf8(written).unwrap()
}

/// The file with these annotations, as text.
pub(crate) fn annotated(format: Format, text: &str) -> String {
    let document = read(format, text);
    let annotations = annotations(document.segments().len());
    let written = document.write(&annotations, &labels(), &WriteOptions::default());
    String::from_utf8(written).unwrap()
}

/// Start, end and speaker of the segments.
pub(crate) fn spans(document: &Document) -> Vec<(f64, f64, Option<String>)> {
    document.segments().iter().map(|s| (s.start_s, s.end_s, s.speaker.clone())).collect()
}

#[test]
fn a_file_is_written_as_it_was_read_where_nothing_is_added() {
    for (format, text) in ALL {
        let document = read(format, text);
        assert!(document.segments().len() >= 2, "{format:?}");
        let first = &document.segments()[0];
        let start_s = if text == SHORT_TEXTGRID { 0.0 } else { 0.5 };
        assert_eq!(first.start_s, start_s, "{format:?}");
        if !matches!(format, Format::TextGrid | Format::Eaf) {
            let written = document.write(&[], &labels(), &WriteOptions::default());
            let written = String::from_utf8(written).unwrap();
            let header = format == Format::Csv;
            assert!(
                written == text || header && written.len() > text.len(),
                "{format:?}: {written}"
            );
        }
    }
}

#[test]
fn what_is_added_leaves_times_and_speakers_and_every_line_of_the_file() {
    for (format, text) in ALL {
        let (before, written) = (read(format, text), annotated(format, text));
        let after = Document::parse(
            written.as_bytes(),
            format,
            &ReadOptions {
                tiers: match format {
                    Format::TextGrid => vec!["words".to_owned()],
                    Format::Eaf => vec!["A & words".to_owned()],
                    _ => Vec::new(),
                },
                ..ReadOptions::default()
            },
        );
        assert_eq!(spans(&before), spans(&after.unwrap()), "{format:?}: {written}");
        // The letters of the file are a subsequence of what is written.
        let replaced = ["<NA>", "size = 2", ">7<"];
        let is_replaced =
            |line: &&str| *line == "1" || replaced.iter().any(|part| line.contains(part));
        let mut letters = written.chars();
        for line in text.lines().filter(|line| !is_replaced(line)) {
            let kept = line.chars().all(|letter| letters.any(|written| written == letter));
            assert!(kept, "{format:?}: {line} is not in\n{written}");
        }
        assert!(written.contains("sad"), "{format:?}: {written}");
    }
}

#[test]
fn encodings_stay() {
    let units: Vec<u16> = TEXTGRID.encode_utf16().collect();
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        let body: Vec<u8> = units.iter().flat_map(|unit| bytes(*unit)).collect();
        [mark, &body[..]].concat()
    };
    let expected = annotated(Format::TextGrid, TEXTGRID);
    type Decode = fn(&[u8]) -> String;
    let files: [(Vec<u8>, Decode); 3] = [
        (utf16(b"\xff\xfe", u16::to_le_bytes), |bytes| {
            let units: Vec<u16> =
                bytes[2..].chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).unwrap()
        }),
        (utf16(b"\xfe\xff", u16::to_be_bytes), |bytes| {
            let units: Vec<u16> =
                bytes[2..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).unwrap()
        }),
        ([b"\xef\xbb\xbf", TEXTGRID.as_bytes()].concat(), |bytes| {
            String::from_utf8(bytes[3..].to_vec()).unwrap()
        }),
    ];
    for (bytes, decode) in files {
        let document = Document::parse(&bytes, Format::TextGrid, &ReadOptions::default()).unwrap();
        let annotations = annotations(document.segments().len());
        let written = document.write(&annotations, &labels(), &WriteOptions::default());
        assert_eq!(written[..2], bytes[..2], "the byte order mark");
        assert_eq!(decode(&written), expected);
    }
}
