//! EMO-DB: its authors' deposit at Zenodo, version 1.3.0 (<https://zenodo.org/records/7447302>), with
//! the 535 recordings of the official page (<http://emodb.bilderbar.info>, which has neither TLS nor
//! checksums) in `emodb/wav`. Record 16273947 is EmoDB 2.0, another set of recordings.

use crate::Checksum;
use crate::source::{ArchiveOrigin, Origin, Source};

pub(super) const EMO_DB: Source = Source {
    name: "emo-db",
    aliases: &["berlin"],
    title: "EMO-DB, Berlin Database of Emotional Speech (535 recordings, 40 MB)",
    page: "https://zenodo.org/records/7447302",
    origin: Origin::Archive(ArchiveOrigin {
        file: "emodb.zip",
        zenodo: 7_447_302,
        known: Some((39_981_818, Checksum::md5("9d21362dbc5676ef3ab4745d83ced0db"))),
        within: Some("emodb"),
    }),
    // Speaker, text, emotion, version: 03a01Fa.
    is_recording: |stem| {
        matches!(stem.len(), 6 | 7) && stem.bytes().take(2).all(|b| b.is_ascii_digit())
    },
};
