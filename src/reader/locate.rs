//! Where the streams and blocks of a file are: by commit and index, else header by header.

use std::io::{self, Read as _, SeekFrom};

use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::frame::{self, FIXED_LEN, Fixed, FrameKind};
use crate::format::index::{self, Commit, IndexEntry, IndexSegment, TAIL_LEN};
use crate::format::{BlockHeader, FILE_HEADER_LEN, FILE_MAGIC, FileHeader, ModelFrame};
use crate::limits::{self, Limits};
use crate::line::GramFilter;
use crate::reader::{BlockInfo, StreamInfo};

/// A commit's frame is no longer than this.
const COMMIT_LEN_MAX: u32 = 1 << 12;

/// Whether an index is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UseIndex {
    /// Where a stream has one that is whole; headers where not.
    #[default]
    IfWhole,
    /// Headers only.
    Never,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Located {
    pub(crate) streams: Vec<StreamInfo>,
    pub(crate) blocks: Vec<BlockInfo>,
    /// What each stream says that it is coded with.
    pub(crate) models: Vec<Option<ModelFrame>>,
}

/// Finds all streams and blocks of a file.
pub(crate) fn locate<R>(rdr: &mut R, limits: &Limits, use_index: UseIndex) -> Result<Located>
where
    R: io::Read + io::Seek,
{
    let len = rdr.seek(SeekFrom::End(0))?;
    let mut file = File { rdr, limits };
    let mut indexed = Vec::new();
    let mut end = len;
    while use_index == UseIndex::IfWhole && end > 0 {
        match file.indexed(end) {
            Ok(stream) => {
                end = stream.start;
                indexed.push(stream);
            }
            Err(err) if err.is_io() => return Err(err),
            // No index, or a damaged one: the headers say what there is.
            Err(_) => break,
        }
    }
    let mut located = Located::default();
    let mut at = 0;
    while at < end {
        at = match file.scan_at(at, end, &mut located) {
            Ok(next) => next,
            // A torn end: what is whole before it stands.
            Err(err)
                if matches!(err.kind(), ErrorKind::Truncated { .. })
                    && !located.streams.is_empty() =>
            {
                end
            }
            Err(err) => return Err(err),
        };
    }
    for stream in indexed.into_iter().rev() {
        located.push_indexed(stream);
    }
    if located.streams.is_empty() {
        return Err(Error::truncated(Section::FileHeader, 0));
    }
    Ok(located)
}

/// A stream as its commit and index tell of it.
struct Indexed {
    header: FileHeader,
    model: Option<ModelFrame>,
    start: u64,
    end: u64,
    entries: Vec<IndexEntry>,
}

struct File<'a, R> {
    rdr: &'a mut R,
    limits: &'a Limits,
}

