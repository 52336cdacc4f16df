use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  clstm corpus download ravdess --output data/ravdess
  clstm corpus download crema-d --output data/crema-d
  clstm corpus download emo-db --output data/emo-db --from https://mirror.uni.example/emodb.zip
  clstm corpus download iemocap --output data/iemocap    (prints how to request it)

Running the same command again resumes an interrupted download. \
Proxies are taken from HTTPS_PROXY, ALL_PROXY and NO_PROXY; SSL_CERT_FILE may name further certificates to \
trust.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DownloadArgs {
    /// ravdess, ravdess-song, emo-db, crema-d or tess. For other corpora the command prints how to obtain them.
    pub(crate) name: String,
    /// Folder for the corpus; created if it does not exist.
    #[arg(long, alias = "to", value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Download from this URL instead of the official one: the URL of an archive or, with a slash at the end, of a
    /// mirror of the server. The published checksums apply to these files as well.
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    /// Keep the archive after unpacking.
    #[arg(long)]
    pub(crate) keep_archive: bool,
}
