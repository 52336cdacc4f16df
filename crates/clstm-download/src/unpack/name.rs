//! Names of files that come from elsewhere, made safe or refused.

use std::path::PathBuf;

/// The path below the folder of the corpus that a name means, or why it is refused.
///
/// Refused are names that leave the folder (`../x`, `/x`, `C:\x`), that are no text, or that cannot
/// be a file's name everywhere. Both slashes divide folders, for archives made on Windows have the
/// other one.
pub(crate) fn safe(name: &[u8]) -> Result<PathBuf, String> {
    let text = std::str::from_utf8(name)
        .map_err(|_| format!("the name {:?} is not UTF-8", String::from_utf8_lossy(name)))?;
    let refused = |why: &str| Err(format!("the name {text:?} {why}"));
    if text.starts_with(['/', '\\']) {
        return refused("is absolute");
    }
    // A colon is a drive letter or a hidden stream on Windows.
    if text.contains(':') || text.chars().any(char::is_control) {
        return refused("has a letter that no file's name should have");
    }
    let mut path = PathBuf::new();
    for part in text.trim_end_matches(['/', '\\']).split(['/', '\\']) {
        match part {
            ".." => return refused("leaves the folder"),
            "" | "." => return refused("has an empty part"),
            part => path.push(part),
        }
    }
    Ok(path)
}

/// Whether a file is litter of the system that made the archive.
pub(crate) fn is_litter(name: &[u8]) -> bool {
    let last = name.rsplit(|&b| b == b'/').next().unwrap_or_default();
    name.starts_with(b"__MACOSX/") || matches!(last, b".DS_Store" | b"Thumbs.db" | b"desktop.ini")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Component;

    #[test]
    fn names_below_the_folder_stay() {
        assert_eq!(safe(b"Actor_01/03-01.wav").unwrap(), PathBuf::from("Actor_01/03-01.wav"));
        assert_eq!(safe(b"a\\b\\").unwrap(), PathBuf::from("a/b"));
        assert_eq!(safe("ä/ö.wav".as_bytes()).unwrap(), PathBuf::from("ä/ö.wav"));
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        let names: [&[u8]; 14] = [
            b"../evil",
            b"a/../../evil",
            b"a\\..\\..\\evil",
            b"/etc/passwd",
            b"\\\\host\\x",
            b"C:\\x",
            b"C:x",
            b"a//b",
            b"",
            b".",
            b"a/./b",
            b"a\0b",
            b"a\nb",
            b"\xff.wav",
        ];
        for name in names {
            assert!(safe(name).is_err(), "{}", String::from_utf8_lossy(name));
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_below_the_folder(name in "[a./\\\\: ]{0,12}") {
            if let Ok(path) = safe(name.as_bytes()) {
                prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
                prop_assert!(path.components().count() > 0);
            }
        }
    }
}