impl<R: io::Read + io::Seek> File<'_, R> {
    /// The finished stream that ends at `end`.
    fn indexed(&mut self, end: u64) -> Result<Indexed> {
        let tail_at = end.checked_sub(TAIL_LEN as u64).ok_or_else(|| broken(end))?;
        let len = index::commit_len(&self.bytes(tail_at, TAIL_LEN as u64)?);
        let len = len.filter(|&len| len <= COMMIT_LEN_MAX).ok_or_else(|| broken(tail_at))?;
        let at = tail_at.checked_sub(len.into()).ok_or_else(|| broken(tail_at))?;
        let (stream_id, payload) = self.frame(at, FrameKind::Commit)?;
        let commit = Commit::decode(&payload, at)?;
        let start = at.checked_sub(commit.offset).ok_or_else(|| broken(at))?;
        let header = FileHeader::decode_stream(&self.bytes(start, FILE_HEADER_LEN as u64)?, start)?;
        if header.stream_id != stream_id {
            return Err(broken(start));
        }
        let mut first = start + FILE_HEADER_LEN as u64;
        let mut model = None;
        if header.equipped {
            let (frame, end) = self.model(first, stream_id)?;
            (model, first) = (Some(frame), end);
        }
        let entries = self.entries((start, first), stream_id, &commit)?;
        Ok(Indexed { header, model, start, end, entries })
    }

    /// What the model frame at `at` says, and where it ends.
    fn model(&mut self, at: u64, stream_id: u64) -> Result<(ModelFrame, u64)> {
        let (id, payload) = self.frame(at, FrameKind::Model)?;
        if id != stream_id {
            return Err(broken(at));
        }
        let end = at + (FIXED_LEN + 4 + payload.len()) as u64;
        Ok((ModelFrame::decode(&payload, at)?, end))
    }

    /// The entries of all index segments, which must be what the commit says they are.
    fn entries(
        &mut self,
        (start, first): (u64, u64),
        stream_id: u64,
        commit: &Commit,
    ) -> Result<Vec<IndexEntry>> {
        if (commit.blocks, commit.last_index) == (1, 0) {
            return Ok(vec![self.only_block((start, first), stream_id, commit)?]);
        }
        let mut segments = Vec::new();
        let (mut at, mut before) = (commit.last_index, commit.offset);
        while at != 0 {
            if at >= before || at < FILE_HEADER_LEN as u64 {
                return Err(broken(start + before));
            }
            let (id, payload) = self.frame(start + at, FrameKind::Index)?;
            let segment = IndexSegment::decode(&payload, start + at)?;
            let end = segment.entries.last().map(|entry| entry.offset + entry.stored_len);
            if id != stream_id || end.is_none_or(|end| end > at) {
                return Err(broken(start + at));
            }
            (at, before) = (segment.previous, at);
            segments.push(segment.entries);
        }
        let entries: Vec<_> = segments.into_iter().rev().flatten().collect();
        let mut end = FILE_HEADER_LEN as u64;
        let (mut raw_bytes, mut lines) = (0u64, 0u64);
        for entry in &entries {
            if entry.offset < end {
                return Err(broken(start + end));
            }
            end = entry.offset + entry.stored_len;
            raw_bytes = raw_bytes.saturating_add(entry.raw_len.into());
            lines = lines.saturating_add(entry.lines.into());
        }
        let counted = (entries.len() as u64, raw_bytes);
        // A last line without a terminator is a line of the stream, and of no block.
        let more = commit.lines.checked_sub(lines);
        if counted == (commit.blocks, commit.raw_bytes) && matches!(more, Some(0 | 1)) {
            Ok(entries)
        } else {
            Err(broken(start + commit.offset))
        }
    }

    /// What an index would say of the block of a stream that has only one, and no index.
    fn only_block(
        &mut self,
        (start, at): (u64, u64),
        stream_id: u64,
        commit: &Commit,
    ) -> Result<IndexEntry> {
        let offset = at - start;
        let fixed = Fixed::decode(&self.bytes(at, FIXED_LEN as u64)?, at)?;
        let header = self.bytes(at, fixed.header_len.into())?;
        let body = frame::body(&fixed, &header, at)?;
        let stored_len = u64::from(fixed.header_len) + u64::from(fixed.payload_len);
        let is_only = fixed.kind == FrameKind::Block
            && fixed.stream_id == stream_id
            && offset + stored_len == commit.offset;
        if !is_only {
            return Err(broken(at));
        }
        let block = BlockHeader::decode(body)?;
        let more = commit.lines.checked_sub(block.lines.into());
        if u64::from(block.raw_len) != commit.raw_bytes || !matches!(more, Some(0 | 1)) {
            return Err(broken(start + commit.offset));
        }
        let BlockHeader { raw_len, lines, starts_inside, stats, .. } = block;
        let filter = GramFilter::default();
        Ok(IndexEntry { offset, stored_len, raw_len, lines, starts_inside, stats, filter })
    }

    /// Stream id and payload of the frame at `at`, verified.
    fn frame(&mut self, at: u64, kind: FrameKind) -> Result<(u64, Vec<u8>)> {
        let fixed = Fixed::decode(&self.bytes(at, FIXED_LEN as u64)?, at)?;
        frame::body(&fixed, &self.bytes(at, fixed.header_len.into())?, at)?;
        let payload_at = at + u64::from(fixed.header_len);
        let payload = self.bytes(payload_at, fixed.payload_len.into())?;
        frame::verify_payload(&fixed, &payload, payload_at)?;
        if fixed.kind == kind { Ok((fixed.stream_id, payload)) } else { Err(broken(at)) }
    }

    /// Reads the header at `at`; returns where the next one starts.
    fn scan_at(&mut self, at: u64, len: u64, located: &mut Located) -> Result<u64> {
        let magic = self.bytes(at, 8.min(len - at))?;
        if located.streams.is_empty() || magic == FILE_MAGIC {
            let bytes = self.bytes(at, (len - at).min(FILE_HEADER_LEN as u64))?;
            located.push_stream(&FileHeader::decode_stream(&bytes, at)?, None, at);
            located.grow_stream(at + FILE_HEADER_LEN as u64);
            return Ok(at + FILE_HEADER_LEN as u64);
        }
        let fixed = Fixed::decode(&self.bytes(at, FIXED_LEN as u64)?, at)?;
        let header = self.bytes(at, fixed.header_len.into())?;
        let body = frame::body(&fixed, &header, at)?;
        let stored_bytes = u64::from(fixed.header_len) + u64::from(fixed.payload_len);
        let mut end = at + stored_bytes;
        if fixed.kind == FrameKind::Commit {
            end += TAIL_LEN as u64;
        }
        if end > len {
            return Err(Error::truncated(Section::Columns, len));
        }
        match fixed.kind {
            FrameKind::Block => {
                located.push_block(BlockInfo::of(BlockHeader::decode(body)?, at, stored_bytes));
            }
            FrameKind::Commit => {
                if let Some(stream) = located.streams.last_mut() {
                    stream.finished = true;
                }
            }
            FrameKind::Members | FrameKind::ArchiveCommit => {
                let rule = "a stream has no members";
                return Err(Error::corrupt(Section::BlockHeader, at, rule));
            }
            FrameKind::Model => {
                let (_, payload) = self.frame(at, FrameKind::Model)?;
                if let Some(model) = located.models.last_mut() {
                    *model = Some(ModelFrame::decode(&payload, at)?);
                }
            }
            FrameKind::Index | FrameKind::Optional => {}
        }
        located.grow_stream(end);
        Ok(end)
    }

    fn bytes(&mut self, offset: u64, len: u64) -> Result<Vec<u8>> {
        read_at(self.rdr, self.limits, offset, len)
    }
}

