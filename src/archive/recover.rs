//! Everything that can still be read, as a new archive.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::archive::append::{Appender, Committed};
use crate::archive::block_decoder::{BlockDecoder, read_block};
use crate::archive::salvage::Copy;
use crate::archive::store::{Head, Store};
use crate::archive::verify::MemberLoss;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::archive_commit::ArchiveCommit;
use crate::format::extents::BlockExtent;
use crate::format::frame::FrameKind;
use crate::format::members::{Member, MemberState, MemberTable};
use crate::format::{BlockHeader, FILE_HEADER_LEN};
use crate::reader::ReaderBuilder;
use crate::vfs::FileSystem;
use crate::wire::checksum;
use crate::writer::WriterBuilder;

/// What was recovered, and what was not.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// What the new archive holds.
    pub committed: Committed,
    /// Blocks that were read.
    pub blocks: u64,
    /// Members of which a part or all is missing.
    pub losses: Vec<MemberLoss>,
    /// Members that no table named any more; their times and permissions are from the blocks.
    pub unlisted: u64,
    /// Whether something was damaged of which nothing tells what it was: a commit, an index or a member table, which costs
    /// no content, or a block of which no table that is left knows, so that its loss is in no report.
    pub structure_damaged: bool,
}

/// Writes every intact block of an archive, however damaged it is, to a new one. Nothing is invented or reordered: a line
/// is as it was, or is missing and in the report.
///
/// Fails if not one frame is whole. `input` is only read. The new archive has the model file and the predictor of the old
/// one, unless `options` have others.
pub fn recover(
    system: &dyn FileSystem,
    input: &Path,
    output: &Path,
    options: &WriterBuilder,
    reading: &ReaderBuilder,
) -> Result<Recovered> {
    let mut scan = Scan::new(open(system, input, reading)?)?;
    let (mut members, unlisted) = scan.members()?;
    let mut recovered =
        Recovered { structure_damaged: scan.structure_damaged, unlisted, ..Recovered::default() };
    // In the order of their storage, so that a block is decoded once.
    members.sort_by_key(|(member, parts)| (parts.first().map(|part| part.at), member.id));
    let mut appender = Appender::create(
        system,
        output,
        &options.or_as(&scan.store.equipment().unwrap_or_default()),
    )?;
    for (member, parts) in members {
        scan.copy(member, &parts, &mut appender, &mut recovered.losses)?;
    }
    recovered.losses.sort_by(|a, b| (&a.name, a.first_byte).cmp(&(&b.name, b.first_byte)));
    recovered.blocks = scan.read.len() as u64;
    recovered.committed = appender.commit()?;
    Ok(recovered)
}

fn open(system: &dyn FileSystem, input: &Path, reading: &ReaderBuilder) -> Result<Store> {
    match Store::open(system.open(input)?, reading) {
        Err(err) if err.is_io() || matches!(err.kind(), ErrorKind::IsStream) => Err(err),
        Ok(store) => store.check_model().map(|()| store),
        // The header is damaged: the first frame that holds says whose they are.
        Err(_) => {
            let mut store = Store::open_damaged(system.open(input)?, reading)?;
            let mut at = 0;
            while let Some(head) = store.next_head(at, false)? {
                if store.payload(&head).is_ok() {
                    store.stream_id = head.fixed.stream_id;
                    // There may be none, or it is damaged too.
                    if let Err(err) = store.read_model()
                        && err.is_io()
                    {
                        return Err(err);
                    }
                    return store.check_model().map(|()| store);
                }
                at = head.offset + 1;
            }
            Err(no_frame())
        }
    }
}

#[cold]
fn no_frame() -> Error {
    Error::corrupt(Section::FileHeader, 0, "an archive has a frame that is whole")
}

/// A part of a member that should be in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Place of the block's frame; `None` if it is gone.
    pub(crate) at: Option<u64>,
    pub(crate) offset: u32,
    pub(crate) len: u32,
    pub(crate) lines: u32,
    pub(crate) starts_inside: bool,
}

/// A member, and where its parts should be.
type Remains = (Member, Vec<Part>);

/// What is left of an archive.
struct Scan {
    store: Store,
    decoder: BlockDecoder,
    /// Whole blocks by their numbers. Where two have one, the later one counts: the first was given up.
    blocks: BTreeMap<u64, u64>,
    table: BTreeMap<u64, Member>,
    structure_damaged: bool,
    /// Blocks that were decoded.
    read: BTreeSet<u64>,
    cached: Option<(u64, Vec<u8>)>,
}

