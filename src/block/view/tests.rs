use std::collections::BTreeSet;

use super::*;
use crate::block::tree::Column;
use crate::block::{Encoded, Encoder};
use crate::codec::CodecTag;
use crate::line::Rows;
use crate::template::{Mode, parse};
use crate::wire::checksum;

const ROWS: u32 = 100_000;

fn log() -> Vec<u8> {
    let line = |i: u32| {
        let id = i.wrapping_mul(2_654_435_761);
        let id = (id ^ id >> 15).wrapping_mul(2_246_822_519);
        let id = id ^ id >> 13;
        let (user, at) = (id / 7 % 23, 40_000 + id % 30_011);
        // Other columns tell most of these: equal, by key, near, near by key; not all, and not the first.
        let odd = if i % 10 == 1 { i % 5 } else { user };
        match i % 3 {
            0 => format!(
                "cache {} of 10.0.{}.{} missed /v/{id:x}/{}\n",
                i % 7,
                i % 5,
                id % 251,
                i.wrapping_mul(i)
            ),
            1 => format!(
                "user u{user} came as u{odd} at {at} until {} with shell /bin/{:x} and {} times\n",
                at + id % 6,
                if id.is_multiple_of(97) { i } else { user.wrapping_mul(0x9e37_79b9) },
                user.wrapping_mul(1_000_000) + i / 23
            ),
            _ => format!(
                "10:{:02}:{:02} GET {} took {}.{:03} ms\n",
                i / 60 % 60,
                i % 60,
                id % 97,
                id % 9,
                i % 1000
            ),
        }
    };
    (0..ROWS).flat_map(|i| line(i).into_bytes()).collect()
}

/// Messages that repeat what their lines say.
fn messages() -> Vec<u8> {
    let noise = |i: u32| {
        let i = i.wrapping_mul(2_654_435_761);
        (i ^ i >> 15).wrapping_mul(2_246_822_519)
    };
    let line = |i: u32| {
        let (trace, took) = (noise(i / 3), noise(i) % 9_000_000);
        let (told, near) = if i % 50 == 7 { (i, i) } else { (trace, took + i % 3) };
        let message = format!("TraceID: {told:08x} handled in {near} us");
        format!("{trace:08x} {took} node{} \"{message}\" end\n", noise(i) % 5)
    };
    (0..6000).flat_map(|i| line(i).into_bytes()).collect()
}

fn encode(raw: &[u8]) -> (Encoded, u32) {
    (Encoder::new(3).encode(raw).unwrap(), u32::try_from(raw.len()).unwrap())
}

fn open(encoded: &Encoded, raw_len: u32) -> BlockView<'_> {
    let means = (&Limits::default(), &Equipment::default());
    BlockView::open(&encoded.sections, &encoded.payload, raw_len, means).unwrap()
}

#[test]
fn a_column_decodes_alone_with_the_sections_it_needs() {
    let raw = log();
    let (encoded, raw_len) = encode(&raw);
    let expected = parse(&Rows::lines(Some(&raw[..raw.len() - 1])), Mode::Lines);
    let all = open(&encoded, raw_len);
    assert_eq!(all.columns(), expected.columns.len());
    assert!(encoded.sections.len() > 5, "{}", encoded.sections.len());
    for (column, values) in expected.columns.iter().enumerate() {
        let mut view = open(&encoded, raw_len);
        assert_eq!(view.column(column).unwrap(), values);
        let decoded = (0..).zip(&encoded.sections).filter(|&(n, _)| view.sections.is_loaded(n));
        let decoded: BTreeSet<u32> = decoded.map(|(n, _)| n).collect();
        let ids = view.tree.as_ref().unwrap().table.ids.stream.section;
        let named = view.sections_of(column).into_iter().chain([ids]).filter(|&n| n > 0);
        assert_eq!(decoded, named.collect());
        view.tree.as_ref().unwrap().table.columns[column].streams(&mut |stream| {
            let needs = &encoded.sections[stream.section as usize].needs;
            let earlier = decoded.iter().filter(|&&n| n < stream.section);
            assert!(earlier.into_iter().all(|n| needs.contains(n)), "{decoded:?} {needs:?}");
        });
    }
}

#[test]
fn templates_and_ids_are_those_of_the_lines() {
    let raw = log();
    let (encoded, raw_len) = encode(&raw);
    let mut view = open(&encoded, raw_len);
    let ids = view.ids().unwrap().to_vec();
    let lines = raw[..raw.len() - 1].split(|&byte| byte == b'\n');
    for (line, &id) in lines.zip(&ids) {
        let mut pieces = view.pieces_of(id as usize);
        assert!(line.starts_with(pieces.next().unwrap()));
        assert!(line.ends_with(pieces.last().unwrap()));
    }
    assert_eq!(view.counts().unwrap().templates.iter().sum::<usize>(), view.rows());
    assert_eq!(view.templates(), 3);
}

#[test]
fn relations_are_found() {
    let raw = log();
    let (encoded, raw_len) = encode(&raw);
    let view = open(&encoded, raw_len);
    let tree = view.tree.as_ref().unwrap();
    let (mut same, mut by_key, mut near, mut near_by_key) = (0, 0, 0, 0);
    for column in &tree.table.columns {
        match column {
            Column::Predicted { by_key: false, .. } => same += 1,
            Column::Predicted { by_key: true, .. } => by_key += 1,
            Column::Digits { numbers, .. } | Column::Time { ticks: numbers, .. } => {
                match numbers.reference {
                    Some((_, false)) => near += 1,
                    Some((_, true)) => near_by_key += 1,
                    None => {}
                }
            }
            _ => {}
        }
    }
    assert!(
        same > 0 && by_key > 0 && near > 0 && near_by_key > 0,
        "{same} {by_key} {near} {near_by_key}"
    );
}

