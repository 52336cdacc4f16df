//! The lists of turns and labels, `EmoEvaluation/*.txt`.
//!
//! A turn is a line `[6.2901 - 8.2357]`, its name, its label and `[valence, activation, dominance]`,
//! parted by tabs; the lines below it are the judgements of single listeners.

/// A turn of a dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) name: String,
    /// The label of most listeners, three letters; `xxx` where they disagreed.
    pub(super) label: String,
}

/// The turns of a list; the error names the fault of a line that should be one.
pub(super) fn turns(text: &str) -> impl Iterator<Item = Result<Turn, String>> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| line.starts_with('['));
    lines.map(|(number, line): (usize, &str)| {
        let mut fields = line.split('\t').map(str::trim);
        match (fields.next(), fields.next(), fields.next()) {
            (Some(times), Some(name), Some(label))
                if times.ends_with(']')
                    && plain(name)
                    && label.len() == 3
                    && label.bytes().all(|b| b.is_ascii_lowercase()) =>
            {
                Ok(Turn { name: name.to_owned(), label: label.to_owned() })
            }
            _ => Err(format!("line {number} is not a turn: time, name and label parted by tabs")),
        }
    })
}

/// Nothing that could lead out of the folder.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_turns_and_skips_the_ratings_of_listeners() {
        let text = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n\
                    [6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\r\n\
                    C-E2:\tNeutral;\t()\n\
                    [1 - 2]\t../x\tneu\t[2, 2, 2]\n[1 - 2] Ses01F_impro01_F001 neu\n";
        let found: Vec<_> = turns(text).collect();
        let turn = Turn { name: "Ses01F_impro01_F000".to_owned(), label: "neu".to_owned() };
        assert_eq!(found[0], Ok(turn));
        let wrong = |n| Err(format!("line {n} is not a turn: time, name and label parted by tabs"));
        assert_eq!(found[1..], [wrong(5), wrong(6)]);
    }
}
