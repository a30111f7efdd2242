//! Tests of whole archives, in memory's reach: one file a promise.

mod append;
mod damage;
mod faults;
mod hostile;
mod models;
mod power;
mod sectors;
mod simulated;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::archive::{Appender, Archive, Change, Source};
use crate::error::Result;
use crate::format::members::{Member, MemberState};
use crate::name::Name;
use crate::reader::ReaderBuilder;
use crate::vfs::{FileSystem, OsFileSystem};
use crate::writer::WriterBuilder;

/// A directory of its own for a test, and an archive in it.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn archive(&self) -> PathBuf {
        self.path("a.lig")
    }

    fn open(&self) -> Archive {
        Archive::open(self.archive()).unwrap()
    }

    /// Takes files into the archive as one commit, with the time given to all. Returns what became of each.
    fn add(&self, files: &[(&str, &[u8])], mtime_ns: i64) -> Vec<Change> {
        add(&OsFileSystem, &self.archive(), files, mtime_ns).unwrap()
    }

    /// What every live member holds.
    fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        contents(&mut self.open()).unwrap()
    }
}

/// Small blocks, so that a few lines make several.
fn options() -> WriterBuilder {
    let mut options = WriterBuilder::new();
    options.level(1).unwrap().block_bytes(1 << 12).unwrap();
    options.threads(NonZeroUsize::new(2).unwrap());
    options
}

fn source<'a>(name: &str, content: &'a [u8], mtime_ns: i64) -> Source<'a> {
    let mut source = Source::file(name, Box::new(move || Ok(Box::new(content))));
    (source.mtime_ns, source.source_len) = (mtime_ns, content.len() as u64);
    source
}

fn add(
    system: &dyn FileSystem,
    path: &Path,
    files: &[(&str, &[u8])],
    mtime_ns: i64,
) -> Result<Vec<Change>> {
    let mut appender = if path.exists() {
        Appender::open(system, path, &options(), &ReaderBuilder::new())?.0
    } else {
        Appender::create(system, path, &options())?
    };
    let sources: Vec<Source<'_>> =
        files.iter().map(|(name, content)| source(name, content, mtime_ns)).collect();
    let planned = appender.plan(&sources, &[Name::default()]);
    let changes: Vec<Change> = planned.into_iter().map(|change| change.unwrap()).collect();
    for (source, change) in sources.iter().zip(&changes) {
        appender.add(source, change)??;
    }
    appender.commit()?;
    Ok(changes)
}

fn content(archive: &mut Archive, member: &Member) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    archive.reader(member).read_to_end(&mut content)?;
    Ok(content)
}

fn contents(archive: &mut Archive) -> Result<BTreeMap<String, Vec<u8>>> {
    let live = |member: &&Member| member.state == MemberState::Live && !member.is_dir;
    let members: Vec<Member> = archive.members().iter().filter(live).cloned().collect();
    let mut contents = BTreeMap::new();
    for member in members {
        let name = member.name.to_string();
        contents.insert(name, content(archive, &member)?);
    }
    Ok(contents)
}

/// A log of so many lines, different for each seed.
fn log(seed: usize, lines: usize) -> Vec<u8> {
    let mut log = Vec::new();
    for i in 0..lines {
        let id = (i * 7919 + seed * 104_729) % 100_003;
        writeln!(
            log,
            "2026-11-24 00:{:02}:{:02} INFO worker[{seed}]: job {id} done",
            i / 60 % 60,
            i % 60
        )
        .unwrap();
    }
    log
}
