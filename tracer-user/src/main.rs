//! The `dtrace` command.
mod consume;
mod flags;
mod options;
fn main() {}
