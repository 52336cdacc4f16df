//! Panics as one line for people.

use std::panic::{self, PanicHookInfo};

use crate::{messages, terminal};

/// Makes a panic restore the terminal and print one line, without the paths of the machine that built the command.
/// `RUST_BACKTRACE` keeps the default report.
pub(crate) fn install_hook() {
    if std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0") {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            terminal::leave();
            before(info);
        }));
        return;
    }
    panic::set_hook(Box::new(|info| {
        terminal::leave();
        messages::error(&line(info));
    }));
}

fn line(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let place = info.location().map_or(String::new(), |location| {
        format!(" ({}:{})", source(location.file()), location.line())
    });
    format!("internal error{place}: {message}; please report it")
}

/// The path of a source file from its crate on, such as `clstm-audio/src/wav.rs`.
fn source(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let crate_at = parts.iter().rposition(|part| *part == "src").map_or(0, |src| src.max(1) - 1);
    parts[crate_at..].join("/")
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn paths_begin_at_their_crate() {
        assert_eq!(source("crates/clstm-audio/src/wav.rs"), "clstm-audio/src/wav.rs");
        assert_eq!(
            source("/home/me/.cargo/registry/src/index-1/opus-1.0.2/src/celt/mod.rs"),
            "opus-1.0.2/src/celt/mod.rs"
        );
        assert_eq!(source("C:\\build\\x\\src\\lib.rs"), "x/src/lib.rs");
        assert_eq!(source("/rustc/abc/library/core/src/slice/index.rs"), "core/src/slice/index.rs");
        assert_eq!(source("src/main.rs"), "src/main.rs");
    }
}
