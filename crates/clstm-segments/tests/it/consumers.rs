//! The files that are written, read by the tools that people use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::samples::{
    AUDACITY, CSV, EAF, RTTM, SHORT_TEXTGRID, SRT, TEXTGRID, VTT, WHISPER, annotated,
    annotated_by_channel, annotated_with_dimensions,
};
use clstm_segments::Format;
use clstm_test_support::skip;

/// A script of an interpreter that has its packages.
pub(crate) struct Script {
    python: String,
    path: PathBuf,
}

impl Script {
    /// Runs it on a folder.
    pub(crate) fn run(&self, folder: &Path) {
        let output = Command::new(&self.python).arg(&self.path).arg(folder).output().unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
    }
}

/// The script for the interpreter that `CLSTM_PYTHON` names; none, printing so, where its packages are missing.
pub(crate) fn python(path: &Path) -> Option<Script> {
    let python = std::env::var("CLSTM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let available = Command::new(&python).arg(path).arg("--available").output();
    if available.as_ref().is_ok_and(|output| output.status.success()) {
        return Some(Script { python, path: path.to_owned() });
    }
    let missing =
        "Python with the packages of tests/consumers/requirements.txt; CLSTM_PYTHON names one";
    skip("python", &format!("{missing} ({available:?})"));
    None
}

#[test]
fn the_libraries_of_other_tools_read_what_is_written() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/consumers/check.py");
    let Some(python) = python(&script) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let utf16: Vec<u8> =
        annotated(Format::TextGrid, TEXTGRID).encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (name, bytes) in [
        ("call.rttm", annotated(Format::Rttm, RTTM).into_bytes()),
        ("call.srt", annotated(Format::Srt, SRT).into_bytes()),
        ("call.vtt", annotated(Format::Vtt, VTT).into_bytes()),
        ("long.TextGrid", annotated(Format::TextGrid, TEXTGRID).into_bytes()),
        ("short.TextGrid", annotated(Format::TextGrid, SHORT_TEXTGRID).into_bytes()),
        ("utf16.TextGrid", [b"\xfe\xff", &utf16[..]].concat()),
        ("call.eaf", annotated(Format::Eaf, EAF).into_bytes()),
        ("call.txt", annotated(Format::Audacity, AUDACITY).into_bytes()),
        ("call.json", annotated(Format::Whisper, WHISPER).into_bytes()),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let open = RTTM.replace("call 1 ", "call <NA> ");
    for (name, format, text) in [
        ("more.rttm", Format::Rttm, open.as_str()),
        ("more.srt", Format::Srt, SRT),
        ("more.vtt", Format::Vtt, VTT),
        ("more.TextGrid", Format::TextGrid, TEXTGRID),
        ("more.eaf", Format::Eaf, EAF),
        ("more.txt", Format::Audacity, AUDACITY),
        ("more.csv", Format::Csv, CSV),
        ("more.json", Format::Whisper, WHISPER),
    ] {
        let write = |folder: &str, text: String| {
            let folder = path.join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), text).unwrap();
        };
        write("dimensions", annotated_with_dimensions(format, text));
        write("channels", annotated_by_channel(format, text));
    }
    python.run(folder.path());
}
