//! Lines that are found by their columns, against the lines themselves.

use crate::block::tree::Column;
use crate::block::{BlockView, Encoder, Wanted};
use crate::limits::Limits;
use crate::model::Equipment;
use crate::predicate::Part;

/// Lines with values of all kinds, plain and nested, some of which other columns tell.
fn log() -> Vec<u8> {
    let line = |i: u32| {
        let id = i.wrapping_mul(2_654_435_761);
        let id = (id ^ id >> 15).wrapping_mul(2_246_822_519);
        let user = id / 7 % 23;
        match i % 5 {
            0 => format!(
                "cache {} of 10.0.{}.{} took {}.{:03} ms\n",
                i % 7,
                i % 5,
                id % 251,
                id % 9,
                i % 1000
            ),
            1 => format!(
                "user u{} came with shell /bin/{id:08x}/v{} as {:016x}\n",
                id % 23,
                id % 40,
                u64::from(id) * u64::from(i)
            ),
            2 => format!(
                "{id:08x} {} \"trace {:08x} took {} us, f0{}\" end\n",
                id % 9_000_001,
                if i % 50 == 7 { i } else { id },
                id % 9_000_001 + i % 3,
                if i % 50 == 12 { i } else { id % 17 },
            ),
            3 => format!(
                "user u{user} came as u{} at {} until {} with {} times\n",
                if i % 10 == 1 { i % 5 } else { user },
                40_000 + id % 30_011,
                40_000 + id % 30_011 + id % 6,
                user.wrapping_mul(1_000_000) + i / 23
            ),
            _ => format!(
                "10:{:02}:{:02} {} {}\n",
                i / 60 % 60,
                i % 60,
                id % 9_999_999,
                if id.is_multiple_of(5) { "again" } else { "-17" }
            ),
        }
    };
    (0..20_000).flat_map(|i| line(i).into_bytes()).collect()
}

#[test]
fn every_line_with_such_a_value_is_found() {
    let raw = log();
    let raw_len = u32::try_from(raw.len()).unwrap();
    let (mut excluded, mut found, mut spent, mut certain) = (0, 0, 0, 0);
    for level in [1, 3, 6] {
        let encoded = Encoder::new(level).encode(&raw).unwrap();
        let open = || {
            let means = (&Limits::default(), &Equipment::default());
            BlockView::open(&encoded.sections, &encoded.payload, raw_len, means).unwrap()
        };
        let mut whole = open();
        let ids = whole.ids().unwrap().to_vec();
        for column in 0..whole.columns() {
            whole.load_column(column).unwrap();
            let slot = (0..whole.templates()).find_map(|template| {
                let columns = whole.columns_of(template);
                let slot = columns.iter().position(|&other| other as usize == column)?;
                (columns.iter().filter(|&&other| other as usize == column).count() == 1)
                    .then_some((template, slot))
            });
            let Some((template, slot)) = slot else { continue };
            // Values of the column that stand in lines of the template.
            let mut next = 0;
            let mut values = Vec::new();
            for (row, &id) in ids.iter().enumerate() {
                let columns = whole.columns_of(id as usize);
                let uses = columns.iter().filter(|&&other| other as usize == column).count();
                if id as usize == template {
                    values.push((row, whole.loaded(column).unwrap().get(next).to_vec()));
                }
                next += uses;
            }
            let mut view = open();
            for text in [
                "0.1", "17", "007", "a", "u2", "/bin/", "10.0.3.1", "10\n0\n3", "ff", "7\n",
                "0\n\n1", "-1", "5", "F0",
            ] {
                for bits in 0..8 {
                    let (folded, starts, ends) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
                    let bytes = text.as_bytes().to_vec();
                    let part = Part { bytes, folded, starts, ends, ..Part::default() };
                    let may = view.may_hold(column, &part).unwrap();
                    let mut wanted = vec![Wanted::None; view.templates()];
                    wanted[template] = Wanted::Some(vec![vec![(slot, part.clone())]]);
                    spent += u32::from(view.wanted_rows(&wanted, 10).unwrap().is_none());
                    let rows = view.wanted_rows(&wanted, u64::MAX).unwrap().unwrap();
                    for (row, value) in &values {
                        let at = rows.numbers.binary_search(&u32::try_from(*row).unwrap());
                        let is_found = at.is_ok();
                        let is = part.is_met_by(value);
                        let is_certain = at.is_ok_and(|at| rows.certain[at]);
                        assert!(is || !is_certain, "{part:?} in column {column}, level {level}");
                        certain += u32::from(is_certain);
                        assert!(
                            !is || is_found && may,
                            "{part:?} in column {column}, level {level}"
                        );
                        excluded += u32::from(!is_found);
                        found += u32::from(is);
                    }
                }
            }
        }
    }
    assert!(excluded > 1_000_000 && found > 10_000 && spent > 100, "{excluded} {found} {spent}");
    assert!(certain > 1000, "{certain}");
}

#[test]
fn some_lines_are_told_without_the_others() {
    let raw = log();
    let raw_len = u32::try_from(raw.len()).unwrap();
    let lines: Vec<&[u8]> = raw.split(|&byte| byte == b'\n').collect();
    let (mut nested, mut told) = (0, 0);
    for level in [1, 3, 6] {
        let encoded = Encoder::new(level).encode(&raw).unwrap();
        let means = (&Limits::default(), &Equipment::default());
        let mut view =
            BlockView::open(&encoded.sections, &encoded.payload, raw_len, means).unwrap();
        nested += (0..view.columns())
            .filter_map(|column| view.node(column))
            .filter(|node| matches!(node, Column::Nested(_)) && node.is_related())
            .count();
        for first in [3, 400, 19_990] {
            let rows: Vec<u32> = (first..20_000).step_by(331).collect();
            view.render_rows(&rows, |row, line| {
                assert_eq!(line, lines[row as usize], "line {row}, level {level}");
                told += 1;
            })
            .unwrap();
        }
        // Columns of nested tables that tell each other are followed too.
        assert!((0..view.columns()).all(|column| view.loaded(column).is_none()));
    }
    assert!(nested > 0 && told > 300, "{nested} {told}");
}
