//! The runs of the fixtures, copies of them that may be spoilt, and reports of them.

use std::fs;
use std::path::{Path, PathBuf};

use clstm_report::{Options, Report, Run, discover};
use serde_json::Value;
use tempfile::TempDir;

/// A run of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A copy of a run that a test may change, under a name of its own.
pub(crate) fn copy(run: &str, name: &str) -> (TempDir, PathBuf) {
    let guard = tempfile::tempdir().unwrap();
    let folder = guard.path().join(name);
    copy_into(&fixture(run), &folder);
    (guard, folder)
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_into(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// Changes a JSON file.
pub(crate) fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, serde_json::to_vec(&value).unwrap()).unwrap();
}

/// A report in a folder.
pub(crate) struct Written {
    guard: TempDir,
}

impl Written {
    /// Of runs, or of folders of runs.
    pub(crate) fn of(runs: &[PathBuf]) -> Self {
        let (normalize, changes) =
            (clstm_train::normalized_recipe as fn(&_) -> _, clstm_train::changes_from_preset as _);
        let recipes = Some(clstm_report::RecipeFormat { normalize, changes });
        Self::with(runs, &Options { recipes, ..Options::default() })
    }

    pub(crate) fn with(runs: &[PathBuf], options: &Options) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let runs = discover(runs).unwrap();
        let runs = runs.iter().map(|path| Run::read(path).unwrap()).collect();
        let page = Report::new(runs, options).unwrap().write(guard.path()).unwrap();
        assert_eq!(page, guard.path().join("report.html"));
        Self { guard }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.guard.path()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).unwrap()
    }

    /// Names of all files with this ending.
    pub(crate) fn files(&self, ending: &str) -> Vec<String> {
        let mut names = Vec::new();
        for folder in ["", "tables", "figures"] {
            for entry in fs::read_dir(self.folder().join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if name.ends_with(ending) {
                    names.push(Path::new(folder).join(name).to_str().unwrap().to_owned());
                }
            }
        }
        names.sort();
        names
    }
}

/// The elements of HTML that have no end.
const VOID: [&str; 1] = ["meta"];

/// Checks that tags of a page or of a drawing are closed in order and attributes quoted; gives the names of
/// the tags that were opened.
pub(crate) fn tags(text: &str) -> Vec<String> {
    let (mut open, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!DOCTYPE") || rest.starts_with("?xml") {
            continue;
        }
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        assert!(!tag.contains('<'), "a tag within a tag: {tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "an open quote: {tag}");
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed in another order");
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap().to_owned();
        seen.push(name.clone());
        if tag.ends_with('/') || VOID.contains(&name.as_str()) {
            continue;
        }
        if name == "style" {
            let end = rest.find("</style>").expect("a style ends");
            assert!(!rest[..end].contains('<'));
        }
        open.push(name);
    }
    assert!(open.is_empty(), "left open: {open:?}");
    seen
}
