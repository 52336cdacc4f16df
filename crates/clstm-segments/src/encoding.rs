//! Encodings of text: UTF-8 and UTF-16 with or without a byte order mark, else ISO 8859-1.

use crate::SegmentsError;

/// How a text was encoded; it is written back the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    unit: Unit,
    mark: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Utf8,
    Utf16Le,
    Utf16Be,
    Latin1,
}

const MARK_UTF8: &[u8] = b"\xef\xbb\xbf";
const MARK_UTF16_LE: &[u8] = b"\xff\xfe";
const MARK_UTF16_BE: &[u8] = b"\xfe\xff";

impl Encoding {
    /// Decodes bytes. Old Praat and subtitle files in a code page become text byte by byte, so that they can be written back
    /// without a loss.
    ///
    /// # Errors
    /// [`SegmentsError::Encoding`] for bytes that are no text.
    pub(crate) fn decode(bytes: &[u8]) -> Result<(String, Self), SegmentsError> {
        let marks = [
            (MARK_UTF8, Unit::Utf8),
            (MARK_UTF16_LE, Unit::Utf16Le),
            (MARK_UTF16_BE, Unit::Utf16Be),
        ];
        for (mark, unit) in marks {
            if let Some(rest) = bytes.strip_prefix(mark) {
                let text = decode_unit(rest, unit)?;
                return Ok((text, Self { unit, mark: true }));
            }
        }
        // Text begins with an ASCII character in all formats.
        let unit = match bytes {
            [0, byte, ..] if *byte != 0 => Unit::Utf16Be,
            [byte, 0, ..] if *byte != 0 => Unit::Utf16Le,
            _ => Unit::Utf8,
        };
        if let Ok(text) = decode_unit(bytes, unit) {
            return Ok((text, Self { unit, mark: false }));
        }
        if bytes.contains(&0) {
            let reason = "it has zero bytes; save it as UTF-8 text".to_owned();
            return Err(SegmentsError::Encoding { reason });
        }
        let text = bytes.iter().map(|byte| char::from(*byte)).collect();
        Ok((text, Self { unit: Unit::Latin1, mark: false }))
    }

    /// Encodes a text. In ISO 8859-1, which has 256 characters, others become `?`; they can only be in what is added.
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        let mark: &[u8] = match self.unit {
            _ if !self.mark => b"",
            Unit::Utf8 => MARK_UTF8,
            Unit::Utf16Le => MARK_UTF16_LE,
            Unit::Utf16Be => MARK_UTF16_BE,
            Unit::Latin1 => b"",
        };
        let mut bytes = mark.to_vec();
        match self.unit {
            Unit::Utf8 => bytes.extend_from_slice(text.as_bytes()),
            Unit::Utf16Le => bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Unit::Utf16Be => bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Unit::Latin1 => {
                bytes.extend(text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')));
            }
        }
        bytes
    }
}

fn decode_unit(bytes: &[u8], unit: Unit) -> Result<String, SegmentsError> {
    let failed = |reason: String| SegmentsError::Encoding { reason };
    let utf16 = |from: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| from(*pair)).collect();
        if !rest.is_empty() {
            return Err(failed("UTF-16 with half a character at the end".to_owned()));
        }
        String::from_utf16(&units).map_err(|error| failed(error.to_string()))
    };
    match unit {
        Unit::Utf16Le => utf16(u16::from_le_bytes),
        Unit::Utf16Be => utf16(u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).map_err(|error| failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    #[test]
    fn every_encoding_is_written_as_it_was_read() {
        let text = "File ä悲😀\r\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            le.clone(),
            be.clone(),
            [b"\xff\xfe", &le[..]].concat(),
            [b"\xfe\xff", &be[..]].concat(),
        ] {
            let (read, encoding) = Encoding::decode(&bytes).unwrap();
            assert_eq!((read.as_str(), encoding.encode(&read)), (text, bytes));
        }
        let latin = b"caf\xe9\n";
        let (read, encoding) = Encoding::decode(latin).unwrap();
        assert_eq!((read.as_str(), encoding.encode(&read)), ("café\n", latin.to_vec()));
        assert_eq!(encoding.encode("é悲"), b"\xe9?");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(Encoding::decode(b"\xff\xfea").is_err());
        assert!(Encoding::decode(b"RIFF\x00\xff\xff").is_err());
        assert!(Encoding::decode(b"").is_ok());
    }
}