#[test]
fn what_a_message_repeats_of_its_line_is_told_by_it() {
    let raw = messages();
    let encoded = Encoder::new(6).encode(&raw).unwrap();
    let raw_len = u32::try_from(raw.len()).unwrap();
    let mut view = open(&encoded, raw_len);
    let (mut same, mut near) = (0, 0);
    for column in &view.tree.as_ref().unwrap().table.columns {
        let Column::Nested(table) = column else { continue };
        for column in &table.columns {
            match column {
                Column::Predicted { reference, by_key: false, .. } => {
                    same += usize::from(reference.top);
                }
                Column::Digits { numbers, .. } => {
                    near += usize::from(numbers.reference.is_some_and(|(other, _)| other.top));
                }
                _ => {}
            }
        }
    }
    assert!(same > 0 && near > 0, "{same} {near}");
    let mut all = Vec::new();
    view.render(&mut all).unwrap();
    assert!(all == raw);
    // Each column tells the same alone, with the sections that it needs.
    for column in 0..view.columns() {
        let whole = view.column(column).unwrap().clone();
        let mut alone = open(&encoded, raw_len);
        assert_eq!(*alone.column(column).unwrap(), whole);
        for text in whole.iter().filter(|value| value.len() > 6).take(99) {
            assert!(raw.windows(text.len()).any(|window| window == text));
        }
    }
    let mut one = Vec::new();
    view.render_rows(&[5007], |_, line| one.extend_from_slice(line)).unwrap();
    assert_eq!(one, raw.split(|&byte| byte == b'\n').nth(5007).unwrap());
}

#[test]
fn chosen_lines_are_rendered() {
    let raw = log();
    let (encoded, raw_len) = encode(&raw);
    let lines: Vec<&[u8]> = raw[..raw.len() - 1].split(|&byte| byte == b'\n').collect();
    for rows in [vec![], vec![0], vec![1, 2, 5000, ROWS - 1], (300..900).step_by(3).collect()] {
        let mut view = open(&encoded, raw_len);
        let mut seen = Vec::new();
        view.render_rows(&rows, |row, line| seen.push((row, line.to_vec()))).unwrap();
        let expected = rows.iter().map(|&row| (row, lines[row as usize].to_vec()));
        assert_eq!(seen, expected.collect::<Vec<_>>());
    }
    assert!(open(&encoded, raw_len).render_rows(&[5, 4], |_, _| {}).is_err());
    assert!(open(&encoded, raw_len).render_rows(&[ROWS], |_, _| {}).is_err());
}

#[test]
fn what_is_picked_of_a_column_is_what_the_whole_column_has() {
    let (raw, messages) = (&log()[..1 << 20], messages());
    for (level, raw) in [(3, raw), (6, raw), (6, &messages[..])] {
        let encoded = Encoder::new(level).encode(raw).unwrap();
        let raw_len = u32::try_from(raw.len()).unwrap();
        let mut whole = open(&encoded, raw_len);
        for column in 0..whole.columns() {
            let values = whole.column(column).unwrap().clone();
            let count = u32::try_from(values.len()).unwrap();
            for (from, step) in [(0, 1), (0, 7), (3, 1009), (count - 1, 1), (count / 2, 11)] {
                let wanted: Vec<u32> = (from..count).step_by(step).collect();
                let mut view = open(&encoded, raw_len);
                view.ids().unwrap();
                let mut asked = vec![(u32::try_from(column).unwrap(), wanted.clone())];
                let picked = view.pick(&mut asked).unwrap();
                assert!(asked.is_empty(), "column {column} had to be decoded as a whole");
                let expected = wanted.iter().map(|&at| values.get(at as usize));
                assert!(picked[0].1.iter().eq(expected), "column {column} from {from}");
            }
        }
    }
}

#[test]
fn damage_costs_what_needs_it_only() {
    let raw = log();
    let (mut encoded, raw_len) = encode(&raw);
    let last = encoded.payload.last_mut().unwrap();
    *last ^= 1;
    let mut view = open(&encoded, raw_len);
    let damaged = u32::try_from(encoded.sections.len()).unwrap() - 1;
    for column in 0..view.columns() {
        let needs = view.sections_of(column).contains(&damaged);
        assert_eq!(view.column(column).is_err(), needs);
    }
    assert!(view.render(&mut Vec::new()).is_err());
}

#[test]
fn a_changed_tree_is_an_error_or_other_bytes() {
    let raw = log();
    let (encoded, raw_len) = encode(&raw[..40_000]);
    let raw_len = raw_len.min(40_000);
    let mut sections = Sections::new(
        &encoded.sections,
        &encoded.payload,
        40_000,
        &Limits::default(),
        Decompressor::default(),
    )
    .unwrap();
    sections.load(0).unwrap();
    let meta = sections.take(0);
    let rest = &encoded.payload[encoded.sections[0].stored_len as usize..];
    for at in 0..meta.len() {
        for change in [1, 0x10, 0x80, 0xff] {
            let mut meta = meta.clone();
            meta[at] ^= change;
            let mut entries = encoded.sections.clone();
            entries[0].codec = CodecTag::Store;
            entries[0].stored_len = entries[0].decoded_len;
            entries[0].stored_check = checksum::section(&meta);
            entries[0].decoded_check = entries[0].stored_check;
            let payload = [&meta, rest].concat();
            let means = (&Limits::default(), &Equipment::default());
            let view = BlockView::open(&entries, &payload, raw_len, means);
            // What matters is that it ends, and does not panic.
            drop(view.and_then(|mut view| view.render(&mut Vec::new())));
        }
    }
}
