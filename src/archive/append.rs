//! Adding to an archive.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use crate::archive::change::{Change, ChangeKind, Finder};
use crate::archive::content_hash::ContentHash;
use crate::archive::new_file::{NewFile, Over, lock};
use crate::archive::open::{Archive, is_live};
use crate::archive::pack::{Packer, Start, count_live};
use crate::error::{Error, ErrorKind, Result};
use crate::format::members::{Container, Member, MemberState};
use crate::name::{Name, NameId};
use crate::reader::ReaderBuilder;
use crate::vfs::{FileInfo, FileSystem};
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
        let (created, file) = NewFile::create(system, path, over)?;
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

    /// Goes on with an archive, and codes as it was begun: model file and predictor, if `options` have one, must be the same.
    /// Fails with [`ErrorKind::Locked`] while another process appends.
    pub fn open(
        system: &dyn FileSystem,
        path: &Path,
        options: &WriterBuilder,
        reading: &ReaderBuilder,
    ) -> Result<(Self, Archive)> {
        let file = lock(system, path)?;
        let archive = Archive::from_file(system.open(path)?, reading)?;
        let options = options.going_on(&archive.store.equipment()?)?;
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
            packer: Packer::new(file, &options, start),
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
            content.note(member);
            if is_plain {
                member.source_len = content.count();
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
            created.persist()?;
        }
        Ok(Committed { stored_bytes, members: commit.members, root: commit.root })
    }
}
