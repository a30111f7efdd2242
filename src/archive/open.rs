//! An archive as its newest commit shows it.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use crate::archive::block_decoder::{BlockDecoder, read_block};
use crate::archive::member_reader::Part;
use crate::archive::rows::BlockRows;
use crate::archive::store::Store;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::BlockHeader;
use crate::format::archive_commit::ArchiveCommit;
use crate::format::frame::{self, FrameKind};
use crate::format::index::{IndexEntry, IndexSegment};
use crate::format::members::{Extent, Member, MemberState, MemberTable};
use crate::limits::{self, Limits};
use crate::reader::ReaderBuilder;
use crate::vfs::{FileSystem, OsFileSystem, ReadFile};

/// Decoded blocks that are kept: members that lie side by side share one.
const CACHE_BYTES_MAX: usize = 128 << 20;

/// A directory of logs in one file, open for reading.
///
/// Blocks may be coded with model files or predictors. Whoever lacks one can list the archive, and is told when a block is
/// to be decoded. The archive is read as of the newest commit that was whole when it was opened. Nothing is locked: others may append meanwhile.
#[derive(Debug)]
pub struct Archive {
    pub(crate) store: Store,
    pub(crate) commit: ArchiveCommit,
    pub(crate) commit_end: u64,
    pub(crate) index: Vec<IndexEntry>,
    /// All members, by their numbers.
    pub(crate) table: BTreeMap<u64, Member>,
    /// Tables since the last one that had all members, that one included, and members named in the others.
    pub(crate) tables: u64,
    pub(crate) table_changes: u64,
    /// Those that are not removed, by name.
    members: Vec<Member>,
    trailing: Trailing,
    pub(crate) decoder: BlockDecoder,
    cache: VecDeque<(u64, Arc<Vec<u8>>)>,
    /// The lines of the block that was last asked for them.
    pub(crate) rows: Option<(u64, Arc<BlockRows>)>,
}

/// What lies behind the newest commit.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trailing {
    /// Nothing.
    None,
    /// The start of another commit: it is being written, or its writer was interrupted. It is not looked at.
    Unfinished {
        /// Its bytes.
        bytes: u64,
    },
    /// Something else: a commit that is damaged, or foreign bytes.
    Damaged {
        /// Its bytes.
        bytes: u64,
    },
}

/// A block of an archive.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveBlock {
    /// Place of its header in the file.
    pub offset: u64,
    /// Bytes of header and payload.
    pub stored_bytes: u64,
    /// Bytes it decodes to.
    pub raw_bytes: u64,
    /// Line terminators in it, those between members included.
    pub lines: u64,
    /// Its templates.
    pub templates: u64,
    /// First and last printed time in it, in nanoseconds since 1970 without regard to zone.
    pub time_range: Option<(i64, i64)>,
}

