//! CREMA-D: the authors' repository keeps the recordings in Git LFS, so that its archive holds
//! pointers: 7,442 small texts with the length and the SHA-256 of a recording each. The recordings
//! come from GitHub's store and, where that is over its quota as it has been
//! (<https://github.com/CheyneyComputerScience/CREMA-D/issues/15>), from the mirror that the authors
//! name there; the SHA-256 makes them equal.

use crate::source::{GitLfsOrigin, Origin, Source};

pub(super) const CREMA_D: Source = Source {
    name: "crema-d",
    aliases: &[],
    title: "CREMA-D, audio (7,442 recordings, 0.6 GB)",
    page: "https://github.com/CheyneyComputerScience/CREMA-D",
    origin: Origin::GitLfs(GitLfsOrigin {
        pointers: "https://github.com/CheyneyComputerScience/CREMA-D/archive/\
                   1658cd342dff90010aa843eaeebd53610a08b1dc.zip",
        folder: "AudioWAV",
        beside: &["VideoDemographics.csv", "LICENSE.txt"],
        media: &[
            "https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/\
             1658cd342dff90010aa843eaeebd53610a08b1dc/",
            "https://gitlab.com/cs-cooper-lab/crema-d-mirror/-/raw/main/",
        ],
        files: 7442,
    }),
    // Actor, sentence, emotion, level: 1001_DFA_ANG_XX.
    is_recording: |stem| {
        let fields: Vec<&str> = stem.split('_').collect();
        fields.len() == 4 && fields[0].parse::<u16>().is_ok()
    },
};
