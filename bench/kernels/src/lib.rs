//! Nothing here: see `benches/`, and run `cargo bench` in this folder.
