//! The command line, one test for each promise.

mod changes;
mod damage;
mod filter;
mod foreign;
mod kill;
mod matrix;
mod memory;
mod names;
mod neighbours;
mod reports;
mod signals;
mod streaming;
mod terminal;
mod train;

use std::io::Write;

use crate::place::{Place, Ran, command, feed};

/// A log of so many lines.
fn log(lines: usize) -> Vec<u8> {
    let mut log = Vec::new();
    for i in 0..lines {
        writeln!(
            log,
            "2026-11-24 00:{:02}:{:02} INFO worker[{}]: job {} took {} ms",
            i / 60 % 60,
            i % 60,
            i % 4,
            i * 7919 % 100_003,
            i * i % 977
        )
        .unwrap();
    }
    log
}
