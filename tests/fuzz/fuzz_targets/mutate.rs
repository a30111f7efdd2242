//! A valid file with a few bytes changed, cut or put in: an error, or the same log; never another log.
#![no_main]

use std::io::{Read, Write};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

const LOG: &[u8] = include_bytes!("../../../testdata/strace.log");

static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let compress = |level| {
        let mut builder = lignite::WriterBuilder::new();
        builder.level(level).expect("levels 1 to 9 exist");
        let mut wtr = builder.from_writer(Vec::new());
        wtr.write_all(LOG).expect("a vector takes bytes");
        wtr.finish().expect("a vector takes bytes").0
    };
    vec![compress(1), compress(3), compress(6), compress(8), compress(9)]
});

// Each edit is five bytes: what to do, where (three), and with which byte.
fuzz_target!(|edits: &[u8]| {
    let Some((&first, edits)) = edits.split_first() else { return };
    let mut file = FILES[usize::from(first) % FILES.len()].clone();
    for edit in edits.chunks_exact(5).take(8) {
        let at = usize::from(edit[1]) << 16 | usize::from(edit[2]) << 8 | usize::from(edit[3]);
        let at = at % file.len().max(1);
        match edit[0] % 4 {
            0 if !file.is_empty() => file[at] ^= edit[4].max(1),
            1 => file.insert(at.min(file.len()), edit[4]),
            2 if !file.is_empty() => drop(file.drain(at..(at + 1 + usize::from(edit[4])).min(file.len()))),
            3 => file.truncate(at),
            _ => {}
        }
    }
    let mut log = Vec::new();
    let read = lignite::Reader::new(&file[..]).and_then(|mut rdr| Ok(rdr.read_to_end(&mut log)?));
    // On an error, what came out before it was verified: it is the beginning of the log.
    assert!(LOG.starts_with(&log), "bytes came out that never went in");
    assert!(read.is_err() || log == LOG, "a file lost lines and nobody said so");
});
