//! Damage as disks do it: whole sectors zeroed, overwritten, exchanged. Exactly the lines of the blocks that they touch are
//! lost, and none of it goes unnoticed.

use std::ops::Range;

use super::damage::recovered;
use super::*;
use crate::archive::{Depth, Subset, Trailing};

/// Lines that do not compress, so that blocks are larger than sectors, or are not.
fn noise(seed: u64, lines: usize) -> Vec<u8> {
    let mut state = seed;
    let mut noise = Vec::new();
    for _ in 0..lines {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        writeln!(noise, "{state:016x}{:08x}", state >> 7 & 0xffff_ffff).unwrap();
    }
    noise
}

/// Two commits, six members, two of them grown by the second commit, and what they hold.
fn archive() -> (Place, BTreeMap<String, Vec<u8>>) {
    let place = Place::new();
    let (one, two, grown) = (noise(1, 1500), noise(2, 700), noise(3, 1000));
    let half = |bytes: &[u8]| bytes.len() / 2 / 25 * 25;
    let first = [("a/one", &one[..half(&one)]), ("a/two", &two[..]), ("b", &grown[..half(&grown)])];
    place.add(&[&first[..], &[("empty", b"")]].concat(), 1);
    let log = log(4, 200);
    place.add(&[("a/one", &one), ("b", &grown), ("c.log", &log), ("d", b"no newline")], 2);
    let contents = place.contents();
    assert_eq!(contents.len(), 6);
    (place, contents)
}

/// What is left of each member without the lines that blocks in these places of the file hold parts of.
fn expected(
    archive: &Archive,
    original: &BTreeMap<String, Vec<u8>>,
    damaged: &[Range<usize>],
) -> BTreeMap<String, Vec<u8>> {
    let touched: Vec<bool> = archive
        .blocks()
        .map(|block| {
            let start = usize::try_from(block.offset).unwrap();
            let end = start + usize::try_from(block.stored_bytes).unwrap();
            damaged.iter().any(|range| range.start < end && start < range.end)
        })
        .collect();
    let mut left = BTreeMap::new();
    for member in archive.members() {
        let name = member.name.to_string();
        let content = &original[&name];
        let mut lost = vec![false; content.len()];
        let mut at = 0;
        for extent in &member.extents {
            let end = at + extent.len as usize;
            lost[at..end].fill(touched[usize::try_from(extent.block).unwrap()]);
            at = end;
        }
        let (mut kept, mut at) = (Vec::new(), 0);
        for line in content.split_inclusive(|&byte| byte == b'\n') {
            if !lost[at..at + line.len()].contains(&true) {
                kept.extend_from_slice(line);
            }
            at += line.len();
        }
        left.insert(name, kept);
    }
    left
}

/// Whether a content is some of the lines of another one, in their order.
fn is_part(part: &[u8], whole: &[u8]) -> bool {
    let mut lines = whole.split_inclusive(|&byte| byte == b'\n');
    part.split_inclusive(|&byte| byte == b'\n').all(|line| lines.any(|own| own == line))
}

/// Whether a reader is told that something is wrong.
fn is_noticed(path: &Path) -> bool {
    let verified = Archive::open(path).and_then(|mut archive| {
        let trailing = archive.trailing() != Trailing::None;
        Ok(trailing || !archive.verify(Depth::Stored, Subset::default())?.faults.is_empty())
    });
    verified.unwrap_or(true)
}

/// Damages an archive, and looks at what is told and what comes back.
fn check(
    place: &Place,
    original: &BTreeMap<String, Vec<u8>>,
    whole: &[u8],
    damaged: &[u8],
    ranges: &[Range<usize>],
) {
    if damaged == whole {
        return;
    }
    let path = place.archive();
    std::fs::write(&path, whole).unwrap();
    let expected = expected(&place.open(), original, ranges);
    std::fs::write(&path, damaged).unwrap();
    assert!(is_noticed(&path), "{ranges:?} went unnoticed");
    // A reader gets what a commit had, or an error.
    if let Ok(mut archive) = Archive::open(&path) {
        for member in archive.members().to_vec() {
            if let Ok(found) = content(&mut archive, &member) {
                assert!(original[&member.name.to_string()].starts_with(&found), "{ranges:?}");
            }
        }
    }
    let (done, found) = recovered(place);
    let mut missing = 0;
    for (name, expected) in &expected {
        let found = found.get(name).map(Vec::as_slice).unwrap_or_default();
        // A block that stands whole in another place is whole.
        let is_right = match ranges {
            [_] => found == expected,
            _ => is_part(expected, found) && is_part(found, &original[name]),
        };
        assert!(is_right, "{ranges:?}: {name} is not what whole blocks hold");
        missing += (original[name].len() - found.len()) as u64;
    }
    assert!(found.keys().all(|name| original.contains_key(name)), "{ranges:?}");
    let reported: u64 = done.losses.iter().map(|loss| loss.bytes).sum();
    // Where tables are lost as well, nobody knows how much there was.
    assert!(reported == missing || done.structure_damaged && reported < missing, "{ranges:?}");
}

#[test]
fn a_bad_sector_costs_the_blocks_it_touches() {
    let (place, original) = archive();
    let whole = std::fs::read(place.archive()).unwrap();
    let mut state = 7_u64;
    let mut sectors = 0;
    for size in [512, 4096] {
        let starts: Vec<usize> = (0..whole.len()).step_by(size).collect();
        assert!(starts.len() > 8, "{}", whole.len());
        let sector = |start: usize| start..(start + size).min(whole.len());
        for &start in &starts {
            sectors += 1;
            let mut zeroed = whole.clone();
            zeroed[sector(start)].fill(0);
            check(&place, &original, &whole, &zeroed, &[sector(start)]);
            let mut overwritten = whole.clone();
            for byte in &mut overwritten[sector(start)] {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = state.to_le_bytes()[7];
            }
            check(&place, &original, &whole, &overwritten, &[sector(start)]);
            // What another sector holds stands there, and the other way round.
            let other = starts[usize::try_from(state >> 33).unwrap() % starts.len()];
            if sector(start).len() == size && sector(other).len() == size {
                let mut exchanged = whole.clone();
                exchanged[sector(start)].copy_from_slice(&whole[sector(other)]);
                exchanged[sector(other)].copy_from_slice(&whole[sector(start)]);
                check(&place, &original, &whole, &exchanged, &[sector(start), sector(other)]);
            }
        }
    }
    assert!(sectors > 60, "{sectors}");
}