impl Scan {
    fn new(store: Store) -> Result<Self> {
        let mut scan = Self {
            decoder: BlockDecoder::new(&store.limits),
            store,
            blocks: BTreeMap::new(),
            table: BTreeMap::new(),
            structure_damaged: false,
            read: BTreeSet::new(),
            cached: None,
        };
        scan.frames()?;
        Ok(scan)
    }

    /// Goes through all frames that are whole.
    fn frames(&mut self) -> Result<()> {
        let mut at = FILE_HEADER_LEN as u64;
        let mut found = Vec::new();
        let mut commits: Vec<ArchiveCommit> = Vec::new();
        let mut commit_ends = BTreeMap::new();
        while at < self.store.len {
            let head = match self.store.head(at) {
                Ok(head) if head.end() > self.store.len => {
                    Err(Error::truncated(Section::BlockHeader, self.store.len))
                }
                head => head,
            };
            let (payload, head) = match head.and_then(|head| Ok((self.store.payload(&head)?, head)))
            {
                Ok(found) => found,
                Err(err) if err.is_io() => return Err(err),
                Err(_) => {
                    self.structure_damaged = true;
                    // A length in what is damaged is not to be believed.
                    let Some(next) = self.store.next_head(at + 1, true)? else { break };
                    at = next.offset;
                    continue;
                }
            };
            at = head.end();
            if head.fixed.kind == FrameKind::ArchiveCommit
                && let Ok(commit) = ArchiveCommit::decode(&payload, head.offset)
                && commit.offset == head.offset
            {
                commit_ends.insert(commit.offset, at);
                commits.push(commit);
            }
            found.push(head);
        }
        if found.is_empty() {
            return Err(no_frame());
        }
        let holes = commits
            .iter()
            .filter_map(|commit| commit_ends.get(&commit.previous).map(|&end| (end, commit.begin)));
        let holes: Vec<(u64, u64)> = holes.collect();
        found.retain(|head| !holes.iter().any(|hole| (hole.0..hole.1).contains(&head.offset)));
        self.take(&found)
    }

