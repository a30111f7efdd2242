//! Damage of every kind: what is delivered is right and in its place, what is not is reported. R-numbers are those of
//! `docs/TESTS.md`.
#![allow(clippy::cast_possible_truncation, reason = "random bits are cut to what is needed")]

use std::io::Write;

use lignite::{IndexedReader, Reader, WriterBuilder};

use crate::salvage::salvage;

const BLOCK_BYTES: u32 = 1 << 13;

/// A log whose lines are all different.
fn log(lines: usize, name: &str) -> Vec<u8> {
    let line =
        |i: usize| format!("2026-11-24 00:00:00 {name} job[{}] took {} ms\n", i, i * 31 % 977);
    (0..lines).map(line).collect::<String>().into_bytes()
}

fn compress(raw: &[u8]) -> Vec<u8> {
    let mut builder = WriterBuilder::new();
    builder.level(1).unwrap().block_bytes(BLOCK_BYTES).unwrap();
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(raw).unwrap();
    wtr.finish().unwrap().0
}

/// Places of the blocks' frames, with the raw bytes of each.
fn blocks(file: &[u8]) -> Vec<(std::ops::Range<usize>, Vec<u8>)> {
    let mut reader = IndexedReader::open(std::io::Cursor::new(file.to_vec())).unwrap();
    let infos = reader.blocks().to_vec();
    let mut found = Vec::new();
    for (index, info) in infos.iter().enumerate() {
        let mut raw = Vec::new();
        reader.read_block(index, &mut raw).unwrap();
        let start = usize::try_from(info.offset).unwrap();
        let len = usize::try_from(info.stored_bytes).unwrap();
        found.push((start..start + len, raw));
    }
    found
}

/// A small generator of numbers, the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }
}

/// What is left of `blocks` without some of them.
fn without(blocks: &[(std::ops::Range<usize>, Vec<u8>)], missing: &[usize]) -> Vec<u8> {
    let kept = blocks.iter().enumerate().filter(|(index, _)| !missing.contains(index));
    kept.flat_map(|(_, (_, raw))| raw.iter().copied()).collect()
}

fn lines(raw: &[u8]) -> u64 {
    raw.split(|&byte| byte == b'\n').count() as u64 - 1
}

/// R4: bad sectors cost the blocks they touch, no more and no less.
#[test]
fn bad_sectors_cost_the_blocks_they_touch() {
    let raw = log(12_000, "a");
    let file = compress(&raw);
    let blocks = blocks(&file);
    assert!(blocks.len() > 40);
    let mut dice = Dice(4);
    for trial in 0..500 {
        let mut damaged = file.clone();
        let mut touched = Vec::new();
        for _ in 0..=dice.below(3) {
            let sector = [64, 512, 4096][dice.below(3)];
            let at = 40 + dice.below(file.len() - 40);
            let end = file.len().min(at + sector);
            let fill = dice.below(3);
            for byte in &mut damaged[at..end] {
                *byte = [0, 0xff, dice.below(256) as u8][fill];
            }
            let hit = blocks.iter().enumerate().filter(|(_, (place, _))| {
                (place.start.max(at)..place.end.min(end)).any(|at| damaged[at] != file[at])
            });
            touched.extend(hit.map(|(index, _)| index));
        }
        let (salvaged, losses) = salvage(&damaged).unwrap();
        assert!(salvaged == without(&blocks, &touched), "trial {trial}");
        assert_eq!(losses.is_empty(), damaged == file, "trial {trial}");
    }
}

/// R5: blocks that are missing, doubled, swapped, or of another file are noticed, and never taken for others.
#[test]
fn blocks_out_of_place_are_noticed() {
    let file = compress(&log(1_200, "a"));
    let other = compress(&log(1_200, "b"));
    let (blocks, others) = (blocks(&file), blocks(&other));
    let count = blocks.len();
    assert!(count > 4);
    let frame = |index: usize| &file[blocks[index].0.clone()];
    let rebuilt = |order: &[&[u8]]| {
        let tail = &file[blocks[count - 1].0.end..];
        [&file[..40], &order.concat(), tail].concat()
    };
    let all: Vec<&[u8]> = (0..count).map(frame).collect();
    assert!(rebuilt(&all) == file);
    for index in 0..count {
        let mut order = all.clone();
        order.remove(index);
        let (salvaged, losses) = salvage(&rebuilt(&order)).unwrap();
        assert!(salvaged == without(&blocks, &[index]), "without {index}");
        assert!(!losses.is_empty(), "without {index}");

        let mut order = all.clone();
        order.insert(index, all[dice_other(index, count)]);
        let (salvaged, losses) = salvage(&rebuilt(&order)).unwrap();
        assert!(is_in_order(&salvaged, &blocks) && !losses.is_empty(), "doubled {index}");

        let mut order = all.clone();
        order.swap(index, dice_other(index, count));
        let (salvaged, losses) = salvage(&rebuilt(&order)).unwrap();
        assert!(is_in_order(&salvaged, &blocks) && !losses.is_empty(), "swapped {index}");

        let mut order = all.clone();
        order[index] = &other[others[index].0.clone()];
        let (salvaged, losses) = salvage(&rebuilt(&order)).unwrap();
        assert!(salvaged == without(&blocks, &[index]), "spliced {index}");
        assert!(!losses.is_empty(), "spliced {index}");
    }
}

