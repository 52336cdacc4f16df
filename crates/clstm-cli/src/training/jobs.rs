//! Folds trained side by side: one process each.
//!
//! A training of batches of 16 keeps about two cores busy. On more cores several folds at a time are faster. Each job
//! is this command with `--fold`, so that a run of several jobs has the files of a run of one.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::process::{Child, Stdio};
use std::time::Duration;

use clstm_train::Dataset;

use crate::error::CliError;
use crate::interrupt::is_interrupted;
use crate::messages::note;
use crate::restart;

/// Cores that one training keeps busy.
const CORES_PER_JOB: usize = 2;
/// Memory of a training besides its corpus, in bytes.
const MEMORY_PER_JOB: u64 = 1 << 30;
/// Time between two checks whether a job has ended.
const POLL: Duration = Duration::from_millis(100);

/// The number of jobs for `folds` folds on this machine, at most one for every two threads.
pub(crate) fn default_jobs(dataset: &Dataset, folds: usize) -> usize {
    let samples: usize = dataset.clips.iter().map(|clip| clip.samples.len()).sum();
    let each = MEMORY_PER_JOB + (samples * size_of::<f32>()) as u64;
    jobs_for(folds, rayon::current_num_threads(), available_memory(), each)
}

fn jobs_for(folds: usize, threads: usize, memory: Option<u64>, each: u64) -> usize {
    let by_memory = memory.map_or(usize::MAX, |memory| (memory / each) as usize);
    (threads / CORES_PER_JOB).min(by_memory).min(folds).max(1)
}

/// Memory that can be used without swapping, in bytes, where the system reports it.
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Runs this command once for each of `folds`, `jobs` at a time, and waits for all of them. Their messages go to
/// standard error.
///
/// # Errors
/// If a job cannot be started or fails; the other jobs are run all the same. [`CliError::Reported`] after Ctrl-C or SIGTERM,
/// when all jobs have saved their checkpoints.
pub(crate) fn run(folds: &[usize], jobs: usize, resume: bool) -> Result<(), CliError> {
    let threads = (rayon::current_num_threads() / jobs).max(1);
    note(&format!("{jobs} folds at a time, {threads} threads each (--jobs N)"));
    let arguments = job_arguments(restart::started().arguments.iter().cloned());
    let (mut waiting, mut running) = (VecDeque::from(folds.to_vec()), Vec::new());
    let (mut failed, mut asked_to_stop) = (Vec::new(), false);
    loop {
        while running.len() < jobs && !is_interrupted() {
            let Some(fold) = waiting.pop_front() else { break };
            running.push((fold, start(&arguments, fold, threads, resume)?));
        }
        if running.is_empty() {
            break;
        }
        std::thread::sleep(POLL);
        if is_interrupted() && !std::mem::replace(&mut asked_to_stop, true) {
            // Once only: a second signal ends a job without a checkpoint.
            running.iter().for_each(|(_, child)| terminate(child));
        }
        let mut still = Vec::new();
        for (fold, mut child) in running {
            match child.try_wait() {
                Ok(None) => still.push((fold, child)),
                Ok(Some(status)) if status.success() => {}
                Ok(Some(_)) | Err(_) => failed.push(fold),
            }
        }
        running = still;
    }
    if is_interrupted() {
        return Err(CliError::Reported);
    }
    if failed.is_empty() {
        return Ok(());
    }
    failed.sort_unstable();
    let list: Vec<String> = failed.iter().map(usize::to_string).collect();
    let message =
        format!("the jobs of these folds failed: {}; their messages are above", list.join(" "));
    Err(CliError::Failed(message))
}

fn start(
    arguments: &[OsString],
    fold: usize,
    threads: usize,
    resume: bool,
) -> Result<Child, CliError> {
    let failed =
        |error: std::io::Error| CliError::Failed(format!("cannot start fold {fold}: {error}"));
    let mut command = restart::started().restart.command(arguments);
    command.args(["--no-tui", "--jobs", "1"]);
    command.arg(format!("--fold={fold}")).arg(format!("--threads={threads}"));
    if resume {
        command.arg("--resume");
    }
    // A Ctrl-C reaches this process alone, which passes it on once.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(failed)
}

/// The arguments of this process without those that a job has its own value of.
fn job_arguments(all: impl Iterator<Item = OsString>) -> Vec<OsString> {
    const WITH_VALUE: [&str; 2] = ["--jobs", "--threads"];
    const FLAGS: [&str; 3] = ["--no-tui", "--plain", "--resume"];
    let (mut kept, mut skip) = (Vec::new(), false);
    for argument in all {
        if std::mem::take(&mut skip) {
            continue;
        }
        let text = argument.to_string_lossy();
        let name = text.split_once('=').map_or(&*text, |(name, _)| name);
        if WITH_VALUE.contains(&name) {
            skip = !text.contains('=');
        } else if !FLAGS.contains(&&*text) {
            kept.push(argument);
        }
    }
    kept
}

/// Requests a job to save and end.
fn terminate(child: &Child) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // Fails, as intended, for a job that has ended.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    // Elsewhere Ctrl-C reaches all processes of the console.
    #[cfg(not(unix))]
    let _ = child;
}

/// The jobs of the arguments, or the default for the machine.
pub(crate) fn count(named: Option<NonZeroUsize>, dataset: &Dataset, folds: usize) -> usize {
    named.map_or_else(|| default_jobs(dataset, folds), |jobs| jobs.get().min(folds.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_follow_cores_memory_and_folds() {
        const GIB: u64 = 1 << 30;
        assert_eq!(jobs_for(5, 1, None, GIB), 1);
        assert_eq!(jobs_for(5, 2, None, GIB), 1);
        assert_eq!(jobs_for(5, 8, None, GIB), 4);
        assert_eq!(jobs_for(5, 64, None, GIB), 5);
        assert_eq!(jobs_for(5, 64, Some(3 * GIB), GIB), 3);
        assert_eq!(jobs_for(5, 64, Some(0), GIB), 1);
    }

    #[test]
    fn a_job_has_its_own_threads_and_view() {
        let of = |words: &[&str]| job_arguments(words.iter().map(OsString::from));
        let given = [
            "cv",
            "--jobs",
            "3",
            "--corpus",
            "ravdess",
            "--threads=8",
            "--no-tui",
            "--resume",
            "--set",
            "epochs=2",
            "--jobs=2",
            "--threads",
            "4",
        ];
        assert_eq!(of(&given), ["cv", "--corpus", "ravdess", "--set", "epochs=2"]);
    }
}
