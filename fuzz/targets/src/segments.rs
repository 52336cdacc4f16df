//! Files of segments, and what annotation tools export.

use clstm_segments::exchange::{audformat, label_studio};
use clstm_segments::{Annotation, Document, Emotion, Format, Outcome, ReadOptions, WriteOptions};

/// A file whose format the first byte selects: those of segments, then those of annotation tools.
pub(crate) fn segments(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let choice = usize::from(first) % (Format::ALL.len() + 2);
    match Format::ALL.get(choice) {
        Some(format) => document(*format, data),
        None => exported(choice - Format::ALL.len(), data),
    }
}

fn document(format: Format, data: &[u8]) {
    let options = ReadOptions::default();
    let Ok(document) = Document::parse(data, format, &options) else { return };
    let segments = document.segments();
    for segment in segments {
        let (start_s, end_s) = (segment.start_s, segment.end_s);
        assert!(0.0 <= start_s && start_s <= end_s && end_s.is_finite(), "{start_s} to {end_s}");
    }
    let labels = ["happy", "sad"].map(str::to_owned);
    let emotion = || Emotion {
        label_index: 1,
        probabilities: vec![0.2, 0.8],
        dimensions: Vec::new(),
        unsure: false,
    };
    let outcomes = [Outcome::Labelled(emotion()), Outcome::NoSpeech, Outcome::TooShort];
    let outcomes = outcomes.into_iter().cycle().take(segments.len());
    let annotations: Vec<Annotation> = outcomes.map(Annotation::new).collect();
    // Annotations outside of their tier would belong to the one that is added.
    if format == Format::Eaf {
        drop(document.write(&annotations, &labels, &WriteOptions::default()));
        return;
    }
    let tiers = document.tiers().map(str::to_owned).collect();
    let options = ReadOptions { tiers, ..options };
    let written = document.write(&annotations, &labels, &WriteOptions::default());
    let again = Document::parse(&written, format, &options);
    let again = again.unwrap_or_else(|error| panic!("written, but not read: {error}"));
    assert_eq!(again.segments().len(), segments.len(), "segments are lost or added");
    for (one, other) in segments.iter().zip(again.segments()) {
        assert_eq!((one.start_s, one.end_s), (other.start_s, other.end_s), "other times");
    }
}

fn exported(choice: usize, data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if choice == 0 {
        let _ = label_studio::judgements(text);
        return;
    }
    let _ = audformat::judgements(text, "emotion");
    if let Ok(header) = audformat::Header::parse(text) {
        for table in header.tables() {
            let _ = header.columns(table, "emotion");
        }
    }
}
