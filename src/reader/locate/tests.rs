use std::io::{Cursor, Read, Seek, SeekFrom, Write};

use super::*;
use crate::reader::IndexedReader;
use crate::{Severity, WriterBuilder};

fn log(lines: u32, minute: u32) -> Vec<u8> {
    let line = |i: u32| {
        let level = ["INFO", "WARN", "ERROR"][(i % 7 % 3) as usize];
        format!("1970-01-01 00:{minute:02}:{:02} {level} job[{}]: {}\n", i % 60, i % 9, i * 7919)
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

fn compress(raw: &[u8]) -> Vec<u8> {
    let mut builder = WriterBuilder::new();
    builder.block_bytes(1 << 12).unwrap();
    let mut wtr = builder.from_writer(Vec::new());
    wtr.write_all(raw).unwrap();
    wtr.finish().unwrap().0
}

/// The file with another index and commit, all checksums right.
fn forge(file: &[u8], edit: impl FnOnce(&mut IndexSegment, &mut Commit)) -> Vec<u8> {
    let mut rdr = Cursor::new(file);
    let limits = Limits::default();
    let mut open = File { rdr: &mut rdr, limits: &limits };
    let tail_at = (file.len() - TAIL_LEN) as u64;
    let at = tail_at - u64::from(index::commit_len(&file[file.len() - TAIL_LEN..]).unwrap());
    let (id, payload) = open.frame(at, FrameKind::Commit).unwrap();
    let mut commit = Commit::decode(&payload, at).unwrap();
    let (_, payload) = open.frame(commit.last_index, FrameKind::Index).unwrap();
    let mut segment = IndexSegment::decode(&payload, 0).unwrap();
    let mut forged = file[..usize::try_from(commit.last_index).unwrap()].to_vec();
    edit(&mut segment, &mut commit);
    let mut payload = Vec::new();
    // Offsets are written as differences; where they run backwards the difference wraps.
    segment.encode(&mut payload);
    frame::encode(FrameKind::Index, id, &[], &payload, &mut forged).unwrap();
    commit.offset = forged.len() as u64;
    payload.clear();
    commit.encode(&mut payload);
    let before = forged.len();
    frame::encode(FrameKind::Commit, id, &[], &payload, &mut forged).unwrap();
    let len = u32::try_from(forged.len() - before).unwrap();
    forged.extend_from_slice(&index::tail(len));
    forged
}

/// What each block reads as; `None` where it is an error.
fn blocks(file: &[u8], use_index: UseIndex) -> Result<Vec<Option<Vec<u8>>>> {
    let mut reader = IndexedReader::with_index(Cursor::new(file), Limits::default(), use_index)?;
    Ok((0..reader.blocks().len())
        .map(|index| {
            let mut raw = Vec::new();
            reader.read_block(index, &mut raw).ok().map(|()| raw)
        })
        .collect())
}

fn is_indexed(file: &[u8]) -> bool {
    let reader = IndexedReader::open(Cursor::new(file)).unwrap();
    reader.streams().iter().all(|stream| stream.indexed)
}

#[test]
fn index_and_headers_tell_the_same() {
    let (a, b) = (log(400, 1), log(300, 2));
    let (x, y) = (compress(&a), compress(&b));
    for file in
        [x.clone(), [&x[..], &y, &x].concat(), compress(b""), [&compress(b"")[..], &y].concat()]
    {
        let by_index = IndexedReader::open(Cursor::new(&file)).unwrap();
        let never = UseIndex::Never;
        let by_headers =
            IndexedReader::with_index(Cursor::new(&file), Limits::default(), never).unwrap();
        assert!(is_indexed(&file));
        assert_eq!(by_index.blocks(), by_headers.blocks());
        for (one, other) in by_index.streams().iter().zip(by_headers.streams()) {
            assert_eq!(*one, StreamInfo { indexed: true, ..other.clone() });
        }
        assert_eq!(blocks(&file, UseIndex::IfWhole).unwrap(), blocks(&file, never).unwrap());
    }
    let reader = IndexedReader::open(Cursor::new(&x)).unwrap();
    let (least, greatest) = reader.blocks()[0].time_range().unwrap();
    assert_eq!((least, greatest), (60_000_000_000, 119_000_000_000));
    let errors: u64 =
        reader.blocks().iter().map(|b| b.lines_of(Some(Severity::Error)).unwrap()).sum();
    let expected = memchr::memmem::find_iter(&a, " ERROR ").count();
    assert_eq!(errors, expected as u64);
}

/// Counts what is read.
struct Counting<'a>(Cursor<&'a [u8]>, &'a std::cell::Cell<(u64, u64)>);

impl Read for Counting<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.0.read(buf)?;
        let (reads, bytes) = self.1.get();
        self.1.set((reads + u64::from(len > 0), bytes + len as u64));
        Ok(len)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn opening_by_the_index_takes_a_few_reads() {
    let file = compress(&log(3000, 1));
    let read = std::cell::Cell::new((0, 0));
    let reader = IndexedReader::open(Counting(Cursor::new(&file), &read)).unwrap();
    assert!(reader.blocks().len() > 30);
    let (reads, bytes) = read.get();
    assert!(reads <= 16 && bytes < file.len() as u64 / 5, "{reads} reads of {bytes} bytes");
}

#[test]
fn a_damaged_index_is_not_used() {
    let raw = log(400, 1);
    let file = compress(&raw);
    let expected = blocks(&file, UseIndex::Never).unwrap();
    let reader = IndexedReader::open(Cursor::new(&file)).unwrap();
    let last = reader.blocks().last().unwrap();
    let index_at = usize::try_from(last.offset + last.stored_bytes).unwrap();
    for at in index_at..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        // Headers behind the blocks may be damaged too: then it is an error, and never another answer.
        if let Ok(found) = blocks(&damaged, UseIndex::IfWhole) {
            assert_eq!(found, expected, "byte {at}");
        }
    }
    for cut in index_at..file.len() {
        assert!(!is_indexed(&file[..cut]));
        assert_eq!(blocks(&file[..cut], UseIndex::IfWhole).unwrap(), expected, "cut {cut}");
    }
}

#[test]
fn an_index_that_contradicts_its_commit_is_not_used() {
    let file = compress(&log(400, 1));
    let expected = blocks(&file, UseIndex::Never).unwrap();
    let edits: [fn(&mut IndexSegment, &mut Commit); 9] = [
        |segment, _| segment.entries.truncate(1),
        |segment, _| segment.entries.rotate_left(1),
        |segment, _| segment.entries.push(IndexEntry::default()),
        |segment, _| segment.entries.swap(0, 1),
        |segment, _| segment.entries[1].raw_len += 1,
        |segment, _| segment.entries[1].lines = 0,
        |segment, commit| segment.previous = commit.last_index,
        |segment, _| segment.previous = 40,
        |_, commit| commit.blocks += 1,
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let forged = forge(&file, edit);
        assert!(!is_indexed(&forged), "edit {number}");
        assert_eq!(blocks(&forged, UseIndex::IfWhole).unwrap(), expected, "edit {number}");
    }
}

#[test]
fn an_index_that_contradicts_a_header_is_an_error_at_that_block() {
    let file = compress(&log(400, 1));
    let expected = blocks(&file, UseIndex::Never).unwrap();
    let edits: [fn(&mut IndexSegment); 6] = [
        |segment| segment.entries[1].stats.templates += 1,
        |segment| segment.entries[1].stats.times = None,
        |segment| segment.entries[1].stats.severities = None,
        |segment| segment.entries[1].starts_inside = true,
        |segment| {
            segment.entries[1].offset += 1;
            segment.entries[1].stored_len -= 1;
        },
        |segment| segment.entries[1].stored_len -= 1,
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let forged = forge(&file, |segment, _| edit(segment));
        let found = blocks(&forged, UseIndex::IfWhole).unwrap();
        assert_eq!(found.len(), expected.len());
        for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!(if index == 1 { found.is_none() } else { found == expected }, "edit {number}");
        }
        assert_eq!(blocks(&forged, UseIndex::Never).unwrap(), expected);
    }
    // Lines moved from one block to another, with the sum kept.
    let forged = forge(&file, |segment, _| {
        segment.entries[0].lines -= 1;
        segment.entries[1].lines += 1;
    });
    let found = blocks(&forged, UseIndex::IfWhole).unwrap();
    assert!(found[0].is_none() && found[1].is_none());
    assert_eq!(found[2..], expected[2..]);
}

