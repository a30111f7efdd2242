//! The frame that blocks, index segments and commits have in common (`docs/FORMAT.md`, "Frames").

use crate::error::{Error, ErrorKind, Result, Section};
use crate::wire::{Cursor, checksum};

/// The first bytes of every frame.
pub(crate) const MAGIC: [u8; 4] = [0x89, b'L', b'G', b'B'];
/// Bytes of a frame header up to its body.
pub(crate) const FIXED_LEN: usize = 28;
/// A reader that does not know a kind with this bit skips the frame.
const OPTIONAL: u8 = 0x80;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A block of log.
    Block,
    /// A segment of the index.
    Index,
    /// The end of a stream.
    Commit,
    /// Members of an archive.
    Members,
    /// The end of an archive, as far as it goes.
    ArchiveCommit,
    /// What the blocks are coded with.
    Model,
    /// Something newer that may be skipped.
    Optional,
}

impl FrameKind {
    fn tag(self) -> u8 {
        match self {
            Self::Block => 1,
            Self::Index => 2,
            Self::Commit => 3,
            Self::Members => 4,
            Self::ArchiveCommit => 5,
            Self::Model => 6,
            Self::Optional => OPTIONAL,
        }
    }

    /// The section that its payload is.
    pub(crate) fn payload_section(self) -> Section {
        match self {
            Self::Block | Self::Optional => Section::Columns,
            Self::Index => Section::Index,
            Self::Commit | Self::ArchiveCommit => Section::Commit,
            Self::Members => Section::Members,
            Self::Model => Section::Model,
        }
    }

    fn section(self) -> Section {
        match self {
            Self::Block | Self::Optional => Section::BlockHeader,
            Self::Index => Section::Index,
            Self::Commit | Self::ArchiveCommit => Section::Commit,
            Self::Members => Section::Members,
            Self::Model => Section::Model,
        }
    }
}

/// What every frame says before its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fixed {
    pub(crate) kind: FrameKind,
    /// Bytes of the whole header: fixed part, body, checksum.
    pub(crate) header_len: u16,
    pub(crate) stream_id: u64,
    pub(crate) payload_len: u32,
    pub(crate) payload_check: u64,
}

impl Fixed {
    /// Reads the fixed part. It is not to be believed before [`body`] has checked the header.
    pub(crate) fn decode(bytes: &[u8], offset: u64) -> Result<Self> {
        let mut cur = Cursor::new(bytes, Section::BlockHeader, offset);
        if cur.array()? != MAGIC {
            return Err(Error::corrupt(
                Section::BlockHeader,
                offset,
                "a frame starts with its magic",
            ));
        }
        let [tag, reserved] = cur.array()?;
        let kind = match tag {
            1 => FrameKind::Block,
            2 => FrameKind::Index,
            3 => FrameKind::Commit,
            4 => FrameKind::Members,
            5 => FrameKind::ArchiveCommit,
            6 => FrameKind::Model,
            _ => FrameKind::Optional,
        };
        let header_len = cur.u16()?;
        if reserved != 0 || usize::from(header_len) < FIXED_LEN + 4 {
            return Err(cur.corrupt("a frame header has its least length and zero reserved"));
        }
        let (stream_id, payload_len, payload_check) = (cur.u64()?, cur.u32()?, cur.u64()?);
        Ok(Self { kind, header_len, stream_id, payload_len, payload_check })
    }
}

/// Appends a frame: header with `body`, and `payload`.
pub(crate) fn encode(
    kind: FrameKind,
    stream_id: u64,
    body: &[u8],
    payload: &[u8],
    dst: &mut Vec<u8>,
) -> Result<()> {
    let too_long =
        |_| Error::new(ErrorKind::InvalidArgument { what: "a block has too many sections".into() });
    let start = dst.len();
    dst.extend_from_slice(&MAGIC);
    dst.extend_from_slice(&[kind.tag(), 0]);
    let header_len = u16::try_from(FIXED_LEN + body.len() + 4).map_err(too_long)?;
    dst.extend_from_slice(&header_len.to_le_bytes());
    dst.extend_from_slice(&stream_id.to_le_bytes());
    let payload_len = u32::try_from(payload.len()).map_err(too_long)?;
    dst.extend_from_slice(&payload_len.to_le_bytes());
    dst.extend_from_slice(&checksum::payload(payload).to_le_bytes());
    dst.extend_from_slice(body);
    let check = checksum::header(dst.get(start..).unwrap_or_default());
    dst.extend_from_slice(&check.to_le_bytes());
    dst.extend_from_slice(payload);
    Ok(())
}

/// The body of a header whose checksum holds. `header` is the whole header, which starts at `offset`.
pub(crate) fn body<'a>(fixed: &Fixed, header: &'a [u8], offset: u64) -> Result<Cursor<'a>> {
    let section = fixed.kind.section();
    let mut cur = Cursor::new(header, section, offset);
    let covered = cur.bytes(usize::from(fixed.header_len) - 4)?;
    let (stored, computed) = (cur.u32()?, checksum::header(covered));
    if stored != computed {
        let (stored, computed) = (stored.into(), computed.into());
        return Err(Error::new(ErrorKind::ChecksumMismatch { section, offset, stored, computed }));
    }
    let tag = covered.get(4).copied().unwrap_or(0);
    if fixed.kind == FrameKind::Optional && tag & OPTIONAL == 0 {
        return Err(Error::new(ErrorKind::UnsupportedFeature {
            feature: format!("frame kind {tag}"),
        }));
    }
    Ok(Cursor::new(
        covered.get(FIXED_LEN..).unwrap_or_default(),
        section,
        offset + FIXED_LEN as u64,
    ))
}

/// Verifies a payload, which starts at `offset`.
pub(crate) fn verify_payload(fixed: &Fixed, payload: &[u8], offset: u64) -> Result<()> {
    let computed = checksum::payload(payload);
    if computed == fixed.payload_check {
        return Ok(());
    }
    let (section, stored) = (fixed.kind.payload_section(), fixed.payload_check);
    Err(Error::new(ErrorKind::ChecksumMismatch { section, offset, stored, computed }))
}
