//! The command line: `COMMAND --name value ...`.

use std::path::Path;

use clstm_nn::Precision;
use clstm_test_support::allocations::watch_thread;

use crate::Result;

pub(crate) struct Arguments(Vec<(String, String)>);

impl Arguments {
    /// The command and its options.
    pub(crate) fn read() -> Result<(String, Self)> {
        let mut words = std::env::args().skip(1);
        let command = words.next().ok_or("a command is missing: prepare, work or layers")?;
        let mut pairs = Vec::new();
        while let Some(name) = words.next() {
            let name =
                name.strip_prefix("--").ok_or_else(|| format!("{name:?} is not an option"))?;
            let value = words.next().ok_or_else(|| format!("--{name} takes a value"))?;
            pairs.push((name.to_owned(), value));
        }
        Ok((command, Self(pairs)))
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<&str> {
        self.all(name).next().ok_or_else(|| format!("--{name} is missing").into())
    }

    pub(crate) fn path(&self, name: &'static str) -> Result<&Path> {
        Ok(Path::new(self.text(name)?))
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<usize> {
        let text = self.text(name)?;
        text.parse().map_err(|_| format!("--{name} {text:?} is not a number").into())
    }

    /// An option that may be missing.
    pub(crate) fn optional_path(&self, name: &'static str) -> Option<&Path> {
        self.all(name).next().map(Path::new)
    }

    /// The settings `--set key=value`.
    pub(crate) fn settings(&self) -> Result<Vec<(String, String)>> {
        let pair = |text: &str| {
            let (key, value) =
                text.split_once('=').ok_or_else(|| format!("--set {text:?} is not key=value"))?;
            Ok((key.to_owned(), value.to_owned()))
        };
        self.all("set").map(pair).collect()
    }

    /// Makes the thread pool of the size asked for, whose allocations are counted with those of this thread; what the
    /// products are computed in.
    pub(crate) fn start(&self) -> Result<Precision> {
        watch_thread();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.number("threads")?);
        pool.start_handler(|_| watch_thread()).build_global()?;
        Ok(self.text("precision")?.parse()?)
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
