//! Any block of a file that can seek.

use std::io;

use crate::block::{BlockReport, BlockView, Decoder};
use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::frame::{self, FIXED_LEN, Fixed, FrameKind};
use crate::format::{BlockHeader, BlockStats};
use crate::limits::{self, Limits};
use crate::line::{GramFilter, Severity};
use crate::model::{Equipment, Models};
use crate::reader::ReaderBuilder;
use crate::reader::locate::{self, Located, UseIndex};
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
    /// Whether its blocks were found by its index; else by their headers.
    pub indexed: bool,
    /// Its bytes.
    pub stored_bytes: u64,
    pub(crate) id: u64,
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
    /// Raw bytes of the stream before it.
    pub first_byte: u64,
    /// Line terminators in it.
    pub lines: u64,
    /// Its templates.
    pub templates: u64,
    /// Whether its first byte belongs to a line that began before it.
    pub starts_inside: bool,
    /// Whether its last line goes on in the next block.
    pub ends_inside: bool,
    /// Number of the block in its stream.
    pub(crate) sequence: u64,
    pub(crate) stats: BlockStats,
    /// What the index says of its text.
    pub(crate) filter: GramFilter,
}

impl BlockInfo {
    /// What a block's header says of it. Its stream, and whether it ends inside a line, are not known from that.
    pub(crate) fn of(header: BlockHeader, offset: u64, stored_bytes: u64) -> Self {
        Self {
            offset,
            stored_bytes,
            raw_bytes: header.raw_len.into(),
            first_line: header.first_line,
            first_byte: header.first_byte,
            lines: header.lines.into(),
            templates: header.stats.templates.into(),
            starts_inside: header.starts_inside,
            sequence: header.sequence,
            stats: header.stats,
            ..Self::default()
        }
    }

    /// The least and the greatest time printed in the block's lines, in nanoseconds since 1970-01-01 without regard to
    /// zone. `None`: no line has one, or nothing is known.
    pub fn time_range(&self) -> Option<(i64, i64)> {
        self.stats.times.map(|times| (times.least, times.greatest))
    }

    /// How many lines have a severity; `None` asks for those without. `None` is returned if nothing is known.
    pub fn lines_of(&self, severity: Option<Severity>) -> Option<u64> {
        let counts = self.stats.severities.as_ref()?;
        let number = severity.map_or(0, |severity| severity as usize);
        counts.lines.get(number).copied().map(u64::from)
    }

    /// Whether the header says of the block what is known of it here.
    fn agrees(&self, header: &BlockHeader) -> bool {
        let of = Self::of(header.clone(), self.offset, self.stored_bytes);
        let filter = self.filter.clone();
        *self == Self { stream: self.stream, ends_inside: self.ends_inside, filter, ..of }
    }
}

/// Reads single blocks.
///
/// Opening takes a few reads where streams have their index, one for each block where not. What an index says of a block is
/// compared with the block's header when the block is read.
#[derive(Debug)]
pub struct IndexedReader<R> {
    rdr: R,
    limits: Limits,
    decoder: Decoder,
    located: Located,
    /// What each stream is coded with.
    equipment: Vec<Equipment>,
}

impl<R: io::Read + io::Seek> IndexedReader<R> {
    /// Opens a file with default limits.
    pub fn open(rdr: R) -> Result<Self> {
        Self::with_limits(rdr, Limits::default())
    }

    /// Opens a file; allocates no more than `limits` allow.
    pub fn with_limits(rdr: R, limits: Limits) -> Result<Self> {
        Self::with_index(rdr, limits, UseIndex::default())
    }

    /// Opens a file, and says whether an index is believed.
    pub fn with_index(rdr: R, limits: Limits, use_index: UseIndex) -> Result<Self> {
        ReaderBuilder::new().limits(limits).use_index(use_index).indexed(rdr)
    }

    /// What [`ReaderBuilder::indexed`] gives.
    pub(crate) fn build(
        mut rdr: R,
        limits: Limits,
        use_index: UseIndex,
        models: &Models,
    ) -> Result<Self> {
        let located = locate::locate(&mut rdr, &limits, use_index)?;
        let equipment = located.models.iter().map(|model| match model {
            None => Ok(Equipment::default()),
            Some(model) => models.equip(model, &limits),
        });
        let equipment = equipment.collect::<Result<_>>()?;
        Ok(Self { rdr, decoder: Decoder::new(&limits), limits, located, equipment })
    }

    /// The streams, in the order of the file.
    pub fn streams(&self) -> &[StreamInfo] {
        &self.located.streams
    }

