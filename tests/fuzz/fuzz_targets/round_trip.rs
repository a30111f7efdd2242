//! Any bytes as a log, at the level the first byte names: they come back.
#![no_main]

use std::io::{Read, Write};

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&first, log)) = input.split_first() else { return };
    let mut builder = lignite::WriterBuilder::new();
    builder.level(1 + first % 9).expect("levels 1 to 9 exist");
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(log).expect("a vector takes bytes");
    let (file, _) = wtr.finish().expect("a vector takes bytes");
    let mut back = Vec::new();
    let mut rdr = lignite::Reader::new(&file[..]).expect("our own file has a header");
    rdr.read_to_end(&mut back).expect("our own file decodes");
    assert!(back == log, "the log came back changed");
});
