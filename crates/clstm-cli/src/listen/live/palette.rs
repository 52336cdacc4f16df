//! A letter and a colour for each label; each of the two is enough to distinguish labels.

use ratatui::style::{Color, Modifier, Style};

/// Colours of common emotions, by the beginning of their names. Black letters are legible on all of them.
const KNOWN: &[(&str, Color)] = &[
    ("ang", Color::LightRed),
    ("hap", Color::LightYellow),
    ("joy", Color::LightYellow),
    ("sad", Color::LightBlue),
    ("neu", Color::Gray),
    ("cal", Color::LightCyan),
    ("fea", Color::LightMagenta),
    ("anx", Color::LightMagenta),
    ("dis", Color::LightGreen),
    ("sur", Color::Yellow),
    ("bor", Color::Cyan),
    ("exc", Color::White),
    ("fru", Color::Red),
];

/// For other labels, in this order; again from the front where there are more.
const OTHERS: &[Color] = &[
    Color::Green,
    Color::Magenta,
    Color::White,
    Color::Cyan,
    Color::Red,
    Color::Yellow,
    Color::LightGreen,
    Color::LightMagenta,
    Color::LightBlue,
    Color::LightCyan,
    Color::Gray,
    Color::LightRed,
    Color::LightYellow,
];

/// Letters and colours of labels.
#[derive(Debug)]
pub(super) struct Palette {
    marks: Vec<(char, Color)>,
    colored: bool,
}

impl Palette {
    /// For labels in the order of the model.
    pub(super) fn new(labels: &[String], colored: bool) -> Self {
        let mut colors: Vec<Option<Color>> = Vec::new();
        for label in labels {
            let label = label.to_lowercase();
            let known = KNOWN.iter().find(|(name, _)| label.starts_with(name)).map(|(_, c)| *c);
            // Each colour is used once.
            let new = known.filter(|color| !colors.contains(&Some(*color)));
            colors.push(new);
        }
        let free = OTHERS.iter().filter(|color| !colors.contains(&Some(**color)));
        let mut others = free.chain(OTHERS).copied().collect::<Vec<_>>().into_iter().cycle();
        let colors: Vec<Color> =
            colors.iter().map(|c| c.or_else(|| others.next()).unwrap_or(Color::White)).collect();
        Self { marks: letters(labels).into_iter().zip(colors).collect(), colored }
    }

    /// The letter of a label.
    pub(super) fn letter(&self, label: usize) -> char {
        self.marks.get(label).map_or('?', |mark| mark.0)
    }

    /// Text in a label's colour.
    pub(super) fn ink(&self, label: usize) -> Style {
        match self.marks.get(label) {
            Some((_, color)) if self.colored => Style::new().fg(*color),
            _ => Style::new(),
        }
    }

    /// A letter on a label's colour.
    pub(super) fn cell(&self, label: usize) -> Style {
        match self.marks.get(label) {
            Some((_, color)) if self.colored => Style::new().bg(*color).fg(Color::Black),
            _ => Style::new(),
        }
    }

    /// Text in a given colour.
    pub(super) fn plain(&self, color: Color) -> Style {
        if self.colored { Style::new().fg(color) } else { Style::new() }
    }

    /// Text of a warning.
    pub(super) fn alarm(&self) -> Style {
        self.plain(Color::LightRed).add_modifier(Modifier::BOLD)
    }
}

/// A letter for each label: its first one that no earlier label has, as a capital; else any free one.
fn letters(labels: &[String]) -> Vec<char> {
    let mut taken: Vec<char> = Vec::new();
    for label in labels {
        let own = label.chars().filter(|c| c.is_alphanumeric()).flat_map(single_capital);
        let letter = own.chain('A'..='Z').chain('0'..='9').find(|c| !taken.contains(c));
        taken.push(letter.unwrap_or('?'));
    }
    taken
}

/// The capital of a letter, if it is one character of one terminal column.
fn single_capital(letter: char) -> Option<char> {
    use unicode_width::UnicodeWidthChar;
    let mut capital = letter.to_uppercase();
    match (capital.next(), capital.next()) {
        (Some(capital), None) if capital.width() == Some(1) => Some(capital),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ratatui::style::{Color, Style};

    use super::{Palette, letters};

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn letters_differ() {
        let ravdess =
            ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"];
        assert_eq!(letters(&labels(&ravdess)).iter().collect::<String>(), "NCHSAFDU");
        assert_eq!(
            letters(&labels(&["ss", "ss", "悲しい", "", "ärger"])),
            ['S', 'A', 'B', 'C', 'Ä']
        );
        let many: Vec<String> = (0..40).map(|_| "x".to_owned()).collect();
        let letters = letters(&many);
        assert_eq!(letters[..36].iter().collect::<BTreeSet<_>>().len(), 36);
        assert_eq!(letters[36..], ['?'; 4]);
    }

    #[test]
    fn colours_differ_as_far_as_there_are() {
        let names = labels(&["Angry", "happy", "joyful", "wistful", "sadness", "proud"]);
        let palette = Palette::new(&names, true);
        assert_eq!(palette.ink(0), Style::new().fg(Color::LightRed));
        assert_eq!(palette.cell(4), Style::new().bg(Color::LightBlue).fg(Color::Black));
        let colors: Vec<_> = (0..6).map(|label| palette.ink(label).fg.unwrap()).collect();
        assert!((0..6).all(|i| (0..i).all(|j| colors[i] != colors[j])), "{colors:?}");
        // More labels than colours, and a label that is none.
        let many = Palette::new(&labels(&["x"; 50]), true);
        assert!(many.ink(49).fg.is_some() && many.ink(50) == Style::new());
        let plain = Palette::new(&names, false);
        assert_eq!((plain.ink(0), plain.cell(0)), (Style::new(), Style::new()));
    }
}
