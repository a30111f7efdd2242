//! The templates of a whole file, or of an archive.

use std::collections::BTreeMap;
use std::io;

use crate::archive::Archive;
use crate::block::BlockView;
use crate::error::Result;
use crate::fields;
use crate::format::Extent;
use crate::format::members::{Member, MemberState};
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
    /// The text between the slots.
    pieces: Vec<Vec<u8>>,
    /// Its slots, in their order, as they are in the first block that has it.
    pub slots: Vec<TemplateSlot>,
    /// Lines that have it.
    pub lines: u64,
    /// The blocks that have it, and their lines that do.
    pub blocks: Vec<(usize, u64)>,
}

/// A slot of a template.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSlot {
    /// What the text before it says that it is: `user=`, `user: `, `"user":`.
    pub name: Option<Vec<u8>>,
    /// What its values are: `number`, `time` or `text`.
    pub kind: &'static str,
}

impl FileTemplate {
    /// The constant text; each slot is written with what is known of it: `<user>`, `<took:number>`, `<time>`, `<*>`.
    pub fn shown(&self) -> Vec<u8> {
        let mut shown = Vec::new();
        let mut pieces = self.pieces.iter();
        shown.extend(pieces.next().into_iter().flatten());
        for (slot, piece) in self.slots.iter().zip(pieces) {
            shown.push(b'<');
            shown.extend_from_slice(match (&slot.name, slot.kind) {
                (Some(name), _) => name,
                (None, TEXT) => b"*",
                (None, kind) => kind.as_bytes(),
            });
            if slot.name.is_some() && slot.kind != TEXT {
                shown.push(b':');
                shown.extend_from_slice(slot.kind.as_bytes());
            }
            shown.push(b'>');
            shown.extend_from_slice(piece);
        }
        shown
    }
}

/// A slot in the text of a template.
const MARK: &[u8] = b"<*>";
/// The kind of slot of which nothing more is known.
const TEXT: &str = "text";

/// The slots of a template of a block.
fn slots(view: &BlockView<'_>, template: usize) -> Vec<TemplateSlot> {
    let columns = view.columns_of(template);
    let slot = |(&column, before): (&u32, &[u8])| TemplateSlot {
        name: fields::name_before(before).map(<[u8]>::to_vec),
        kind: view
            .node(column as usize)
            .map(|column| column.node().kind())
            .filter(|kind| ["number", "time"].contains(kind))
            .unwrap_or(TEXT),
    };
    columns.iter().zip(view.pieces_of(template)).map(slot).collect()
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
        let mut found = Found::default();
        for index in 0..self.blocks().len() {
            let lines = self.blocks().get(index).map_or(0, |block| block.lines);
            let limits = self.limits().clone();
            let stored = self.block(index)?;
            let mut view = stored.view(&limits)?;
            let counts = view.counts()?.templates.clone();
            found.block(index, &view, &counts, lines);
        }
        Ok(found.finish())
    }
}

impl Archive {
    /// Counts the lines of each template in the files that the archive has: what was removed or replaced does not count. A line that lies in
    /// two blocks counts where it starts. Blocks that have lines of such files are decoded.
    pub fn templates(&mut self) -> Result<FileTemplates> {
        let live = |member: &&Member| member.state == MemberState::Live;
        let live = self.members().iter().filter(live);
        let mut parts: Vec<Extent> = live.flat_map(|member| member.extents.clone()).collect();
        parts.sort_unstable_by_key(|part| (part.block, part.offset));
        let mut found = Found::default();
        for parts in parts.chunk_by(|a, b| a.block == b.block) {
            let Some(block) = parts.first().map(|part| part.block) else { continue };
            let rows = self.rows(block)?;
            let (mut counts, mut lines) = (Vec::new(), 0);
            for &part in parts {
                let (ids, count) = rows.ids_of(part);
                let inside = usize::from(part.starts_inside);
                lines += count.saturating_sub(inside) as u64;
                for &id in ids.iter().skip(inside) {
                    let id = id as usize;
                    if id >= counts.len() {
                        counts.resize(id + 1, 0);
                    }
                    if let Some(count) = counts.get_mut(id) {
                        *count += 1;
                    }
                }
            }
            let index = usize::try_from(block).unwrap_or(usize::MAX);
            self.with_view(block, |view| {
                found.block(index, view, &counts, lines);
                Ok(())
            })?;
        }
        Ok(found.finish())
    }
}

/// Templates as blocks tell of them.
#[derive(Debug, Default)]
struct Found {
    templates: BTreeMap<TemplateId, FileTemplate>,
    lines_without: u64,
}

impl Found {
    /// Takes a block, of which each template has so many lines, of so many lines in all.
    fn block(&mut self, index: usize, view: &BlockView<'_>, counts: &[usize], lines: u64) {
        let mut left = lines;
        for (template, &lines) in counts.iter().enumerate().filter(|&(_, &lines)| lines > 0) {
            let id = TemplateId::of(view.pieces_of(template));
            let lines = lines as u64;
            left = left.saturating_sub(lines);
            let entry = self.templates.entry(id).or_insert_with(|| {
                let pieces: Vec<_> = view.pieces_of(template).map(<[u8]>::to_vec).collect();
                let text = pieces.join(MARK);
                let slots = slots(view, template);
                FileTemplate { id, text, pieces, slots, lines: 0, blocks: Vec::new() }
            });
            entry.lines += lines;
            entry.blocks.push((index, lines));
        }
        self.lines_without += left;
    }

    fn finish(self) -> FileTemplates {
        let mut templates: Vec<_> = self.templates.into_values().collect();
        templates.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.text.cmp(&b.text)));
        FileTemplates { templates, lines_without: self.lines_without }
    }
}
