//! Bounded reads that know where they are.

use crate::error::{Error, Result, Section};
use crate::wire::varint;

/// Reads a structure front to back; every error names the section and the offset.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Offset of the first byte of `rest`, counted from wherever the maker of the cursor counts.
    offset: u64,
    section: Section,
}

impl<'a> Cursor<'a> {
    /// A cursor over `bytes`, the first of which lies at `offset`.
    pub(crate) fn new(bytes: &'a [u8], section: Section, offset: u64) -> Self {
        Self { rest: bytes, offset, section }
    }

    /// Whether everything has been taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Where the next byte lies.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = std::mem::take(&mut self.rest);
        self.offset += rest.len() as u64;
        rest
    }

    /// Takes `len` bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.truncated())?;
        self.rest = rest;
        self.offset += len as u64;
        Ok(head)
    }

    /// Takes `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| self.truncated())?;
        self.rest = rest;
        self.offset += N as u64;
        Ok(*head)
    }

    /// Takes a byte.
    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// Takes a little-endian `u16`.
    pub(crate) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Takes a little-endian `u32`.
    pub(crate) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Takes a little-endian `u64`.
    pub(crate) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Takes a canonical varint.
    pub(crate) fn varint(&mut self) -> Result<u64> {
        let before = self.rest.len();
        let value = varint::take(&mut self.rest)
            .ok_or_else(|| self.corrupt("a varint is canonical and complete"))?;
        self.offset += (before - self.rest.len()) as u64;
        Ok(value)
    }

    /// Takes a varint that must not exceed `max`.
    pub(crate) fn varint_max(&mut self, max: u64, rule: &'static str) -> Result<u64> {
        let value = self.varint()?;
        if value > max { Err(self.corrupt(rule)) } else { Ok(value) }
    }

    /// Takes a varint-prefixed byte string.
    pub(crate) fn prefixed(&mut self) -> Result<&'a [u8]> {
        let len = self.varint()?;
        let len = usize::try_from(len).map_err(|_| self.truncated())?;
        self.bytes(len)
    }

    /// An error that says a rule is broken here.
    #[cold]
    pub(crate) fn corrupt(&self, rule: &'static str) -> Error {
        Error::corrupt(self.section, self.offset, rule)
    }

    #[cold]
    fn truncated(&self) -> Error {
        Error::truncated(self.section, self.offset + self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn names_the_place_where_the_input_ended() {
        let mut cur = Cursor::new(&[1, 2, 3], Section::Commit, 100);
        assert_eq!(cur.u8().unwrap(), 1);
        let err = cur.u32().unwrap_err();
        assert!(matches!(err.kind(), ErrorKind::Truncated { offset: 103, .. }));
    }
}
