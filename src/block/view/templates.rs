//! The templates of a block by their names.

use crate::block::view::BlockView;
use crate::error::Result;
use crate::predicate::{RowTemplates, TemplateId};

impl BlockView<'_> {
    /// The names of its templates.
    pub(crate) fn template_names(&self) -> Vec<TemplateId> {
        (0..self.templates()).map(|template| TemplateId::of(self.pieces_of(template))).collect()
    }

    /// The templates of its lines; `None` if it has none.
    pub(crate) fn row_templates(&mut self) -> Result<Option<RowTemplates>> {
        let names = self.template_names();
        let ids = self.ids()?.to_vec();
        Ok((!names.is_empty()).then_some(RowTemplates { ids, names }))
    }
}
