//! Index segments and commits (`docs/FORMAT.md`, "Index", "Commit").

use crate::error::{Result, Section};
use crate::format::BlockStats;
use crate::line::GramFilter;
use crate::wire::{Cursor, checksum, varint};

/// Blocks that one index segment names at most.
pub(crate) const SEGMENT_BLOCKS_MAX: usize = 1024;
/// Bytes behind a commit's payload: distance back to the commit, its checksum, and the end magic.
pub(crate) const TAIL_LEN: usize = 12;
/// The last bytes of a finished stream.
pub(crate) const TAIL_MAGIC: [u8; 4] = [b'B', b'G', b'L', 0x89];

/// What the index says of a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    /// Place of the block, counted from the stream's header.
    pub(crate) offset: u64,
    /// Bytes of the block's frame.
    pub(crate) stored_len: u64,
    pub(crate) raw_len: u32,
    pub(crate) lines: u32,
    /// The block starts inside a line that began before it.
    pub(crate) starts_inside: bool,
    pub(crate) stats: BlockStats,
    /// What text is in it; this is said nowhere else.
    pub(crate) filter: GramFilter,
}

/// A run of blocks, and where the run before it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexSegment {
    /// Place of the segment before, counted from the stream's header; 0: none.
    pub(crate) previous: u64,
    pub(crate) entries: Vec<IndexEntry>,
}

impl IndexSegment {
    /// Appends the payload of an index frame.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        varint::put(dst, self.previous);
        varint::put(dst, self.entries.len() as u64);
        let mut end = 0;
        for entry in &self.entries {
            varint::put(dst, entry.offset.wrapping_sub(end));
            varint::put(dst, entry.stored_len);
            varint::put(dst, entry.raw_len.into());
            varint::put(dst, entry.lines.into());
            dst.push(u8::from(entry.starts_inside));
            entry.stats.encode(dst);
            encode_filter(&entry.filter, dst);
            end = entry.offset + entry.stored_len;
        }
    }

    /// Reads the payload of an index frame, which starts at `offset`.
    pub(crate) fn decode(payload: &[u8], offset: u64) -> Result<Self> {
        const RULE: &str = "index entries are in their ranges";
        let mut cur = Cursor::new(payload, Section::Index, offset);
        let previous = cur.varint()?;
        let count =
            cur.varint_max(SEGMENT_BLOCKS_MAX as u64, "an index segment names few blocks")?;
        let mut entries = Vec::new();
        let mut end = 0u64;
        for _ in 0..count {
            let offset = end.checked_add(cur.varint()?).ok_or_else(|| cur.corrupt(RULE))?;
            let stored_len = cur.varint()?;
            end = offset.checked_add(stored_len).ok_or_else(|| cur.corrupt(RULE))?;
            let raw_len = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(RULE))?;
            let lines = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(RULE))?;
            let starts_inside = match cur.u8()? {
                flags @ 0..=1 => flags == 1,
                _ => return Err(cur.corrupt("reserved flags of a block are zero")),
            };
            let stats = BlockStats::decode(&mut cur)?;
            let filter = decode_filter(&mut cur)?;
            let entry =
                IndexEntry { offset, stored_len, raw_len, lines, starts_inside, stats, filter };
            entries.push(entry);
        }
        if cur.is_empty() {
            Ok(Self { previous, entries })
        } else {
            Err(cur.corrupt("an index segment has its length"))
        }
    }
}

/// Appends a filter: its kinds, and its bits, unless it knows nothing.
fn encode_filter(filter: &GramFilter, dst: &mut Vec<u8>) {
    let (kinds, bits) = filter.parts();
    dst.push(kinds);
    if kinds != 0 {
        varint::put(dst, bits.len() as u64);
        dst.extend_from_slice(bits);
    }
}

fn decode_filter(cur: &mut Cursor<'_>) -> Result<GramFilter> {
    let kinds = cur.u8()?;
    let bits = if kinds == 0 { Vec::new() } else { cur.prefixed()?.to_vec() };
    let filter = GramFilter::from_parts(kinds, bits);
    filter.ok_or_else(|| cur.corrupt("a filter has known kinds of grams, and not too many bytes"))
}

/// The totals of a finished stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) blocks: u64,
    pub(crate) lines: u64,
    pub(crate) raw_bytes: u64,
    /// Place of the last index segment, counted from the stream's header; 0: none.
    pub(crate) last_index: u64,
    /// Place of this commit, counted from the stream's header.
    pub(crate) offset: u64,
}

impl Commit {
    /// Appends the payload of a commit frame.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        for value in [self.blocks, self.lines, self.raw_bytes, self.last_index, self.offset] {
            varint::put(dst, value);
        }
    }

    /// Reads the payload of a commit frame, which starts at `offset`.
    pub(crate) fn decode(payload: &[u8], offset: u64) -> Result<Self> {
        let mut cur = Cursor::new(payload, Section::Commit, offset);
        let (blocks, lines, raw_bytes) = (cur.varint()?, cur.varint()?, cur.varint()?);
        let (last_index, offset) = (cur.varint()?, cur.varint()?);
        if cur.is_empty() {
            Ok(Self { blocks, lines, raw_bytes, last_index, offset })
        } else {
            Err(cur.corrupt("a commit has its length"))
        }
    }
}

/// The length of the commit's frame that a tail tells of; `None` where there is no tail.
pub(crate) fn commit_len(bytes: &[u8]) -> Option<u32> {
    let len = u32::from_le_bytes(*bytes.first_chunk()?);
    (tail(len) == bytes).then_some(len)
}

/// What lies behind a commit frame of `commit_len` bytes.
pub(crate) fn tail(commit_len: u32) -> [u8; TAIL_LEN] {
    let len = commit_len.to_le_bytes();
    let check = checksum::header(&len).to_le_bytes();
    let mut tail = [0; TAIL_LEN];
    for (dst, src) in tail.iter_mut().zip(len.into_iter().chain(check).chain(TAIL_MAGIC)) {
        *dst = src;
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_commit_round_trip() {
        let entry = IndexEntry {
            offset: 40,
            stored_len: 999,
            raw_len: 1 << 24,
            lines: 5,
            starts_inside: true,
            stats: BlockStats { templates: 7, ..BlockStats::default() },
            filter: GramFilter::of(b"some lines of a log\n", 100),
        };
        assert!(entry.filter != GramFilter::default());
        let segment = IndexSegment { previous: 17, entries: vec![entry] };
        let mut bytes = Vec::new();
        segment.encode(&mut bytes);
        assert_eq!(IndexSegment::decode(&bytes, 0).unwrap(), segment);
        for cut in 0..bytes.len() {
            assert!(IndexSegment::decode(&bytes[..cut], 0).is_err());
        }
        let commit = Commit { blocks: 1, lines: 2, raw_bytes: 3, last_index: 4, offset: 5 };
        bytes.clear();
        commit.encode(&mut bytes);
        assert_eq!(Commit::decode(&bytes, 0).unwrap(), commit);
    }
}
