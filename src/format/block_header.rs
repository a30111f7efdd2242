//! The body of a block's header (`docs/FORMAT.md`, "Block header").

use crate::error::Result;
use crate::format::{BlockStats, SectionEntry};
use crate::wire::{Cursor, varint};

/// Where a block belongs, and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    /// Number of the block in its stream, from 0.
    pub(crate) sequence: u64,
    pub(crate) raw_len: u32,
    /// Line terminators in the block, and one more if it ends inside a line that is the stream's last.
    pub(crate) lines: u32,
    /// Number of the first line in the stream, from 0.
    pub(crate) first_line: u64,
    /// Place of the first raw byte in the stream.
    pub(crate) first_byte: u64,
    /// The block starts inside a line that began in the block before.
    pub(crate) starts_inside: bool,
    /// Checksum of the raw bytes, seeded with the stream id and the sequence number.
    pub(crate) raw_check: u64,
    pub(crate) stats: BlockStats,
    pub(crate) sections: Vec<SectionEntry>,
}

impl BlockHeader {
    /// The seed of `raw_check`: a block cannot stand in for another.
    pub(crate) fn raw_seed(&self, stream_id: u64) -> u64 {
        stream_id ^ self.sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// Appends the body.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        for value in [
            self.sequence,
            self.raw_len.into(),
            self.lines.into(),
            self.first_line,
            self.first_byte,
        ] {
            varint::put(dst, value);
        }
        dst.push(u8::from(self.starts_inside));
        dst.extend_from_slice(&self.raw_check.to_le_bytes());
        self.stats.encode(dst);
        varint::put(dst, self.sections.len() as u64);
        for section in &self.sections {
            section.encode(dst);
        }
    }

    /// Reads the body.
    pub(crate) fn decode(mut cur: Cursor<'_>) -> Result<Self> {
        let mut header = Self { sequence: cur.varint()?, ..Self::default() };
        let rule = "lengths of a block are below 2^32";
        header.raw_len = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(rule))?;
        header.lines = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(rule))?;
        header.first_line = cur.varint()?;
        header.first_byte = cur.varint()?;
        let flags = cur.u8()?;
        if flags > 1 {
            return Err(cur.corrupt("reserved flags of a block are zero"));
        }
        header.starts_inside = flags == 1;
        header.raw_check = cur.u64()?;
        header.stats = BlockStats::decode(&mut cur)?;
        for _ in 0..cur.varint()? {
            // Grows as entries really arrive: a count alone allocates nothing.
            header.sections.push(SectionEntry::decode(&mut cur)?);
        }
        if cur.is_empty() { Ok(header) } else { Err(cur.corrupt("a block header has its length")) }
    }
}
