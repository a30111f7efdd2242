//! What could not be read, and what a stream that is being read has shown so far.

use crate::error::{Error, Section};
use crate::format::BlockHeader;
use crate::format::index::{Commit, IndexSegment, SEGMENT_BLOCKS_MAX};

/// Something that could not be read.
///
/// Where it ends is known once a whole block, or the end of the stream, has been met behind it.
#[non_exhaustive]
#[derive(Debug)]
pub struct Loss {
    /// Place in the input where the damage was met.
    pub offset: u64,
    /// Number of the stream, from 1.
    pub stream: u64,
    /// Number of the first block that may be missing, from 0, in its stream.
    pub first_block: u64,
    /// Number of the first line that may be missing, from 1, in its stream. 0: what was met behind a stream is none.
    pub first_line: u64,
    /// The number of the block behind the loss. The same as `first_block`: no block is missing.
    pub next_block: Option<u64>,
    /// The number of the line in which the block behind the loss starts.
    pub next_line: Option<u64>,
    /// What was wrong.
    pub error: Error,
}

impl Loss {
    /// Whether what was damaged held no lines: an index, a commit, or bytes between blocks.
    pub fn is_harmless(&self) -> bool {
        self.next_block == Some(self.first_block)
    }
}

/// A stream of which the commit has not been seen.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) id: u64,
    /// Number of the stream, from 1.
    pub(crate) number: u64,
    /// Place of its header in the input.
    pub(crate) offset: u64,
    /// No block may have more raw bytes.
    pub(crate) raw_len_max: u64,
    /// What follows the last whole block.
    pub(crate) blocks: u64,
    pub(crate) lines: u64,
    pub(crate) raw_bytes: u64,
    /// Something was lost since the last whole block.
    pub(crate) has_gap: bool,
    /// Something was lost since the header.
    pub(crate) is_damaged: bool,
    /// The blocks that the next index segment has to name; `None` once some of them are unknown.
    unnamed: Option<Vec<Named>>,
}

/// What an index says of a block: place in the stream, stored bytes, raw bytes, lines.
type Named = (u64, u64, u32, u32);

impl Open {
    pub(crate) fn new(id: u64, number: u64, offset: u64, raw_len_max: u64) -> Self {
        Self {
            id,
            number,
            offset,
            raw_len_max,
            blocks: 0,
            lines: 0,
            raw_bytes: 0,
            has_gap: false,
            is_damaged: false,
            unnamed: Some(Vec::new()),
        }
    }

    /// A stream that is known by its frames only.
    pub(crate) fn adopted(id: u64, number: u64, offset: u64, raw_len_max: u64) -> Self {
        let (has_gap, is_damaged, unnamed) = (true, true, None);
        Self { has_gap, is_damaged, unnamed, ..Self::new(id, number, offset, raw_len_max) }
    }

    /// What follows this stream is no stream.
    pub(crate) fn stray(mut self, error: Error) -> Loss {
        Loss { first_line: 0, ..self.loss(self.offset, error) }
    }

    /// Whether a block is the next one.
    pub(crate) fn is_followed_by(&self, header: &BlockHeader) -> bool {
        let counted = (header.sequence, header.first_line, header.first_byte);
        counted == (self.blocks, self.lines, self.raw_bytes)
    }

    /// Whether a block can be a later one, where some between are missing.
    pub(crate) fn may_be_followed_by(&self, header: &BlockHeader) -> bool {
        header.sequence > self.blocks
            && header.first_line >= self.lines
            && header.first_byte >= self.raw_bytes
    }

    /// A loss that begins behind the last whole block.
    pub(crate) fn loss(&mut self, offset: u64, error: Error) -> Loss {
        (self.has_gap, self.is_damaged, self.unnamed) = (true, true, None);
        Loss {
            offset,
            stream: self.number,
            first_block: self.blocks,
            first_line: self.lines + 1,
            next_block: None,
            next_line: None,
            error,
        }
    }

    /// Takes note of a whole block of so many stored bytes.
    pub(crate) fn pass(&mut self, header: &BlockHeader, offset: u64, stored_len: u64) {
        if let Some(unnamed) = &mut self.unnamed {
            unnamed.push((offset - self.offset, stored_len, header.raw_len, header.lines));
            if unnamed.len() > SEGMENT_BLOCKS_MAX {
                self.unnamed = None;
            }
        }
        self.has_gap = false;
        self.blocks = header.sequence.saturating_add(1);
        self.lines = header.first_line.saturating_add(header.lines.into());
        self.raw_bytes = header.first_byte.saturating_add(header.raw_len.into());
    }

    /// Compares an index segment with the blocks it names.
    pub(crate) fn check_index(&mut self, segment: &IndexSegment, offset: u64) -> Result<(), Error> {
        let Some(blocks) = self.unnamed.replace(Vec::new()) else { return Ok(()) };
        let named = segment.entries.iter().map(|entry| {
            let (offset, stored_len) = (entry.offset, entry.stored_len);
            (offset, stored_len, entry.raw_len, entry.lines)
        });
        if named.eq(blocks) {
            return Ok(());
        }
        let rule = "an index names the blocks before it";
        Err(Error::corrupt(Section::Index, offset, rule))
    }

    /// Whether a commit at `offset` states what has been read. Behind damage, only what comes last can be compared.
    pub(crate) fn is_stated_by(&self, commit: &Commit, offset: u64) -> bool {
        let counted = (self.blocks, self.raw_bytes) == (commit.blocks, commit.raw_bytes);
        let placed = offset - self.offset == commit.offset;
        let missing = self.has_gap && commit.blocks >= self.blocks;
        (counted && (placed || self.is_damaged)) || missing
    }
}
