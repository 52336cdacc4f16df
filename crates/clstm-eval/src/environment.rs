//! What a fold was trained with: the release and the machine.

use clstm::InstructionSet;
use serde::{Deserialize, Serialize};

/// A fold's `environment.json`, and a part of its figures in `metrics.json`. Folds of a run may be jobs on different machines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Release of `clstm`.
    pub version: String,
    /// The commit that was built, where the program knows it; not in files of release 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Operating system and architecture, as Rust names them: `linux`, `x86_64`.
    pub os: String,
    /// See `os`.
    pub arch: String,
    /// The processor's own name, where the system reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// The instruction set of the kernels: processors with the same one compute the same bits. Not in files of release
    /// 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction_set: Option<InstructionSet>,
    /// Threads of the pool that trained.
    pub threads: usize,
    /// What computed.
    pub device: String,
}

impl Environment {
    /// Of this process, which computes on `device` with the global thread pool and was built from `commit`.
    #[must_use]
    pub fn capture(device: &str, commit: Option<String>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit,
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            processor: processor(),
            instruction_set: Some(InstructionSet::best()),
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
    fn it_describes_the_machine_and_reads_back() {
        let here = Environment::capture("cpu", Some("0123456789ab".to_owned()));
        assert_eq!((here.device.as_str(), here.os.as_str()), ("cpu", std::env::consts::OS));
        assert!(here.threads > 0 && here.version.contains('.'));
        let text = serde_json::to_string(&here).expect("JSON");
        assert_eq!(serde_json::from_str::<Environment>(&text).expect("the same"), here);
    }

    #[test]
    fn files_of_release_0_1_have_neither_commit_nor_instruction_set() {
        let text = r#"{"version":"0.1.0","os":"linux","arch":"x86_64","threads":1,"device":"cpu"}"#;
        let read: Environment = serde_json::from_str(text).expect("an environment");
        assert_eq!((read.commit, read.instruction_set), (None, None));
    }
}
