//! The member table of an archive (`docs/FORMAT.md`, "Member table").

use crate::codec::{Codec, CodecTag, Compressor, Decompressor};
use crate::error::{Result, Section};
use crate::format::names::{NameReader, NameWriter};
use crate::limits::{self, Limits};
use crate::name::Name;
use crate::wire::{Cursor, varint};

/// Bytes of content that a member's head covers at most.
pub(crate) const HEAD_LEN: usize = 4096;

/// What a file was compressed with when it was taken into an archive; only its content is stored.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Container {
    /// Nothing: the file is the content.
    #[default]
    None,
    /// gzip, RFC 1952, any number of members.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
    /// LZ4 frames.
    Lz4,
}

impl Container {
    pub(crate) fn tag(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Zstd => 2,
            Self::Xz => 3,
            Self::Bzip2 => 4,
            Self::Lz4 => 5,
        }
    }

    pub(crate) fn from_tag(tag: u8) -> Option<Self> {
        [Self::None, Self::Gzip, Self::Zstd, Self::Xz, Self::Bzip2, Self::Lz4]
            .into_iter()
            .find(|container| container.tag() == tag)
    }
}

/// Whether a member counts.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberState {
    /// It is what its name stands for.
    #[default]
    Live,
    /// Another member has its name now.
    Older,
    /// Removed; its bytes are still there.
    Removed,
}

/// A part of a member, as the table names it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Number of the block, from 0.
    pub block: u64,
    /// Place of its first byte in the block's raw bytes.
    pub offset: u32,
    /// Bytes.
    pub len: u32,
    /// Line terminators in it.
    pub lines: u32,
    /// It starts inside a line that began in the part before.
    pub starts_inside: bool,
}

/// A file or directory in an archive.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Its number, never given to another one.
    pub id: u64,
    /// Whether it counts.
    pub state: MemberState,
    /// It is a directory.
    pub is_dir: bool,
    /// Parts of it were lost before it came into this archive.
    pub incomplete: bool,
    /// What its file was compressed with.
    pub container: Container,
    /// Its name.
    pub name: Name,
    /// Names it had before, oldest first.
    pub past_names: Vec<Name>,
    /// Its permissions, twelve bits.
    pub mode: u32,
    /// Time of the last change of its file, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Bytes of the file it was read from; `size` where that was not compressed.
    pub source_len: u64,
    /// Bytes of its content.
    pub size: u64,
    /// Line terminators in its content.
    pub lines: u64,
    /// First and last of the times printed in its lines, in whole seconds since 1970 without regard to zone.
    pub times: Option<(i64, i64)>,
    /// In the order of the content; blocks and places in them ascend.
    pub extents: Vec<Extent>,
    /// The low half of XXH3-64 of the first bytes of the content, at most 4,096.
    pub(crate) head: u32,
    /// BLAKE3 of the content.
    pub hash: [u8; 32],
}

/// Members that came or changed with a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberTable {
    /// Place of the table that this one goes on from; 0: none, this one has all members.
    pub(crate) previous: u64,
    pub(crate) entries: Vec<Member>,
}

/// What the next entry is told apart from: members mostly lie one behind the other.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    mtime_ns: i64,
    block: u64,
    /// Place behind the last extent in that block.
    end: u32,
    /// Last printed time of the last entry that has one.
    last_time: i64,
}

impl Before {
    /// Where the next extent is expected, if it is in `block`.
    fn expected(&self, block: u64) -> u32 {
        if block == self.block { self.end } else { 0 }
    }
}

/// A table of more bytes is compressed with less memory.
const LARGE: usize = 8 << 20;
/// About what an entry takes.
const ENTRY_LEN: usize = 80;

const IS_DIR: u64 = 1 << 2;
const INCOMPLETE: u64 = 1 << 3;
const HAS_TIMES: u64 = 1 << 4;
const CONTAINER_SHIFT: u32 = 5;

impl MemberTable {
    /// Appends the payload of a frame.
    pub(crate) fn encode(&self, compressor: &mut Compressor, dst: &mut Vec<u8>) -> Result<()> {
        let mut table = Vec::with_capacity(self.entries.len() * ENTRY_LEN);
        varint::put(&mut table, self.entries.len() as u64);
        let (mut before, mut names) = (Before::default(), NameWriter::default());
        for entry in &self.entries {
            encode_entry(entry, &mut before, &mut names, &mut table);
        }
        // What no reader takes by default is not written.
        names.check()?;
        // Together at the end, where they do not disturb the codec.
        for entry in self.entries.iter().filter(|entry| !entry.is_dir) {
            table.extend_from_slice(&entry.head.to_le_bytes());
            table.extend_from_slice(&entry.hash);
        }
        let level = if table.len() <= LARGE { 12 } else { 3 };
        let (tag, stored) = compressor.compress(Codec::Zstd(level), &table)?;
        varint::put(dst, self.previous);
        dst.push(tag.tag());
        varint::put(dst, table.len() as u64);
        dst.extend_from_slice(&stored);
        Ok(())
    }