    /// The blocks, in the order of the file.
    pub fn blocks(&self) -> &[BlockInfo] {
        &self.located.blocks
    }

    /// What this reader may allocate.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Replaces `raw` with the raw bytes of block `index`.
    pub fn read_block(&mut self, index: usize, raw: &mut Vec<u8>) -> Result<()> {
        let block = self.block(index)?;
        block.decode(&mut self.decoder, raw)
    }

    /// What takes the space in block `index`.
    pub fn report(&mut self, index: usize) -> Result<BlockReport> {
        let block = self.block(index)?;
        let header = &block.header;
        self.decoder.equip(block.equipment.clone());
        self.decoder.report(&header.sections, block.payload(), header.raw_len)
    }

    /// Reads the header and the payload of block `index`, verified.
    pub(crate) fn block(&mut self, index: usize) -> Result<StoredBlock> {
        let info = self.located.blocks.get(index).ok_or_else(|| no_block(index))?;
        let stream_id = self.located.streams.get(info.stream).map_or(0, |stream| stream.id);
        let (at, len) = (info.offset, info.stored_bytes);
        let frame = locate::read_at(&mut self.rdr, &self.limits, at, len)?;
        let fixed = Fixed::decode(frame.get(..FIXED_LEN).unwrap_or(&frame), at)?;
        let header_len = usize::from(fixed.header_len);
        let (head, payload) = frame
            .split_at_checked(header_len)
            .ok_or_else(|| Error::truncated(Section::BlockHeader, at + len))?;
        let header = BlockHeader::decode(frame::body(&fixed, head, at)?)?;
        let is_block = fixed.kind == FrameKind::Block && fixed.stream_id == stream_id;
        if !is_block || payload.len() != fixed.payload_len as usize || !info.agrees(&header) {
            let rule = "an index says of a block what its header says";
            return Err(Error::corrupt(Section::Index, at, rule));
        }
        frame::verify_payload(&fixed, payload, at + u64::from(fixed.header_len))?;
        limits::check(
            "raw bytes of a block",
            header.raw_len.into(),
            self.limits.block_raw_bytes_max,
        )?;
        let equipment = self.equipment.get(info.stream).cloned().unwrap_or_default();
        Ok(StoredBlock { stream_id, offset: at, header, frame, header_len, equipment })
    }
}

/// A block as it is stored, its payload verified.
#[derive(Debug)]
pub(crate) struct StoredBlock {
    stream_id: u64,
    offset: u64,
    pub(crate) header: BlockHeader,
    frame: Vec<u8>,
    header_len: usize,
    equipment: Equipment,
}

impl StoredBlock {
    /// The sections' stored bytes.
    pub(crate) fn payload(&self) -> &[u8] {
        self.frame.get(self.header_len..).unwrap_or_default()
    }

    /// The block, of which parts can be decoded.
    pub(crate) fn view(&self, limits: &Limits) -> Result<BlockView<'_>> {
        let header = &self.header;
        let means = (limits, &self.equipment);
        BlockView::open(&header.sections, self.payload(), header.raw_len, means)
    }

    /// Replaces `raw` with the raw bytes, verified.
    pub(crate) fn decode(&self, decoder: &mut Decoder, raw: &mut Vec<u8>) -> Result<()> {
        let header = &self.header;
        decoder.equip(self.equipment.clone());
        decoder.decode(&header.sections, self.payload(), header.raw_len, raw)?;
        self.verify(raw)
    }

    /// The same, with what a view of the block has decoded already.
    pub(crate) fn decode_rest(
        &self,
        mut view: BlockView<'_>,
        decoder: &mut Decoder,
        raw: &mut Vec<u8>,
    ) -> Result<()> {
        if view.is_literal() || view.render(raw).is_err() {
            // The view may have taken memory for what it looked at before.
            return self.decode(decoder, raw);
        }
        self.verify(raw)
    }

    fn verify(&self, raw: &mut Vec<u8>) -> Result<()> {
        let header = &self.header;
        let computed = checksum::raw(raw, header.raw_seed(self.stream_id));
        if computed == header.raw_check {
            return Ok(());
        }
        raw.clear();
        let (section, stored, offset) = (Section::RawBytes, header.raw_check, self.offset);
        Err(Error::new(ErrorKind::ChecksumMismatch { section, offset, stored, computed }))
    }
}

#[cold]
fn no_block(index: usize) -> Error {
    Error::new(ErrorKind::InvalidArgument { what: format!("block {index} does not exist") })
}
