use std::net::SocketAddr;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  clstm healthcheck
  clstm healthcheck 127.0.0.1:9000

For supervisors and container images without curl. Exit status 0 if the server responds, 1 if it does not
within 2 s.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HealthcheckArgs {
    /// Address of the server.
    #[arg(value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8765")]
    pub(crate) address: SocketAddr,
}
