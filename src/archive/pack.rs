//! Members → blocks → frames of an archive.
//!
//! Parts of several members share a block. Between two parts there is a newline if the first does not end in one, so that
//! no line of a block belongs to two members.

use std::collections::VecDeque;
use std::io;

use crate::archive::open::is_live;
use crate::block::{LogClock, Noted};
use crate::codec::{Codec, Compressor};
use crate::error::Result;
use crate::format::archive_commit::ArchiveCommit;
use crate::format::extents::{self, BlockExtent};
use crate::format::frame::FrameKind;
use crate::format::members::{Extent, Member, MemberTable};
use crate::format::{FileHeader, ModelFrame, SectionEntry, SectionKind, StoredKind, TimeRange};
use crate::name::Name;
use crate::vfs::{FileInfo, WriteFile};
use crate::wire::checksum;
use crate::writer::WriterBuilder;
use crate::writer::frames::{Before, Frames, block_raw_log2, narrow};
use crate::writer::pool::Pool;
use crate::writer::stream::{Done, Job};

/// Where an archive ends that is written on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    /// The archive's id; `None` if it has no header yet.
    pub(crate) stream_id: Option<u64>,
    /// Place of the next frame.
    pub(crate) offset: u64,
    /// The commit that is gone on from.
    pub(crate) commit: Option<ArchiveCommit>,
    /// Members in the tables, how many tables there are since the last whole one, and what those name.
    pub(crate) table_len: u64,
    pub(crate) tables: u64,
    pub(crate) table_changes: u64,
}

/// Tables in a row that name changes only: what a reader has to read.
const TABLES_MAX: u64 = 64;

/// Writes an archive, or the next commit of one.
pub(crate) struct Packer {
    frames: Frames<Box<dyn WriteFile>>,
    start: Start,
    level: u8,
    block_bytes: usize,
    pool: Pool,
    /// What the blocks are coded with beside the built-in models.
    model: Option<ModelFrame>,
    compressor: Compressor,
    /// What the blocks under way say of their members, oldest first, and where in `entries` those are.
    under_way: VecDeque<Vec<(usize, BlockExtent)>>,
    /// The clock of the member that was noted last: its place in `entries`.
    clock: Option<(usize, LogClock)>,
    buffer: Vec<u8>,
    parts: Vec<Part>,
    /// The number of the block that is being filled.
    next_block: u64,
    /// Of the blocks that have been written.
    blocks: u64,
    lines: u64,
    raw_bytes: u64,
    /// New and changed members.
    pub(crate) entries: Vec<Member>,
    /// Those of them that have the content of others.
    aliases: Vec<(usize, usize)>,
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packer").field("offset", &self.offset()).finish_non_exhaustive()
    }
}

/// A part of a member in the block that is being filled.
#[derive(Clone, Copy, Debug)]
struct Part {
    entry: usize,
    offset: usize,
    len: usize,
    first_byte: u64,
    first_line: u64,
    starts_inside: bool,
}

impl Packer {
    pub(crate) fn new(file: Box<dyn WriteFile>, options: &WriterBuilder, start: Start) -> Self {
        let (level, block_bytes) = options.settings();
        let commit = start.commit.clone().unwrap_or_default();
        Self {
            frames: Frames::behind(file, start.stream_id, start.offset, commit.last_index),
            level,
            block_bytes: block_bytes as usize,
            pool: options.pool(),
            model: options.model_frame(),
            compressor: Compressor::default(),
            under_way: VecDeque::new(),
            clock: None,
            buffer: Vec::new(),
            parts: Vec::new(),
            next_block: commit.blocks,
            blocks: commit.blocks,
            lines: commit.lines,
            raw_bytes: commit.raw_bytes,
            entries: Vec::new(),
            aliases: Vec::new(),
            start,
        }
    }

    /// Bytes of the file so far.
    pub(crate) fn offset(&self) -> u64 {
        self.frames.offset()
    }

