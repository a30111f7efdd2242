//! Adding to an archive.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::archive::change::{Change, ChangeKind, Finder};
use crate::archive::open::{Archive, is_live};
use crate::archive::pack::{Packer, Start, count_live};
use crate::error::{Error, ErrorKind, Result};
use crate::format::members::{Container, HEAD_LEN, Member, MemberState};
use crate::limits::Limits;
use crate::name::{Name, NameId};
use crate::vfs::{Directory, FileInfo, FileSystem, WriteFile};
use crate::wire::checksum;
use crate::writer::WriterBuilder;

/// Bytes read at a time.
const READ_BYTES: usize = 512 << 10;

/// Gives the content of a source, from its start; asked for more than once.
pub type Content<'a> = Box<dyn Fn() -> io::Result<Box<dyn Read + 'a>> + 'a>;

/// A file or directory that is to be in the archive.
#[non_exhaustive]
pub struct Source<'a> {
    /// Its name.
    pub name: Name,
    /// Its permissions.
    pub mode: u32,
    /// Time of its last change, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Bytes of the file.
    pub source_len: u64,
    /// What the file is compressed with; `content` gives what it decodes to.
    pub container: Container,
    /// Its content; `None` for a directory.
    pub content: Option<Content<'a>>,
}

impl<'a> Source<'a> {
    /// A file, not compressed, with the usual permissions.
    pub fn file(name: impl AsRef<[u8]>, content: Content<'a>) -> Self {
        let (name, content) = (Name::from(name.as_ref()), Some(content));
        let container = Container::None;
        Self { name, mode: 0o644, mtime_ns: 0, source_len: 0, container, content }
    }

    /// A directory with the usual permissions.
    pub fn dir(name: impl AsRef<[u8]>) -> Self {
        let (name, content) = (Name::from(name.as_ref()), None);
        let container = Container::None;
        Self { name, mode: 0o755, mtime_ns: 0, source_len: 0, container, content }
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What came of a source.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Bytes of content that were taken in.
    pub bytes: u64,
}

/// What a commit holds.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Bytes of the archive.
    pub stored_bytes: u64,
    /// Members that count.
    pub members: u64,
    /// What identifies everything in it.
    pub root: [u8; 32],
}

/// Adds to an archive, or makes one. Holds its lock.
///
/// [`commit`](Self::commit) must be called: what was added before is nothing to any reader without it. A new archive has
/// its name only from then on.
#[derive(Debug)]
pub struct Appender {
    packer: Packer,
    pub(crate) table: BTreeMap<u64, Member>,
    /// The members of the table that have a name: one, if all is well.
    holders: BTreeMap<NameId, Vec<u64>>,
    next_id: u64,
    /// The changed state of members that were there before.
    changed: BTreeMap<u64, Member>,
    created: Option<NewFile>,
    buffer: Vec<u8>,
}

/// A file that has its name only once it is whole. Removed when dropped before that.
#[derive(Debug)]
struct NewFile {
    dir: Box<dyn Directory>,
    temporary: OsString,
    target: OsString,
    over: Over,
    named: bool,
}

/// What a new file may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    Nothing,
    Anything,
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.named {
            // The error that led here is the one to report.
            drop(self.dir.unlink(&self.temporary));
        }
    }
}

impl Appender {
    /// Begins a new archive under a name that is free.
    pub fn create(system: &dyn FileSystem, path: &Path, options: &WriterBuilder) -> Result<Self> {
        Self::create_over(system, path, options, Over::Nothing)
    }

