//! No output replaces an input, and nothing that exists is overwritten without `--force`.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::file_id::FileId;
use super::{Output, append, create, exists, folder};
use crate::error::CliError;
use crate::inputs::{Input, Source};
use crate::resolve::model::model_file;
use crate::text::PathText;

/// The files that a command reads and writes.
#[derive(Debug, Default)]
pub(crate) struct OutputGuard {
    /// What each input is, for messages.
    inputs: HashMap<FileId, String>,
    outputs: HashMap<FileId, String>,
    /// Whether existing files may be replaced.
    force: bool,
}

impl OutputGuard {
    /// For a command with or without `--force`.
    pub(crate) fn new(force: bool) -> Self {
        Self { force, ..Self::default() }
    }

    /// Registers a file or folder that the command reads; `what` names it in messages.
    pub(crate) fn input(&mut self, what: &str, path: &Path) {
        if let Some(id) = FileId::of(path) {
            self.inputs.entry(id).or_insert_with(|| format!("{what} {}", path.text()));
        }
    }

    /// Registers a file that the command may read.
    pub(crate) fn optional_input(&mut self, what: &str, path: Option<&Path>) {
        if let Some(path) = path {
            self.input(what, path);
        }
    }

    /// Registers a model: its file, or the folder that it is in and the file in it. `what` names it in messages.
    pub(crate) fn model(&mut self, what: &str, named: Option<&Path>) {
        let Some(named) = named else { return };
        self.input(what, named);
        self.input(what, &model_file(named));
    }

    /// Registers a run: its folder and the files in it. `what` names it in messages.
    pub(crate) fn run(&mut self, what: &str, run: &Path) {
        self.input(what, run);
        for file in files_below(run) {
            self.input(what, &file);
        }
    }

    /// Registers recordings.
    pub(crate) fn recordings(&mut self, inputs: &[Input]) {
        let mut last: Option<&Path> = None;
        for input in inputs {
            match &input.source {
                Source::Row(recordings, _) => {
                    let path = recordings.path();
                    if last.replace(path) != Some(path) {
                        self.input("the recordings in", path);
                    }
                }
                Source::File(path) => self.input("the recording", path),
                Source::Stdin => self.standard_input(),
                Source::Failed(_) => {}
            }
        }
    }

    /// Registers the file that standard input is redirected from, if it is one.
    pub(crate) fn standard_input(&mut self) {
        if cfg!(unix) {
            self.input("standard input,", Path::new("/dev/stdin"));
        }
    }

    /// Refuses an output that is one of the inputs or another output. `option` is the option that names it.
    pub(crate) fn check(&mut self, option: &str, path: &Path) -> Result<(), CliError> {
        let Some(id) = FileId::of_output(path) else { return Ok(()) };
        // A terminal or /dev/null may be both.
        let special = path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir());
        if special {
            return Ok(());
        }
        if let Some(input) = self.inputs.get(&id) {
            let path = path.text();
            return Err(CliError::Usage(format!("{option} {path} would replace {input}")));
        }
        match self.outputs.insert(id, option.to_owned()) {
            Some(other) => {
                let path = path.text();
                Err(CliError::Usage(format!("{other} and {option} are the same file {path}")))
            }
            None => Ok(()),
        }
    }

    /// Opens stdout, or a file to write its whole content.
    pub(crate) fn create(&mut self, option: &str, path: Option<&Path>) -> Result<Output, CliError> {
        let Some(path) = path else {
            // Redirected by `>>` to an input.
            if cfg!(unix) {
                self.check("standard output,", Path::new("/dev/stdout"))?;
            }
            return Ok(Output::stdout());
        };
        self.check(option, path)?;
        Ok(Output::file(path, create(path, self.force)?))
    }

    /// Opens a file whose content stays, to continue it.
    pub(crate) fn append(&mut self, option: &str, path: &Path) -> Result<Output, CliError> {
        self.check(option, path)?;
        Ok(Output::file(path, append(path)?))
    }

    /// Opens the file that is later renamed to an output. One that an ended process left is replaced.
    pub(crate) fn create_temporary(&mut self, option: &str, path: &Path) -> Result<File, CliError> {
        self.check(option, path)?;
        create(path, true)
    }

    /// Checks a file that is written under another name first and then renamed.
    pub(crate) fn check_replaced(&mut self, option: &str, path: &Path) -> Result<(), CliError> {
        self.check(option, path)?;
        match path.metadata() {
            Ok(about) if about.is_dir() => Err(folder(path)),
            Ok(about) if !self.force && about.len() > 0 => Err(exists(path)),
            _ => Ok(()),
        }
    }

    /// Checks the files of a run that are written below a folder: none of them may be an input.
    pub(crate) fn check_run(&mut self, option: &str, run: &Path) -> Result<(), CliError> {
        self.check(option, run)?;
        for file in files_below(run) {
            if let Some(input) = FileId::of(&file).and_then(|id| self.inputs.get(&id)) {
                let run = run.text();
                let message = format!("{option} {run} holds {input}; choose another folder");
                return Err(CliError::Usage(message));
            }
        }
        Ok(())
    }
}

