//! The tokens of a TextGrid: free-standing numbers, strings and flags. Praat ignores all else, so that the long and the short
//! format are one.

use std::ops::Range;

use crate::SegmentsError;
use crate::lines::line_at;

/// A token and its place.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) place: Range<usize>,
    pub(super) value: Value,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// Without its quotes; doubled quotes are single ones.
    Text(String),
    /// Such as `<exists>`.
    Flag(String),
}

/// The tokens of a text, read one after another.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The byte after the last token.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// The next token; `None` at the end.
    ///
    /// # Errors
    /// If a string is not closed.
    pub(super) fn next(&mut self) -> Result<Option<Token>, SegmentsError> {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            let start = self.at + rest.len() - trimmed.len();
            let Some(first) = trimmed.chars().next() else { return Ok(None) };
            match first {
                '"' => return self.string(start).map(Some),
                // A comment to the end of the line.
                '!' => self.at = start + trimmed.find(['\n', '\r']).unwrap_or(trimmed.len()),
                _ => {
                    let length = trimmed.find(char::is_whitespace).unwrap_or(trimmed.len());
                    let word = &trimmed[..length];
                    self.at = start + length;
                    let place = start..start + length;
                    if word.starts_with('<') && word.ends_with('>') {
                        let value = Value::Flag(word.to_owned());
                        return Ok(Some(Token { place, value }));
                    }
                    if let Some(number) = number(word) {
                        return Ok(Some(Token { place, value: Value::Number(number) }));
                    }
                }
            }
        }
    }

    fn string(&mut self, start: usize) -> Result<Token, SegmentsError> {
        let mut value = String::new();
        let mut letters = self.text[start + 1..].char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            if letter != '"' {
                value.push(letter);
            } else if letters.next_if(|(_, next)| *next == '"').is_some() {
                value.push('"');
            } else {
                self.at = start + 1 + at + 1;
                return Ok(Token { place: start..self.at, value: Value::Text(value) });
            }
        }
        let line = line_at(self.text, start);
        Err(SegmentsError::line(line, "the quote that begins here is never closed"))
    }

    /// The next token, which must be a number.
    pub(super) fn number(&mut self, what: &str) -> Result<(f64, Range<usize>), SegmentsError> {
        match self.next()? {
            Some(Token { place, value: Value::Number(number) }) => Ok((number, place)),
            other => Err(self.unexpected(what, other)),
        }
    }

    /// The next token, which must be a string.
    pub(super) fn text(&mut self, what: &str) -> Result<(String, Range<usize>), SegmentsError> {
        match self.next()? {
            Some(Token { place, value: Value::Text(text) }) => Ok((text, place)),
            other => Err(self.unexpected(what, other)),
        }
    }

    /// The number of items that follow.
    pub(super) fn count(&mut self, what: &str) -> Result<(usize, Range<usize>), SegmentsError> {
        let (number, place) = self.number(what)?;
        if number.fract() != 0.0 || !(0.0..=1e9).contains(&number) {
            let line = line_at(self.text, place.start);
            return Err(SegmentsError::line(line, format!("{number} is not a {what}")));
        }
        Ok((number as usize, place))
    }

    pub(super) fn unexpected(&self, what: &str, found: Option<Token>) -> SegmentsError {
        let (at, found) = match found {
            None => (self.text.len(), "the end of the file".to_owned()),
            Some(Token { place, .. }) => (place.start, self.text[place].to_owned()),
        };
        SegmentsError::line(line_at(self.text, at), format!("expected the {what}, found {found}"))
    }
}

/// A free-standing number: a percent sign may follow, nothing else.
fn number(word: &str) -> Option<f64> {
    let digits = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let first = word.chars().next()?;
    let numeric = first.is_ascii_digit() || "+-.".contains(first);
    (numeric && word.chars().all(digits)).then(|| word.parse().ok()).flatten()
}
