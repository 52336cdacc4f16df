use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  clstm corpus download ravdess --to data/ravdess
  clstm corpus download crema-d --to data/crema-d
  clstm corpus download emo-db --to data/emo-db --from https://mirror.uni.example/emodb.zip
  clstm corpus download iemocap --to data/iemocap    (says how to ask for it)

A download that was interrupted goes on where it was when the same command is run again.
The proxies of HTTPS_PROXY, ALL_PROXY and NO_PROXY are used; SSL_CERT_FILE may name further
certificates to trust.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DownloadArgs {
    /// ravdess, ravdess-song, emo-db, crema-d or tess; for others it says how to get them.
    pub(crate) name: String,
    /// Folder for the corpus; made where it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Another place than the official one: an archive, or with a slash at the end a mirror of the
    /// server. What is published of the files is asked of these as well.
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    /// Keeps the archive after unpacking.
    #[arg(long)]
    pub(crate) keep_archive: bool,
}
