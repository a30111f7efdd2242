//! Blocks coded by a model: the templates in an ordinary section, all values in one of the model's.

use crate::block::sink::{Sink, length};
use crate::block::tree::Tree;
use crate::error::Result;
use crate::format::BlockStats;
use crate::limits::Limits;
use crate::line::Rows;
use crate::model;
use crate::template::{Mode, parse};
use crate::wire::varint;

/// Levels from this on use a model.
pub(crate) const LEVEL_MODEL: u8 = 8;

/// Writes the lines of a block of `raw_len` bytes to `sink`, behind the number of lines; `None` if the model refuses them.
pub(crate) fn encode(
    lines: &Rows<'_>,
    level: u8,
    raw_len: usize,
    sink: &mut Sink,
) -> Result<Option<BlockStats>> {
    if raw_len > model::BLOCK_BYTES_MAX {
        return Ok(None);
    }
    let parsed = parse(lines, Mode::Lines);
    let templates = length(parsed.templates.len())?;
    let mut table = Vec::new();
    varint::put(&mut table, templates.into());
    let mut columns = 0;
    for &column in &parsed.slot_columns {
        let new = column == columns;
        varint::put(&mut table, if new { 0 } else { u64::from(column) + 1 });
        columns += u32::from(new);
    }
    let texts = parsed.templates.clone();
    let Ok(code) = model::encode(parsed, raw_len, level) else { return Ok(None) };
    texts.iter().for_each(|template| sink.string(template));
    sink.tree.extend_from_slice(&table);
    sink.model(code);
    Ok(Some(BlockStats { templates, ..BlockStats::default() }))
}

/// Decodes all columns of a block. `tree` is its templates section `meta`, taken apart.
pub(crate) fn decode(
    tree: &Tree,
    meta: &[u8],
    code: &[u8],
    raw_len: usize,
    limits: &Limits,
) -> Result<model::Table> {
    let templates = 0..tree.table.templates();
    // A mark of either kind stands for the slots between the pieces.
    let pieces = templates.map(|template| {
        let pieces = tree.table.pieces_of(template).iter().map(|span| span.of(meta));
        pieces.collect::<Vec<_>>().join(&crate::line::MARK)
    });
    let texts: Vec<Vec<u8>> = pieces.collect();
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    model::decode(code, &texts, tree.table.slot_columns().to_vec(), (tree.rows, raw_len), limits)
}
