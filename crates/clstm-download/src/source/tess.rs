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
};
