//! The templates of a whole file.

use std::collections::BTreeMap;
use std::io;

use crate::block::BlockView;
use crate::error::Result;
use crate::predicate::TemplateId;
use crate::reader::IndexedReader;

/// A template of a file.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTemplate {
    /// Its name.
    pub id: TemplateId,
    /// The constant text; each slot is written `<*>`.
    pub text: Vec<u8>,
    /// Lines that have it.
    pub lines: u64,
    /// The blocks that have it, and their lines that do.
    pub blocks: Vec<(usize, u64)>,
}

/// The templates of a file, and the lines that have none.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileTemplates {
    /// By number of lines, most first; by text where that is the same. The rank of a template is its place here, from 1.
    pub templates: Vec<FileTemplate>,
    /// Lines that are stored without templates.
    pub lines_without: u64,
}

impl FileTemplates {
    /// The names of the templates by rank.
    pub fn ranks(&self) -> Vec<TemplateId> {
        self.templates.iter().map(|template| template.id).collect()
    }
}

impl<R: io::Read + io::Seek> IndexedReader<R> {
    /// Counts the lines of each template of the file. Of each block, only what tells the templates of its lines is decoded.
    pub fn templates(&mut self) -> Result<FileTemplates> {
        let mut found: BTreeMap<TemplateId, FileTemplate> = BTreeMap::new();
        let mut lines_without = 0;
        for index in 0..self.blocks().len() {
            let lines = self.blocks().get(index).map_or(0, |block| block.lines);
            let limits = self.limits().clone();
            let stored = self.block(index)?;
            let header = &stored.header;
            let payload = stored.payload();
            let mut view = BlockView::open(&header.sections, payload, header.raw_len, &limits)?;
            let mut left = lines;
            let counts = view.counts()?.templates.clone();
            for (template, lines) in counts.into_iter().enumerate().filter(|&(_, lines)| lines > 0)
            {
                let id = TemplateId::of(view.pieces_of(template));
                let lines = lines as u64;
                left = left.saturating_sub(lines);
                let entry = found.entry(id).or_insert_with(|| {
                    let pieces: Vec<_> = view.pieces_of(template).collect();
                    FileTemplate {
                        id,
                        text: pieces.join(&b"<*>"[..]),
                        lines: 0,
                        blocks: Vec::new(),
                    }
                });
                entry.lines += lines;
                entry.blocks.push((index, lines));
            }
            lines_without += left;
        }
        let mut templates: Vec<_> = found.into_values().collect();
        templates.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.text.cmp(&b.text)));
        Ok(FileTemplates { templates, lines_without })
    }
}
