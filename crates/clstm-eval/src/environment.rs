//! What a fold was trained with: the release and the machine.

use serde::{Deserialize, Serialize};

/// A fold's `environment.json`. Folds of a run may be jobs on different machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Release of `clstm`.
    pub version: String,
    /// Operating system and instruction set, as Rust names them: `linux`, `x86_64`.
    pub os: String,
    /// See `os`.
    pub arch: String,
    /// The processor's own name, where the system reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// Threads of the pool that trained.
    pub threads: usize,
    /// What computed.
    pub device: String,
}

impl Environment {
    /// Of this process, which computes on `device` with the global thread pool.
    #[must_use]
    pub fn capture(device: &str) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            processor: processor(),
            threads: rayon::current_num_threads(),
            device: device.to_owned(),
        }
    }
}

/// From Linux's list of processors.
fn processor() -> Option<String> {
    let list = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = list.lines().find(|line| line.starts_with("model name"))?;
    let name = line.split_once(':')?.1.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn it_says_what_there_is_and_reads_back() {
        let here = Environment::capture("cpu");
        assert_eq!((here.device.as_str(), here.os.as_str()), ("cpu", std::env::consts::OS));
        assert!(here.threads > 0 && here.version.contains('.'));
        let text = serde_json::to_string(&here).expect("JSON");
        assert_eq!(serde_json::from_str::<Environment>(&text).expect("the same"), here);
    }
}
