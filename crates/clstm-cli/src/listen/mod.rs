//! What is heard live, and how it is printed.

mod pcm;
mod text;

pub(crate) use pcm::Pcm;
pub(crate) use text::{json, line};
