//! The `dtrace` command.
mod consume;
mod flags;
mod options;
mod target;
fn main() {}
