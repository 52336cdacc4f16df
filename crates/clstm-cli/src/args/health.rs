use std::net::SocketAddr;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  clstm health
  clstm health 127.0.0.1:9000

For supervisors where there is no curl: exit status 0 if it answers, 1 if it does not within 2 s.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HealthArgs {
    /// Where it listens.
    #[arg(value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8765")]
    pub(crate) address: SocketAddr,
}
