//! Look-ahead over an input that cannot seek.

use std::io;

/// Bytes asked for at a time.
const STEP: usize = 1 << 18;

/// Unread input, as far as it has been looked at.
#[derive(Debug)]
pub(crate) struct Source<R> {
    rdr: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Place of the next unread byte in the input.
    offset: u64,
}

impl<R: io::Read> Source<R> {
    pub(crate) fn new(rdr: R) -> Self {
        Self { rdr, buffer: Vec::new(), start: 0, end: 0, offset: 0 }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next bytes: `len` of them, or fewer where the input ends. Memory grows as bytes really arrive.
    pub(crate) fn peek(&mut self, len: usize) -> io::Result<&[u8]> {
        while self.end - self.start < len {
            if self.start > 0 && self.start >= self.end - self.start {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            let missing = len - (self.end - self.start);
            let want = self.end + missing.clamp(1, STEP).max(STEP);
            if self.buffer.len() < want {
                self.buffer.resize(want, 0);
            }
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.rdr.read(room) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        let end = self.end.min(self.start + len);
        Ok(self.buffer.get(self.start..end).unwrap_or_default())
    }

    /// What has been looked at and not consumed.
    pub(crate) fn seen(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn consume(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.offset += len as u64;
    }
}
