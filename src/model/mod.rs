//! The predicting coder (`docs/MODEL-FORMAT.md`): typed rows ↔ bytes.
//!
//! Every symbol is predicted from what the decoder knows already, and an arithmetic coder stores the surprise. Template
//! ids come first, then column after column; a value is predicted from its column, its row, and what stands around it.
//! Contexts carry the numbers; see [`predictor`] for how they become probabilities.
//!
//! *Invariants:* integers only; encoder and decoder run the same functions, generic over [`coder::Coder`]; nothing
//! depends on the order of a hash map, on threads, or on the machine.

mod coder;
mod column;
mod logistic;
mod memory;
mod mixer;
mod number;
mod plan;
mod predictor;
mod rows;
mod sequence;
mod state;
mod text;

use crate::error::{Error, ErrorKind, Result, Section};
use crate::limits::{self, Limits};
use crate::model::coder::{Decoder, Encoder};
pub(crate) use crate::model::column::Table;
use crate::model::memory::Memory;
use crate::model::number::{NUMBER_CONTEXTS, NUMBER_SETS};
use crate::model::plan::TablePlan;
use crate::model::predictor::Predictor;
use crate::model::rows::{Context, Shape};
use crate::model::sequence::{ASK_CONTEXTS, ASK_SETS, INDEX_CONTEXTS, INDEX_SETS, Memories};
use crate::model::text::{Spelled, TEXT_CONTEXTS, TEXT_SETS};
use crate::template::Parsed;

/// Raw bytes of the largest block that is coded by a model.
pub(crate) const BLOCK_BYTES_MAX: usize = 1 << 26;
/// The built-in model of level 9.
const ID_FULL: u8 = 2;
/// Bytes in front of the code: model, memory.
const HEADER: usize = 2;
const MEMORY_BITS_MAX: u8 = 22;

/// All that the model has learnt, and what is left of the bounds.
#[derive(Debug)]
pub(crate) struct Model {
    memory: Memory,
    memories: Memories,
    ask: Predictor,
    index: Predictor,
    number: Predictor,
    text: Predictor,
    spelled: Spelled,
    /// Columns and tables so far.
    columns: u32,
    /// Values that may still come, bytes that may be spelled, and bytes of all values.
    values: u64,
    letters: u64,
    budget: u64,
}

impl Model {
    fn new(memory_bits: u8, raw_len: usize) -> Self {
        let bits = u32::from(memory_bits);
        let raw_len = raw_len as u64;
        let refine = bits.min(16);
        Self {
            memory: Memory::new(bits),
            memories: Memories::new(bits),
            ask: Predictor::new(ASK_CONTEXTS, ASK_SETS, refine),
            index: Predictor::new(INDEX_CONTEXTS, INDEX_SETS, refine),
            number: Predictor::new(NUMBER_CONTEXTS, NUMBER_SETS, refine),
            text: Predictor::new(TEXT_CONTEXTS, TEXT_SETS, refine),
            spelled: Spelled::new(bits),
            columns: 0,
            values: raw_len * 8 + 4096,
            letters: raw_len * 2 + 4096,
            budget: raw_len * 1000 + (1 << 20),
        }
    }
}

/// Codes what the lines of a block of `raw_len` bytes were parsed into, all but the templates.
pub(crate) fn encode(parsed: Parsed, raw_len: usize, _level: u8) -> Result<Vec<u8>> {
    let bits = memory_bits(raw_len);
    let plan = TablePlan::of(parsed, 0);
    let templates: Vec<&[u8]> = plan.templates.iter().map(Vec::as_slice).collect();
    let shape = Shape::of(&templates, plan.slot_columns.clone());
    let shape = shape.ok_or_else(|| argument("columns are numbered one up"))?;
    let mut model = Model::new(bits, raw_len);
    let mut coder = Encoder::new(vec![ID_FULL, bits]);
    let outer = Context::empty(plan.ids.len());
    model.table(&mut coder, Some(&plan), &shape, (&outer, 0), 0)?;
    Ok(coder.finish())
}

/// Decodes a code of [`encode`]: the template of each of `rows` lines, and the columns.
pub(crate) fn decode(
    src: &[u8],
    templates: &[&[u8]],
    slot_columns: Vec<u32>,
    (rows, raw_len): (usize, usize),
    limits: &Limits,
) -> Result<Table> {
    let broken = |rule| Error::corrupt(Section::Columns, 0, rule);
    let (&[id, bits], code) =
        src.split_first_chunk::<HEADER>().ok_or_else(|| Error::truncated(Section::Columns, 0))?;
    if id != ID_FULL {
        return Err(Error::new(ErrorKind::UnsupportedModel { model: id.into() }));
    }
    if !(1..=MEMORY_BITS_MAX).contains(&bits) || raw_len > BLOCK_BYTES_MAX {
        return Err(broken("the memory of a model and its block are within their bounds"));
    }
    limits::check("model memory", 64 << bits, limits.model_bytes_max)?;
    let shape = Shape::of(templates, slot_columns);
    let shape = shape.ok_or_else(|| broken("a slot's column is new or known"))?;
    let mut model = Model::new(bits, raw_len);
    let mut coder = Decoder::new(code);
    let outer = Context::empty(rows);
    let table = model.table(&mut coder, None, &shape, (&outer, 0), 0)?;
    if !coder.is_finished() {
        return Err(broken("a code ends where its columns do"));
    }
    Ok(table)
}

/// Memory in proportion to the block.
fn memory_bits(raw_len: usize) -> u8 {
    let lines = (raw_len / 16).max(1).next_power_of_two();
    u8::try_from(lines.ilog2()).unwrap_or(MEMORY_BITS_MAX).clamp(10, MEMORY_BITS_MAX)
}

#[cold]
fn argument(what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument { what: what.into() })
}
