//! Names as a tree: a component is told once, however many names lie below it (`docs/FORMAT.md`, "Names").

use std::collections::BTreeMap;

use crate::error::Result;
use crate::limits::{self, Limits};
use crate::name::{NODE_BYTES, Name, NameId};
use crate::wire::{Cursor, varint};

/// Writes names.
#[derive(Debug, Default)]
pub(crate) struct NameWriter<'a> {
    /// Numbers of the names that have been told, from 1.
    known: BTreeMap<&'a NameId, u64>,
    /// The number of what stands above the name told last; 0: nothing.
    above: u64,
    /// The component told last.
    before: &'a [u8],
    /// What a reader counts for them.
    bytes: u64,
}

impl<'a> NameWriter<'a> {
    pub(crate) fn put(&mut self, name: &'a Name, dst: &mut Vec<u8>) {
        let new: Vec<&Name> =
            name.ways_up().take_while(|name| !self.known.contains_key(name.id())).collect();
        let start = new.last().map_or(Some(name), |top| top.parent());
        let start = start.and_then(|name| self.known.get(name.id()).copied()).unwrap_or(0);
        varint::put(dst, new.len() as u64);
        varint::put(dst, varint::zigzag(start.wrapping_sub(self.above).cast_signed()));
        for name in new.into_iter().rev() {
            let own = name.own();
            let shared = self.before.iter().zip(own).take_while(|(a, b)| a == b).count();
            let rest = own.get(shared..).unwrap_or_default();
            varint::put(dst, shared as u64);
            varint::put(dst, rest.len() as u64);
            dst.extend_from_slice(rest);
            self.before = own;
            self.bytes += cost(own.len() as u64);
            self.known.insert(name.id(), self.known.len() as u64 + 1);
        }
        let above = name.parent().and_then(|above| self.known.get(above.id()));
        self.above = above.copied().unwrap_or(0);
    }

    /// Fails if no reader takes by default what has been told.
    pub(crate) fn check(&self) -> Result<()> {
        limits::check("bytes of names", self.bytes, Limits::default().members_bytes_max).map(drop)
    }
}

/// Bytes that a component is counted as.
fn cost(len: u64) -> u64 {
    NODE_BYTES + len
}

/// Reads names.
#[derive(Debug)]
pub(crate) struct NameReader {
    /// What has been told: each name, and the number of the one above it.
    known: Vec<(Name, u64)>,
    above: u64,
    /// Bytes that names may still take together: a few bytes of a file can stand for a long one.
    room: u64,
    name_bytes_max: u64,
}

impl NameReader {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (room, name_bytes_max) = (limits.members_bytes_max, limits.name_bytes_max);
        Self { known: Vec::new(), above: 0, room, name_bytes_max }
    }

    /// A name as it stands. Whether it may be given to a file is asked when that is done.
    pub(crate) fn take(&mut self, cur: &mut Cursor<'_>) -> Result<Name> {
        const RULE: &str = "a name stands below one that was told";
        let new = cur.varint()?;
        let step = varint::unzigzag(cur.varint()?);
        let mut number = self.above.wrapping_add(step.cast_unsigned());
        if new == 0 {
            let (name, above) = self.numbered(number).ok_or_else(|| cur.corrupt(RULE))?;
            self.above = above;
            return Ok(name);
        }
        let mut name = self.numbered(number).map(|(name, _)| name);
        if name.is_none() && number != 0 {
            return Err(cur.corrupt(RULE));
        }
        for _ in 0..new {
            let next = self.component(name.as_ref(), cur)?;
            self.known.push((next.clone(), number));
            (self.above, number) = (number, self.known.len() as u64);
            name = Some(next);
        }
        name.ok_or_else(|| cur.corrupt(RULE))
    }

    fn numbered(&self, number: u64) -> Option<(Name, u64)> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.known.get(at).cloned()
    }

    /// Reads a component, and puts it below a name.
    fn component(&mut self, above: Option<&Name>, cur: &mut Cursor<'_>) -> Result<Name> {
        let shared = usize::try_from(cur.varint()?).ok();
        let before = self.known.last().map_or(&[][..], |(name, _)| name.own());
        let shared = shared.and_then(|shared| before.get(..shared));
        let shared = shared
            .ok_or_else(|| cur.corrupt("a component shares bytes that the one before it has"))?;
        let rest = cur.prefixed()?;
        if rest.contains(&b'/') {
            return Err(cur.corrupt("a component has no slash"));
        }
        let len = shared.len() as u64 + rest.len() as u64;
        let whole = above.map_or(len, |above| above.len() as u64 + 1 + len);
        limits::check("bytes of a name", whole, self.name_bytes_max)?;
        limits::check("bytes of names", cost(len), self.room)?;
        self.room -= cost(len);
        let own = [shared, rest].concat();
        Ok(above.map_or_else(|| Name::from(own.as_slice()), |above| above.child(&own)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Section;

    const NAMES: [&[u8]; 10] = [
        b"",
        b"a/b/one",
        b"a/b/one",
        b"a/b/two",
        b"",
        b"/x",
        b"a/\xff\0",
        b"a",
        b"a/b/three/four/five",
        b"a/b/three/four/six",
    ];
    /// Components that are told.
    const TOLD: [&[u8]; 11] =
        [b"", b"a", b"b", b"one", b"two", b"x", b"\xff\0", b"three", b"four", b"five", b"six"];

    fn encoded() -> Vec<u8> {
        let mut bytes = Vec::new();
        let names: Vec<Name> = NAMES.into_iter().map(Name::from).collect();
        let mut writer = NameWriter::default();
        for name in &names {
            writer.put(name, &mut bytes);
        }
        writer.check().unwrap();
        bytes
    }

    fn decode(bytes: &[u8], limits: &Limits) -> Result<Vec<Name>> {
        let mut cur = Cursor::new(bytes, Section::Members, 0);
        let mut reader = NameReader::new(limits);
        NAMES.iter().map(|_| reader.take(&mut cur)).collect()
    }

    #[test]
    fn round_trip_and_no_prefix_passes() {
        let (bytes, limits) = (encoded(), Limits::default());
        let names = decode(&bytes, &limits).unwrap();
        assert!(names.iter().map(Name::to_vec).eq(NAMES));
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut], &limits).is_err());
        }
        let sum = TOLD.iter().map(|own| cost(own.len() as u64)).sum();
        let tight = Limits { members_bytes_max: sum, name_bytes_max: 19, ..Limits::default() };
        assert!(decode(&bytes, &tight).is_ok());
        assert!(decode(&bytes, &Limits { members_bytes_max: sum - 1, ..tight.clone() }).is_err());
        assert!(decode(&bytes, &Limits { name_bytes_max: 18, ..tight }).is_err());
    }

    #[test]
    fn a_component_is_told_once() {
        let bytes = encoded();
        for own in [&b"three"[..], b"four"] {
            assert_eq!(memchr::memmem::find_iter(&bytes, own).count(), 1, "{own:?}");
        }
    }

    #[test]
    fn what_was_not_told_is_refused() {
        let bad: [&[u8]; 6] = [
            &[1, 0, 1, 0],       // shares a byte of nothing
            &[0, 0],             // names nothing
            &[0, 2],             // nor this
            &[1, 2, 0, 1, b'a'], // below what was not told
            &[1, 1, 0, 1, b'a'], // below number -1
            &[1, 0, 0, 2, b'a', b'/'],
        ];
        for bytes in bad {
            let mut cur = Cursor::new(bytes, Section::Members, 0);
            assert!(NameReader::new(&Limits::default()).take(&mut cur).is_err(), "{bytes:?}");
        }
    }
}
