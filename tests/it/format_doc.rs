//! The worked examples of `docs/FORMAT.md` are what the writer writes.

use lignite::WriterBuilder;

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