    pub(crate) fn create_over(
        system: &dyn FileSystem,
        path: &Path,
        options: &WriterBuilder,
        over: Over,
    ) -> Result<Self> {
        let target = path
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?
            .to_owned();
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let dir = system.open_dir(parent.unwrap_or_else(|| Path::new(".")))?;
        if over == Over::Nothing && dir.info(&target).is_ok() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
        }
        let mut attempt = 0;
        let (file, temporary) = loop {
            let mut name = OsString::from(".");
            name.push(&target);
            name.push(format!(".{}-{attempt}.tmp", std::process::id()));
            match dir.create_new(&name) {
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {
                    attempt += 1;
                }
                Err(err) => return Err(err.into()),
                Ok(file) => break (file, name),
            }
        };
        let created = NewFile { dir, temporary, target, over, named: false };
        Ok(Self {
            packer: Packer::new(file, options, Start::default()),
            table: BTreeMap::new(),
            holders: BTreeMap::new(),
            next_id: 0,
            changed: BTreeMap::new(),
            created: Some(created),
            buffer: vec![0; READ_BYTES],
        })
    }

    /// Goes on with an archive. Fails with [`ErrorKind::Locked`] while another process does.
    pub fn open(
        system: &dyn FileSystem,
        path: &Path,
        options: &WriterBuilder,
        limits: &Limits,
    ) -> Result<(Self, Archive)> {
        let file = lock(system, path)?;
        let archive = Archive::from_file(system.open(path)?, limits)?;
        let start = Start {
            stream_id: Some(archive.store.stream_id),
            offset: archive.store.len,
            commit: Some(archive.commit.clone()),
            table_len: archive.table.len() as u64,
            tables: archive.tables,
            table_changes: archive.table_changes,
        };
        let mut holders: BTreeMap<NameId, Vec<u64>> = BTreeMap::new();
        for member in archive.table.values().filter(|member| is_live(member)) {
            holders.entry(*member.name.id()).or_default().push(member.id);
        }
        let appender = Self {
            packer: Packer::new(file, options, start),
            holders,
            next_id: archive.table.keys().next_back().map_or(0, |last| last + 1),
            table: archive.table.clone(),
            changed: BTreeMap::new(),
            created: None,
            buffer: vec![0; READ_BYTES],
        };
        Ok((appender, archive))
    }

    /// Bytes of the archive so far.
    pub fn stored_bytes(&self) -> u64 {
        self.packer.offset()
    }

    /// Finds out what has become of each source since the archive last saw it. `roots` are the names that were walked: a
    /// member below them that is not among the sources is gone from its name.
    ///
    /// Reads as much of a source as it takes to be sure. One that cannot be read comes with its error.
    pub fn plan(
        &self,
        sources: &[Source<'_>],
        roots: &[Name],
    ) -> Vec<std::result::Result<Change, io::Error>> {
        Finder::new(&self.table).plan(sources, roots)
    }

    /// Takes in a source as planned. The inner error says that the source could not be read: nothing of it is in the
    /// archive then, and one can go on. The outer one says that the archive could not be written.
    pub fn add(
        &mut self,
        source: &Source<'_>,
        change: &Change,
    ) -> Result<std::result::Result<Added, io::Error>> {
        if let Some(fault) = source.name.fault() {
            let what = format!("unsafe name {:?}: {fault}", source.name.to_string());
            return Err(Error::new(ErrorKind::InvalidArgument { what }));
        }
        let Some(mut member) = self.member(source, change) else {
            return Ok(Ok(Added::default()));
        };
        member.is_dir = source.content.is_none();
        let grows = matches!(change.kind, ChangeKind::New)
            || change.grows
            || member.size == 0 && !member.is_dir;
        if !grows || member.is_dir {
            self.supersede(&member.name, member.id);
            self.changed.insert(member.id, member);
            return Ok(Ok(Added::default()));
        }
        let Some(content) = &source.content else { return Ok(Ok(Added::default())) };
        let reading = match content() {
            Ok(reading) => reading,
            Err(err) => return Ok(Err(err)),
        };
        self.grow(member, reading)
    }

    /// Removes a member. Its bytes stay until the archive is compacted.
    pub fn remove(&mut self, member: u64) {
        let known = self.changed.get(&member).or_else(|| self.table.get(&member));
        if let Some(mut gone) = known.cloned() {
            gone.state = MemberState::Removed;
            self.changed.insert(member, gone);
        }
    }

    /// Gives the file of a new archive mode, owner and time of another one.
    pub(crate) fn take_over(&mut self, like: &FileInfo) -> Result<()> {
        // The time is that of the writing.
        Ok(self.packer.take_over(&FileInfo { modified: None, ..like.clone() })?)
    }

    pub(crate) fn packer(&mut self) -> &mut Packer {
        &mut self.packer
    }

    /// Begins a member of another archive under a number of its own, without content.
    pub(crate) fn begin_anew(&mut self, member: Member) -> Result<usize> {
        let (id, extents) = (self.take_id(), Vec::new());
        self.packer.begin(Member { id, extents, size: 0, lines: 0, times: None, ..member })
    }

    /// Takes in a member of another archive whose content is that of one of the new ones.
    pub(crate) fn alias(&mut self, member: Member, same: usize) {
        let (id, extents) = (self.take_id(), Vec::new());
        self.packer.alias(Member { id, extents, size: 0, lines: 0, ..member }, same);
    }

    /// The state that a source's member will have, but for content that is to be read.
    fn member(&mut self, source: &Source<'_>, change: &Change) -> Option<Member> {
        let known = change.member.and_then(|id| self.current(id));
        let mut member = match (change.kind, known) {
            (ChangeKind::Unchanged, _) => return None,
            (ChangeKind::New, _) | (_, None) => Member { id: self.take_id(), ..Member::default() },
            (ChangeKind::Copied, Some(known)) => {
                Member { id: self.take_id(), past_names: Vec::new(), ..known }
            }
            (_, Some(known)) => known,
        };
        if change.kind == ChangeKind::Renamed {
            member.past_names.push(std::mem::take(&mut member.name));
        }
        member.name = source.name.clone();
        member.state = MemberState::Live;
        (member.mode, member.mtime_ns) = (source.mode & 0o7777, source.mtime_ns);
        (member.source_len, member.container) = (source.source_len, source.container);
        Some(member)
    }

    fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    fn current(&self, id: u64) -> Option<Member> {
        self.changed.get(&id).or_else(|| self.table.get(&id)).cloned()
    }

    /// Gives up a name for another member.
    fn supersede(&mut self, name: &Name, by: u64) {
        let holds = |member: &Member| is_live(member) && member.name == *name && member.id != by;
        for id in self.holders.get(name.id()).cloned().unwrap_or_default() {
            // It may have got another name since.
            if let Some(mut member) = self.current(id).filter(holds) {
                member.state =
                    if member.is_dir { MemberState::Removed } else { MemberState::Older };
                self.changed.insert(id, member);
            }
        }
    }

    /// Reads what a member has more than the archive knows of it.
    fn grow(
        &mut self,
        member: Member,
        mut reading: impl Read,
    ) -> Result<std::result::Result<Added, io::Error>> {
        let (id, name) = (member.id, member.name.clone());
        let mut content = ContentHash::new(&member);
        let is_plain = member.container == Container::None;
        let entry = self.packer.begin(member)?;
        let mut bytes = 0;
        loop {
            let len = match reading.read(&mut self.buffer) {
                Ok(len) => len,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                Err(err) => {
                    self.packer.abandon();
                    return Ok(Err(err));
                }
            };
            let piece = self.buffer.get(..len).unwrap_or_default();
            let Some(new) = content.update(piece) else {
                self.packer.abandon();
                return Ok(Err(io::Error::other("changed while it was read")));
            };
            if piece.is_empty() {
                break;
            }
            if bytes == 0 && !new.is_empty() && content.known_ends_inside() {
                self.packer.starts_inside();
            }
            self.packer.write(new)?;
            bytes += new.len() as u64;
        }
        if let Some(member) = self.packer.entries.get_mut(entry) {
            member.hash = *content.hasher.finalize().as_bytes();
            member.head = checksum::section(&content.head);
            if is_plain {
                member.source_len = content.hasher.count();
            }
        }
        self.changed.remove(&id);
        self.supersede(&name, id);
        Ok(Ok(Added { bytes }))
    }

    /// Makes everything added so far part of the archive, on disk.
    pub fn commit(mut self) -> Result<Committed> {
        self.packer.entries.extend(std::mem::take(&mut self.changed).into_values());
        let table = &self.table;
        let not_in = |entries: &[Member]| -> Vec<u64> {
            let changed: std::collections::BTreeSet<u64> =
                entries.iter().map(|entry| entry.id).collect();
            table.keys().filter(|id| !changed.contains(id)).copied().collect()
        };
        let live = |entries: &[Member]| {
            let rest = not_in(entries);
            count_live(entries) + count_live(rest.iter().filter_map(|id| table.get(id)))
        };
        let all = |entries: &mut Vec<Member>| {
            let rest = not_in(entries);
            entries.extend(rest.iter().filter_map(|id| table.get(id)).cloned());
        };
        let (commit, stored_bytes) = self.packer.commit(live, all)?;
        if let Some(created) = &mut self.created {
            let (from, to) = (&created.temporary, &created.target);
            match created.over {
                Over::Nothing => created.dir.rename_new(from, to)?,
                Over::Anything => created.dir.rename(from, to)?,
            }
            created.named = true;
            created.dir.sync()?;
        }
        Ok(Committed { stored_bytes, members: commit.members, root: commit.root })
    }
}

