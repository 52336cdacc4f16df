//! Segments that other tools write, and their emotions: diarisers (RTTM), recognisers of words (Whisper, whisperX),
//! subtitles (SRT, WebVTT) and annotation tools (Praat, ELAN, Audacity, CSV).
//!
//! A [`Document`] keeps the text that it was read from. Writing it back adds the emotions and changes nothing else: lines,
//! attributes, comments, line ends and the encoding stay. `docs/segments.md` lists what is added to each format.
//!
//! ```
//! use clstm_segments::{Annotation, Document, Emotion, Format, Outcome, ReadOptions, WriteOptions};
//!
//! # fn main() -> Result<(), clstm_segments::SegmentsError> {
//! let rttm = b"SPEAKER call 1 0.50 2.25 <NA> <NA> anna <NA> <NA>\n";
//! let document = Document::parse(rttm, Format::Rttm, &ReadOptions::default())?;
//! let segment = &document.segments()[0];
//! assert_eq!((segment.start_s, segment.end_s, segment.speaker.as_deref()), (0.5, 2.75, Some("anna")));
//!
//! let labels = ["happy".to_owned(), "sad".to_owned()];
//! let emotion = Emotion { label_index: 1, probabilities: vec![0.2, 0.8], dimensions: Vec::new(), unsure: false };
//! let annotation = Annotation::new(Outcome::Labelled(emotion));
//! let written = document.write(&[annotation], &labels, &WriteOptions::default());
//! assert_eq!(written, b"SPEAKER call 1 0.50 2.25 happy=0.2;sad=0.8 sad anna 0.8 <NA>\n");
//! # Ok(())
//! # }
//! ```
//!
//! The crate does not depend on audio or networks: [`Outcome`] is what a recogniser returned for a segment.

mod annotation;
mod caption;
mod channel;
mod clock;
mod context;
mod document;
mod edits;
mod encoding;
mod error;
pub mod exchange;
mod format;
mod json_scan;
mod lines;
mod names;
mod segment;
mod speaker_summary;

pub use annotation::{Annotation, Emotion, Outcome};
pub use context::with_context;
pub use document::{Document, ReadOptions, WriteOptions};
pub use error::SegmentsError;
pub use format::Format;
pub use names::Names;
pub use segment::Segment;
pub use speaker_summary::{SpeakerSummary, summarize};
