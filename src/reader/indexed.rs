//! Any block of a file that can seek.

use std::io::{self, Read as _, SeekFrom};

use crate::block::{BlockReport, Decoder};
use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::frame::{self, FIXED_LEN, Fixed, FrameKind};
use crate::format::index::TAIL_LEN;
use crate::format::{BlockHeader, FILE_HEADER_LEN, FILE_MAGIC, FileHeader};
use crate::limits::{self, Limits};
use crate::wire::checksum;

/// A stream within a file.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamInfo {
    /// Place of its header.
    pub offset: u64,
    /// The level it was written at.
    pub level: u8,
    /// Whether it ends with a commit.
    pub finished: bool,
    /// Its bytes.
    pub stored_bytes: u64,
}

/// A block within a file.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockInfo {
    /// Number of its stream.
    pub stream: usize,
    /// Place of its header.
    pub offset: u64,
    /// Bytes of header and payload.
    pub stored_bytes: u64,
    /// Bytes it decodes to.
    pub raw_bytes: u64,
    /// Number of its first line in the stream, from 0.
    pub first_line: u64,
    /// Line terminators in it.
    pub lines: u64,
    /// Its templates.
    pub templates: u64,
    /// Whether its last byte is not a line terminator.
    pub ends_inside: bool,
}

/// Reads single blocks. Opening reads headers only.
#[derive(Debug)]
pub struct IndexedReader<R> {
    rdr: R,
    limits: Limits,
    decoder: Decoder,
    streams: Vec<StreamInfo>,
    blocks: Vec<BlockInfo>,
    headers: Vec<(u64, BlockHeader)>,
}

impl<R: io::Read + io::Seek> IndexedReader<R> {
    /// Opens a file with default limits.
    pub fn open(rdr: R) -> Result<Self> {
        Self::with_limits(rdr, Limits::default())
    }

    /// Opens a file; allocates no more than `limits` allow.
    pub fn with_limits(mut rdr: R, limits: Limits) -> Result<Self> {
        let len = rdr.seek(SeekFrom::End(0))?;
        let decoder = Decoder::new(&limits);
        let mut reader = Self {
            rdr,
            limits,
            decoder,
            streams: Vec::new(),
            blocks: Vec::new(),
            headers: Vec::new(),
        };
        let mut at = 0;
        while at < len {
            at = match reader.scan_at(at, len) {
                Ok(next) => next,
                // A torn tail: what is whole before it stands.
                Err(err)
                    if matches!(err.kind(), ErrorKind::Truncated { .. })
                        && !reader.streams.is_empty() =>
                {
                    len
                }
                Err(err) => return Err(err),
            };
        }
        if reader.streams.is_empty() {
            return Err(Error::truncated(Section::FileHeader, 0));
        }
        Ok(reader)
    }

    /// The streams, in the order of the file.
    pub fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    /// The blocks, in the order of the file.
    pub fn blocks(&self) -> &[BlockInfo] {
        &self.blocks
    }

    /// Replaces `raw` with the raw bytes of block `index`.
    pub fn read_block(&mut self, index: usize, raw: &mut Vec<u8>) -> Result<()> {
        let payload = self.payload(index)?;
        let (stream_id, header) = self.headers.get(index).ok_or_else(|| no_block(index))?;
        self.decoder.decode(&header.sections, &payload, header.raw_len, raw)?;
        let computed = checksum::raw(raw, header.raw_seed(*stream_id));
        if computed == header.raw_check {
            return Ok(());
        }
        raw.clear();
        let (section, stored) = (Section::RawBytes, header.raw_check);
        let offset = self.blocks.get(index).map_or(0, |block| block.offset);
        Err(Error::new(ErrorKind::ChecksumMismatch { section, offset, stored, computed }))
    }

    /// What takes the space in block `index`.
    pub fn report(&mut self, index: usize) -> Result<BlockReport> {
        let payload = self.payload(index)?;
        let (_, header) = self.headers.get(index).ok_or_else(|| no_block(index))?;
        self.decoder.report(&header.sections, &payload, header.raw_len)
    }

    fn payload(&mut self, index: usize) -> Result<Vec<u8>> {
        let offset = self.blocks.get(index).ok_or_else(|| no_block(index))?.offset;
        let fixed = Fixed::decode(&self.bytes(offset, FIXED_LEN as u64)?, offset)?;
        let at = offset + u64::from(fixed.header_len);
        let payload = self.bytes(at, fixed.payload_len.into())?;
        frame::verify_payload(&fixed, &payload, at)?;
        Ok(payload)
    }

    /// Reads the header at `at`; returns where the next one starts.
    fn scan_at(&mut self, at: u64, len: u64) -> Result<u64> {
        let magic = self.bytes(at, 8.min(len - at))?;
        if self.streams.is_empty() || magic == FILE_MAGIC {
            let header =
                FileHeader::decode(&self.bytes(at, (len - at).min(FILE_HEADER_LEN as u64))?, at)?;
            self.streams.push(StreamInfo {
                offset: at,
                level: header.level,
                ..StreamInfo::default()
            });
            self.grow_stream(at + FILE_HEADER_LEN as u64);
            return Ok(at + FILE_HEADER_LEN as u64);
        }
        let fixed = Fixed::decode(&self.bytes(at, FIXED_LEN as u64)?, at)?;
        let header = self.bytes(at, fixed.header_len.into())?;
        let body = frame::body(&fixed, &header, at)?;
        let stored_bytes = u64::from(fixed.header_len) + u64::from(fixed.payload_len);
        let mut end = at + stored_bytes;
        if fixed.kind == FrameKind::Commit {
            end += TAIL_LEN as u64;
        }
        if end > len {
            return Err(Error::truncated(Section::Columns, len));
        }
        match fixed.kind {
            FrameKind::Block => {
                self.push_block(fixed.stream_id, BlockHeader::decode(body)?, at, stored_bytes);
            }
            FrameKind::Commit => {
                if let Some(stream) = self.streams.last_mut() {
                    stream.finished = true;
                }
            }
            FrameKind::Index | FrameKind::Optional => {}
        }
        self.grow_stream(end);
        Ok(end)
    }

    fn push_block(&mut self, stream_id: u64, header: BlockHeader, offset: u64, stored_bytes: u64) {
        self.blocks.push(BlockInfo {
            stream: self.streams.len() - 1,
            offset,
            stored_bytes,
            raw_bytes: header.raw_len.into(),
            first_line: header.first_line,
            lines: header.lines.into(),
            templates: header.stats.templates.into(),
            ends_inside: false,
        });
        if header.starts_inside
            && let [.., before, _] = self.blocks.as_mut_slice()
        {
            before.ends_inside = true;
        }
        self.headers.push((stream_id, header));
    }

    fn grow_stream(&mut self, end: u64) {
        if let Some(stream) = self.streams.last_mut() {
            stream.stored_bytes = end - stream.offset;
        }
    }

    fn bytes(&mut self, offset: u64, len: u64) -> Result<Vec<u8>> {
        limits::check("stored bytes of a block", len, self.limits.block_stored_bytes_max)?;
        self.rdr.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        let read = self.rdr.by_ref().take(len).read_to_end(&mut bytes)?;
        if (read as u64) < len {
            return Err(Error::truncated(Section::BlockHeader, offset + read as u64));
        }
        Ok(bytes)
    }
}

#[cold]
fn no_block(index: usize) -> Error {
    Error::new(ErrorKind::InvalidArgument { what: format!("block {index} does not exist") })
}
