//! Files whose outer checksums have been made to fit: what an attacker hands in, or a broken writer. No panic, nothing
//! beyond the limits, and no wrong line, since the raw checksum is the last word.
#![allow(clippy::cast_possible_truncation, reason = "random bits are cut to what is needed")]

use std::io::{Read, Write};

use lignite::{ErrorKind, IndexedReader, Reader, WriterBuilder};

use crate::salvage;

fn log(lines: u32) -> Vec<u8> {
    let line = |i: u32| {
        format!(
            "2026-11-24 00:{:02}:{:02} INFO job[{}] 10.0.{}.{}: took {} ms \"GET /a/{} HTTP/1.1\"\n",
            i / 60 % 60,
            i % 60,
            i % 9,
            i % 3,
            i * 7 % 250,
            i * 7 % 101,
            i * i % 1013
        )
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

fn compress(raw: &[u8], level: u8) -> Vec<u8> {
    let mut builder = WriterBuilder::new();
    builder.level(level).unwrap().block_bytes(1 << 12).unwrap();
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(raw).unwrap();
    wtr.finish().unwrap().0
}

/// Makes the checksums of the frame at `at` fit: that of its payload, and that of its header.
fn reseal(file: &mut [u8], at: usize) {
    let header_len = usize::from(u16::from_le_bytes([file[at + 6], file[at + 7]]));
    let payload_len = u32::from_le_bytes(file[at + 16..at + 20].try_into().unwrap()) as usize;
    let payload = at + header_len;
    let check = xxhash_rust::xxh3::xxh3_64(&file[payload..payload + payload_len]);
    file[at + 20..at + 28].copy_from_slice(&check.to_le_bytes());
    let check = crc32fast::hash(&file[at..payload - 4]);
    file[payload - 4..payload].copy_from_slice(&check.to_le_bytes());
}

/// The bytes that are left, and how many losses there were.
fn salvage(file: &[u8]) -> (Vec<u8>, usize) {
    salvage::salvage(file).map_or((Vec::new(), 1), |(raw, losses)| (raw, losses.len()))
}

/// R2: any byte of a frame is changed, and its checksums made to fit.
#[test]
fn a_changed_byte_under_checksums_that_fit_gives_no_wrong_line() {
    let asked = std::env::var("LIG_PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    // 50,000 in CI.
    let trials = asked.unwrap_or(2_000) * 5 / 4;
    let raw = log(170);
    let mut seed = 2_u64;
    let mut below = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) % bound as u64) as usize
    };
    for level in [1, 3, 6] {
        let file = compress(&raw, level);
        let mut reader = IndexedReader::open(std::io::Cursor::new(file.clone())).unwrap();
        let infos = reader.blocks().to_vec();
        let blocks: Vec<Vec<u8>> = (0..infos.len())
            .map(|index| {
                let mut block = Vec::new();
                reader.read_block(index, &mut block).unwrap();
                block
            })
            .collect();
        assert!(blocks.len() > 3);
        for trial in 0..trials / 3 {
            let index = below(infos.len());
            let at = usize::try_from(infos[index].offset).unwrap();
            let len = usize::try_from(infos[index].stored_bytes).unwrap();
            let mut damaged = file.clone();
            // Most in the header's body, where sizes and counts are; not in the lengths that place the frame.
            let header_len = usize::from(u16::from_le_bytes([file[at + 6], file[at + 7]]));
            let place = match below(3) {
                0 => 28 + below(len - 28),
                _ => 28 + below(header_len - 28 - 4),
            };
            let byte = [0, 1, 0x7f, 0x80, 0xff, below(256) as u8][below(6)];
            if damaged[at + place] == byte {
                continue;
            }
            damaged[at + place] = byte;
            reseal(&mut damaged, at);
            let (salvaged, losses) = salvage(&damaged);
            let mut rest = &salvaged[..];
            for block in &blocks {
                rest = rest.strip_prefix(&block[..]).unwrap_or(rest);
            }
            assert!(rest.is_empty(), "level {level}, trial {trial}: wrong lines");
            assert!(losses > 0 || salvaged == raw, "level {level}, trial {trial}: unnoticed");
        }
    }
}

/// R10: every bit of the file header's words, with a checksum that fits.
#[test]
fn every_bit_of_the_file_header_means_what_the_page_says() {
    let raw = log(20);
    let file = compress(&raw, 1);
    for bit in 8 * 8..36 * 8 {
        let mut changed = file.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let check = crc32fast::hash(&changed[..36]);
        changed[36..40].copy_from_slice(&check.to_le_bytes());
        let mut back = Vec::new();
        let read = Reader::new(&changed[..]).and_then(|mut rdr| Ok(rdr.read_to_end(&mut back)?));
        let kind = read.as_ref().map_err(lignite::Error::kind);
        match bit / 8 {
            // The major version, and what a reader has to know.
            8 => assert!(
                matches!(kind, Err(ErrorKind::UnsupportedVersion { .. })),
                "{bit}: {kind:?}"
            ),
            // A model frame has to follow, and does not.
            12 if bit % 8 == 0 => {
                assert!(matches!(kind, Err(ErrorKind::Corrupt { .. })), "{bit}: {kind:?}");
            }
            12..16 => {
                assert!(
                    matches!(kind, Err(ErrorKind::UnsupportedFeature { .. })),
                    "{bit}: {kind:?}"
                );
            }
            // Another kind of file, an archive among them; another's blocks, as far as the stream's id is concerned.
            10 | 24..32 => assert!(kind.is_err() && back.is_empty(), "{bit}"),
            // The bound on blocks: larger is true as well, smaller is not, and some is beyond all limits. The minor version
            // of format 0 is part of what is written.
            9 | 32 => assert!(kind.is_err() || back == raw, "{bit}"),
            33..36 => assert!(matches!(kind, Err(ErrorKind::Corrupt { .. })), "{bit}: {kind:?}"),
            // What may be ignored is.
            _ => assert!(kind.is_ok() && back == raw, "{bit}: {kind:?}"),
        }
    }
}

/// An index that names other blocks than there are is noticed, and costs nothing.
#[test]
fn an_index_that_lies_costs_no_line() {
    let raw = log(500);
    let mut file = compress(&raw, 1);
    let blocks = IndexedReader::open(std::io::Cursor::new(file.clone())).unwrap().blocks().to_vec();
    let last = blocks.last().unwrap();
    let index = usize::try_from(last.offset + last.stored_bytes).unwrap();
    assert_eq!(file[index + 4], 2, "an index segment follows the blocks");
    let payload = index + usize::from(u16::from_le_bytes([file[index + 6], file[index + 7]]));
    // The first block's offset, behind the number of the segment before and the count.
    file[payload + 2] ^= 1;
    reseal(&mut file, index);
    let (salvaged, losses) = salvage(&file);
    assert!(salvaged == raw);
    assert_eq!(losses, 1);
}
