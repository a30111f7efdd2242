use super::*;
use crate::archive::{Depth, MemberLoss, Recovered, Subset, recover};
use crate::format::{FILE_HEADER_LEN, FileHeader};

/// Two commits, five members, several blocks.
fn small() -> (Place, BTreeMap<String, Vec<u8>>) {
    let place = Place::new();
    let files = [("a/one.log", log(1, 150)), ("b.log", log(2, 30)), ("empty", Vec::new())];
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    place.add(&files, 1);
    let (grown, more) = (log(2, 60), log(3, 40));
    place.add(&[("b.log", &grown), ("c.log", &more), ("d", b"no newline")], 2);
    let contents = place.contents();
    assert_eq!(contents.len(), 5);
    assert!(place.open().blocks().len() >= 4);
    (place, contents)
}

pub(super) fn recovered(place: &Place) -> (Recovered, BTreeMap<String, Vec<u8>>) {
    let output = place.path("recovered.lig");
    drop(std::fs::remove_file(&output));
    let path = place.archive();
    let done = recover(&OsFileSystem, &path, &output, &options(), &ReaderBuilder::new()).unwrap();
    let mut archive = Archive::open(&output).unwrap();
    let contents = contents(&mut archive).unwrap();
    assert!(archive.verify(Depth::Decoded, Subset::default()).unwrap().faults.is_empty());
    (done, contents)
}

/// Every line that came back is a line of the member, in its order; returns how many bytes are missing.
fn missing(original: &BTreeMap<String, Vec<u8>>, found: &BTreeMap<String, Vec<u8>>) -> usize {
    let mut missing = 0;
    for (name, content) in original {
        let found = found.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut lines = content.split_inclusive(|&byte| byte == b'\n');
        for line in found.split_inclusive(|&byte| byte == b'\n') {
            assert!(lines.any(|own| own == line), "{name}: a line that never was");
        }
        missing += content.len() - found.len();
    }
    for name in found.keys() {
        assert!(original.contains_key(name), "{name}: a member that never was");
    }
    missing
}

/// Reads all it can as a command does: an archive that opens and reads without an error must be right.
fn read_all(path: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    contents(&mut Archive::open(path)?)
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let (place, original) = small();
    let path = place.archive();
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() < 16 << 10, "{}", bytes.len());
    let step = if std::env::var_os("LIG_FULL").is_some() { 1 } else { 5 };
    let block_raw = 1 << 12;
    for bit in (0..bytes.len() * 8).step_by(step) {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &damaged).unwrap();
        let verified = Archive::open(&path).and_then(|mut archive| {
            let trailing = archive.trailing() != crate::archive::Trailing::None;
            let verified = archive.verify(Depth::Stored, Subset::default())?;
            Ok(trailing || !verified.faults.is_empty())
        });
        assert!(verified.unwrap_or(true), "bit {bit} went unnoticed");
        if let Ok(mut archive) = Archive::open(&path) {
            // Older, if the newest commit is hit; never wrong.
            for member in archive.members().to_vec() {
                if let Ok(found) = content(&mut archive, &member) {
                    let name = member.name.to_string();
                    assert!(original[&name].starts_with(&found), "bit {bit}: {name} is wrong");
                }
            }
        }
        if bit % 40 == 0 {
            let (_, found) = recovered(&place);
            assert!(missing(&original, &found) <= block_raw, "bit {bit} cost more than a block");
        }
    }
}

#[test]
fn every_prefix_is_a_committed_state_or_an_error() {
    let (place, original) = small();
    let path = place.archive();
    let bytes = std::fs::read(&path).unwrap();
    let mut states = std::collections::BTreeSet::new();
    for len in 0..bytes.len() {
        std::fs::write(&path, &bytes[..len]).unwrap();
        if let Ok(found) = read_all(&path) {
            states.insert(found.len());
            assert_eq!(found["a/one.log"], original["a/one.log"]);
            assert!(original["b.log"].starts_with(&found["b.log"]));
        }
    }
    assert_eq!(states.into_iter().collect::<Vec<_>>(), [3], "the state of the first commit");
}

