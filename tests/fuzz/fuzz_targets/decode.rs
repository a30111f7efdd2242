//! Any bytes as a file: an error or a log, never a panic, and no more memory than the limits allow.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let mut limits = lignite::Limits::default();
    limits.block_raw_bytes_max = 1 << 20;
    limits.block_stored_bytes_max = 1 << 20;
    limits.section_bytes_max = 1 << 20;
    limits.templates_max = 1 << 12;
    limits.columns_max = 1 << 12;
    limits.columns_bytes_max = 4 << 20;
    if let Ok(rdr) = lignite::Reader::with_limits(file, limits) {
        // Blocks may be many where each is small; what comes out is bounded here, not by the limits.
        let mut log = Vec::new();
        let _ = rdr.take(16 << 20).read_to_end(&mut log);
    }
});
