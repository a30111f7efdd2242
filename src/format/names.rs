//! Names one after the other, each told by the one before it (`docs/FORMAT.md`, "Names").

use std::sync::Arc;

use crate::error::Result;
use crate::limits::{self, Limits};
use crate::wire::{Cursor, varint};

/// Writes names.
#[derive(Debug, Default)]
pub(crate) struct NameWriter<'a> {
    before: &'a [u8],
}

impl<'a> NameWriter<'a> {
    pub(crate) fn put(&mut self, name: &'a [u8], dst: &mut Vec<u8>) {
        let shared = self.before.iter().zip(name).take_while(|(a, b)| a == b).count();
        let rest = name.get(shared..).unwrap_or_default();
        varint::put(dst, shared as u64);
        varint::put(dst, rest.len() as u64);
        dst.extend_from_slice(rest);
        self.before = name;
    }
}

/// Reads names.
#[derive(Debug)]
pub(crate) struct NameReader {
    before: Arc<[u8]>,
    /// Bytes that names may still take together: a few bytes of a file can stand for a long name.
    room: u64,
    name_bytes_max: u64,
}

impl NameReader {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (room, name_bytes_max) = (limits.members_bytes_max, limits.name_bytes_max);
        Self { before: Arc::default(), room, name_bytes_max }
    }

    /// A name as it stands. Whether it may be given to a file is asked when that is done.
    pub(crate) fn take(&mut self, cur: &mut Cursor<'_>) -> Result<Arc<[u8]>> {
        let shared = usize::try_from(cur.varint()?).ok();
        let shared = shared.and_then(|shared| self.before.get(..shared));
        let shared =
            shared.ok_or_else(|| cur.corrupt("a name shares bytes that the one before it has"))?;
        let rest = cur.prefixed()?;
        let len = shared.len() as u64 + rest.len() as u64;
        limits::check("bytes of a name", len, self.name_bytes_max)?;
        limits::check("bytes of names", len, self.room)?;
        self.room -= len;
        self.before = match rest {
            [] if shared.len() == self.before.len() => Arc::clone(&self.before),
            _ => Arc::from([shared, rest].concat()),
        };
        Ok(Arc::clone(&self.before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Section;

    const NAMES: [&[u8]; 7] = [b"", b"a/b/one", b"a/b/one", b"a/b/two", b"", b"a/\xff\0", b"a"];

    fn decode(bytes: &[u8], limits: &Limits) -> Result<Vec<Arc<[u8]>>> {
        let mut cur = Cursor::new(bytes, Section::Members, 0);
        let mut reader = NameReader::new(limits);
        NAMES.iter().map(|_| reader.take(&mut cur)).collect()
    }

    #[test]
    fn round_trip_and_no_prefix_passes() {
        let mut bytes = Vec::new();
        let mut writer = NameWriter::default();
        for name in NAMES {
            writer.put(name, &mut bytes);
        }
        let limits = Limits::default();
        let names = decode(&bytes, &limits).unwrap();
        assert!(names.iter().map(|name| &name[..]).eq(NAMES));
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut], &limits).is_err());
        }
        let sum = NAMES.iter().map(|name| name.len() as u64).sum();
        let tight = Limits { members_bytes_max: sum, name_bytes_max: 7, ..Limits::default() };
        assert!(decode(&bytes, &tight).is_ok());
        assert!(decode(&bytes, &Limits { members_bytes_max: sum - 1, ..tight.clone() }).is_err());
        assert!(decode(&bytes, &Limits { name_bytes_max: 6, ..tight }).is_err());
    }

    #[test]
    fn a_name_shares_no_more_than_there_is() {
        let mut cur = Cursor::new(&[1, 0], Section::Members, 0);
        assert!(NameReader::new(&Limits::default()).take(&mut cur).is_err());
    }
}