#[test]
fn a_healthy_archive_is_recovered_whole_and_twice_the_same() {
    let (place, original) = small();
    let (done, found) = recovered(&place);
    assert_eq!(found, original);
    assert!(done.losses.is_empty() && done.unlisted == 0 && !done.structure_damaged);
    let first = std::fs::read(place.path("recovered.lig")).unwrap();
    std::fs::copy(place.path("recovered.lig"), place.archive()).unwrap();
    let (_, found) = recovered(&place);
    assert_eq!(found, original);
    assert_eq!(std::fs::read(place.path("recovered.lig")).unwrap(), first);
}

#[test]
fn a_wiped_header_index_table_or_commit_costs_no_content() {
    let (place, original) = small();
    let bytes = std::fs::read(place.archive()).unwrap();
    let mut frames = Vec::new();
    let mut store = crate::archive::store::Store::open(
        OsFileSystem.open(&place.archive()).unwrap(),
        &ReaderBuilder::new(),
    )
    .unwrap();
    let mut at = FILE_HEADER_LEN as u64;
    while at < store.len {
        let head = store.head(at).unwrap();
        let place = |at: u64| usize::try_from(at).unwrap();
        frames.push((head.fixed.kind, place(at)..place(head.end())));
        at = head.end();
    }
    let blocks =
        |kind: crate::format::frame::FrameKind| kind == crate::format::frame::FrameKind::Block;
    let structure: Vec<_> =
        frames.iter().filter(|(kind, _)| !blocks(*kind)).map(|(_, range)| range.clone()).collect();
    assert_eq!(structure.len(), 6, "index, members and commit, twice");
    // Each alone, the header with each, and all at once.
    for wiped in 0..=structure.len() {
        let mut damaged = bytes.clone();
        damaged[..FILE_HEADER_LEN].fill(0);
        assert!(FileHeader::decode(&damaged[..FILE_HEADER_LEN], 0).is_err());
        for (number, range) in structure.iter().enumerate() {
            if wiped == structure.len() || number == wiped {
                damaged[range.clone()].fill(0);
            }
        }
        std::fs::write(place.archive(), &damaged).unwrap();
        let (done, found) = recovered(&place);
        assert_eq!(missing(&original, &found), 0, "{wiped}");
        assert!(done.structure_damaged);
        assert_eq!(done.losses, []);
    }
}

#[test]
fn a_lost_block_is_reported_line_by_line() {
    let (place, original) = small();
    let bytes = std::fs::read(place.archive()).unwrap();
    let blocks: Vec<_> = place.open().blocks().collect();
    for block in &blocks {
        let mut damaged = bytes.clone();
        let at = usize::try_from(block.offset + block.stored_bytes / 2).unwrap();
        damaged[at] ^= 0x10;
        std::fs::write(place.archive(), &damaged).unwrap();
        let (done, found) = recovered(&place);
        let lost: u64 = done.losses.iter().map(|loss| loss.bytes).sum();
        assert_eq!(missing(&original, &found) as u64, lost);
        assert!(lost > 0 && lost <= block.raw_bytes);
        for MemberLoss { name, first_line, lines, first_byte, bytes } in &done.losses {
            let content = &original[&name.to_string()];
            let start = usize::try_from(*first_byte).unwrap();
            let end = start + usize::try_from(*bytes).unwrap();
            let count = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count() as u64;
            assert_eq!(count(&content[..start]) + 1, *first_line);
            assert_eq!(count(&content[start..end]), *lines);
        }
        let listed: Vec<_> = done.losses.iter().map(|loss| loss.name.clone()).collect();
        for member in Archive::open(place.path("recovered.lig")).unwrap().members() {
            assert_eq!(member.incomplete, listed.contains(&member.name));
        }
    }
}

