//! Any text as a query, and any bytes as a log behind it: an error at a place in the text, or an answer that is the same by
//! blocks and by bytes; never a panic.
#![no_main]

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use lignite::{Clock, IndexedReader, OnDamage, Pipeline, Query, scan_read};

fuzz_target!(|input: &[u8]| {
    let split = memchr(input);
    let (text, log) = input.split_at(split);
    let Ok(text) = std::str::from_utf8(text) else { return };
    let query = match Query::parse(text, &Clock::at(1_795_478_400_000_000_000)) {
        Ok(query) => query,
        Err(err) => {
            assert!(err.at() <= text.len() && text.is_char_boundary(err.at()));
            let _shown = (err.marked(), err.to_string());
            return;
        }
    };
    let (predicate, options) = (query.predicate(), query.options());
    let (mut by_bytes, mut by_blocks) = (Vec::new(), Vec::new());
    let mut pipeline = Pipeline::new(&query);
    let scanned = scan_read(log, &predicate, &options, |line| {
        by_bytes.push(line.number);
        pipeline.push(line, b"log", &mut |_| Ok(()))
    });
    let Ok(_) = scanned.and_then(|_| pipeline.finish(&mut |_| Ok(()))) else { return };
    if !query.is_condition() || query.condition().is_some_and(|asked| asked.needs_templates()) {
        return;
    }
    let mut builder = lignite::WriterBuilder::new();
    let mut wtr = builder.block_bytes(1 << 12).unwrap().from_writer(Vec::new());
    wtr.write_all(log).unwrap();
    let (file, _) = wtr.finish().unwrap();
    let mut reader = IndexedReader::open(Cursor::new(file)).unwrap();
    reader
        .scan(&predicate, &options, OnDamage::Stop, |line| {
            by_blocks.push(line.number);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    assert_eq!(by_blocks, by_bytes);
});

/// Where the log starts: behind the first zero byte.
fn memchr(input: &[u8]) -> usize {
    input.iter().position(|&byte| byte == 0).unwrap_or(input.len())
}
