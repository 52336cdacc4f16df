//! The format of a file by its name and by its content.

use std::path::Path;

use clstm_segments::{Format, SegmentsError};

use crate::samples::ALL;

#[test]
fn formats_are_found_by_name_and_by_content() {
    for (format, text) in ALL {
        let named = format!("a.{}", format.extension().to_uppercase());
        assert_eq!(Format::detect(Path::new(&named), b""), Ok(format));
        assert_eq!(Format::detect(Path::new("stdin"), text.as_bytes()), Ok(format), "{text}");
    }
    assert_eq!(Format::detect(Path::new("a.tsv"), b""), Ok(Format::Csv));
    let error = Format::detect(Path::new("a.docx"), b"PK\x03\x04\x00").unwrap_err();
    assert!(matches!(error, SegmentsError::UnknownFormat { .. }), "{error}");
}
