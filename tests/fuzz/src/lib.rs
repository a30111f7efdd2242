//! What several fuzz targets need: files in memory, an archive to be damaged, and ways to damage it.

mod memory;

pub use memory::MemoryFileSystem;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use lignite::{Appender, Archive, Change, Limits, MemberState, ReaderBuilder, Source, WriterBuilder};

/// Contents of members by their names.
pub type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

/// How the archive is named in its [`MemoryFileSystem`].
pub const NAME: &str = "a.lig";

/// Small blocks at the cheapest level.
pub fn options() -> WriterBuilder {
    let mut options = WriterBuilder::new();
    options.level(1).expect("level 1 exists").block_bytes(1 << 12).expect("it is a block size");
    options.threads(std::num::NonZeroUsize::MIN);
    options
}

/// Enough for the archive of these tests, and little enough to notice what takes more.
pub fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.block_raw_bytes_max = 1 << 16;
    limits.block_stored_bytes_max = 1 << 16;
    limits.section_bytes_max = 1 << 17;
    limits.columns_bytes_max = 4 << 20;
    limits.members_max = 1 << 10;
    limits.members_bytes_max = 1 << 20;
    limits
}

/// Readers under these limits.
pub fn reading() -> ReaderBuilder {
    let mut reading = ReaderBuilder::new();
    reading.limits(limits());
    reading
}

/// Two commits, a directory, several files that share blocks, one that grew, one that lost its name.
pub fn archive() -> (Vec<u8>, Contents) {
    let system = MemoryFileSystem::default();
    let log = |seed: usize, lines: usize| -> Vec<u8> {
        let line = |i| format!("2026-11-24 00:00:{:02} INFO job {} done\n", i % 60, i * 7919 * seed % 1000);
        (0..lines).flat_map(|i| line(i).into_bytes()).collect()
    };
    let commits: [&[(&str, Vec<u8>)]; 2] = [
        &[("a/one.log", log(1, 150)), ("b.log", log(2, 30)), ("empty", Vec::new())],
        &[("b.log", log(2, 60)), ("c.log", log(3, 40)), ("d", b"no newline".to_vec())],
    ];
    for files in commits {
        let path = Path::new(NAME);
        let mut appender = match Appender::open(&system, path, &options(), &reading()) {
            Ok((appender, _)) => appender,
            Err(_) => Appender::create(&system, path, &options()).expect("the name is free"),
        };
        let mut sources = vec![Source::dir("a")];
        sources.extend(files.iter().map(|(name, content)| {
            let mut source = Source::file(name, Box::new(move || Ok(Box::new(&content[..]))));
            source.source_len = content.len() as u64;
            source
        }));
        for (source, change) in sources.iter().zip(appender.plan(&sources, &[])) {
            let change: Change = change.expect("memory can be read");
            appender.add(source, &change).expect("memory has room").expect("memory can be read");
        }
        appender.commit().expect("memory has room");
    }
    let bytes = system.read(NAME);
    let opened = Archive::open_in(&system, Path::new(NAME), &reading());
    let contents = contents(&mut opened.expect("it was written right now"));
    (bytes, contents)
}

/// What can be read of an archive: of each member, what comes before the first error.
pub fn contents(archive: &mut Archive) -> Contents {
    let mut contents = Contents::new();
    for member in archive.members().to_vec() {
        if member.state == MemberState::Live && !member.is_dir {
            let mut content = Vec::new();
            // Members may share bytes: what comes out is bounded here, not by the limits.
            let _ = archive.reader(&member).take(1 << 20).read_to_end(&mut content);
            contents.insert(member.name.to_vec(), content);
        }
    }
    contents
}

/// Changes a file: each edit is five bytes, what to do, where (three), and with which byte.
pub fn edit(file: &mut Vec<u8>, edits: &[u8]) {
    for edit in edits.chunks_exact(5).take(8) {
        let at = usize::from(edit[1]) << 16 | usize::from(edit[2]) << 8 | usize::from(edit[3]);
        let at = at % file.len().max(1);
        match edit[0] % 4 {
            0 if !file.is_empty() => file[at] ^= edit[4].max(1),
            1 => file.insert(at.min(file.len()), edit[4]),
            2 if !file.is_empty() => drop(file.drain(at..(at + 1 + usize::from(edit[4])).min(file.len()))),
            3 => file.truncate(at),
            _ => {}
        }
    }
}

/// Makes the checksums of all frames fit again that still look like one, so that what is behind them is reached.
pub fn reseal(file: &mut [u8]) {
    const MAGIC: [u8; 4] = [0x89, 0x4c, 0x47, 0x42];
    for at in 40..file.len().saturating_sub(32) {
        if file[at..at + 4] != MAGIC {
            continue;
        }
        let header_len = usize::from(u16::from_le_bytes([file[at + 6], file[at + 7]]));
        let stated: [u8; 4] = file[at + 16..at + 20].try_into().expect("four bytes");
        let payload = at + header_len..at + header_len + u32::from_le_bytes(stated) as usize;
        if header_len < 32 || payload.end > file.len() {
            continue;
        }
        let check = xxhash_rust::xxh3::xxh3_64(&file[payload]);
        file[at + 20..at + 28].copy_from_slice(&check.to_le_bytes());
        let end = at + header_len - 4;
        let check = crc32fast::hash(&file[at..end]);
        file[end..end + 4].copy_from_slice(&check.to_le_bytes());
    }
}
