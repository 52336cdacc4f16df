//! Paths of a list that are spelt differently on the disk.

use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

/// The file below `folder` that `written` means in another spelling: with `/` for `\`, or in the
/// composed or decomposed form of Unicode, part by part; none where there is no such file.
pub(super) fn resolve(folder: &Path, written: &str) -> Option<PathBuf> {
    let slashes = written.replace('\\', "/");
    let mut path = if slashes.starts_with('/') { PathBuf::from("/") } else { folder.to_owned() };
    for part in slashes.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let spellings = [part.to_owned(), part.nfc().collect(), part.nfd().collect::<String>()];
        path = spellings.iter().map(|spelling| path.join(spelling)).find(|path| path.exists())?;
    }
    path.is_file().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn other_spellings_resolve() {
        let folder = tempfile::tempdir().unwrap();
        let decomposed = folder.path().join("Zoe\u{308}");
        std::fs::create_dir(&decomposed).unwrap();
        std::fs::write(decomposed.join("\u{e9}.wav"), b"").unwrap();
        let file = decomposed.join("\u{e9}.wav");
        for written in
            ["Zo\u{eb}/e\u{301}.wav", "Zo\u{eb}\\\u{e9}.wav", ".\\Zoe\u{308}\\e\u{301}.wav"]
        {
            assert_eq!(resolve(folder.path(), written).as_ref(), Some(&file), "{written:?}");
        }
        assert_eq!(resolve(folder.path(), "Zo\u{eb}"), None, "a folder");
        assert_eq!(resolve(folder.path(), "zoe/e.wav"), None);
    }
}
