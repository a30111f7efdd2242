//! Encoded blocks → bytes of a stream.

use std::io;

use crate::block::Encoded;
use crate::error::Result;
use crate::format::frame::{self, FrameKind};
use crate::format::index::{self, Commit, IndexEntry, IndexSegment, SEGMENT_BLOCKS_MAX};
use crate::format::{BlockHeader, FileHeader, ModelFrame, StoredKind};
use crate::wire::checksum;
use crate::writer::{Statistics, Summary};

/// The raw bytes of a block.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) raw: Vec<u8>,
    pub(crate) starts_inside: bool,
}

/// A block, encoded.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) job: Job,
    pub(crate) encoded: Encoded,
}

/// Writes frames in order and keeps what the index and the commit need.
pub(crate) struct Stream<W> {
    wtr: W,
    level: u8,
    block_bytes: u32,
    statistics: Statistics,
    /// What the blocks are coded with beside the built-in models.
    model: Option<ModelFrame>,
    id: Option<u64>,
    segment: IndexSegment,
    summary: Summary,
    /// Reused for every frame.
    frame: Vec<u8>,
}

impl<W: io::Write> Stream<W> {
    pub(crate) fn new(
        wtr: W,
        level: u8,
        block_bytes: u32,
        (statistics, model): (Statistics, Option<ModelFrame>),
    ) -> Self {
        Self {
            wtr,
            level,
            block_bytes,
            statistics,
            model,
            id: None,
            segment: IndexSegment::default(),
            summary: Summary::default(),
            frame: Vec::new(),
        }
    }

    pub(crate) fn get_ref(&self) -> &W {
        &self.wtr
    }

    pub(crate) fn summary(&self) -> Summary {
        self.summary.clone()
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        Ok(self.wtr.flush()?)
    }

    /// Writes a block.
    pub(crate) fn write(&mut self, done: Done) -> Result<()> {
        let Done { job: Job { raw, starts_inside }, encoded } = done;
        let stream_id = self.start(&raw)?;
        // A block that ends inside a line leaves that line to the block in which it ends.
        let lines = memchr::memchr_iter(b'\n', &raw).count();
        let mut header = BlockHeader {
            sequence: self.summary.blocks,
            raw_len: narrow(raw.len()),
            lines: narrow(lines),
            first_line: self.summary.lines,
            first_byte: self.summary.bytes_in,
            starts_inside,
            raw_check: 0,
            stats: encoded.stats,
            sections: encoded.sections,
        };
        header.raw_check = checksum::raw(&raw, header.raw_seed(stream_id));
        let mut body = Vec::new();
        header.encode(&mut body);
        let offset = self.summary.bytes_out;
        self.frame(FrameKind::Block, &body, &encoded.payload)?;
        let (raw_len, lines, stats) = (header.raw_len, header.lines, header.stats);
        self.summary.blocks += 1;
        self.summary.lines += u64::from(lines);
        self.summary.bytes_in += u64::from(raw_len);
        self.summary.templates += u64::from(stats.templates);
        let stored_len = self.summary.bytes_out - offset;
        if self.statistics == Statistics::Leave {
            return Ok(());
        }
        self.segment.entries.push(IndexEntry {
            offset,
            stored_len,
            raw_len,
            lines,
            starts_inside,
            stats,
            filter: encoded.filter,
        });
        if self.segment.entries.len() == SEGMENT_BLOCKS_MAX {
            self.end_segment()?;
        }
        Ok(())
    }

    /// Ends the stream: index, commit, tail.
    pub(crate) fn finish(mut self, ends_inside: bool) -> Result<(W, Summary)> {
        self.start(&[])?;
        // One block is found without an index: it lies behind the file header.
        if self.summary.blocks > 1 {
            self.end_segment()?;
        }
        self.summary.lines += u64::from(ends_inside);
        let commit = Commit {
            blocks: self.summary.blocks,
            lines: self.summary.lines,
            raw_bytes: self.summary.bytes_in,
            last_index: self.segment.previous,
            offset: self.summary.bytes_out,
        };
        let mut payload = Vec::new();
        commit.encode(&mut payload);
        self.frame(FrameKind::Commit, &[], &payload)?;
        let tail = index::tail(narrow(
            usize::try_from(self.summary.bytes_out - commit.offset).unwrap_or(0),
        ));
        self.wtr.write_all(&tail)?;
        self.summary.bytes_out += tail.len() as u64;
        self.wtr.flush()?;
        Ok((self.wtr, self.summary))
    }

    /// Writes the file header before the first block, from the content of which the stream's id is derived.
    fn start(&mut self, raw: &[u8]) -> Result<u64> {
        if let Some(stream_id) = self.id {
            return Ok(stream_id);
        }
        let options = u64::from(self.level) << 32 | u64::from(self.block_bytes);
        let stream_id = checksum::raw(raw, options);
        let log2 = self.block_bytes.next_power_of_two().trailing_zeros();
        let block_raw_log2 = u8::try_from(log2).unwrap_or(32);
        let mut bytes = Vec::new();
        let (kind, level) = (StoredKind::Stream, self.level);
        let equipped = self.model.is_some();
        FileHeader { kind, level, stream_id, block_raw_log2, equipped }.encode(&mut bytes);
        self.wtr.write_all(&bytes)?;
        self.summary.bytes_out += bytes.len() as u64;
        self.id = Some(stream_id);
        if let Some(model) = self.model.take() {
            let mut payload = Vec::new();
            model.encode(&mut payload);
            self.frame(FrameKind::Model, &[], &payload)?;
        }
        Ok(stream_id)
    }

    fn end_segment(&mut self) -> Result<()> {
        if self.segment.entries.is_empty() {
            return Ok(());
        }
        let mut payload = Vec::new();
        self.segment.encode(&mut payload);
        self.segment = IndexSegment { previous: self.summary.bytes_out, entries: Vec::new() };
        self.frame(FrameKind::Index, &[], &payload)
    }

    fn frame(&mut self, kind: FrameKind, body: &[u8], payload: &[u8]) -> Result<()> {
        self.frame.clear();
        frame::encode(kind, self.id.unwrap_or(0), body, payload, &mut self.frame)?;
        self.wtr.write_all(&self.frame)?;
        self.summary.bytes_out += self.frame.len() as u64;
        Ok(())
    }
}

/// A length within a block, which is far below 2^32.
fn narrow(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
