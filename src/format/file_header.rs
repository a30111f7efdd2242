//! The file header (`docs/FORMAT.md`, "File header").

use crate::error::{Error, ErrorKind, Result, Section};
use crate::wire::{Cursor, checksum};

/// The first bytes of every stream, in the manner of PNG: text-mode transfer and 7-bit channels show.
pub(crate) const MAGIC: [u8; 8] = [0x89, b'L', b'I', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
/// Bytes of a file header.
pub(crate) const LEN: usize = 40;
/// The version this build writes.
const VERSION: (u8, u8) = (0, 2);

/// The incompatible feature of a stream or an archive that has a model frame behind its header.
const FEATURE_MODEL: u32 = 1;

/// What a file is, as its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredKind {
    /// One log, which needs no seek and may be followed by others.
    Stream,
    /// Members, of which the last commit tells.
    Archive,
}

/// What every stream, and an archive, starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) kind: StoredKind,
    /// The level it was written at: for people.
    pub(crate) level: u8,
    /// Derived from the first block, so that equal input gives equal files.
    pub(crate) stream_id: u64,
    /// No block has more than 2 to the power of this many raw bytes.
    pub(crate) block_raw_log2: u8,
    /// A model frame follows: the blocks are coded with what not every reader has.
    pub(crate) equipped: bool,
}

/// Whether bytes start as the file of an archive does.
pub(crate) fn is_archive(prefix: &[u8]) -> bool {
    prefix.starts_with(&MAGIC) && prefix.get(10) == Some(&1)
}

impl FileHeader {
    /// Appends the header.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        let start = dst.len();
        dst.extend_from_slice(&MAGIC);
        let kind = match self.kind {
            StoredKind::Stream => 0,
            StoredKind::Archive => 1,
        };
        dst.extend_from_slice(&[VERSION.0, VERSION.1, kind, self.level]);
        let incompat = if self.equipped { FEATURE_MODEL } else { 0 };
        dst.extend_from_slice(&incompat.to_le_bytes());
        // Feature words: ro_compat, compat.
        dst.extend_from_slice(&[0; 8]);
        dst.extend_from_slice(&self.stream_id.to_le_bytes());
        dst.extend_from_slice(&[self.block_raw_log2, 0, 0, 0]);
        let check = checksum::header(dst.get(start..).unwrap_or_default());
        dst.extend_from_slice(&check.to_le_bytes());
    }

    /// Reads the header of a stream. An archive is refused: it cannot be read front to back.
    pub(crate) fn decode_stream(bytes: &[u8], offset: u64) -> Result<Self> {
        let header = Self::decode(bytes, offset)?;
        match header.kind {
            StoredKind::Stream => Ok(header),
            StoredKind::Archive => Err(Error::new(ErrorKind::IsArchive)),
        }
    }

    /// Reads a header, the first byte of which lies at `offset`.
    pub(crate) fn decode(bytes: &[u8], offset: u64) -> Result<Self> {
        let mut cur = Cursor::new(bytes, Section::FileHeader, offset);
        let known = MAGIC.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        if known < MAGIC.len().min(bytes.len()) {
            let mut found = [0; 4];
            found.iter_mut().zip(bytes).for_each(|(dst, &src)| *dst = src);
            return Err(Error::new(ErrorKind::BadMagic { found }));
        }
        let body = cur.bytes(LEN - 4)?;
        let stored = cur.u32()?;
        let computed = checksum::header(body);
        if stored != computed {
            return Err(Error::new(ErrorKind::ChecksumMismatch {
                section: Section::FileHeader,
                offset,
                stored: stored.into(),
                computed: computed.into(),
            }));
        }
        let mut cur = Cursor::new(body, Section::FileHeader, offset);
        let _: [u8; 8] = cur.array()?;
        let [major, minor, kind, level] = cur.array()?;
        // Before version 1, a minor version may change anything.
        if major > VERSION.0 || (major == 0 && minor != VERSION.1) {
            let found = u16::from_le_bytes([minor, major]);
            let newest = u16::from_le_bytes([VERSION.1, VERSION.0]);
            return Err(Error::new(ErrorKind::UnsupportedVersion { found, newest }));
        }
        let incompat = cur.u32()?;
        let equipped = incompat == FEATURE_MODEL;
        let kind = match kind {
            0 if incompat == 0 || equipped => StoredKind::Stream,
            1 if incompat == 0 || equipped => StoredKind::Archive,
            _ => {
                let feature = format!("file kind {kind}, incompatible features {incompat:#x}");
                return Err(Error::new(ErrorKind::UnsupportedFeature { feature }));
            }
        };
        let _: [u8; 8] = cur.array()?;
        let stream_id = cur.u64()?;
        let [block_raw_log2, reserved @ ..] = cur.array::<4>()?;
        if reserved != [0; 3] || block_raw_log2 > 32 {
            return Err(cur.corrupt("reserved bytes are zero, and blocks are at most 2^32 bytes"));
        }
        Ok(Self { kind, level, stream_id, block_raw_log2, equipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_minor_version_of_major_0_is_refused() {
        let header = FileHeader {
            kind: StoredKind::Stream,
            level: 3,
            stream_id: 7,
            block_raw_log2: 24,
            equipped: true,
        };
        for (version, good) in [((0, 1), false), (VERSION, true), ((0, 3), false), ((1, 2), false)]
        {
            let mut bytes = Vec::new();
            header.encode(&mut bytes);
            (bytes[8], bytes[9]) = version;
            let check = checksum::header(&bytes[..LEN - 4]);
            bytes[LEN - 4..].copy_from_slice(&check.to_le_bytes());
            match FileHeader::decode(&bytes, 0) {
                Ok(_) => assert!(good, "{version:?}"),
                Err(err) => {
                    assert!(!good, "{version:?}");
                    assert!(matches!(err.kind(), ErrorKind::UnsupportedVersion { .. }));
                }
            }
        }
    }

    #[test]
    fn round_trips_and_every_bit_counts() {
        let (kind, stream_id) = (StoredKind::Archive, 0x0123_4567_89ab_cdef);
        let header = FileHeader { kind, level: 3, stream_id, block_raw_log2: 24, equipped: false };
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        assert_eq!(bytes.len(), LEN);
        assert_eq!(FileHeader::decode(&bytes, 0).unwrap(), header);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(FileHeader::decode(&bytes, 0).is_err(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
