//! Names that differ in their spelling alone.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use crate::Corpus;

/// The common form of spellings of one name: Unicode's composed compatibility form, in lower case, without characters that
/// cannot be seen and with single blanks between words; a whole number without leading zeros and without `.0`, as
/// spreadsheets write it.
pub(crate) fn common_form(name: &str) -> String {
    let visible: String = name.nfkc().filter(|letter| !is_invisible(*letter)).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    let text: String = words.join(" ").chars().flat_map(char::to_lowercase).collect();
    let whole = text.split_once('.').map_or(text.as_str(), |(whole, fraction)| {
        if !fraction.is_empty() && fraction.bytes().all(|b| b == b'0') { whole } else { &text }
    });
    match !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit()) {
        true => match whole.trim_start_matches('0') {
            "" => "0".to_owned(),
            digits => digits.to_owned(),
        },
        false => text,
    }
}

/// Whether a character has neither a shape nor a width: soft hyphens, joiners, marks of direction and of byte order.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// The names that share a common form with another one, together and sorted.
pub(crate) fn similar<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Vec<String>> {
    let mut spellings: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in names {
        spellings.entry(common_form(name)).or_default().insert(name);
    }
    let several = spellings.into_values().filter(|spellings| spellings.len() > 1);
    several.map(|spellings| spellings.into_iter().map(str::to_owned).collect()).collect()
}

/// The speakers of a corpus that differ in their spelling alone.
pub(crate) fn similar_speakers(corpus: &Corpus) -> Vec<Vec<String>> {
    similar(corpus.speakers())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_have_one_form() {
        for names in [
            &["Anna", "anna", "ANNA", " anna "][..],
            &["1", "01", "001", "1.0", "1.00"],
            &["0", "00", "0.0"],
            &["Zoe\u{308}", "Zo\u{eb}", "ZO\u{cb}"],
            // Copied from pages and tables: no-break and double blanks, invisible and full-width characters.
            &[
                "Anna Maria",
                "Anna\u{a0}Maria",
                "anna  maria",
                "\u{feff}Anna Maria",
                "Anna\u{200b} Maria",
            ],
            &["12", "\u{ff11}\u{ff12}", "012"],
        ] {
            for name in names {
                assert_eq!(common_form(name), common_form(names[0]), "{name:?}");
            }
        }
    }

    #[test]
    fn other_names_stay_apart() {
        let names = ["1", "10", "11", "1.5", "P1", "P01", "1.", ".0", "", "a.0", "a", "-1"];
        assert_eq!(similar(names), Vec::<Vec<String>>::new());
    }
}