/// What identifies a content, found out while it is read; and where the part begins that the archive has not.
#[derive(Debug)]
struct ContentHash {
    hasher: blake3::Hasher,
    head: Vec<u8>,
    /// Bytes to come that the archive knows, and their hash.
    known: u64,
    known_hash: [u8; 32],
    /// The last byte of what is known.
    last_known: Option<u8>,
}

impl ContentHash {
    fn new(member: &Member) -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            head: Vec::with_capacity(HEAD_LEN),
            known: member.size,
            known_hash: member.hash,
            last_known: None,
        }
    }

    /// Whether what is known ends inside a line.
    fn known_ends_inside(&self) -> bool {
        self.last_known.is_some_and(|last| last != b'\n')
    }

    /// Takes a piece in; nothing stands for the end. Returns what is new in it, or `None` if what was known is not there
    /// any more.
    fn update<'p>(&mut self, piece: &'p [u8]) -> Option<&'p [u8]> {
        if piece.is_empty() && self.known > 0 {
            return None;
        }
        let missing = HEAD_LEN - self.head.len();
        self.head.extend(piece.iter().take(missing));
        let skipped =
            usize::try_from(self.known).map_or(piece.len(), |known| known.min(piece.len()));
        let (old, new) = piece.split_at(skipped);
        self.hasher.update(old);
        self.known -= skipped as u64;
        self.last_known = old.last().copied().or(self.last_known);
        if skipped > 0 && self.known == 0 && self.hasher.finalize() != self.known_hash {
            return None;
        }
        self.hasher.update(new);
        Some(new)
    }
}

/// Opens an archive for writing behind its end, and takes its lock.
pub(crate) fn lock(system: &dyn FileSystem, path: &Path) -> Result<Box<dyn WriteFile>> {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        let mut file = system.append(path)?;
        file.lock().map_err(|err| match err.kind() {
            io::ErrorKind::WouldBlock => Error::new(ErrorKind::Locked),
            _ => err.into(),
        })?;
        // Another process may have put a new file in its place before it gave the lock up.
        let (own, named) = (file.info()?, system.info(path)?);
        if own.identity.is_none() || own.is_same_file(&named) {
            return Ok(file);
        }
    }
    let what = format!("{} is being replaced all the time", PathBuf::from(path).display());
    Err(Error::new(ErrorKind::InvalidArgument { what }))
}
