//! The worked examples of `docs/FORMAT.md` are what the writer writes.

use std::io::{Read, Write};

use lignite::vfs::OsFileSystem;
use lignite::{Appender, Change, Source, WriterBuilder};

fn example(name: &str) -> Vec<u8> {
    let doc = include_str!("../../docs/FORMAT.md");
    let start = doc.split_once(&format!("```hex {name}\n")).unwrap().1;
    let text = start.split_once("```").unwrap().0;
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[test]
fn the_empty_log() {
    let written = WriterBuilder::new().from_writer(Vec::new()).finish().unwrap().0;
    let hex: Vec<_> = written.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(example("empty"), written, "{}", hex.join(" "));
}

/// A small log in the documentation, and what becomes of it.
fn log(name: &str) -> Vec<u8> {
    let doc = include_str!("../../docs/FORMAT.md");
    let start = doc.split_once(&format!("```log {name}\n")).unwrap().1;
    start.split_once("```").unwrap().0.as_bytes().to_vec()
}

fn written(log: &[u8], level: u8) -> Vec<u8> {
    let mut wtr = WriterBuilder::new().level(level).unwrap().from_writer(Vec::new());
    wtr.write_all(log).unwrap();
    wtr.finish().unwrap().0
}

fn check(name: &str, level: u8) {
    let written = written(&log(name), level);
    let hex: Vec<_> = written
        .chunks(16)
        .map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(example(name), written, "\n{}", hex.join("\n"));
    let mut back = Vec::new();
    lignite::Reader::new(&written[..]).unwrap().read_to_end(&mut back).unwrap();
    assert_eq!(back, log(name));
}

#[test]
fn a_log_of_one_template() {
    check("jobs", 3);
}

#[test]
fn a_literal_block() {
    check("greeting", 3);
}

#[test]
fn an_archive_of_an_empty_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.lig");
    let mut appender = Appender::create(&OsFileSystem, &path, &WriterBuilder::new()).unwrap();
    let source = Source::file("a", Box::new(|| Ok(Box::new(&b""[..]))));
    appender.add(&source, &Change::default()).unwrap().unwrap();
    appender.commit().unwrap();
    let written = std::fs::read(path).unwrap();
    let hex: Vec<_> = written
        .chunks(16)
        .map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(example("archive"), written, "\n{}", hex.join("\n"));
}
