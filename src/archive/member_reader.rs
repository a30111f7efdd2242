//! The content of a member, from the blocks that its parts are in.

use std::io;
use std::sync::Arc;

use crate::archive::open::Archive;
use crate::format::members::{Extent, Member};

/// A part of a member, in its block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) raw: Arc<Vec<u8>>,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl Part {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.raw.get(self.start..self.start + self.len).unwrap_or_default()
    }
}

/// Reads the content of a member, verified block by block.
#[derive(Debug)]
pub struct MemberReader<'a> {
    archive: &'a mut Archive,
    extents: std::vec::IntoIter<Extent>,
    part: Part,
    given: usize,
}

impl Archive {
    /// A reader of a member's content.
    pub fn reader(&mut self, member: &Member) -> MemberReader<'_> {
        let extents = member.extents.clone().into_iter();
        MemberReader { archive: self, extents, part: Part::default(), given: 0 }
    }
}

impl io::Read for MemberReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = io::BufRead::fill_buf(self)?;
        let len = bytes.len().min(buf.len());
        if let (Some(dst), Some(src)) = (buf.get_mut(..len), bytes.get(..len)) {
            dst.copy_from_slice(src);
        }
        self.given += len;
        Ok(len)
    }
}

impl io::BufRead for MemberReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.given >= self.part.bytes().len()
            && let Some(extent) = self.extents.next()
        {
            self.part = self.archive.extent(extent)?;
            self.given = 0;
        }
        Ok(self.part.bytes().get(self.given..).unwrap_or_default())
    }

    fn consume(&mut self, len: usize) {
        self.given += len;
    }
}
