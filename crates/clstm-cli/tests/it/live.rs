//! The live view in a pseudo-terminal (`script` of util-linux gives it one).

#![cfg(unix)]

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{place, text, training};

/// A command in a terminal of its own.
fn in_terminal(command: &Command, more: &str) -> Command {
    let quoted = |part: &std::ffi::OsStr| format!("'{}'", part.to_str().unwrap());
    let line: Vec<String> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{} {more}", line.join(" ")), "/dev/null"]);
    script.env("TERM", "xterm").env_remove("CI").stdin(Stdio::piped()).stdout(Stdio::piped());
    script
}

#[test]
fn q_saves_and_gives_the_terminal_back() {
    let version = Command::new("script").arg("--version").output();
    if !version.is_ok_and(|output| text(&output.stdout).contains("util-linux")) {
        eprintln!("skipped: there is no `script` of util-linux");
        return;
    }
    let out = place("live");
    let mut child = in_terminal(&training("train", &out, 100_000), "").spawn().unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut seen, mut buffer) = (String::new(), [0; 4096]);
    let mut drawn = None;
    // A closed pseudo-terminal is an error on Linux, not an end.
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        seen += &String::from_utf8_lossy(&buffer[..count]);
        if drawn.is_none() && seen.contains("\x1b[?1049h") {
            drawn = Some(Instant::now());
        }
        // A second of view is some steps of training. Words of the view would be no sign to go by: cells
        // that stay are not drawn again. The key is pressed until it is heard; then nobody reads it.
        if drawn.is_some_and(|drawn| drawn.elapsed() > Duration::from_secs(1)) {
            let _ = keys.write_all(b"q");
        }
        // The last words. `script` may not notice that its child has ended, where SIGCHLD is blocked.
        if seen.contains("continue with --resume") {
            break;
        }
    }
    let ended = (0..50).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        child.try_wait().unwrap()
    });
    match ended {
        Some(status) => assert_eq!(status.code(), Some(1), "{seen}"),
        None => {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    let (taken, left) = (seen.find("\x1b[?1049h"), seen.find("\x1b[?1049l"));
    assert!(taken.is_some() && taken < left, "{seen}");
    let after = &seen[left.unwrap()..];
    assert!(after.contains("continue with --resume") && !after.contains("panicked"), "{after}");
    assert!(out.join("checkpoint.safetensors").exists());

    // Asked for lines, it says them.
    let mut plain =
        in_terminal(&training("train", &place("live-plain"), 1), "--plain").spawn().unwrap();
    let (_keys, mut screen) = (plain.stdin.take().unwrap(), plain.stdout.take().unwrap());
    let mut said = String::new();
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        said += &String::from_utf8_lossy(&buffer[..count]);
        if said.contains("sha256") {
            break;
        }
    }
    let _ = plain.kill();
    plain.wait().unwrap();
    assert!(said.contains("epoch 1/1: loss") && !said.contains('\x1b'), "{said}");
}