    /// Reads the payload of a frame, which starts at `offset`.
    pub(crate) fn decode(
        payload: &[u8],
        offset: u64,
        limits: &Limits,
        decompressor: &mut Decompressor,
    ) -> Result<Self> {
        let mut cur = Cursor::new(payload, Section::Members, offset);
        let previous = cur.varint()?;
        let tag = CodecTag::from_tag(cur.u8()?).ok_or_else(|| cur.corrupt("a codec is known"))?;
        let len = cur.varint()?;
        let len = limits::check("decoded bytes of member tables", len, limits.members_bytes_max)?;
        let table = decompressor.decompress(tag, cur.rest(), len)?;
        let mut cur = Cursor::new(&table, Section::Members, 0);
        let count = cur.varint()?;
        limits::check("members", count, limits.members_max)?;
        let mut entries = Vec::new();
        let (mut before, mut names) = (Before::default(), NameReader::new(limits));
        for _ in 0..count {
            entries.push(decode_entry(&mut cur, &mut before, &mut names)?);
        }
        for entry in entries.iter_mut().filter(|entry| !entry.is_dir) {
            entry.head = cur.u32()?;
            entry.hash = cur.array()?;
        }
        if cur.is_empty() {
            Ok(Self { previous, entries })
        } else {
            Err(cur.corrupt("a member table has its length"))
        }
    }
}

fn encode_entry<'a>(
    entry: &'a Member,
    before: &mut Before,
    names: &mut NameWriter<'a>,
    dst: &mut Vec<u8>,
) {
    let state = match entry.state {
        MemberState::Live => 0,
        MemberState::Older => 1,
        MemberState::Removed => 2,
    };
    let mut flags = state | u64::from(entry.container.tag()) << CONTAINER_SHIFT;
    flags |= if entry.is_dir { IS_DIR } else { 0 };
    flags |= if entry.incomplete { INCOMPLETE } else { 0 };
    flags |= if entry.times.is_some() { HAS_TIMES } else { 0 };
    varint::put(dst, entry.id);
    varint::put(dst, flags);
    varint::put(dst, entry.past_names.len() as u64);
    for name in std::iter::once(&entry.name).chain(&entry.past_names) {
        names.put(name, dst);
    }
    varint::put(dst, entry.mode.into());
    varint::put(dst, varint::zigzag(entry.mtime_ns.wrapping_sub(before.mtime_ns)));
    before.mtime_ns = entry.mtime_ns;
    if entry.is_dir {
        return;
    }
    // Mostly the file is the content.
    varint::put(dst, varint::zigzag(entry.source_len.wrapping_sub(entry.size).cast_signed()));
    varint::put(dst, entry.extents.len() as u64);
    for extent in &entry.extents {
        let expected = before.expected(extent.block);
        let blocks = extent.block.wrapping_sub(before.block).cast_signed();
        varint::put(dst, varint::zigzag(blocks));
        varint::put(dst, varint::zigzag(i64::from(extent.offset) - i64::from(expected)));
        varint::put(dst, extent.len.into());
        varint::put(dst, u64::from(extent.lines) << 1 | u64::from(extent.starts_inside));
        (before.block, before.end) = (extent.block, extent.offset + extent.len);
    }
    if let Some((first, last)) = entry.times {
        varint::put(dst, varint::zigzag(last.wrapping_sub(before.last_time)));
        varint::put(dst, last.wrapping_sub(first).cast_unsigned());
        before.last_time = last;
    }
}