fn dice_other(index: usize, count: usize) -> usize {
    (index + 1 + index * 7 % (count - 1)) % count
}

/// Whether bytes are some of the blocks, in their order.
fn is_in_order(raw: &[u8], blocks: &[(std::ops::Range<usize>, Vec<u8>)]) -> bool {
    let mut rest = raw;
    for (_, block) in blocks {
        rest = rest.strip_prefix(&block[..]).unwrap_or(rest);
    }
    rest.is_empty()
}

/// R6: bytes put in or taken out cost one block.
#[test]
fn inserted_and_deleted_bytes_cost_a_block() {
    let file = compress(&log(1_500, "a"));
    let blocks = blocks(&file);
    let mut dice = Dice(6);
    for trial in 0..2_000 {
        let at = 40 + dice.below(file.len() - 40);
        let len = 1 + dice.below(64);
        let damaged = if dice.below(2) == 0 {
            let noise: Vec<u8> = (0..len).map(|_| dice.below(256) as u8).collect();
            [&file[..at], &noise, &file[at..]].concat()
        } else {
            [&file[..at], &file[file.len().min(at + len)..]].concat()
        };
        let (salvaged, losses) = salvage(&damaged).unwrap();
        let cost = (0..=blocks.len()).find(|&missing| {
            salvaged == without(&blocks, &[missing])
                || salvaged == without(&blocks, &[missing, missing + 1])
        });
        assert!(cost.is_some(), "trial {trial}: wrong bytes");
        assert!(!losses.is_empty(), "trial {trial}");
    }
    // What a transfer in text mode does is seen in the file header at once.
    let crlf: Vec<u8> =
        file.iter().flat_map(|&b| if b == b'\n' { vec![b'\r', b] } else { vec![b] }).collect();
    let seven_bits: Vec<u8> = file.iter().map(|byte| byte & 0x7f).collect();
    assert!(Reader::new(&crlf[..]).is_err() && Reader::new(&seven_bits[..]).is_err());
}

/// R7: without index, commit and tail, every block is still there.
#[test]
fn the_end_of_a_file_holds_no_lines() {
    let raw = log(3_000, "a");
    let file = compress(&raw);
    let end = blocks(&file).last().unwrap().0.end;
    let (salvaged, losses) = salvage(&file[..end]).unwrap();
    assert!(salvaged == raw && losses.len() == 1);
    for at in end..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x20;
        let (salvaged, losses) = salvage(&damaged).unwrap();
        assert!(salvaged == raw, "byte {at}");
        assert_eq!(losses.len(), 1, "byte {at}");
    }
}

#[test]
fn a_loss_says_which_lines_are_missing() {
    let file = compress(&log(2_000, "a"));
    let blocks = blocks(&file);
    let before: Vec<u64> = blocks
        .iter()
        .scan(0, |sum, (_, raw)| Some(std::mem::replace(sum, *sum + lines(raw))))
        .collect();
    for index in 0..blocks.len() - 1 {
        let mut damaged = file.clone();
        damaged[blocks[index].0.start + 60] ^= 1;
        let (_, losses) = salvage(&damaged).unwrap();
        let [loss] = &losses[..] else { panic!("{losses:?}") };
        assert_eq!((loss.stream, loss.first_block), (1, index as u64));
        assert_eq!(loss.first_line, before[index] + 1);
        assert_eq!(loss.next_block, Some(index as u64 + 1));
        assert_eq!(loss.next_line, Some(before[index + 1] + 1));
        assert!(!loss.is_harmless());
    }
    // Two damaged blocks side by side are one loss.
    let mut damaged = file.clone();
    damaged[blocks[1].0.start + 60] ^= 1;
    damaged[blocks[2].0.start + 60] ^= 1;
    let (_, losses) = salvage(&damaged).unwrap();
    assert_eq!(losses.len(), 1);
    assert_eq!((losses[0].first_block, losses[0].next_block), (1, Some(3)));
}

#[test]
fn a_stream_with_a_damaged_header_behind_another_is_known_by_its_blocks() {
    let (a, b) = (log(500, "a"), log(700, "b"));
    let (first, second) = (compress(&a), compress(&b));
    for at in 0..40 {
        let mut file = [&first[..], &second].concat();
        file[first.len() + at] ^= 0x10;
        let (salvaged, losses) = salvage(&file).unwrap();
        assert!(salvaged == [&a[..], &b].concat(), "byte {at}");
        assert_eq!(losses.len(), 1, "byte {at}");
        assert_eq!((losses[0].stream, losses[0].is_harmless()), (2, true), "byte {at}");
    }
}

#[test]
fn an_unfinished_stream_before_another_costs_nothing_else() {
    let (a, b) = (log(500, "a"), log(700, "b"));
    let (first, second) = (compress(&a), compress(&b));
    let end = blocks(&first).last().unwrap().0.end;
    let (salvaged, losses) = salvage(&[&first[..end], &second].concat()).unwrap();
    assert!(salvaged == [&a[..], &b].concat());
    assert_eq!(losses.len(), 1);
    assert_eq!((losses[0].stream, losses[0].first_line), (1, 501));
    // A block that was cut in the middle is the only one missing.
    let cut = end - 30;
    let (salvaged, losses) = salvage(&[&first[..cut], &second].concat()).unwrap();
    assert!(salvaged.ends_with(&b) && a.starts_with(&salvaged[..salvaged.len() - b.len()]));
    assert_eq!(losses.len(), 1);
}