/// The file with another commit, all checksums right.
fn recommit(file: &[u8], edit: impl FnOnce(&mut Commit)) -> Vec<u8> {
    let mut open = File { rdr: &mut Cursor::new(file), limits: &Limits::default() };
    let len = index::commit_len(&file[file.len() - TAIL_LEN..]).unwrap();
    let at = file.len() - TAIL_LEN - len as usize;
    let (id, payload) = open.frame(at as u64, FrameKind::Commit).unwrap();
    let mut commit = Commit::decode(&payload, 0).unwrap();
    edit(&mut commit);
    let (mut forged, mut payload) = (file[..at].to_vec(), Vec::new());
    commit.encode(&mut payload);
    frame::encode(FrameKind::Commit, id, &[], &payload, &mut forged).unwrap();
    let len = u32::try_from(forged.len() - at).unwrap();
    forged.extend_from_slice(&index::tail(len));
    forged
}

#[test]
fn one_block_is_found_without_an_index() {
    let (one, many) = (compress(&log(20, 1)), compress(&log(400, 2)));
    for file in [one.clone(), [&one[..], &many, &one].concat()] {
        assert!(is_indexed(&file));
        let by_headers = blocks(&file, UseIndex::Never).unwrap();
        assert_eq!(blocks(&file, UseIndex::default()).unwrap(), by_headers);
    }
    let lies: [fn(&mut Commit); 3] =
        [|commit| commit.raw_bytes += 1, |commit| commit.lines += 2, |commit| commit.blocks = 2];
    for lie in lies {
        assert!(!is_indexed(&recommit(&one, lie)));
    }
    let fewer = recommit(&many, |commit| (commit.blocks, commit.last_index) = (1, 0));
    assert!(!is_indexed(&fewer));
    assert_eq!(
        blocks(&fewer, UseIndex::default()).unwrap(),
        blocks(&many, UseIndex::Never).unwrap()
    );
}
