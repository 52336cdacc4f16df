//! Places of values in JSON text. What is not changed stays as it is written, such as the digits of numbers, and `NaN`, which
//! Python writes.

use std::ops::Range;

use crate::SegmentsError;
use crate::lines::line_at;

/// Deepest nesting of arrays and objects.
const MAX_DEPTH: usize = 64;

/// Reads JSON from a place on.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    /// At byte `at` of a text.
    pub(crate) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, depth: 0 }
    }

    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), SegmentsError> {
        if self.peek() != Some(byte) {
            return Err(self.error(&format!("expected {:?}", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    fn error(&self, reason: &str) -> SegmentsError {
        SegmentsError::line(line_at(self.text, self.at), format!("no valid JSON: {reason}"))
    }

    /// Checks that nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), SegmentsError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("text after the end of the document")),
        }
    }

    /// Skips a value, and returns its place.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, SegmentsError> {
        let first = self.peek().ok_or_else(|| self.error("the end of the file"))?;
        let start = self.at;
        match first {
            b'{' => drop(self.object()?),
            b'[' => drop(self.array()?),
            b'"' => drop(self.string()?),
            _ => {
                let rest = &self.text[start..];
                let word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
                if length == 0 {
                    return Err(self.error("expected a value"));
                }
                self.at += length;
            }
        }
        Ok(start..self.at)
    }

    /// The members of an object: names, and the places of their values.
    pub(crate) fn object(&mut self) -> Result<Vec<(String, Range<usize>)>, SegmentsError> {
        self.expect(b'{')?;
        self.deeper()?;
        let mut members = Vec::new();
        if self.peek() != Some(b'}') {
            loop {
                let name = self.string()?;
                self.expect(b':')?;
                members.push((name, self.value()?));
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.depth -= 1;
        self.expect(b'}')?;
        Ok(members)
    }

    /// The places of the items of an array.
    pub(crate) fn array(&mut self) -> Result<Vec<Range<usize>>, SegmentsError> {
        self.expect(b'[')?;
        self.deeper()?;
        let mut items = Vec::new();
        if self.peek() != Some(b']') {
            loop {
                items.push(self.value()?);
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.depth -= 1;
        self.expect(b']')?;
        Ok(items)
    }

    fn deeper(&mut self) -> Result<(), SegmentsError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.error("nested too deeply")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, SegmentsError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a string"));
        }
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    self.at = at + 1;
                    let text = &self.text[start..self.at];
                    return serde_json::from_str(text)
                        .map_err(|error| self.error(&error.to_string()));
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        Err(self.error("a string that does not end"))
    }
}

#[cfg(test)]
mod tests {
    use super::Scanner;

    #[test]
    fn values_are_found_and_mistakes_have_a_line() {
        let text = "{\"a\": [1, NaN, \"x\\\"]\"],\n \"b\" : {\"c\":null}, \"d\":-1.50e3}";
        let members = Scanner::new(text, 0).object().unwrap();
        let found: Vec<_> =
            members.iter().map(|(name, place)| (name.as_str(), &text[place.clone()])).collect();
        assert_eq!(found, [("a", "[1, NaN, \"x\\\"]\"]"), ("b", "{\"c\":null}"), ("d", "-1.50e3")]);
        for wrong in ["{", "{\"a\"}", "{\"a\":}", "[1,]", "{\"a\":1 \"b\":2}", "\"a", "[\"\\q\"]"] {
            assert!(Scanner::new(wrong, 0).value().is_err(), "{wrong}");
        }
        assert!(Scanner::new(&"[".repeat(100_000), 0).value().is_err());
        let error = Scanner::new("{\n\"a\": 1,\n}", 0).object().unwrap_err();
        assert!(error.to_string().starts_with("line 3:"), "{error}");
    }
}
