//! The `dtrace` command.
mod consume;
fn main() {}