#[test]
fn bytes_put_in_or_taken_out_cost_the_blocks_they_hit() {
    let (place, original) = small();
    let bytes = std::fs::read(place.archive()).unwrap();
    for at in (FILE_HEADER_LEN..bytes.len()).step_by(97) {
        let inserted = [&bytes[..at], b"garbage", &bytes[at..]].concat();
        let removed = [&bytes[..at], &bytes[(at + 5).min(bytes.len())..]].concat();
        // What is taken out may be the end of one block and the start of the next.
        for (damaged, blocks) in [(inserted, 1), (removed, 2)] {
            std::fs::write(place.archive(), &damaged).unwrap();
            let (_, found) = recovered(&place);
            assert!(missing(&original, &found) <= blocks << 12, "at {at}");
        }
    }
}

#[test]
fn noise_is_refused() {
    let place = Place::new();
    let mut state = 1u64;
    let noise: Vec<u8> = (0..1 << 20)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_le_bytes()[7]
        })
        .collect();
    std::fs::write(place.archive(), &noise).unwrap();
    assert!(Archive::open(place.archive()).is_err());
    let output = place.path("out.lig");
    let path = place.archive();
    assert!(recover(&OsFileSystem, &path, &output, &options(), &ReaderBuilder::new()).is_err());
    assert!(!output.exists());
}

/// Gives a frame a payload that its checksums confirm.
fn reseal(bytes: &mut [u8], at: usize) {
    let header_len = usize::from(u16::from_le_bytes([bytes[at + 6], bytes[at + 7]]));
    let len: [u8; 4] = bytes[at + 16..at + 20].try_into().unwrap();
    let payload = at + header_len..at + header_len + u32::from_le_bytes(len) as usize;
    let check = crate::wire::checksum::payload(&bytes[payload]).to_le_bytes();
    bytes[at + 20..at + 28].copy_from_slice(&check);
    let end = at + header_len - 4;
    let check = crate::wire::checksum::header(&bytes[at..end]).to_le_bytes();
    bytes[end..end + 4].copy_from_slice(&check);
}

#[test]
fn tables_that_lie_under_good_checksums_end_in_an_error() {
    let (place, original) = small();
    let bytes = std::fs::read(place.archive()).unwrap();
    let mut frames = Vec::new();
    let mut at = FILE_HEADER_LEN;
    while at < bytes.len() {
        let header_len = usize::from(u16::from_le_bytes([bytes[at + 6], bytes[at + 7]]));
        let len: [u8; 4] = bytes[at + 16..at + 20].try_into().unwrap();
        let end = at + header_len + u32::from_le_bytes(len) as usize;
        frames.push((bytes[at + 4], at, end));
        at = end + if bytes[at + 4] == 5 { 12 } else { 0 };
    }
    for &(kind, at, end) in frames.iter().filter(|frame| frame.0 != 1) {
        for place_in in at + 32 - 4..end {
            for byte in [0, 1, 0x7f, 0x80, 0xff, bytes[place_in] ^ 0x10] {
                let mut damaged = bytes.clone();
                damaged[place_in] = byte;
                reseal(&mut damaged, at);
                std::fs::write(place.archive(), &damaged).unwrap();
                let Ok(mut archive) = Archive::open(place.archive()) else { continue };
                let verified = archive.verify(Depth::Decoded, Subset::default());
                // A lie that is found out only by the content, such as a name, is allowed; a wrong content is not.
                for member in archive.members().to_vec() {
                    let Ok(found) = content(&mut archive, &member) else { continue };
                    let known = original.values().any(|own| own.starts_with(&found));
                    let noticed = verified.as_ref().map_or(true, |done| !done.faults.is_empty());
                    assert!(known || noticed, "kind {kind}, byte {place_in}");
                }
            }
        }
    }
}
