//! The commit of an archive (`docs/FORMAT.md`, "Archive commit").

use crate::error::{Result, Section};
use crate::wire::{Cursor, varint};

/// What an archive holds from here on. Its tail is that of a stream's commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ArchiveCommit {
    /// Number of the commit, from 0.
    pub(crate) number: u64,
    /// Place of the commit before; 0: none.
    pub(crate) previous: u64,
    /// Place of the first frame of this commit: what lies between it and the commit before is a hole.
    pub(crate) begin: u64,
    /// Place of the last index segment; 0: none.
    pub(crate) last_index: u64,
    /// Place of the last member table; 0: none.
    pub(crate) last_members: u64,
    /// Blocks in the archive.
    pub(crate) blocks: u64,
    /// Line terminators in them.
    pub(crate) lines: u64,
    /// Their raw bytes.
    pub(crate) raw_bytes: u64,
    /// Members that are neither removed nor superseded.
    pub(crate) members: u64,
    /// Its own place.
    pub(crate) offset: u64,
    /// BLAKE3 over the root before, the member table, and the fields above.
    pub(crate) root: [u8; 32],
}

impl ArchiveCommit {
    /// Appends the fields that the root covers.
    pub(crate) fn encode_fields(&self, dst: &mut Vec<u8>) {
        for value in [
            self.number,
            self.previous,
            self.begin,
            self.last_index,
            self.last_members,
            self.blocks,
            self.lines,
            self.raw_bytes,
            self.members,
            self.offset,
        ] {
            varint::put(dst, value);
        }
    }

    /// Appends the payload of a commit's frame.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        self.encode_fields(dst);
        dst.extend_from_slice(&self.root);
    }

    /// Reads the payload of a commit's frame, which starts at `offset`.
    pub(crate) fn decode(payload: &[u8], offset: u64) -> Result<Self> {
        let mut cur = Cursor::new(payload, Section::Commit, offset);
        let (number, previous, begin) = (cur.varint()?, cur.varint()?, cur.varint()?);
        let (last_index, last_members) = (cur.varint()?, cur.varint()?);
        let (blocks, lines, raw_bytes) = (cur.varint()?, cur.varint()?, cur.varint()?);
        let (members, own, root) = (cur.varint()?, cur.varint()?, cur.array()?);
        if !cur.is_empty() {
            return Err(cur.corrupt("a commit has its length"));
        }
        let ordered = previous <= begin && begin <= own && last_index < own && last_members < own;
        if !ordered || previous >= own {
            return Err(cur.corrupt("a commit lies behind what it names"));
        }
        Ok(Self {
            number,
            previous,
            begin,
            last_index,
            last_members,
            blocks,
            lines,
            raw_bytes,
            members,
            offset: own,
            root,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_no_prefix_passes() {
        let commit = ArchiveCommit {
            number: 3,
            previous: 100,
            begin: 120,
            last_index: 500,
            last_members: 600,
            blocks: 9,
            lines: 1 << 30,
            raw_bytes: 1 << 40,
            members: 12,
            offset: 700,
            root: [7; 32],
        };
        let mut bytes = Vec::new();
        commit.encode(&mut bytes);
        assert_eq!(ArchiveCommit::decode(&bytes, 0).unwrap(), commit);
        for cut in 0..bytes.len() {
            assert!(ArchiveCommit::decode(&bytes[..cut], 0).is_err());
        }
        let mut bytes = Vec::new();
        ArchiveCommit { last_members: 700, ..commit }.encode(&mut bytes);
        assert!(ArchiveCommit::decode(&bytes, 0).is_err(), "names what lies behind it");
    }
}
