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

fuzz_target!(|edits: &[u8]| {
    let Some((&first, edits)) = edits.split_first() else { return };
    let mut file = FILES[usize::from(first) % FILES.len()].clone();
    lignite_fuzz::edit(&mut file, edits);
    let mut log = Vec::new();
    let read = lignite::Reader::new(&file[..]).and_then(|mut rdr| Ok(rdr.read_to_end(&mut log)?));
    // On an error, what came out before it was verified: it is the beginning of the log.
    assert!(LOG.starts_with(&log), "bytes came out that never went in");
    assert!(read.is_err() || log == LOG, "a file lost lines and nobody said so");
});
