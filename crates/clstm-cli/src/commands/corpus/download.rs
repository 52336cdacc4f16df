//! `clstm corpus download`: a published corpus to a folder.

mod progress;

use std::path::Path;

use clstm_download::{Client, DownloadError, DownloadRequest, Monitor, Settings, download, source};
use serde::Serialize;

use crate::args::{DownloadArgs, Format};
use crate::error::{CliError, chain};
use crate::interrupt;
use crate::output::Output;
use crate::text::{PathText, printable, shell_word};
use progress::{Shown, size};

/// The result.
#[derive(Serialize)]
struct Downloaded<'a> {
    corpus: &'static str,
    folder: &'a Path,
    /// Whether the corpus was complete already.
    already: bool,
    files: usize,
    bytes: u64,
}

/// Downloads a corpus and prints the next command.
pub(super) fn run(args: &DownloadArgs, format: Format) -> Result<(), CliError> {
    let source = source(&args.name)?;
    let request = DownloadRequest {
        source,
        to: &args.output,
        from: args.from.as_deref(),
        keep_archive: args.keep_archive,
    };
    let client = Client::new(Settings::from_env())?;
    let stop = interrupt::stop_on_interrupt(
        "stopping, what has been downloaded is kept; Ctrl-C again stops at once",
    )?;
    let shown = Shown::new();
    let done = download(&request, &client, &Monitor::new(&shown, stop));
    shown.finish();
    let done = done?;
    let (corpus, files, bytes) = (source.name, done.files, done.bytes);
    let mut output = Output::stdout();
    if format == Format::Json {
        let (folder, already) = (args.output.as_path(), done.already);
        return output.write_json(&Downloaded { corpus, folder, already, files, bytes });
    }
    let folder = printable(&args.output.text());
    let state = if done.already { "is complete already, nothing to do" } else { "is complete" };
    output.print(&format!(
        "{corpus} in {folder} {state}: {files} files, {}\nlicence and citation: {}\nnext: clstm \
         corpus check {corpus} --data {}\n",
        size(bytes),
        source.page,
        shell_word(&folder)
    ))
}

impl From<DownloadError> for CliError {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::UnknownCorpus { .. } | DownloadError::Url { .. } => {
                Self::Usage(chain(&error))
            }
            _ => Self::Failed(chain(&error)),
        }
    }
}