    /// Begins to write on a member, behind what it has. Returns its place in `entries`.
    pub(crate) fn begin(&mut self, member: Member) -> Result<usize> {
        if self.buffer.last().is_some_and(|&last| last != b'\n') {
            self.buffer.push(b'\n');
        }
        if self.buffer.len() >= self.block_bytes {
            self.cut()?;
        }
        let entry = self.entries.len();
        self.parts.push(Part {
            entry,
            offset: self.buffer.len(),
            len: 0,
            first_byte: member.size,
            first_line: member.lines,
            starts_inside: false,
        });
        self.entries.push(member);
        Ok(entry)
    }

    /// Says that the member that was begun goes on inside a line.
    pub(crate) fn starts_inside(&mut self) {
        if let Some(part) = self.parts.last_mut() {
            part.starts_inside = true;
        }
    }

    /// Adds a member that has the content of another new one.
    pub(crate) fn alias(&mut self, member: Member, same: usize) {
        self.aliases.push((self.entries.len(), same));
        self.entries.push(member);
    }

    /// Gives the file mode and owner of another one.
    pub(crate) fn take_over(&mut self, like: &FileInfo) -> io::Result<()> {
        self.frames.get_mut().take_over(like)
    }

    /// Adds content to the member that was begun last.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = self.block_bytes.saturating_sub(self.buffer.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            if let Some(part) = self.parts.last_mut() {
                part.len += now.len();
            }
            bytes = later;
            if self.buffer.len() >= self.block_bytes {
                self.cut()?;
            }
        }
        Ok(())
    }

    /// Forgets the member that was begun last. What has gone into blocks stays there and belongs to nobody.
    pub(crate) fn abandon(&mut self) {
        if let Some(part) = self.parts.pop() {
            self.buffer.truncate(part.offset);
        }
        self.entries.pop();
    }

    /// Ends the block behind its last newline, or, where it has none, where it is full.
    fn cut(&mut self) -> Result<()> {
        let end = memchr::memrchr(b'\n', &self.buffer).map_or(self.buffer.len(), |at| at + 1);
        self.cut_at(end)
    }

    fn cut_at(&mut self, end: usize) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut rest = self.pool.spare();
        rest.reserve(self.block_bytes.min(self.buffer.len()));
        rest.extend_from_slice(self.buffer.get(end..).unwrap_or_default());
        self.buffer.truncate(end);
        let raw = std::mem::replace(&mut self.buffer, rest);
        let mut extents = Vec::new();
        // The member that is being written goes on in the next block.
        let open = self.parts.last().copied();
        for part in std::mem::take(&mut self.parts) {
            let len = part.len.min(end.saturating_sub(part.offset));
            if len > 0 {
                extents.push((part.entry, self.place(part, len, &raw)));
            }
        }
        if let Some(part) = open {
            let taken = part.len.min(end.saturating_sub(part.offset));
            let before = self.entries.get(part.entry);
            self.parts.push(Part {
                offset: 0,
                len: part.len - taken,
                first_byte: part.first_byte + taken as u64,
                first_line: before.map_or(0, |entry| entry.lines),
                starts_inside: match taken {
                    0 => part.starts_inside,
                    _ => raw.last() != Some(&b'\n'),
                },
                ..part
            });
        }
        let starts_inside = extents.first().is_some_and(|(_, extent)| extent.starts_inside);
        self.next_block += 1;
        self.under_way.push_back(extents);
        if let Some(done) = self.pool.submit(Job { raw, starts_inside, in_index: true })? {
            self.block(done)?;
        }
        Ok(())
    }

    /// Notes a part in its member, and says what the block will say of it.
    fn place(&mut self, part: Part, len: usize, raw: &[u8]) -> BlockExtent {
        let bytes = raw.get(part.offset..part.offset + len).unwrap_or_default();
        let lines = narrow(memchr::memchr_iter(b'\n', bytes).count());
        let (offset, len) = (narrow(part.offset), narrow(len));
        let mut extent = BlockExtent {
            member: 0,
            name: Name::default(),
            mode: 0,
            mtime: 0,
            container: crate::format::members::Container::None,
            first_byte: part.first_byte,
            first_line: part.first_line,
            starts_inside: part.starts_inside,
            offset,
            len,
        };
        if let Some(entry) = self.entries.get_mut(part.entry) {
            let starts_inside = part.starts_inside;
            let block = self.next_block;
            entry.extents.push(Extent { block, offset, len, lines, starts_inside });
            entry.lines += u64::from(lines);
            entry.size += u64::from(len);
            extent.member = entry.id;
            extent.name.clone_from(&entry.name);
            extent.mode = entry.mode;
            extent.mtime = entry.mtime_ns.div_euclid(1_000_000_000);
            extent.container = entry.container;
        }
        extent
    }

    /// Writes a block that has been encoded.
    fn block(&mut self, done: Done) -> Result<()> {
        let Done { job, mut encoded } = done;
        self.header(&job.raw)?;
        let placed = self.under_way.pop_front().unwrap_or_default();
        encoded.stats.times = self.note_times(&placed, &job.raw, encoded.noted);
        let extents: Vec<BlockExtent> = placed.into_iter().map(|(_, extent)| extent).collect();
        let mut listed = Vec::new();
        extents::encode(&extents, &mut listed);
        let (codec, stored) = self.compressor.compress(Codec::Zstd(12), &listed)?;
        encoded.sections.push(SectionEntry {
            kind: SectionKind::Extents,
            codec,
            stored_len: narrow(stored.len()),
            decoded_len: narrow(listed.len()),
            stored_check: checksum::section(&stored),
            decoded_check: checksum::section(&listed),
            needs: Vec::new(),
        });
        encoded.payload.extend_from_slice(&stored);
        let before = Before { blocks: self.blocks, lines: self.lines, bytes: self.raw_bytes };
        let header = self.frames.block(before, &job, encoded, true)?;
        self.blocks += 1;
        self.lines += u64::from(header.lines);
        self.raw_bytes += u64::from(header.raw_len);
        Ok(())
    }

    /// Notes first and last time of the parts of a block. `noted` is what is known of its lines, if statistics are kept; returns
    /// the times of all.
    fn note_times(
        &mut self,
        placed: &[(usize, BlockExtent)],
        raw: &[u8],
        noted: Option<Noted>,
    ) -> Option<TimeRange> {
        let noted = noted?;
        let mut all: Option<TimeRange> = None;
        for (entry, extent) in placed {
            let start = extent.offset as usize;
            let part = raw.get(start..start + extent.len as usize).unwrap_or_default();
            let goes_on = extent.first_byte > 0;
            let open = self.clock.take().filter(|(open, _)| goes_on && open == entry);
            let (_, clock) = self.clock.insert(open.unwrap_or_else(|| {
                (*entry, if goes_on { LogClock::unknown() } else { LogClock::default() })
            }));
            let alone = (placed.len() == 1).then_some(noted);
            let (Some(times), _) = clock.next(part, alone) else { continue };
            all = Some(all.map_or(times, |all| all.and(times)));
            // Where a member was given up, another one may stand in its place.
            let entry = self.entries.get_mut(*entry).filter(|entry| entry.id == extent.member);
            if let Some(entry) = entry {
                let (first, last) = entry.times.unwrap_or((i64::MAX, i64::MIN));
                let seconds = |time: i64| time.div_euclid(1_000_000_000);
                entry.times =
                    Some((first.min(seconds(times.least)), last.max(seconds(times.greatest))));
            }
        }
        all
    }

    /// Writes what is still under way; everything written so far is in the file then, on disk.
    fn end_blocks(&mut self) -> Result<()> {
        self.cut_at(self.buffer.len())?;
        self.parts.clear();
        while self.pool.is_busy() {
            let done = self.pool.next()?;
            self.block(done)?;
        }
        self.header(&[])?;
        Ok(self.frames.get_mut().sync()?)
    }

    /// Ends the commit: index, member table, commit, tail. `all` gives the members that have not changed.
    ///
    /// Only when this returns is anything promised: what it wrote before is a hole to every reader.
    pub(crate) fn commit(
        mut self,
        live: impl FnOnce(&[Member]) -> u64,
        all: impl FnOnce(&mut Vec<Member>),
    ) -> Result<(ArchiveCommit, u64)> {
        self.end_blocks()?;
        self.frames.end_segment()?;
        for (alias, same) in std::mem::take(&mut self.aliases) {
            let Some(same) = self.entries.get(same).cloned() else { continue };
            if let Some(entry) = self.entries.get_mut(alias) {
                (entry.extents, entry.size, entry.lines) = (same.extents, same.size, same.lines);
                entry.times = same.times;
            }
        }
        let before = self.start.commit.clone();
        let members = live(&self.entries);
        let changed = self.start.table_changes + self.entries.len() as u64;
        let is_whole = before.is_none()
            || self.start.tables >= TABLES_MAX
            || changed >= self.start.table_len.max(16);
        if is_whole {
            all(&mut self.entries);
        }
        self.entries.sort_by_key(|entry| entry.id);
        let mut last_members = before.as_ref().map_or(0, |commit| commit.last_members);
        let mut table = Vec::new();
        if is_whole || !self.entries.is_empty() {
            let previous = if is_whole { 0 } else { last_members };
            let entries = std::mem::take(&mut self.entries);
            MemberTable { previous, entries }.encode(&mut self.compressor, &mut table)?;
            last_members = self.offset();
            self.frames.frame(FrameKind::Members, &[], &table)?;
        }
        let mut commit = ArchiveCommit {
            number: before.as_ref().map_or(0, |commit| commit.number + 1),
            previous: before.as_ref().map_or(0, |commit| commit.offset),
            begin: self.start.offset,
            last_index: self.frames.last_index(),
            last_members,
            blocks: self.blocks,
            lines: self.lines,
            raw_bytes: self.raw_bytes,
            members,
            offset: self.offset(),
            root: [0; 32],
        };
        commit.root = root(&before.unwrap_or_default().root, &table, &commit);
        let mut payload = Vec::new();
        commit.encode(&mut payload);
        self.frames.commit(FrameKind::ArchiveCommit, &payload)?;
        self.frames.get_mut().sync()?;
        let end = self.offset();
        Ok((commit, end))
    }

    /// Writes the file header before the first frame, from the content of which the archive's id is derived.
    fn header(&mut self, raw: &[u8]) -> Result<()> {
        if self.frames.id().is_some() {
            return Ok(());
        }
        let seed = 1 << 40 | u64::from(self.level) << 32 | self.block_bytes as u64;
        let stream_id = checksum::raw(raw, seed);
        let block_raw_log2 = block_raw_log2(narrow(self.block_bytes));
        let (kind, level, model) = (StoredKind::Archive, self.level, self.model.take());
        let header = FileHeader { kind, level, stream_id, block_raw_log2, equipped: false };
        self.frames.begin(&header, model.as_ref())?;
        self.start.offset = self.offset();
        Ok(())
    }
}

/// The root of a commit (`docs/FORMAT.md`, "Archive commit").
pub(crate) fn root(before: &[u8; 32], table: &[u8], commit: &ArchiveCommit) -> [u8; 32] {
    let mut fields = Vec::new();
    commit.encode_fields(&mut fields);
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&(table.len() as u64).to_le_bytes()).update(table);
    *hasher.update(&fields).finalize().as_bytes()
}

/// Members of a table that count.
pub(crate) fn count_live<'a>(members: impl IntoIterator<Item = &'a Member>) -> u64 {
    members.into_iter().filter(|member| is_live(member)).count() as u64
}
