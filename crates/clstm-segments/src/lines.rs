//! Lines with their places in a text.

use std::ops::Range;

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: usize,
    /// First byte of the line in the text.
    pub(crate) start: usize,
    pub(crate) text: &'a str,
}

impl Line<'_> {
    /// The byte after the line, where its end begins.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether there is nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// The lines of a text, which end with LF, CR LF or CR.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    (1..).map_while(move |number| {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let line = Line { number, start, text: &rest[..length] };
        let end = if rest[length..].starts_with("\r\n") { 2 } else { 1 };
        start += length + end;
        Some(line)
    })
}

/// Number of the line that a byte is in, from 1.
pub(crate) fn line_at(text: &str, byte: usize) -> usize {
    lines(text).take_while(|line| line.start <= byte).count().max(1)
}

/// The line end that a text uses.
pub(crate) fn line_end(text: &str) -> &'static str {
    match text.find(['\n', '\r']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        _ => "\n",
    }
}

/// The words of a line with their places in the text.
pub(crate) fn words<'a>(line: &Line<'a>) -> Vec<(Range<usize>, &'a str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in line.text.split_whitespace() {
        // Found, because the words come from this text.
        let offset = line.text[at..].find(word).unwrap_or(0);
        let start = at + offset;
        at = start + word.len();
        words.push((line.start + start..line.start + at, word));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{line_at, lines, words};

    #[test]
    fn lines_end_with_any_of_three_ends() {
        let text = "a\r\nb\rc\n\nd";
        let found: Vec<_> = lines(text).map(|l| (l.number, l.start, l.text)).collect();
        assert_eq!(found, [(1, 0, "a"), (2, 3, "b"), (3, 5, "c"), (4, 7, ""), (5, 8, "d")]);
        assert_eq!((line_at(text, 0), line_at(text, 5), line_at(text, 99)), (1, 3, 5));
        assert_eq!(lines("").count(), 0);
    }

    #[test]
    fn words_keep_their_places() {
        let line = lines("x\n  a aa  a ").nth(1).unwrap();
        let found: Vec<_> =
            words(&line).into_iter().map(|(part, word)| (part.start, word)).collect();
        assert_eq!(found, [(4, "a"), (6, "aa"), (10, "a")]);
    }
}
