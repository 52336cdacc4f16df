//! RAVDESS file names: `modality-channel-emotion-intensity-statement-repetition-actor`.

use std::fmt;

use crate::Intensity;

/// The kind of file, by a well-formed name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Audio only.
    Audio(Name),
    /// Full audio-visual, or video without sound.
    Video,
}

/// Spoken or sung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Speech,
    Song,
}

/// The parts of an audio-only name, each within its range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) channel: Channel,
    /// 1 to 8 in speech, 1 to 6 in song.
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
/// Disgust and surprise, the last two, are not sung.
pub(crate) const SUNG_EMOTIONS: u8 = 6;
/// There are no songs of this actor.
const NOT_SINGING: u8 = 18;
const ACTORS: u8 = 24;

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let intensity = if self.intensity == Intensity::Strong { 2 } else { 1 };
        let Self { emotion, statement, repetition, actor, .. } = self;
        let channel = match self.channel {
            Channel::Speech => 1,
            Channel::Song => 2,
        };
        write!(
            f,
            "03-{channel:02}-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}"
        )
    }
}

/// Reads a file name without its extension; the error names its fault.
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
    let channel = if channel == 1 { Channel::Speech } else { Channel::Song };
    if channel == Channel::Song && emotion > SUNG_EMOTIONS {
        return Err(format!("song has emotions 01 to {SUNG_EMOTIONS:02}, not {emotion:02}"));
    }
    let name = Name {
        channel,
        emotion: usize::from(emotion),
        intensity: if intensity == 1 { Intensity::Normal } else { Intensity::Strong },
        statement: usize::from(statement),
        repetition,
        actor,
    };
    if name.emotion == NEUTRAL && name.intensity == Intensity::Strong {
        return Err("neutral (emotion 01) has no strong intensity (02)".to_owned());
    }
    Ok(Kind::Audio(name))
}

/// A field of exactly two digits from 01 to `max`.
fn field(what: &str, text: &str, max: u8) -> Result<u8, String> {
    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u8>() {
        Ok(value) if digits && (1..=max).contains(&value) => Ok(value),
        _ => Err(format!("{what} is {text:?}, not 01 to {max:02}")),
    }
}

/// The 1,440 names of speech in the release, or the 1,012 of song.
pub(crate) fn all(channel: Channel) -> impl Iterator<Item = Name> {
    let (emotions, silent) = match channel {
        Channel::Speech => (EMOTIONS, None),
        Channel::Song => (SUNG_EMOTIONS, Some(NOT_SINGING)),
    };
    (1..=ACTORS).filter(move |&actor| Some(actor) != silent).flat_map(move |actor| {
        (1..=usize::from(emotions)).flat_map(move |emotion| {
            let intensities: &[Intensity] = match emotion {
                NEUTRAL => &[Intensity::Normal],
                _ => &[Intensity::Normal, Intensity::Strong],
            };
            intensities.iter().flat_map(move |&intensity| {
                (1..=2).flat_map(move |statement| {
                    (1..=2).map(move |repetition| Name {
                        channel,
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
        for (channel, count) in [(Channel::Speech, 1440), (Channel::Song, 1012)] {
            let names: Vec<Name> = all(channel).collect();
            assert_eq!(names.len(), count);
            for name in names {
                assert_eq!(parse(&name.to_string()), Ok(Kind::Audio(name)));
            }
        }
    }

    #[test]
    fn distinguishes_song_and_video_from_speech() {
        let channel = |stem| match parse(stem) {
            Ok(Kind::Audio(name)) => Some(name.channel),
            _ => None,
        };
        assert_eq!(channel("03-02-06-01-01-02-12"), Some(Channel::Song));
        assert_eq!(channel("03-01-06-01-01-02-12"), Some(Channel::Speech));
        assert_eq!(parse("01-01-06-01-01-02-12"), Ok(Kind::Video));
        assert_eq!(parse("02-02-06-01-01-02-12"), Ok(Kind::Video));
    }

    #[test]
    fn reports_what_is_wrong() {
        for (stem, reason) in [
            ("", "the name has 1 fields joined by \"-\", not 7"),
            ("03-01-05-01-01-01", "the name has 6 fields joined by \"-\", not 7"),
            ("03-01-09-01-01-01-01", "emotion is \"09\", not 01 to 08"),
            ("03-01-00-01-01-01-01", "emotion is \"00\", not 01 to 08"),
            ("03-01-5-01-01-01-01", "emotion is \"5\", not 01 to 08"),
            ("03-01-+5-01-01-01-01", "emotion is \"+5\", not 01 to 08"),
            ("03-01-05-01-01-01-25", "actor is \"25\", not 01 to 24"),
            ("03-01-05-01-01-01-01 (1)", "actor is \"01 (1)\", not 01 to 24"),
            ("03-02-07-01-01-01-01", "song has emotions 01 to 06, not 07"),
            ("03-01-01-02-01-01-01", "neutral (emotion 01) has no strong intensity (02)"),
        ] {
            assert_eq!(parse(stem), Err(reason.to_owned()), "{stem}");
        }
    }
}