impl Archive {
    /// Opens an archive with default limits and the built-in models.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_in(&OsFileSystem, path.as_ref(), &ReaderBuilder::new())
    }

    /// Opens an archive in a file system; allocates no more than the limits of `reading` allow, and knows its models.
    pub fn open_in(system: &dyn FileSystem, path: &Path, reading: &ReaderBuilder) -> Result<Self> {
        Self::from_file(system.open(path)?, reading)
    }

    /// Opens an archive in a file that is open already.
    pub fn from_file(file: Box<dyn ReadFile>, reading: &ReaderBuilder) -> Result<Self> {
        let mut store = Store::open(file, reading)?;
        let Some((commit, commit_end)) = store.newest_commit()? else {
            let offset = store.len;
            let rule = "an archive has a commit (lig recover reads one without)";
            return Err(Error::corrupt(Section::Commit, offset, rule));
        };
        let index = read_index(&mut store, &commit)?;
        let mut archive = Self {
            trailing: trailing(&mut store, commit_end)?,
            decoder: BlockDecoder::new(reading.allowed()),
            store,
            commit,
            commit_end,
            index,
            table: BTreeMap::new(),
            tables: 0,
            table_changes: 0,
            members: Vec::new(),
            cache: VecDeque::new(),
            rows: None,
        };
        archive.read_members()?;
        Ok(archive)
    }

    /// The members that are not removed: by name, and those of one name from the newest to the oldest. Those that are not
    /// [`Live`](MemberState::Live) are older files of a name that another file has now.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The blocks, by their numbers.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = ArchiveBlock> + '_ {
        self.index.iter().map(|entry| ArchiveBlock {
            offset: entry.offset,
            stored_bytes: entry.stored_len,
            raw_bytes: entry.raw_len.into(),
            lines: entry.lines.into(),
            templates: entry.stats.templates.into(),
            time_range: entry.stats.times.map(|times| (times.least, times.greatest)),
        })
    }

    /// The number of its commits.
    pub fn commits(&self) -> u64 {
        self.commit.number + 1
    }

    /// The level it was begun at.
    pub fn level(&self) -> u8 {
        self.store.level
    }

    /// BLAKE3 over all there is to say about the content: who has signed it has signed every member.
    pub fn root(&self) -> [u8; 32] {
        self.commit.root
    }

    /// What lies behind the newest commit.
    pub fn trailing(&self) -> Trailing {
        self.trailing
    }

    /// Bytes of the file up to the end of the newest commit.
    pub fn stored_bytes(&self) -> u64 {
        self.commit_end
    }

    /// The raw bytes of a block, verified. Those of [`Extent`]s are in them.
    pub fn block(&mut self, number: u64) -> Result<Arc<Vec<u8>>> {
        if let Some(at) = self.cache.iter().position(|&(cached, _)| cached == number)
            && let Some(found) = self.cache.remove(at)
        {
            let raw = Arc::clone(&found.1);
            self.cache.push_back(found);
            return Ok(raw);
        }
        let (offset, header, payload) = self.stored(number)?;
        let mut raw = Vec::new();
        self.decoder.decode(&self.store, &header, &payload, offset, &mut raw)?;
        let raw = Arc::new(raw);
        self.cache.push_back((number, Arc::clone(&raw)));
        let mut total: usize = self.cache.iter().map(|(_, raw)| raw.len()).sum();
        while total > CACHE_BYTES_MAX && self.cache.len() > 1 {
            total -= self.cache.pop_front().map_or(0, |(_, raw)| raw.len());
        }
        Ok(raw)
    }

    /// Where a block lies, its header, and its payload, verified.
    pub(crate) fn stored(&mut self, number: u64) -> Result<(u64, BlockHeader, Vec<u8>)> {
        let entry = usize::try_from(number).ok().and_then(|number| self.index.get(number));
        let offset = entry.ok_or_else(|| no_block(number))?.offset;
        let (header, payload) = read_block(&mut self.store, offset)?;
        if header.sequence != number {
            let rule = "the index names blocks by their numbers";
            return Err(Error::corrupt(Section::Index, offset, rule));
        }
        Ok((offset, header, payload))
    }

    fn read_members(&mut self) -> Result<()> {
        let mut tables = Vec::new();
        let mut at = self.commit.last_members;
        let mut room = self.store.limits.members_max;
        while at != 0 {
            let payload = self.store.frame(at, FrameKind::Members)?;
            let limits = &self.store.limits;
            let decompressor = &mut self.decoder.decompressor;
            let table = MemberTable::decode(&payload, at, limits, decompressor)?;
            if table.previous >= at {
                let rule = "a member table lies behind the one it goes on from";
                return Err(Error::corrupt(Section::Members, at, rule));
            }
            let named = table.entries.len() as u64;
            room = room.checked_sub(named).ok_or_else(|| too_many(&self.store.limits))?;
            at = table.previous;
            if at != 0 {
                self.table_changes += named;
            }
            tables.push(table);
        }
        self.tables = tables.len() as u64;
        for table in tables.into_iter().rev() {
            self.table.extend(table.entries.into_iter().map(|entry| (entry.id, entry)));
        }
        for entry in self.table.values() {
            self.check_extents(entry)?;
        }
        self.sort_members();
        if self.members.iter().filter(|member| is_live(member)).count() as u64
            == self.commit.members
        {
            return Ok(());
        }
        let rule = "a commit states its members";
        Err(Error::corrupt(Section::Commit, self.commit.offset, rule))
    }

    fn sort_members(&mut self) {
        let kept = self.table.values().filter(|member| member.state != MemberState::Removed);
        self.members = kept.cloned().collect();
        self.members.sort_by(|a, b| {
            let newest_first = (is_live(b), b.id).cmp(&(is_live(a), a.id));
            a.name.cmp(&b.name).then(newest_first)
        });
    }

    fn check_extents(&self, entry: &Member) -> Result<()> {
        for extent in &entry.extents {
            let block = usize::try_from(extent.block).ok().and_then(|at| self.index.get(at));
            let end = extent.offset.checked_add(extent.len);
            if block.is_none_or(|block| end.is_none_or(|end| end > block.raw_len)) {
                let rule = "extents lie in the archive's blocks";
                return Err(Error::corrupt(Section::Members, self.commit.last_members, rule));
            }
        }
        Ok(())
    }

    /// The bytes of a part of a member.
    pub(crate) fn extent(&mut self, extent: Extent) -> Result<Part> {
        let raw = self.block(extent.block)?;
        Ok(Part { raw, start: extent.offset as usize, len: extent.len as usize })
    }
}

