//! Blocks of an archive: raw bytes, and what they say of members.

use crate::archive::store::Store;
use crate::block::Decoder;
use crate::codec::Decompressor;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::extents::{self, BlockExtent};
use crate::format::frame::FrameKind;
use crate::format::{BlockHeader, SectionEntry, SectionKind};
use crate::limits::{self, Limits};
use crate::wire::checksum;

/// Decodes blocks of an archive: what the block layer knows, and the section in front of which it stands.
#[derive(Debug)]
pub(crate) struct BlockDecoder {
    limits: Limits,
    /// `None` before the first block.
    decoder: Option<Decoder>,
    pub(crate) decompressor: Decompressor,
}

impl BlockDecoder {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), decoder: None, decompressor: Decompressor::default() }
    }

    /// Replaces `raw` with the raw bytes of a block of `store`, verified.
    pub(crate) fn decode(
        &mut self,
        store: &Store,
        header: &BlockHeader,
        payload: &[u8],
        offset: u64,
        raw: &mut Vec<u8>,
    ) -> Result<()> {
        let (sections, payload) = without_extents(header, payload, offset)?;
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => {
                let mut decoder = Decoder::new(&self.limits);
                decoder.equip(store.equipment()?);
                none.insert(decoder)
            }
        };
        decoder.decode(sections, payload, header.raw_len, raw)?;
        let computed = checksum::raw(raw, header.raw_seed(store.stream_id));
        if computed == header.raw_check {
            return Ok(());
        }
        raw.clear();
        let (section, stored) = (Section::RawBytes, header.raw_check);
        Err(Error::new(ErrorKind::ChecksumMismatch { section, offset, stored, computed }))
    }

    /// What a block says of the members that it holds parts of, verified.
    pub(crate) fn extents(
        &mut self,
        header: &BlockHeader,
        payload: &[u8],
    ) -> Result<Vec<BlockExtent>> {
        let own = header.sections.last().filter(|entry| entry.kind == SectionKind::Extents);
        let own = own.ok_or_else(|| no_extents(0))?;
        let start = payload.len().checked_sub(own.stored_len as usize);
        let stored = start.and_then(|start| payload.get(start..)).ok_or_else(|| no_extents(0))?;
        let len = own.decoded_len.into();
        let len = limits::check("decoded bytes of extents", len, self.limits.members_bytes_max)?;
        let decoded = self.decompressor.decompress(own.codec, stored, len)?;
        for (bytes, check) in [(stored, own.stored_check), (&decoded, own.decoded_check)] {
            if checksum::section(bytes) != check {
                let rule = "the checksums of a section hold";
                return Err(Error::corrupt(Section::Extents, 0, rule));
            }
        }
        extents::decode(&decoded, header.raw_len, &self.limits)
    }
}

/// What the block layer knows of a block: its sections but the last, which are its extents.
pub(crate) fn without_extents<'a>(
    header: &'a BlockHeader,
    payload: &'a [u8],
    offset: u64,
) -> Result<(&'a [SectionEntry], &'a [u8])> {
    let (own, sections) = header.sections.split_last().ok_or_else(|| no_extents(offset))?;
    let len = payload.len().checked_sub(own.stored_len as usize);
    let payload = len.and_then(|len| payload.get(..len)).ok_or_else(|| no_extents(offset))?;
    Ok((sections, payload))
}

/// Reads and verifies the frame of a block.
pub(crate) fn read_block(store: &mut Store, offset: u64) -> Result<(BlockHeader, Vec<u8>)> {
    let head = store.head(offset)?;
    if head.fixed.kind != FrameKind::Block {
        let rule = "the index names blocks";
        return Err(Error::corrupt(Section::Index, offset, rule));
    }
    let header = BlockHeader::decode(head.body()?)?;
    Ok((header, store.payload(&head)?))
}

#[cold]
fn no_extents(offset: u64) -> Error {
    Error::corrupt(
        Section::BlockHeader,
        offset,
        "the last section of an archive's block is its extents",
    )
}
