//! What can be downloaded.

use std::collections::HashSet;

use clstm_download::{DownloadError, source, sources};

use crate::fixture::Fixture;

#[test]
fn every_name_means_one_corpus() {
    let mut names = HashSet::new();
    for found in sources() {
        for name in std::iter::once(&found.name).chain(found.aliases) {
            assert!(names.insert(name.replace('-', "")), "{name}");
            assert_eq!(source(&name.to_uppercase()).unwrap().name, found.name);
        }
        assert!(found.page.starts_with("http"));
    }
    assert_eq!(source("EmoDB").unwrap().name, "emo-db");
    assert_eq!(source("crema_d").unwrap().name, "crema-d");
}

#[test]
fn unknown_names_are_refused_with_the_known_ones() {
    let text = source("msp-podcast").unwrap_err().to_string();
    for name in ["msp-podcast", "ravdess", "tess", "iemocap"] {
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn some_have_to_be_asked_for() {
    for (name, words) in [
        ("iemocap", "https://sail.usc.edu/iemocap/iemocap_release.htm"),
        ("meld", "https://affective-meld.github.io/"),
        ("savee", "http://kahlan.eps.surrey.ac.uk/savee/"),
        ("nemo", "git clone https://huggingface.co/datasets/amu-cai/nEMO"),
        ("ased", "git clone https://github.com/Ethio2021/ASED_V1"),
        ("emotale", "https://github.com/snehadas/EmoTale"),
    ] {
        let fixture = Fixture::new();
        let error = fixture.get(name, "http://127.0.0.1:9/").unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, DownloadError::OnRequest { .. }), "{text}");
        assert!(text.contains(words) && text.contains(&format!("corpus check {name}")), "{text}");
        assert!(!fixture.to().exists());
    }
}
