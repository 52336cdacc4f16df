//! Text from outside, such as names of files and labels, made safe to print.

use std::path::Path;

/// Whether a terminal would obey a character, or show the text around it in another order: control characters
/// (C0, DEL, C1), line and paragraph separators, and the marks, embeddings, overrides and isolates of the Unicode
/// Bidirectional Algorithm (<https://www.unicode.org/reports/tr9/>), besides invisible format characters.
pub(crate) fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Text in one line without characters that a terminal would obey: these are escaped, such as `\u{1b}` or `\n`.
pub(crate) fn printable(text: &str) -> String {
    escaped(text, is_unsafe)
}

/// Text of several lines without other characters that a terminal would obey.
pub(crate) fn printable_text(text: &str) -> String {
    escaped(text, |letter| letter != '\n' && is_unsafe(letter))
}

/// Most characters of a line of a message: a parser may quote a line of megabytes. Paths are no longer than this.
const LONGEST_LINE: usize = 5000;

/// A message of several lines, the same way. Lines after the first are indented, so that none can pass for another
/// message, and lines that are too long to read are cut.
pub(crate) fn printable_lines(text: &str) -> String {
    let text = printable_text(text);
    let mut shown = String::new();
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            shown += if line.is_empty() || line.starts_with(' ') { "\n" } else { "\n  " };
        }
        match line.char_indices().nth(LONGEST_LINE) {
            Some((end, _)) => {
                shown += &line[..end];
                shown += &format!("... ({} more bytes)", line.len() - end);
            }
            None => shown += line,
        }
    }
    shown
}

fn escaped(text: &str, escape: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if escape(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Text as one word of a POSIX shell, quoted where needed.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,=@%".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Paths as text.
pub(crate) trait PathText {
    /// The path as text, such that different paths have different texts.
    ///
    /// Bytes that are not UTF-8 become `\xHH`. Backslashes before such a byte, or before text that looks like such an
    /// escape, are doubled. All other paths stay as they are.
    fn text(&self) -> String;
}

impl PathText for Path {
    fn text(&self) -> String {
        let mut text = String::new();
        for chunk in self.as_os_str().as_encoded_bytes().utf8_chunks() {
            push_valid(&mut text, chunk.valid(), !chunk.invalid().is_empty());
            for byte in chunk.invalid() {
                text += &format!("\\x{byte:02x}");
            }
        }
        text
    }
}

/// Adds text; `escape_follows` where an escape comes after it.
fn push_valid(text: &mut String, valid: &str, escape_follows: bool) {
    // Windows separates folders by backslashes, and its names have no invalid bytes but lone surrogates.
    if cfg!(windows) || !valid.contains('\\') {
        text.push_str(valid);
        return;
    }
    let mut rest = valid;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let after = from.trim_start_matches('\\');
        let count = from.len() - after.len();
        let ambiguous = if after.is_empty() { escape_follows } else { looks_escaped(after) };
        text.extend(std::iter::repeat_n('\\', if ambiguous { 2 * count } else { count }));
        rest = after;
    }
    text.push_str(rest);
}

/// Whether what follows a backslash makes it look like `\xHH`.
fn looks_escaped(after: &str) -> bool {
    let bytes = after.as_bytes();
    bytes.len() >= 3 && bytes[0] == b'x' && bytes[1..3].iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::{printable, printable_lines, shell_word};

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(shell_word("data/emo-db"), "data/emo-db");
        assert_eq!(shell_word("my data"), "'my data'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(printable("a\u{1b}[31m\n.wav"), "a\\u{1b}[31m\\n.wav");
        assert_eq!(printable("\u{202e}vaw.\u{9b}2J\u{7f}"), "\\u{202e}vaw.\\u{9b}2J\\u{7f}");
        assert_eq!(printable("Ärger 悲しい 😀"), "Ärger 悲しい 😀");
        assert_eq!(printable_lines("one\r\nclstm: two\n  three"), "one\\r\n  clstm: two\n  three");
        let long = format!("one\n{}", "ä".repeat(6000));
        let shown = printable_lines(&long);
        assert!(shown.ends_with("ä... (2000 more bytes)"), "{} characters", shown.len());
    }

    #[cfg(unix)]
    #[test]
    fn different_paths_have_different_texts() {
        use super::PathText;
        use std::collections::HashMap;
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::path::Path;

        let text = |bytes: &[u8]| Path::new(OsStr::from_bytes(bytes)).text();
        assert_eq!(text(b"a\xff.wav"), "a\\xff.wav");
        assert_eq!(text("C:\\music\\ä.wav".as_bytes()), "C:\\music\\ä.wav");
        assert_eq!(text(b"a\\xff"), "a\\\\xff");
        assert_eq!(text(b"\\\xff"), "\\\\\\xff");
        // All names of up to five of these parts.
        let parts: [&[u8]; 5] = [b"\\", b"\xff", b"xff", b"x", b"f"];
        let mut names: Vec<Vec<u8>> = vec![Vec::new()];
        let mut seen: HashMap<String, Vec<u8>> = HashMap::new();
        for _ in 0..5 {
            names = names
                .iter()
                .flat_map(|name| parts.iter().map(move |part| [name, *part].concat()))
                .collect();
            for name in &names {
                if let Some(other) = seen.insert(text(name), name.clone()) {
                    assert_eq!(&other, name, "{:?}", text(name));
                }
            }
        }
    }
}
