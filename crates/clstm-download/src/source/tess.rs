//! TESS: the University of Toronto's dataset at Borealis, a Dataverse, which publishes the MD5 of
//! every file with its list of them.

use crate::source::{DataverseOrigin, Origin, Source};

pub(super) const TESS: Source = Source {
    name: "tess",
    aliases: &[],
    title: "TESS, Toronto Emotional Speech Set (2,800 recordings, 0.3 GB)",
    page: "https://doi.org/10.5683/SP2/E8H2MF",
    origin: Origin::Dataverse(DataverseOrigin {
        server: "https://borealisdata.ca/",
        doi: "doi:10.5683/SP2/E8H2MF",
        ending: ".wav",
        files: 2800,
    }),
    // Speaker, word, emotion: OAF_back_angry; one file is named OA_bite_neutral.
    is_recording: |stem| ["OAF_", "OA_", "YAF_"].iter().any(|speaker| stem.starts_with(speaker)),
};