/// Reads `len` bytes at `offset`. Memory grows as bytes really arrive.
pub(crate) fn read_at<R>(rdr: &mut R, limits: &Limits, offset: u64, len: u64) -> Result<Vec<u8>>
where
    R: io::Read + io::Seek,
{
    limits::check("stored bytes of a block", len, limits.block_stored_bytes_max)?;
    rdr.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    let read = rdr.by_ref().take(len).read_to_end(&mut bytes)?;
    if (read as u64) < len {
        return Err(Error::truncated(Section::BlockHeader, offset + read as u64));
    }
    Ok(bytes)
}

impl Located {
    fn push_stream(&mut self, header: &FileHeader, model: Option<ModelFrame>, offset: u64) {
        self.models.push(model);
        self.streams.push(StreamInfo {
            offset,
            level: header.level,
            id: header.stream_id,
            ..StreamInfo::default()
        });
    }

    fn grow_stream(&mut self, end: u64) {
        if let Some(stream) = self.streams.last_mut() {
            stream.stored_bytes = end - stream.offset;
        }
    }

    fn push_block(&mut self, mut block: BlockInfo) {
        block.stream = self.streams.len() - 1;
        if let Some(before) = self.blocks.last_mut()
            && block.starts_inside
            && before.stream == block.stream
        {
            before.ends_inside = true;
        }
        self.blocks.push(block);
    }

    fn push_indexed(&mut self, stream: Indexed) {
        self.push_stream(&stream.header, stream.model, stream.start);
        let (mut first_line, mut first_byte) = (0, 0);
        for (sequence, entry) in (0..).zip(stream.entries) {
            let block = BlockInfo {
                offset: stream.start + entry.offset,
                stored_bytes: entry.stored_len,
                raw_bytes: entry.raw_len.into(),
                first_line,
                first_byte,
                lines: entry.lines.into(),
                templates: entry.stats.templates.into(),
                starts_inside: entry.starts_inside,
                sequence,
                stats: entry.stats,
                filter: entry.filter,
                ..BlockInfo::default()
            };
            first_line += block.lines;
            first_byte += block.raw_bytes;
            self.push_block(block);
        }
        self.grow_stream(stream.end);
        if let Some(stream) = self.streams.last_mut() {
            stream.finished = true;
            stream.indexed = true;
        }
    }
}

/// An index that is not whole, or that contradicts its commit.
#[cold]
fn broken(offset: u64) -> Error {
    Error::corrupt(Section::Index, offset, "an index lists the blocks that its commit counts")
}

#[cfg(test)]
mod tests;
