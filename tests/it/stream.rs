//! Writer → Reader, whole and damaged.

use std::io::{Read, Write};
use std::num::NonZeroUsize;

use lignite::{IndexedReader, Reader, WriterBuilder};

use crate::salvage;

fn log(lines: u32) -> Vec<u8> {
    let line = |i: u32| {
        format!(
            "2026-11-24 00:{:02}:{:02} INFO job[{}]: took {} ms\n",
            i / 60 % 60,
            i % 60,
            i % 9,
            i * 7 % 101
        )
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

fn compress(raw: &[u8], level: u8, block_bytes: u32, threads: usize, write: usize) -> Vec<u8> {
    let mut builder = WriterBuilder::new();
    builder.level(level).unwrap().block_bytes(block_bytes).unwrap();
    builder.threads(NonZeroUsize::new(threads).unwrap());
    let mut wtr = builder.from_writer(Vec::new());
    for part in raw.chunks(write) {
        wtr.write_all(part).unwrap();
    }
    wtr.finish().unwrap().0
}

fn decompress(file: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    Reader::new(file)?.read_to_end(&mut raw)?;
    Ok(raw)
}

#[test]
fn every_level_gives_the_bytes_back() {
    let raw = log(3000);
    for level in 1..=7 {
        assert!(decompress(&compress(&raw, level, 1 << 16, 1, 4096)).unwrap() == raw, "{level}");
    }
}

#[test]
fn the_same_bytes_for_every_write_size_and_thread_count() {
    let raw = log(4000);
    let expected = compress(&raw, 2, 1 << 14, 1, raw.len());
    for (threads, write) in [(1, 1), (1, 7), (2, 4096), (3, 100_000), (8, 333)] {
        assert!(compress(&raw, 2, 1 << 14, threads, write) == expected, "{threads} {write}");
    }
}

#[test]
fn lines_longer_than_a_block_and_a_missing_terminator() {
    for raw in
        [vec![b'x'; 50_000], [vec![b'7'; 30_000], log(10), b"end".to_vec()].concat(), Vec::new()]
    {
        let file = compress(&raw, 1, 1 << 12, 1, 1000);
        assert!(decompress(&file).unwrap() == raw);
    }
}

#[test]
fn concatenated_streams_are_concatenated_logs() {
    let (a, b) = (log(100), log(50));
    let (x, y) = (compress(&a, 3, 1 << 16, 1, 99), compress(&b, 1, 1 << 16, 1, 99));
    let file = [&x[..], &y, &x].concat();
    assert!(decompress(&file).unwrap() == [&a[..], &b, &a].concat());
    let mut reader = IndexedReader::open(std::io::Cursor::new(&file)).unwrap();
    assert_eq!(reader.streams().len(), 3);
    let mut raw = Vec::new();
    reader.read_block(1, &mut raw).unwrap();
    assert!(raw == b);
}

#[test]
fn an_empty_log_costs_little() {
    let file = compress(b"", 3, 1 << 16, 1, 1);
    assert!(file.len() < 120, "{}", file.len());
    assert!(decompress(&file).unwrap().is_empty());
    let line = b"2026-11-24 00:00:00 INFO a line that is all there is\n";
    assert!(compress(line, 3, 1 << 16, 1, 1).len() < 400);
}

/// What can be read, and whether something was lost.
fn salvage(file: &[u8]) -> (Vec<u8>, bool) {
    salvage::salvage(file).map_or((Vec::new(), true), |(raw, losses)| (raw, !losses.is_empty()))
}

#[test]
fn every_truncation_gives_the_whole_blocks_and_an_error() {
    let raw = log(600);
    let file = compress(&raw, 2, 1 << 12, 1, 4096);
    let mut blocks = IndexedReader::open(std::io::Cursor::new(&file)).unwrap().blocks().to_vec();
    assert!(blocks.len() > 4);
    blocks.retain(|block| block.raw_bytes > 0);
    for cut in 0..file.len() {
        let whole = blocks.iter().filter(|b| b.offset + b.stored_bytes <= cut as u64);
        let len: u64 = whole.map(|block| block.raw_bytes).sum();
        let (salvaged, lost) = salvage(&file[..cut]);
        assert!(lost, "{cut}");
        assert!(salvaged == raw[..usize::try_from(len).unwrap()], "{cut}");
        assert!(decompress(&file[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn every_bit_flip_is_noticed_and_costs_at_most_a_block() {
    let raw = log(220);
    let mut file = compress(&raw, 2, 1 << 12, 1, 4096);
    let mut reader = IndexedReader::open(std::io::Cursor::new(file.clone())).unwrap();
    let mut blocks = vec![Vec::new(); reader.blocks().len()];
    for (index, block) in blocks.iter_mut().enumerate() {
        reader.read_block(index, block).unwrap();
    }
    assert!(blocks.len() > 2);
    for bit in 0..file.len() * 8 {
        file[bit / 8] ^= 1 << (bit % 8);
        assert!(decompress(&file).is_err(), "bit {bit} went unnoticed");
        let (salvaged, lost) = salvage(&file);
        assert!(lost, "bit {bit}");
        let without = |missing: usize| {
            let kept = blocks.iter().enumerate().filter(move |(index, _)| *index != missing);
            kept.flat_map(|(_, block)| block.iter().copied()).collect::<Vec<_>>()
        };
        // Damage to the file header leaves nothing that could be believed.
        let possible = (0..=blocks.len()).any(|missing| salvaged == without(missing));
        assert!(possible || (bit < 40 * 8 && salvaged.is_empty()), "bit {bit} gave wrong lines");
        file[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn what_is_no_stream_is_refused() {
    for bytes in [&b""[..], b"plain text\n", b"\x1f\x8b\x08\0", &[0x89, b'L']] {
        assert!(Reader::new(bytes).is_err());
    }
    let mut file = compress(&log(10), 1, 1 << 12, 1, 99);
    file.extend_from_slice(b"garbage");
    assert!(decompress(&file).is_err());
    assert!(salvage(&file) == (log(10), true));
}
