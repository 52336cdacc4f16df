//! `clstm corpus download`: from the archives of the world to a folder.

mod progress;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use clstm_download::{Client, DownloadError, Order, Settings, Watch, download, source};
use serde::Serialize;

use crate::args::{DownloadArgs, Format};
use crate::failure::{Failure, chain};
use crate::notes::note;
use crate::output::Output;
use crate::table::printable;
use progress::{Shown, size};

/// What is there now.
#[derive(Serialize)]
struct Downloaded<'a> {
    corpus: &'static str,
    folder: &'a Path,
    /// Nothing was to be done.
    already: bool,
    files: usize,
    bytes: u64,
}

/// Downloads a corpus and says how to go on.
pub(super) fn run(args: &DownloadArgs, format: Format) -> Result<(), Failure> {
    let source = source(&args.name)?;
    let order =
        Order { source, to: &args.to, from: args.from.as_deref(), keep_archive: args.keep_archive };
    let client = Client::new(Settings::from_env())?;
    let shown = Shown::new();
    let done = download(&order, &client, &Watch::new(&shown, stop_on_interrupt()?));
    shown.finish();
    let done = done?;
    let (corpus, files, bytes) = (source.name, done.files, done.bytes);
    let mut output = Output::stdout();
    if format == Format::Json {
        let (folder, already) = (args.to.as_path(), done.already);
        return output.write_json(&Downloaded { corpus, folder, already, files, bytes });
    }
    let folder = printable(&args.to.display().to_string());
    let state = if done.already { "is complete already, nothing to do" } else { "is complete" };
    output.write(&format!(
        "{corpus} in {folder} {state}: {files} files, {}\nlicence and citation: {}\nnext: clstm \
         corpus check {corpus} --data {}\n",
        size(bytes),
        source.page,
        quoted(&folder)
    ))
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,=@%".contains(c);
    match path.chars().all(plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// Ctrl-C ends a download with what came kept; a second one ends the process.
fn stop_on_interrupt() -> Result<&'static AtomicBool, Failure> {
    static STOP: AtomicBool = AtomicBool::new(false);
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        note("stopping; Ctrl-C again ends at once");
    })
    .map_err(|error| Failure::Failed(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok(&STOP)
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::UnknownCorpus { .. } | DownloadError::Url { .. } => {
                Self::Usage(chain(&error))
            }
            _ => Self::Failed(chain(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_wants_it() {
        assert_eq!(quoted("data/emo-db"), "data/emo-db");
        assert_eq!(quoted("my data"), "'my data'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
