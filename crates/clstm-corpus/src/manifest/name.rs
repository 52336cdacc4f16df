//! The name of a corpus from a list.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Corpus, Utterance};

/// Name of the file without its extension (of its folder, where it is `manifest.csv`), and eight
/// hexadecimal digits of the content: ids (with their spans), labels, speakers, sexes and sessions,
/// and folds and parts where they are given, in the order of the ids. Neither the order of the rows nor the place of the file has a part in them.
pub(super) fn of(file: &Path, corpus: &Corpus) -> String {
    format!("{}-{}", stem(file), content(corpus))
}

/// The name of a corpus with other classes: `name` with the digest of the new content.
pub(crate) fn with_new_digest(name: &str, corpus: &Corpus) -> String {
    format!("{}-{}", without_digest(name), content(corpus))
}

/// The name of the file alone, without the digits of its content.
pub(crate) fn without_digest(name: &str) -> &str {
    let digits = |text: &str| text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    name.rsplit_once('-').filter(|(_, content)| digits(content)).map_or(name, |(stem, _)| stem)
}

fn content(corpus: &Corpus) -> String {
    let mut hash = Sha256::new();
    for utterance in &corpus.utterances {
        let Utterance { id, label, speaker, sex, session, fold, part, .. } = utterance;
        let label = corpus.labels.get(*label).map_or("", String::as_str);
        let sex = sex.map_or(String::new(), |sex| sex.to_string());
        for field in [id, label, speaker, &sex, session.as_deref().unwrap_or_default()] {
            hash.update(field);
            // Fields hold no control characters.
            hash.update([0]);
        }
        if let Some(fold) = fold {
            hash.update(format!("fold {fold}\0"));
        }
        if let Some(part) = part {
            hash.update(format!("part {part}\0"));
        }
    }
    // It guards against mistakes, not against malice: 32 bits do.
    hash.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect()
}

fn stem(file: &Path) -> String {
    let lossy = |name: Option<&std::ffi::OsStr>| {
        let name = name.map(|name| name.to_string_lossy().replace(char::is_control, "_"));
        name.filter(|name| !name.is_empty())
    };
    let own = lossy(file.file_stem()).filter(|name| !name.eq_ignore_ascii_case("manifest"));
    let folder = || {
        let absolute = std::path::absolute(file).ok()?;
        lossy(absolute.parent()?.file_name())
    };
    own.or_else(folder).unwrap_or_else(|| "manifest".to_owned())
}
