//! Names that differ in their spelling alone.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use crate::Corpus;

/// The common form of spellings of one name: Unicode's composed form, in lower case, without blanks at
/// the ends; a whole number without leading zeros and without `.0`, as spreadsheets write it.
pub(crate) fn common_form(name: &str) -> String {
    let text: String = name.trim().nfc().flat_map(char::to_lowercase).collect();
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
