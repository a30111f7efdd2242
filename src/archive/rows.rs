//! Lines of an archive's blocks, and their templates.

use std::ops::Range;
use std::sync::Arc;

use crate::archive::block_decoder::without_extents;
use crate::archive::open::Archive;
use crate::block::BlockView;
use crate::error::Result;
use crate::format::Extent;
use crate::predicate::RowTemplates;

/// The lines of a block.
#[derive(Debug)]
pub(crate) struct BlockRows {
    /// Where each ends.
    ends: Vec<u32>,
    /// `None`: they have no templates.
    templates: Option<RowTemplates>,
}

impl BlockRows {
    /// The lines that a part of a member is.
    fn of(&self, extent: Extent) -> Range<usize> {
        let row = |at: u32| self.ends.partition_point(|&end| end < at);
        let end = extent.offset.saturating_add(extent.len);
        // A part that ends behind a terminator has nothing of the line that follows.
        let last = if extent.len == 0 { row(extent.offset) } else { row(end - 1) + 1 };
        row(extent.offset)..last
    }

    /// The templates of the lines that a part of a member is.
    pub(crate) fn templates_of(&self, extent: Extent) -> Option<RowTemplates> {
        let all = self.templates.as_ref()?;
        let ids = all.ids.get(self.of(extent))?.to_vec();
        Some(RowTemplates { ids, names: all.names.clone() })
    }

    /// The places of these templates among those of the block, and how many lines of the part there are.
    pub(crate) fn ids_of(&self, extent: Extent) -> (&[u32], usize) {
        let rows = self.of(extent);
        let count = rows.len();
        let ids = self.templates.as_ref().and_then(|all| all.ids.get(rows));
        (ids.unwrap_or_default(), count)
    }
}

impl Archive {
    /// Opens a block, of which parts can be decoded.
    pub(crate) fn with_view<T>(
        &mut self,
        number: u64,
        take: impl FnOnce(&mut BlockView<'_>) -> Result<T>,
    ) -> Result<T> {
        let (offset, header, payload) = self.stored(number)?;
        let (sections, payload) = without_extents(&header, &payload, offset)?;
        let equipment = self.store.equipment()?;
        let means = (&self.store.limits, &equipment);
        take(&mut BlockView::open(sections, payload, header.raw_len, means)?)
    }

    /// The lines of a block, and their templates; those of the last block are kept.
    pub(crate) fn rows(&mut self, number: u64) -> Result<Arc<BlockRows>> {
        if let Some((_, rows)) = self.rows.as_ref().filter(|(known, _)| *known == number) {
            return Ok(Arc::clone(rows));
        }
        let raw = self.block(number)?;
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let ends: Vec<u32> = memchr::memchr_iter(b'\n', &raw).map(place).collect();
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a path to the method would be of one lifetime of views"
        )]
        let templates = self.with_view(number, |view| view.row_templates())?;
        let rows = Arc::new(BlockRows { ends, templates });
        self.rows = Some((number, Arc::clone(&rows)));
        Ok(rows)
    }
}
