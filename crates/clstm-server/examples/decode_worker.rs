//! A decode worker on its own, for programs that embed the server and cannot start themselves as a worker.
//! [`DecodeWorkers::program`](clstm_server::DecodeWorkers::program) names it.

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    clstm_server::run_decode_worker()
}

#[cfg(not(unix))]
fn main() {}
