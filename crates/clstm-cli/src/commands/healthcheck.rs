//! `clstm healthcheck`: whether a server responds.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::args::HealthcheckArgs;
use crate::error::CliError;
use crate::output::Output;

/// Timeout of each step.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Beginning of a successful response.
const STATUS_OK: &[u8] = b"HTTP/1.1 200 ";

/// Requests `/healthz`.
pub(crate) fn run(args: &HealthcheckArgs) -> Result<(), CliError> {
    let address = args.address;
    let line = request(address)
        .map_err(|error| CliError::Failed(format!("http://{address}/healthz: {error}")))?;
    if line.starts_with(STATUS_OK) {
        return Output::stdout().write("ok\n");
    }
    let line = String::from_utf8_lossy(&line);
    let message =
        format!("http://{address}/healthz: the response begins with {line:?}, not with status 200");
    Err(CliError::Failed(message))
}

/// The beginning of the response: as many bytes as [`STATUS_OK`] has.
fn request(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut begin = Vec::new();
    stream.take(STATUS_OK.len() as u64).read_to_end(&mut begin)?;
    Ok(begin)
}
