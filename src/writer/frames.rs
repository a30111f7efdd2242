//! Frames one behind the other, and the index of the blocks among them.

use std::io;

use crate::block::Encoded;
use crate::error::Result;
use crate::format::frame::{self, FrameKind};
use crate::format::index::{self, IndexEntry, IndexSegment, SEGMENT_BLOCKS_MAX};
use crate::format::{BlockHeader, FileHeader, ModelFrame};
use crate::wire::checksum;
use crate::writer::stream::Job;

/// Writes frames in order, and keeps what the index needs.
#[derive(Debug)]
pub(crate) struct Frames<W> {
    wtr: W,
    /// The stream's or archive's id; `None` before its header.
    id: Option<u64>,
    offset: u64,
    segment: IndexSegment,
    /// Reused for every frame.
    frame: Vec<u8>,
}

/// What stands before a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) blocks: u64,
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

impl<W: io::Write> Frames<W> {
    /// Frames that begin with a file header.
    pub(crate) fn new(wtr: W) -> Self {
        Self::behind(wtr, None, 0, 0)
    }

    /// Frames behind others: those of a stream with this id, at a place, and with an index so far at another.
    pub(crate) fn behind(wtr: W, id: Option<u64>, offset: u64, last_index: u64) -> Self {
        let segment = IndexSegment { previous: last_index, entries: Vec::new() };
        Self { wtr, id, offset, segment, frame: Vec::new() }
    }

    pub(crate) fn get_ref(&self) -> &W {
        &self.wtr
    }

    pub(crate) fn get_mut(&mut self) -> &mut W {
        &mut self.wtr
    }

    pub(crate) fn into_inner(self) -> W {
        self.wtr
    }

    /// Place of the next frame.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn id(&self) -> Option<u64> {
        self.id
    }

    /// Place of the last index segment; 0: none.
    pub(crate) fn last_index(&self) -> u64 {
        self.segment.previous
    }

    /// Writes the file header, with the id that all frames behind it have, and what they are coded with.
    pub(crate) fn begin(&mut self, header: &FileHeader, model: Option<&ModelFrame>) -> Result<()> {
        let mut bytes = Vec::new();
        FileHeader { equipped: model.is_some(), ..header.clone() }.encode(&mut bytes);
        self.id = Some(header.stream_id);
        self.raw(&bytes)?;
        let Some(model) = model else { return Ok(()) };
        let mut payload = Vec::new();
        model.encode(&mut payload);
        self.frame(FrameKind::Model, &[], &payload)
    }

    /// Writes a block. Returns what its header says. It has a place in the index if that is asked for.
    pub(crate) fn block(
        &mut self,
        before: Before,
        job: &Job,
        encoded: Encoded,
        in_index: bool,
    ) -> Result<BlockHeader> {
        let Job { raw, starts_inside, .. } = job;
        // A block that ends inside a line leaves that line to the block in which it ends.
        let lines = memchr::memchr_iter(b'\n', raw).count();
        let mut header = BlockHeader {
            sequence: before.blocks,
            raw_len: narrow(raw.len()),
            lines: narrow(lines),
            first_line: before.lines,
            first_byte: before.bytes,
            starts_inside: *starts_inside,
            raw_check: 0,
            stats: encoded.stats,
            sections: encoded.sections,
        };
        header.raw_check = checksum::raw(raw, header.raw_seed(self.id.unwrap_or(0)));
        let mut body = Vec::new();
        header.encode(&mut body);
        let offset = self.offset;
        self.frame(FrameKind::Block, &body, &encoded.payload)?;
        if in_index {
            self.segment.entries.push(IndexEntry {
                offset,
                stored_len: self.offset - offset,
                raw_len: header.raw_len,
                lines: header.lines,
                starts_inside: header.starts_inside,
                stats: header.stats.clone(),
                filter: encoded.filter,
            });
            if self.segment.entries.len() == SEGMENT_BLOCKS_MAX {
                self.end_segment()?;
            }
        }
        Ok(header)
    }

    /// Writes the index of the blocks since the last segment, if there are any.
    pub(crate) fn end_segment(&mut self) -> Result<()> {
        if self.segment.entries.is_empty() {
            return Ok(());
        }
        let mut payload = Vec::new();
        self.segment.encode(&mut payload);
        self.segment = IndexSegment { previous: self.offset, entries: Vec::new() };
        self.frame(FrameKind::Index, &[], &payload)
    }

    /// Writes a commit and its tail, and passes on what has been written.
    pub(crate) fn commit(&mut self, kind: FrameKind, payload: &[u8]) -> Result<()> {
        let offset = self.offset;
        self.frame(kind, &[], payload)?;
        let len = usize::try_from(self.offset - offset).unwrap_or(0);
        self.raw(&index::tail(narrow(len)))?;
        Ok(self.wtr.flush()?)
    }

    /// Writes a frame.
    pub(crate) fn frame(&mut self, kind: FrameKind, body: &[u8], payload: &[u8]) -> Result<()> {
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        frame::encode(kind, self.id.unwrap_or(0), body, payload, &mut frame)?;
        self.raw(&frame)?;
        self.frame = frame;
        Ok(())
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.wtr.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

/// The binary logarithm of a block's raw bytes, rounded up, as a file header states it.
pub(crate) fn block_raw_log2(block_bytes: u32) -> u8 {
    u8::try_from(block_bytes.next_power_of_two().trailing_zeros()).unwrap_or(32)
}

/// A length within a block, which is far below 2^32.
pub(crate) fn narrow(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
