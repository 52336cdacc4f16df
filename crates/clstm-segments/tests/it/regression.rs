//! One test for every bug that was found.

use clstm_segments::{Document, Format, ReadOptions};

const TWO: &str = "SPEAKER call-1 1 0.0 1.0 <NA> <NA> anna <NA> <NA>\n\
                   SPEAKER call-2 1 5.0 1.0 <NA> <NA> ben <NA> <NA>\n";

fn starts(recording: Option<&str>) -> Result<Vec<f64>, String> {
    let options = ReadOptions { recording: recording.map(str::to_owned), ..ReadOptions::default() };
    let document = Document::parse(TWO.as_bytes(), Format::Rttm, &options);
    let document = document.map_err(|error| error.to_string())?;
    Ok(document.segments().iter().map(|segment| segment.start_s).collect())
}

/// The segments of all recordings of an RTTM file were recognised in one recording.
#[test]
fn an_rttm_file_of_several_recordings_gives_those_of_the_one_that_is_named() {
    assert_eq!(starts(Some("call-2")), Ok(vec![5.0]));
    for other in [None, Some("interview")] {
        let error = starts(other).unwrap_err();
        assert!(error.contains("2 recordings (call-1, call-2)"), "{error}");
    }
}

/// A file of one recording is read whatever the recording is called.
#[test]
fn an_rttm_file_of_one_recording_is_read_whole() {
    let one = TWO.replace("call-2", "call-1");
    let options = ReadOptions { recording: Some("other".to_owned()), ..ReadOptions::default() };
    let document = Document::parse(one.as_bytes(), Format::Rttm, &options).unwrap();
    assert_eq!(document.segments().len(), 2);
}
