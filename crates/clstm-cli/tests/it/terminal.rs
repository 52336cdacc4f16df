//! Commands in a pseudo-terminal (`script` of util-linux gives them one).

#![cfg(unix)]

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::support::text;

/// Whether a terminal can be emulated; prints a note if not.
#[allow(clippy::print_stderr)] // a skipped test prints a note
pub(crate) fn there_are_terminals() -> bool {
    let version = Command::new("script").arg("--version").output();
    let there = version.is_ok_and(|output| text(&output.stdout).contains("util-linux"));
    if !there {
        eprintln!("skipped: there is no `script` of util-linux");
    }
    there
}

/// A command as a shell reads it.
pub(crate) fn quoted(command: &Command) -> String {
    let quoted = |part: &std::ffi::OsStr| format!("'{}'", part.to_str().unwrap());
    let parts = std::iter::once(command.get_program()).chain(command.get_args());
    parts.map(quoted).collect::<Vec<_>>().join(" ")
}

/// What a shell runs in a terminal of its own, and what is seen there.
pub(crate) struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    /// All that was written, escape sequences included.
    pub(crate) seen: String,
}

impl Terminal {
    pub(crate) fn run(line: &str, variables: &[(&str, &str)]) -> Self {
        let mut script = Command::new("script");
        script.args(["-qec", line, "/dev/null"]);
        script.env("TERM", "xterm").env_remove("CI").env_remove("NO_COLOR");
        script.envs(variables.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        let (keys, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, keys, screen, seen: String::new() }
    }

    /// Reads until this is seen or nothing more comes; where a view is drawn, presses `q` from a second on.
    pub(crate) fn until(&mut self, last: &str, press_q: bool) {
        let mut drawn = None;
        let mut buffer = [0; 4096];
        // A closed pseudo-terminal is an error on Linux, not an end.
        while let Ok(count @ 1..) = self.screen.read(&mut buffer) {
            self.seen += &String::from_utf8_lossy(&buffer[..count]);
            if drawn.is_none() && self.seen.contains("\x1b[?1049h") {
                drawn = Some(Instant::now());
            }
            // The text of the view is no reliable sign, since unchanged cells are not drawn again. The key is sent
            // until the view reacts; later ones are not read.
            if press_q && drawn.is_some_and(|drawn| drawn.elapsed() > Duration::from_secs(1)) {
                let _ = self.keys.write_all(b"q");
            }
            // `script` may not notice that its child has ended, where SIGCHLD is blocked.
            if self.seen.contains(last) {
                break;
            }
        }
    }

    /// How it ended, if it does within five seconds; ends it otherwise.
    pub(crate) fn end(&mut self) -> Option<ExitStatus> {
        let ended = (0..50).find_map(|_| {
            std::thread::sleep(Duration::from_millis(100));
            self.child.try_wait().unwrap()
        });
        if ended.is_none() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
        ended
    }

    /// What was written once the view had given the terminal back.
    pub(crate) fn after_the_view(&self) -> &str {
        let (taken, left) = (self.seen.find("\x1b[?1049h"), self.seen.find("\x1b[?1049l"));
        assert!(taken.is_some() && taken < left, "{}", self.seen);
        &self.seen[left.unwrap()..]
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