    fn take(&mut self, found: &[Head]) -> Result<()> {
        for head in found {
            match head.fixed.kind {
                FrameKind::Block => {
                    if let Ok(header) = head.body().and_then(BlockHeader::decode) {
                        self.blocks.insert(header.sequence, head.offset);
                    }
                }
                FrameKind::Members => {
                    let payload = self.store.payload(head)?;
                    let limits = &self.store.limits;
                    let decompressor = &mut self.decoder.decompressor;
                    match MemberTable::decode(&payload, head.offset, limits, decompressor) {
                        Ok(table) => {
                            let entries = table.entries.into_iter();
                            self.table.extend(entries.map(|entry| (entry.id, entry)));
                        }
                        Err(_) => self.structure_damaged = true,
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// All members with their parts, and how many of them no table names.
    fn members(&mut self) -> Result<(Vec<Remains>, u64)> {
        let mut named = BTreeSet::new();
        let mut members: BTreeMap<u64, Remains> = BTreeMap::new();
        for member in self.table.values() {
            named.extend(member.extents.iter().map(|extent| extent.block));
            if member.state == MemberState::Removed {
                continue;
            }
            let part = |extent: &crate::format::Extent| Part {
                at: self.blocks.get(&extent.block).copied(),
                offset: extent.offset,
                len: extent.len,
                lines: extent.lines,
                starts_inside: extent.starts_inside,
            };
            let parts = member.extents.iter().map(part).collect();
            members.insert(member.id, (member.clone(), parts));
        }
        let mut unlisted = 0;
        for (number, at) in self.blocks.clone() {
            // A table that was lost may have named more of this block, and one that was never written, all of it.
            if named.contains(&number) && !self.structure_damaged {
                continue;
            }
            let mut extents = match self.extents(at) {
                Err(err) if err.is_io() => return Err(err),
                Err(_) => continue,
                Ok(extents) => extents,
            };
            extents.retain(|extent| !self.is_listed(number, extent));
            let Some(raw) = self.block(at)? else { continue };
            let lines = |extent: &BlockExtent| {
                let end = extent.offset as usize + extent.len as usize;
                let bytes = raw.get(extent.offset as usize..end).unwrap_or_default();
                u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
            };
            for extent in extents {
                let lines = lines(&extent);
                unlisted += u64::from(unlisted_part(&mut members, extent, lines, at));
            }
        }
        Ok((members.into_values().collect(), unlisted))
    }

    /// Whether a table that could be read has this part, or has given it up.
    fn is_listed(&self, block: u64, extent: &BlockExtent) -> bool {
        self.table.get(&extent.member).is_some_and(|member| {
            let place = |own: &crate::format::Extent| (own.block, own.offset);
            member.state == MemberState::Removed
                || member.extents.binary_search_by_key(&(block, extent.offset), place).is_ok()
        })
    }

    fn extents(&mut self, at: u64) -> Result<Vec<BlockExtent>> {
        let (header, payload) = read_block(&mut self.store, at)?;
        self.decoder.extents(&header, &payload)
    }

    /// Decodes the block at a place; `None` if it is damaged.
    fn block(&mut self, at: u64) -> Result<Option<&[u8]>> {
        if self.cached.as_ref().is_none_or(|(cached, _)| *cached != at) {
            let mut raw = Vec::new();
            let decoded = read_block(&mut self.store, at).and_then(|(header, payload)| {
                self.decoder.decode(&self.store, &header, &payload, at, &mut raw)
            });
            match decoded {
                Ok(()) => self.read.insert(at),
                Err(err) if err.is_io() => return Err(err),
                Err(_) => return Ok(None),
            };
            self.cached = Some((at, raw));
        }
        Ok(self.cached.as_ref().map(|(_, raw)| raw.as_slice()))
    }

    /// Writes what is left of a member. A line of which a part is lost is lost.
    fn copy(
        &mut self,
        member: Member,
        parts: &[Part],
        appender: &mut Appender,
        losses: &mut Vec<MemberLoss>,
    ) -> Result<()> {
        // No content has a hash of zeros: that one is not known.
        let (is_dir, hash, was_listed) = (member.is_dir, member.hash, member.hash != [0; 32]);
        let mut copy = Copy::new(&member);
        let entry = appender.begin_anew(member)?;
        for part in parts {
            let bytes = match part.at {
                Some(at) => self.block(at)?,
                None => None,
            };
            let range =
                part.offset as usize..(part.offset as usize).saturating_add(part.len as usize);
            let bytes = bytes.and_then(|raw| raw.get(range));
            copy.part(part, bytes);
            copy.flush(appender)?;
        }
        copy.end(appender)?;
        if is_dir {
            return Ok(());
        }
        let found = copy.hasher.finalize();
        let complete = copy.losses.is_empty() && (!was_listed || found == hash);
        losses.append(&mut copy.losses);
        if let Some(entry) = appender.packer().entries.get_mut(entry) {
            entry.incomplete |= !complete;
            entry.hash = *found.as_bytes();
            entry.head = checksum::section(&copy.head);
        }
        Ok(())
    }
}

/// Adds a part of which no table knows to its member. Says whether the member is new.
fn unlisted_part(
    members: &mut BTreeMap<u64, Remains>,
    extent: BlockExtent,
    lines: u32,
    at: u64,
) -> bool {
    let part = Part {
        at: Some(at),
        offset: extent.offset,
        len: extent.len,
        lines,
        starts_inside: extent.starts_inside,
    };
    let is_new = !members.contains_key(&extent.member);
    let (member, parts) = members.entry(extent.member).or_insert_with(|| {
        let member = Member {
            id: extent.member,
            name: extent.name.clone(),
            mode: extent.mode,
            mtime_ns: extent.mtime.saturating_mul(1_000_000_000),
            container: extent.container,
            ..Member::default()
        };
        (member, Vec::new())
    });
    // What the table says of it is older than this part.
    (member.head, member.hash) = (0, [0; 32]);
    member.name = extent.name;
    let known: u64 = parts.iter().map(|part| u64::from(part.len)).sum();
    let lines: u64 = parts.iter().map(|part| u64::from(part.lines)).sum();
    if extent.first_byte < known {
        // It repeats what another part has.
        return false;
    }
    let mut missing = extent.first_byte - known;
    let mut missing_lines = extent.first_line.saturating_sub(lines);
    while missing > 0 {
        let len = u32::try_from(missing).unwrap_or(u32::MAX);
        let own = u32::try_from(missing_lines).unwrap_or(u32::MAX);
        parts.push(Part { at: None, offset: 0, len, lines: own, starts_inside: false });
        missing -= u64::from(len);
        missing_lines -= u64::from(own);
    }
    parts.push(part);
    is_new
}