pub(crate) fn is_live(member: &Member) -> bool {
    member.state == MemberState::Live
}

fn read_index(store: &mut Store, commit: &ArchiveCommit) -> Result<Vec<IndexEntry>> {
    // A block takes more than this, so a count alone allocates nothing that the file does not hold.
    let blocks = limits::check("blocks", commit.blocks, store.len / 32)?;
    let mut segments = Vec::new();
    let (mut at, mut named) = (commit.last_index, 0);
    while at != 0 && named <= blocks {
        let segment = IndexSegment::decode(&store.frame(at, FrameKind::Index)?, at)?;
        if segment.previous >= at {
            let rule = "an index segment lies behind the one it goes on from";
            return Err(Error::corrupt(Section::Index, at, rule));
        }
        named += segment.entries.len();
        at = segment.previous;
        segments.push(segment);
    }
    if named != blocks {
        let rule = "a commit states its blocks";
        return Err(Error::corrupt(Section::Commit, commit.offset, rule));
    }
    Ok(segments.into_iter().rev().flat_map(|segment| segment.entries).collect())
}

/// Looks at headers behind the newest commit.
fn trailing(store: &mut Store, commit_end: u64) -> Result<Trailing> {
    let bytes = store.len - commit_end;
    let mut at = commit_end;
    while at < store.len {
        let head = match store.head(at) {
            Ok(head) => head,
            Err(err) if err.is_io() => return Err(err),
            Err(err) if matches!(err.kind(), ErrorKind::Truncated { .. }) => {
                // What is too short for a frame must at least begin as one.
                let len = frame::MAGIC.len() as u64;
                let start = store.bytes(at, len.min(store.len - at))?;
                if frame::MAGIC.starts_with(&start) {
                    break;
                }
                return Ok(Trailing::Damaged { bytes });
            }
            Err(_) => return Ok(Trailing::Damaged { bytes }),
        };
        if head.fixed.kind == FrameKind::ArchiveCommit && head.end() <= store.len {
            return Ok(Trailing::Damaged { bytes });
        }
        at = head.end();
    }
    Ok(if bytes == 0 { Trailing::None } else { Trailing::Unfinished { bytes } })
}

#[cold]
fn no_block(number: u64) -> Error {
    Error::new(ErrorKind::InvalidArgument { what: format!("block {number} does not exist") })
}

#[cold]
fn too_many(limits: &Limits) -> Error {
    let allowed = limits.members_max;
    let requested = allowed.saturating_add(1);
    Error::new(ErrorKind::LimitExceeded { limit: "members", requested, allowed })
}