fn decode_entry(
    cur: &mut Cursor<'_>,
    before: &mut Before,
    names: &mut NameReader,
) -> Result<Member> {
    let id = cur.varint()?;
    let flags = cur.varint()?;
    let state = match flags & 3 {
        0 => MemberState::Live,
        1 => MemberState::Older,
        2 => MemberState::Removed,
        _ => return Err(cur.corrupt("a member is live, older, or removed")),
    };
    let container = u8::try_from(flags >> CONTAINER_SHIFT).ok().and_then(Container::from_tag);
    let container = container.ok_or_else(|| cur.corrupt("a container has a known number"))?;
    let mut entry = Member {
        id,
        state,
        is_dir: flags & IS_DIR != 0,
        incomplete: flags & INCOMPLETE != 0,
        container,
        ..Member::default()
    };
    let past = cur.varint()?;
    entry.name = names.take(cur)?;
    for _ in 0..past {
        entry.past_names.push(names.take(cur)?);
    }
    let mode = cur.varint_max(0o7777, "a mode has twelve bits")?;
    entry.mode = u32::try_from(mode).unwrap_or(0);
    entry.mtime_ns = before.mtime_ns.wrapping_add(varint::unzigzag(cur.varint()?));
    before.mtime_ns = entry.mtime_ns;
    if !entry.is_dir {
        let more = varint::unzigzag(cur.varint()?).cast_unsigned();
        decode_extents(cur, before, &mut entry)?;
        entry.source_len = entry.size.wrapping_add(more);
        if flags & HAS_TIMES != 0 {
            let last = before.last_time.wrapping_add(varint::unzigzag(cur.varint()?));
            let first = last.wrapping_sub(cur.varint()?.cast_signed());
            if first > last {
                return Err(cur.corrupt("the first time of a member is not behind its last"));
            }
            entry.times = Some((first, last));
            before.last_time = last;
        }
    } else if flags & HAS_TIMES != 0 {
        return Err(cur.corrupt("a directory has no times"));
    }
    Ok(entry)
}

fn decode_extents(cur: &mut Cursor<'_>, before: &mut Before, entry: &mut Member) -> Result<()> {
    const RULE: &str = "the extents of a member ascend, in blocks and places below 2^32";
    for number in 0..cur.varint()? {
        let blocks = varint::unzigzag(cur.varint()?).cast_unsigned();
        let block = before.block.wrapping_add(blocks);
        let place = varint::unzigzag(cur.varint()?);
        let offset = place.checked_add(before.expected(block).into());
        let offset = offset.and_then(|offset| u32::try_from(offset).ok());
        let offset = offset.ok_or_else(|| cur.corrupt(RULE))?;
        let len = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(RULE))?;
        let ending = cur.varint()?;
        let lines = u32::try_from(ending >> 1).map_err(|_| cur.corrupt(RULE))?;
        let ascends =
            number == 0 || block > before.block || block == before.block && offset >= before.end;
        let end = offset.checked_add(len).filter(|_| ascends && len > 0 && lines <= len);
        let end = end.ok_or_else(|| cur.corrupt(RULE))?;
        entry.size = entry.size.checked_add(len.into()).ok_or_else(|| cur.corrupt(RULE))?;
        entry.lines += u64::from(lines);
        let starts_inside = ending & 1 == 1;
        entry.extents.push(Extent { block, offset, len, lines, starts_inside });
        (before.block, before.end) = (block, end);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> MemberTable {
        let extent = Extent { block: 3, offset: 17, len: 40, lines: 2, starts_inside: false };
        let next = Extent { block: 3, offset: 57, len: 3, lines: 0, starts_inside: true };
        let file = Member {
            id: 300,
            state: MemberState::Older,
            container: Container::Xz,
            incomplete: true,
            name: Name::from(&b"a/\xff.log"[..]),
            past_names: vec![Name::from(&b"b"[..])],
            mode: 0o600,
            mtime_ns: i64::MIN,
            source_len: 12,
            size: 43,
            lines: 2,
            times: Some((i64::MIN, -5)),
            extents: vec![extent, next],
            head: 9,
            hash: [3; 32],
            ..Member::default()
        };
        let dir =
            Member { name: Name::from(&b"a"[..]), is_dir: true, mode: 0o700, ..Member::default() };
        MemberTable { previous: 77, entries: vec![file, dir] }
    }

    fn encoded(table: &MemberTable) -> Vec<u8> {
        let mut bytes = Vec::new();
        table.encode(&mut Compressor::default(), &mut bytes).unwrap();
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<MemberTable> {
        MemberTable::decode(bytes, 0, &Limits::default(), &mut Decompressor::default())
    }

    #[test]
    fn round_trip_and_no_prefix_passes() {
        let bytes = encoded(&table());
        assert_eq!(decode(&bytes).unwrap(), table());
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn extents_that_overlap_are_refused() {
        let mut overlap = table();
        overlap.entries[0].extents[1].offset = 56;
        assert!(decode(&encoded(&overlap)).is_err());
        let mut back = table();
        back.entries[0].extents[1].block = 2;
        assert!(decode(&encoded(&back)).is_err());
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { members_max: 1, ..Limits::default() };
        let decoder = &mut Decompressor::default();
        assert!(MemberTable::decode(&encoded(&table()), 0, &limits, decoder).is_err());
        let long = |first| Name::from([vec![first], vec![b'n'; 1 << 28]].concat().as_slice());
        let long = [b'a', b'b'].map(|first| Member { name: long(first), ..Member::default() });
        let much = MemberTable { previous: 0, entries: long.to_vec() };
        assert!(much.encode(&mut Compressor::default(), &mut Vec::new()).is_err());
    }
}
