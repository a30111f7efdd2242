//! What a code spends its bits on: the answer of `lig info` for blocks that a model coded.

use crate::error::Result;
use crate::limits::Limits;
use crate::model::coder::{Coder as _, Watched};
use crate::model::given::Given;
use crate::model::{Equipment, ModelFile, Opened, Table, broken};

/// Costs of the parts of a code, in bytes.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    /// The texts of templates, and the columns of their slots.
    pub(crate) templates: u64,
    /// Which template each line has, and which lines repeat others.
    pub(crate) ids: u64,
    /// Each column: the tag of its node, and its cost.
    pub(crate) columns: Vec<(u8, u64)>,
}

/// 1/65536 bits → bytes, rounded to the nearest.
fn bytes(spent: u64) -> u64 {
    (spent + (1 << 18)) >> 19
}

/// Decodes a code as [`crate::model::decode`] does, and tells what its parts cost.
pub(crate) fn weigh(
    src: &[u8],
    raw_len: usize,
    (limits, equipment): (&Limits, &Equipment),
) -> Result<(Table, Costs)> {
    let Opened { mut model, coder, lines, hook, known, .. } =
        Opened::new(src, raw_len, limits, equipment)?;
    let mut coder = Watched::new(coder);
    model.noted = Some(Vec::new());
    let given = Given::of(known);
    let known = known.map(ModelFile::rows);
    let table = model.block_with(&mut coder, hook, (known, None), (&given, lines))?;
    if !coder.is_finished() {
        return Err(broken("a code ends where its columns do"));
    }
    let noted = model.noted.unwrap_or_default();
    let spent = coder.spent();
    let after_columns = noted.last().map_or(spent, |&(_, after)| after);
    let mut noted = noted.into_iter();
    let (_, templates) = noted.next().unwrap_or_default();
    let (_, after_ids) = noted.next().unwrap_or_default();
    let mut before = after_ids;
    let columns = noted.map(|(node, after)| {
        let cost = bytes(after - before);
        before = after;
        (node, cost)
    });
    let columns = columns.collect();
    // Behind the columns come the runs of repeated lines: they say which templates these have, too.
    let ids = after_ids - templates + (spent - after_columns);
    Ok((table, Costs { templates: bytes(templates), ids: bytes(ids), columns }))
}
