//! RAVDESS file names: `modality-channel-emotion-intensity-statement-repetition-actor`.

use std::fmt;

use crate::Intensity;

/// What a well-formed name says the file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Audio-only speech, the part that is used.
    Speech(Name),
    /// Audio-only song.
    Song,
    /// Full audio-visual, or video without sound.
    Video,
}

/// The parts of an audio-only speech name, each within its range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// 1 to 8.
    pub(crate) emotion: usize,
    pub(crate) intensity: Intensity,
    /// 1 or 2.
    pub(crate) statement: usize,
    /// 1 or 2.
    pub(crate) repetition: u8,
    /// 1 to 24.
    pub(crate) actor: u8,
}

const NEUTRAL: usize = 1;
const EMOTIONS: u8 = 8;
const ACTORS: u8 = 24;

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let intensity = match self.intensity {
            Intensity::Normal => 1,
            Intensity::Strong => 2,
        };
        let Self { emotion, statement, repetition, actor, .. } = self;
        write!(f, "03-01-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}")
    }
}

/// Reads a file name without its extension; the error says what is wrong with it.
pub(crate) fn parse(stem: &str) -> Result<Kind, String> {
    let fields: Vec<&str> = stem.split('-').collect();
    let &[modality, channel, emotion, intensity, statement, repetition, actor] = fields.as_slice()
    else {
        return Err(format!("the name has {} fields joined by \"-\", not 7", fields.len()));
    };
    let modality = field("modality", modality, 3)?;
    let channel = field("vocal channel", channel, 2)?;
    let emotion = field("emotion", emotion, EMOTIONS)?;
    let intensity = field("intensity", intensity, 2)?;
    let statement = field("statement", statement, 2)?;
    let repetition = field("repetition", repetition, 2)?;
    let actor = field("actor", actor, ACTORS)?;
    if modality != 3 {
        return Ok(Kind::Video);
    }
    if channel == 2 {
        return Ok(Kind::Song);
    }
    let name = Name {
        emotion: usize::from(emotion),
        intensity: if intensity == 1 { Intensity::Normal } else { Intensity::Strong },
        statement: usize::from(statement),
        repetition,
        actor,
    };
    if name.emotion == NEUTRAL && name.intensity == Intensity::Strong {
        return Err("neutral (emotion 01) has no strong intensity (02)".to_owned());
    }
    Ok(Kind::Speech(name))
}

/// A field of exactly two digits from 01 to `max`.
fn field(what: &str, text: &str, max: u8) -> Result<u8, String> {
    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u8>() {
        Ok(value) if digits && (1..=max).contains(&value) => Ok(value),
        _ => Err(format!("{what} is {text:?}, not 01 to {max:02}")),
    }
}

/// The 1,440 names of the release.
pub(crate) fn all() -> impl Iterator<Item = Name> {
    (1..=ACTORS).flat_map(|actor| {
        (1..=usize::from(EMOTIONS)).flat_map(move |emotion| {
            let intensities: &[Intensity] = match emotion {
                NEUTRAL => &[Intensity::Normal],
                _ => &[Intensity::Normal, Intensity::Strong],
            };
            intensities.iter().flat_map(move |&intensity| {
                (1..=2).flat_map(move |statement| {
                    (1..=2).map(move |repetition| Name {
                        emotion,
                        intensity,
                        statement,
                        repetition,
                        actor,
                    })
                })
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let names: Vec<Name> = all().collect();
        assert_eq!(names.len(), 1440);
        for name in names {
            assert_eq!(parse(&name.to_string()), Ok(Kind::Speech(name)));
        }
    }

    #[test]
    fn tells_song_and_video_from_speech() {
        assert_eq!(parse("03-02-06-01-01-02-12"), Ok(Kind::Song));
        assert_eq!(parse("01-01-06-01-01-02-12"), Ok(Kind::Video));
        assert_eq!(parse("02-02-06-01-01-02-12"), Ok(Kind::Video));
    }

    #[test]
    fn says_what_is_wrong() {
        for (stem, reason) in [
            ("", "the name has 1 fields joined by \"-\", not 7"),
            ("03-01-05-01-01-01", "the name has 6 fields joined by \"-\", not 7"),
            ("03-01-09-01-01-01-01", "emotion is \"09\", not 01 to 08"),
            ("03-01-00-01-01-01-01", "emotion is \"00\", not 01 to 08"),
            ("03-01-5-01-01-01-01", "emotion is \"5\", not 01 to 08"),
            ("03-01-+5-01-01-01-01", "emotion is \"+5\", not 01 to 08"),
            ("03-01-05-01-01-01-25", "actor is \"25\", not 01 to 24"),
            ("03-01-05-01-01-01-01 (1)", "actor is \"01 (1)\", not 01 to 24"),
            ("03-01-01-02-01-01-01", "neutral (emotion 01) has no strong intensity (02)"),
        ] {
            assert_eq!(parse(stem), Err(reason.to_owned()), "{stem}");
        }
    }
}
