//! `clstm health`: whether a server answers.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::args::HealthArgs;
use crate::failure::Failure;
use crate::output::Output;

/// For each step: a server that takes longer for this helps nobody.
const PATIENCE: Duration = Duration::from_secs(2);

/// How an answer begins that says yes.
const WELL: &[u8] = b"HTTP/1.1 200 ";

/// Asks for `/healthz`.
pub(crate) fn run(args: &HealthArgs) -> Result<(), Failure> {
    let address = args.address;
    let line = ask(address)
        .map_err(|error| Failure::Failed(format!("http://{address}/healthz: {error}")))?;
    if line.starts_with(WELL) {
        return Output::stdout().write("ok\n");
    }
    let line = String::from_utf8_lossy(&line);
    Err(Failure::Failed(format!("http://{address}/healthz answers {line:?}, not 200")))
}

/// The beginning of the answer, as much of it as tells.
fn ask(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut begin = Vec::new();
    stream.take(WELL.len() as u64).read_to_end(&mut begin)?;
    Ok(begin)
}
