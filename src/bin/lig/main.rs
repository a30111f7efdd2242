//! The `lig` command.
fn main() {}
