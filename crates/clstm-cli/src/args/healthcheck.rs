use std::path::PathBuf;

use clap::Args;
use clstm_server::HealthTarget;

const EXAMPLES: &str = "\
Examples:
  clstm healthcheck
  clstm healthcheck 127.0.0.1:9000
  clstm healthcheck https://127.0.0.1:8765 --ca cert.pem

For service managers and container images without curl. Exit status 0 if the server responds, 1 if it does not \
within 2 s.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HealthcheckArgs {
    /// Address or URL of the server.
    #[arg(value_name = "ADDRESS:PORT|URL", default_value = "127.0.0.1:8765")]
    pub(crate) target: HealthTarget,
    /// PEM file with the certificate of an https server, such as that of `serve --tls-cert`, or with that of its authority.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}
