//! Sections → raw bytes.

use crate::block::report::{self, BlockReport};
use crate::block::view::BlockView;
use crate::codec::Decompressor;
use crate::error::{Error, Result, Section};
use crate::format::SectionEntry;
use crate::limits::Limits;
use crate::model::Equipment;

/// Decodes whole blocks; keeps its memory from block to block.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: Limits,
    equipment: Equipment,
    decompressor: Decompressor,
}

impl Decoder {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (equipment, decompressor) = Default::default();
        Self { limits: limits.clone(), equipment, decompressor }
    }

    /// The blocks that follow belong to a stream that names this.
    pub(crate) fn equip(&mut self, equipment: Equipment) {
        self.equipment = equipment;
    }

    /// Replaces `raw` with the raw bytes of a block. The caller verifies their checksum before using them.
    pub(crate) fn decode(
        &mut self,
        sections: &[SectionEntry],
        payload: &[u8],
        raw_len: u32,
        raw: &mut Vec<u8>,
    ) -> Result<()> {
        raw.clear();
        let mut view = self.view(sections, payload, raw_len)?;
        match view.literal()? {
            Some(bytes) => *raw = bytes,
            None => view.render(raw)?,
        }
        self.decompressor = view.into_decompressor();
        if raw.len() as u64 == u64::from(raw_len) {
            Ok(())
        } else {
            Err(Error::corrupt(Section::RawBytes, 0, "a block decodes to its declared length"))
        }
    }

    /// Says what takes the space in a block.
    pub(crate) fn report(
        &mut self,
        sections: &[SectionEntry],
        payload: &[u8],
        raw_len: u32,
    ) -> Result<BlockReport> {
        report::report(self.view(sections, payload, raw_len)?)
    }

    fn view<'p>(
        &mut self,
        sections: &'p [SectionEntry],
        payload: &'p [u8],
        raw_len: u32,
    ) -> Result<BlockView<'p>> {
        let decompressor = std::mem::take(&mut self.decompressor);
        let means = (&self.limits, &self.equipment);
        BlockView::with_decompressor(sections, payload, raw_len, means, decompressor)
    }
}
