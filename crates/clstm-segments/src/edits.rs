//! Changes of a text that leave the rest of it as it is.

use std::ops::Range;

/// Replacements of parts of a text, in any order; parts do not overlap.
#[derive(Debug, Default)]
pub(crate) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Replaces a part.
    pub(crate) fn replace(&mut self, part: Range<usize>, text: impl Into<String>) {
        self.0.push((part, text.into()));
    }

    /// Inserts text before byte `at`; texts of the same place follow each other in the order of the calls.
    pub(crate) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// The changed text.
    pub(crate) fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(part, _)| (part.start, part.end));
        let mut changed = String::with_capacity(text.len() + 64 * self.0.len());
        let mut done = 0;
        for (part, replacement) in self.0 {
            changed += text.get(done..part.start).unwrap_or_default();
            changed += &replacement;
            done = part.end;
        }
        changed + text.get(done..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Edits;

    #[test]
    fn parts_are_replaced_and_the_rest_stays() {
        let mut edits = Edits::default();
        edits.replace(6..7, "C");
        edits.insert(0, ">");
        edits.insert(0, ">");
        edits.replace(2..4, "B");
        assert_eq!(edits.apply("a bb cd"), ">>a B cC");
    }
}
