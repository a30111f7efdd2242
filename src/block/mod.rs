//! One self-contained unit in memory: raw bytes ↔ sections. Joins templates, columns, encodings and codecs.

mod report;

pub use report::{BlockReport, ColumnReport, TemplateReport};

use crate::codec::{Codec, Compressor, Decompressor};
use crate::error::{Error, Result, Section};
use crate::format::{BlockStats, SectionEntry, SectionKind};
use crate::limits::{self, Limits};
use crate::wire::checksum;

/// A block, encoded.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// The section directory.
    pub(crate) sections: Vec<SectionEntry>,
    /// The sections' stored bytes, one after the other.
    pub(crate) payload: Vec<u8>,
    /// What is known without the payload.
    pub(crate) stats: BlockStats,
}

/// Encodes blocks; keeps its memory from block to block, which never shows in the output.
#[derive(Debug)]
pub(crate) struct Encoder {
    level: u8,
    compressor: Compressor,
}

impl Encoder {
    pub(crate) fn new(level: u8) -> Self {
        Self { level, compressor: Compressor::default() }
    }

    /// Encodes the raw bytes of one block.
    pub(crate) fn encode(&mut self, raw: &[u8]) -> Result<Encoded> {
        let (codec, payload) = self.compressor.compress(Codec::Zstd(i32::from(self.level)), raw)?;
        let too_long = |_| Error::corrupt(Section::RawBytes, 0, "a block is shorter than 2^32");
        let entry = SectionEntry {
            kind: SectionKind::Literal,
            codec,
            stored_len: u32::try_from(payload.len()).map_err(too_long)?,
            decoded_len: u32::try_from(raw.len()).map_err(too_long)?,
            stored_check: checksum::section(&payload),
            decoded_check: checksum::section(raw),
            needs: Vec::new(),
        };
        Ok(Encoded { sections: vec![entry], payload, stats: BlockStats::default() })
    }
}

/// Decodes blocks; keeps its memory from block to block.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: Limits,
    decompressor: Decompressor,
}

impl Decoder {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), decompressor: Decompressor::default() }
    }

    /// Replaces `raw` with the raw bytes of a block. The caller verifies their checksum before using them.
    pub(crate) fn decode(
        &mut self,
        sections: &[SectionEntry],
        payload: &[u8],
        raw_len: u32,
        raw: &mut Vec<u8>,
    ) -> Result<()> {
        let [entry] = sections else {
            return Err(Error::corrupt(Section::Columns, 0, "a literal block has one section"));
        };
        let len = limits::check("raw bytes of a block", raw_len.into(), self.limits.block_raw_bytes_max)?;
        *raw = self.decompressor.decompress(entry.codec, payload, len)?;
        Ok(())
    }

    /// Says what takes the space in a block.
    pub(crate) fn report(&mut self, sections: &[SectionEntry], payload: &[u8]) -> Result<BlockReport> {
        let _ = (sections, payload, &mut self.decompressor);
        Ok(BlockReport::default())
    }
}
