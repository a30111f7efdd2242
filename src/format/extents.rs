//! What a block of an archive says of the members it holds parts of (`docs/FORMAT.md`, "Extents").
//!
//! It repeats what the member table says, so that a block can be rescued without one.

use crate::error::{Result, Section};
use crate::format::members::Container;
use crate::format::names::{NameReader, NameWriter};
use crate::limits::Limits;
use crate::name::Name;
use crate::wire::{Cursor, varint};

/// A part of a member in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockExtent {
    /// The member's number in the archive.
    pub(crate) member: u64,
    pub(crate) name: Name,
    pub(crate) mode: u32,
    /// Time of the last change, in seconds since 1970.
    pub(crate) mtime: i64,
    pub(crate) container: Container,
    /// Place of the first byte in the member.
    pub(crate) first_byte: u64,
    /// Line terminators of the member before this part.
    pub(crate) first_line: u64,
    /// The part starts inside a line that began in the part before.
    pub(crate) starts_inside: bool,
    /// Place of the part in the block.
    pub(crate) offset: u32,
    pub(crate) len: u32,
}

const STARTS_INSIDE: u8 = 0x80;

/// Appends the extents of a block, which are in the order of their places.
pub(crate) fn encode(extents: &[BlockExtent], dst: &mut Vec<u8>) {
    varint::put(dst, extents.len() as u64);
    let (mut end, mut mtime) = (0, 0);
    let mut names = NameWriter::default();
    for extent in extents {
        varint::put(dst, extent.member);
        names.put(&extent.name, dst);
        varint::put(dst, extent.mode.into());
        varint::put(dst, varint::zigzag(extent.mtime.wrapping_sub(mtime)));
        let inside = if extent.starts_inside { STARTS_INSIDE } else { 0 };
        dst.push(extent.container.tag() | inside);
        varint::put(dst, extent.first_byte);
        varint::put(dst, extent.first_line);
        varint::put(dst, u64::from(extent.offset - end));
        varint::put(dst, extent.len.into());
        (end, mtime) = (extent.offset + extent.len, extent.mtime);
    }
}

/// Reads the extents of a block of `raw_len` bytes.
pub(crate) fn decode(bytes: &[u8], raw_len: u32, limits: &Limits) -> Result<Vec<BlockExtent>> {
    const INSIDE: &str = "extents lie in their block, one behind the other";
    let mut cur = Cursor::new(bytes, Section::Extents, 0);
    let count = cur.varint_max(bytes.len() as u64, "every extent takes some bytes")?;
    let mut extents = Vec::new();
    let (mut end, mut mtime) = (0u32, 0i64);
    let mut names = NameReader::new(limits);
    for _ in 0..count {
        let member = cur.varint()?;
        let name = names.take(&mut cur)?;
        let mode = cur.varint_max(0o7777, "a mode has twelve bits")?;
        mtime = mtime.wrapping_add(varint::unzigzag(cur.varint()?));
        let flags = cur.u8()?;
        let container = Container::from_tag(flags & !STARTS_INSIDE)
            .ok_or_else(|| cur.corrupt("a container has a known number"))?;
        let (first_byte, first_line) = (cur.varint()?, cur.varint()?);
        let gap = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(INSIDE))?;
        let len = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(INSIDE))?;
        let offset = end.checked_add(gap).ok_or_else(|| cur.corrupt(INSIDE))?;
        let after = offset.checked_add(len).filter(|&after| after <= raw_len && len > 0);
        end = after.ok_or_else(|| cur.corrupt(INSIDE))?;
        if first_byte.checked_add(len.into()).is_none() {
            return Err(cur.corrupt("a member has less than 2^64 bytes"));
        }
        extents.push(BlockExtent {
            member,
            name,
            mode: u32::try_from(mode).unwrap_or(0),
            mtime,
            container,
            first_byte,
            first_line,
            starts_inside: flags & STARTS_INSIDE != 0,
            offset,
            len,
        });
    }
    if cur.is_empty() { Ok(extents) } else { Err(cur.corrupt("extents have their length")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extents() -> Vec<BlockExtent> {
        let first = BlockExtent {
            member: 7,
            name: Name::from(&b"a/b\xff.log"[..]),
            mode: 0o640,
            mtime: -5,
            container: Container::Gzip,
            first_byte: 1 << 40,
            first_line: 12,
            starts_inside: true,
            offset: 0,
            len: 100,
        };
        let second = BlockExtent {
            member: 8,
            starts_inside: false,
            offset: 101,
            len: 99,
            container: Container::None,
            ..first.clone()
        };
        vec![first, second]
    }

    #[test]
    fn round_trip_and_no_prefix_passes() {
        let mut bytes = Vec::new();
        encode(&extents(), &mut bytes);
        let limits = Limits::default();
        assert_eq!(decode(&bytes, 200, &limits).unwrap(), extents());
        assert!(decode(&bytes, 199, &limits).is_err(), "past the block");
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut], 200, &limits).is_err());
        }
    }
}
