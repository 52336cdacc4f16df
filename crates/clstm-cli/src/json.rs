//! JSON whose text is safe to print on a terminal.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::text::is_unsafe;

/// A value as one line with its line feed.
pub(crate) fn to_line(value: &impl Serialize) -> serde_json::Result<String> {
    write(value, CompactFormatter)
}

/// A value as an indented document with a final line feed.
pub(crate) fn to_document(value: &impl Serialize) -> serde_json::Result<String> {
    write(value, PrettyFormatter::new())
}

fn write(value: &impl Serialize, formatter: impl Formatter) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Escaping(formatter)))?;
    bytes.push(b'\n');
    // serde_json writes UTF-8 only.
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// Escapes the control and direction characters that JSON itself would allow as they are.
struct Escaping<F>(F);

/// Passes a call on to the inner formatter.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Escaping<F> {
    pass_on! {
        begin_array(); end_array(); begin_array_value(first: bool); end_array_value();
        begin_object(); end_object(); begin_object_key(first: bool); end_object_key();
        begin_object_value(); end_object_value();
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, letter)) = rest.char_indices().find(|(_, letter)| is_unsafe(*letter)) {
            self.0.write_string_fragment(writer, &rest[..at])?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + letter.len_utf8()..];
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::{to_document, to_line};

    #[test]
    fn text_reads_back_and_holds_nothing_that_a_terminal_obeys() {
        let value = serde_json::json!({ "a\u{9b}31m": ["\u{202e}wav.exe", "\u{1b}[2J", "ä悲\n"], "n": 0.1 });
        for text in [to_line(&value).unwrap(), to_document(&value).unwrap()] {
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
            assert!(!text.contains(['\u{9b}', '\u{202e}', '\u{1b}']), "{text}");
            assert!(text.contains("ä悲"), "{text}");
        }
        assert_eq!(to_line(&[1, 2]).unwrap(), "[1,2]\n");
    }
}
