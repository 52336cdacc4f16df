//! The clstm command.
fn main() {}