/// Files that trainings, cross-validations and ensembles write.
const RUN_FILES: &[&str] = &[
    "ablation.json",
    "checkpoint.safetensors",
    "environment.json",
    "features.safetensors",
    "history.json",
    "metrics.json",
    "model.safetensors",
    "predictions.jsonl",
    "recipe.json",
    "seeds.json",
];

/// The files of a run: in its folder and the folders of its folds, rows and seeds.
fn files_below(run: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(run).max_depth(4).into_iter().flatten();
    let files = walk
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| RUN_FILES.contains(&name)));
    files.map(walkdir::DirEntry::into_path).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::OutputGuard;
    use crate::error::CliError;

    #[test]
    fn an_output_that_is_an_input_is_refused_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.wav"), "sound").unwrap();
        fs::hard_link(at("a.wav"), at("hard.wav")).unwrap();
        fs::create_dir(at("x")).unwrap();
        // Hard links are known by device and inode only.
        #[cfg(not(unix))]
        let names = [at("a.wav"), at("x/../a.wav")];
        #[cfg(unix)]
        let mut names = vec![at("a.wav"), at("hard.wav"), at("x/../a.wav")];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("a.wav"), at("soft.wav")).unwrap();
            std::os::unix::fs::symlink(folder.path(), at("x/up")).unwrap();
            names.extend([at("soft.wav"), at("x/up/a.wav")]);
        }
        for name in names {
            let mut guard = OutputGuard::new(true);
            guard.input("the recording", &at("a.wav"));
            let refused = guard.create("--output", Some(&name)).err();
            let Some(CliError::Usage(message)) = refused else { panic!("{name:?} is accepted") };
            assert!(message.contains("would replace the recording"), "{message}");
        }
        assert_eq!(fs::read(at("a.wav")).unwrap(), b"sound");
    }

    #[test]
    fn what_exists_is_replaced_by_force_only_and_two_outputs_differ() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let open = |force| OutputGuard::new(force).create("--output", Some(&path)).map(drop);
        open(false).unwrap();
        open(false).unwrap(); // without content
        fs::write(&path, "rows").unwrap();
        assert!(matches!(open(false), Err(CliError::Failed(m)) if m.contains("--force")));
        assert_eq!(fs::read(&path).unwrap(), b"rows");
        open(true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");

        let mut guard = OutputGuard::new(false);
        let mut both = guard.create("--output", Some(&path)).unwrap();
        let refused = guard.create("--predictions", Some(&folder.path().join("./out.csv"))).err();
        assert!(matches!(refused, Some(CliError::Usage(m)) if m.contains("the same file")));
        let new = folder.path().join("new.csv");
        guard.check("--output", &new).unwrap();
        assert!(guard.check("--predictions", &folder.path().join("./new.csv")).is_err());
        #[cfg(unix)]
        {
            // Links to a file that does not exist yet, and to themselves.
            let link = |name: &str, target: &str| {
                let path = folder.path().join(name);
                std::os::unix::fs::symlink(target, &path).unwrap();
                path
            };
            assert!(guard.check("--predictions", &link("first.csv", "new.csv")).is_err());
            assert!(guard.check("--predictions", &link("second.csv", "first.csv")).is_err());
            guard.check("--predictions", &link("loop.csv", "loop.csv")).unwrap();
        }
        both.write("x").unwrap();
        // Another process, or another descriptor of this one, cannot write to it meanwhile.
        let second = OutputGuard::new(true).append("--output", &path).err();
        assert!(matches!(second, Some(CliError::Failed(m)) if m.contains("another process")));
        drop(both);
        OutputGuard::new(true).append("--output", &path).unwrap();
    }
}
