//! RAVDESS: Zenodo record 1188976. The record's page gives the MD5 of every file
//! (<https://zenodo.org/records/1188976>); that of the songs is requested when it is needed.

use crate::Checksum;
use crate::source::{ArchiveOrigin, Origin, Source};

const RECORD: u64 = 1_188_976;
const PAGE: &str = "https://zenodo.org/records/1188976";

pub(super) const SPEECH: Source = Source {
    name: "ravdess",
    aliases: &["ravdess-speech"],
    title: "RAVDESS, speech (1,440 recordings, 208 MB)",
    page: PAGE,
    origin: Origin::Archive(ArchiveOrigin {
        file: "Audio_Speech_Actors_01-24.zip",
        zenodo: RECORD,
        known: Some((208_468_073, Checksum::md5("bc696df654c87fed845eb13823edef8a"))),
        within: None,
    }),
    is_recording: |stem| is_of_channel(stem, "01"),
};

pub(super) const SONG: Source = Source {
    name: "ravdess-song",
    aliases: &[],
    title: "RAVDESS, song (1,012 recordings, 0.2 GB)",
    page: PAGE,
    origin: Origin::Archive(ArchiveOrigin {
        file: "Audio_Song_Actors_01-24.zip",
        zenodo: RECORD,
        known: None,
        within: None,
    }),
    is_recording: |stem| is_of_channel(stem, "02"),
};

/// Names are `modality-channel-emotion-intensity-statement-repetition-actor`, two digits each; modality
/// 03 is audio.
fn is_of_channel(stem: &str, channel: &str) -> bool {
    let fields: Vec<&str> = stem.split('-').collect();
    fields.len() == 7 && fields[..2] == ["03", channel]
}
