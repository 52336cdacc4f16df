//! `clstm healthcheck`: whether a server responds.

use std::time::Duration;

use clstm_server::{HealthError, check_health};

use crate::args::HealthcheckArgs;
use crate::error::CliError;
use crate::output::Output;

/// Timeout of each step.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Requests `/healthz`.
pub(crate) fn run(args: &HealthcheckArgs) -> Result<(), CliError> {
    let HealthcheckArgs { target, ca } = args;
    check_health(target, ca.as_deref(), TIMEOUT).map_err(|error| match error {
        HealthError::NoCertificates => {
            CliError::Usage(format!("{target}: {error}: give it with --ca"))
        }
        error => CliError::Failed(format!("{target}/healthz: {error}")),
    })?;
    Output::stdout().write("ok\n")
}
