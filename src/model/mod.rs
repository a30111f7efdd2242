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
mod expert;
mod given;
mod hook;
mod logistic;
mod memory;
mod merge;
mod mixer;
mod number;
mod plan;
pub(crate) mod planes;
mod predictor;
mod registry;
mod repeat;
mod rows;
mod sequence;
mod span;
mod start;
mod state;
mod table;
mod text;
mod trained;
mod unit;
mod weigh;

use crate::column::Strings;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::limits::{self, Limits};
use crate::model::coder::{Coder, Decoder, Encoder};
use crate::model::given::Given;
pub(crate) use crate::model::given::behind;
pub use crate::model::hook::{Base, ColumnKind, Predictor, PredictorSource, Situation, SymbolKind};
use crate::model::hook::{Hooked, Note};
use crate::model::memory::Memory;
pub(crate) use crate::model::merge::merge;
use crate::model::number::{NUMBER_CONTEXTS, NUMBER_SETS, PLAIN_CONTEXTS};
use crate::model::predictor::{Predictor as BuiltIn, Scale};
pub use crate::model::registry::{Embedding, Models};
pub(crate) use crate::model::registry::{Equipment, check_id};
pub(crate) use crate::model::repeat::Repeats;
use crate::model::rows::Context;
use crate::model::sequence::{ASK_CONTEXTS, ASK_SETS, INDEX_CONTEXTS, INDEX_SETS, Memories};
use crate::model::span::{SPAN_CONTEXTS, SPAN_SETS};
pub(crate) use crate::model::table::Table;
use crate::model::text::{Spelled, TEXT_CONTEXTS, TEXT_SETS};
pub use crate::model::trained::ModelFile;
pub(crate) use crate::model::trained::{DICTIONARY_BYTES_MAX, SAMPLE_BYTES_MAX};
pub(crate) use crate::model::weigh::{Costs, weigh};
use crate::template::Parsed;
use crate::wire::{Cursor, varint};

/// Raw bytes of the largest block that is coded by a model.
pub(crate) const BLOCK_BYTES_MAX: usize = 1 << 26;
/// The built-in models of levels 8 and 9.
const ID_FAST: u8 = 1;
const ID_FULL: u8 = 2;
/// None of them, below a predictor.
const ID_NONE: u8 = 0;
/// Marks a code of a table that lacks rows which repeat others.
const REPEATS: u8 = 0x20;
/// Marks a code whose probabilities come from the stream's predictor.
const HOOKED: u8 = 0x40;
/// Marks a code that goes on from the rows of the stream's model file.
const PRIMED: u8 = 0x80;
const MEMORY_BITS_MAX: u8 = 22;
/// The most values of a block: what is known of each takes memory.
const VALUES_MAX: u64 = 11_000_000;
/// Bytes of memory for each, on average: few are looked at closely at a time.
const VALUE_BYTES: u64 = 40;
/// The memory of the model that an encoder tries ways to code with.
const SCRATCH_BITS: u8 = 11;
/// Bytes of a context's memory, and raw bytes that there is one for.
const CONTEXT_BYTES: u64 = 64;
const BYTES_FOR_CONTEXT: usize = 4;
/// What the words that a model starts from count in the choice of memory.
const START_BYTES: usize = 200_000;
/// From this length of the match on the full model asks for parts of texts as a whole: shorter ones are foretold better byte by byte.
const SPAN_MATCH_FULL: u32 = 32;
/// The memory is at least 2^this.
const MEMORY_BITS_MIN: u8 = 12;

/// All that the model has learnt, and what is left of the bounds.
#[derive(Debug)]
pub(crate) struct Model {
    memory: Memory,
    memories: Memories,
    ask: BuiltIn,
    index: BuiltIn,
    number: BuiltIn,
    meta: BuiltIn,
    text: BuiltIn,
    span: BuiltIn,
    /// Parts of texts are asked for as a whole where the match is as long as this.
    span_match_min: u32,
    spelled: Spelled,
    /// All values so far, each followed by a newline.
    pool: Vec<u8>,
    /// The model that an encoder tries ways to code with.
    scratch: Option<Box<Model>>,
    /// The node of each column of lines and what the code had cost behind it, if that is wanted; first the ids.
    noted: Option<Vec<(u8, u64)>>,
    /// Whether it knows what it codes.
    encodes: bool,
    /// Columns and tables so far.
    columns: u32,
    /// Nodes of the last columns.
    last_tag: u32,
    /// Values that may still come, bytes that may be spelled, and bytes of all values.
    values: u64,
    letters: u64,
    budget: u64,
}

impl Model {
    fn new(id: u8, memory_bits: u8, raw_len: usize) -> Self {
        // The fast model looks at the first few contexts of each list.
        let few = |fast: usize, full: usize| match id {
            ID_NONE => 0,
            ID_FAST => fast,
            _ => full,
        };
        let bits = u32::from(memory_bits);
        let raw_len = raw_len as u64;
        let refine = if bits > 11 { (bits - 2).min(16) } else { 5 };
        // The fast model keeps what it looks at for every bit near the processor.
        let near = (refine.min(12), refine.min(10));
        let scale = match id {
            ID_FULL => Scale { mixers: 4, refine: (near.0, refine) },
            _ => Scale { mixers: 3, refine: near },
        };
        let near = Scale { refine: near, ..scale };
        // Things and places in text are fewer than contexts.
        let small = bits - 2;
        Self {
            memory: Memory::new(bits),
            memories: Memories::new(small),
            ask: BuiltIn::new(SymbolKind::Candidate, few(6, ASK_CONTEXTS), ASK_SETS, scale),
            index: BuiltIn::new(SymbolKind::Index, few(5, INDEX_CONTEXTS), INDEX_SETS, scale),
            number: BuiltIn::new(SymbolKind::Number, few(8, NUMBER_CONTEXTS), NUMBER_SETS, scale),
            meta: BuiltIn::new(
                SymbolKind::Structure,
                few(PLAIN_CONTEXTS, PLAIN_CONTEXTS),
                NUMBER_SETS,
                scale,
            ),
            text: BuiltIn::new(SymbolKind::Byte, few(7, TEXT_CONTEXTS), TEXT_SETS, scale),
            span: BuiltIn::new(SymbolKind::Part, few(6, SPAN_CONTEXTS), SPAN_SETS, near),
            span_match_min: match id {
                ID_NONE => u32::MAX,
                ID_FAST => 0,
                _ => SPAN_MATCH_FULL,
            },
            spelled: Spelled::new(small),
            pool: vec![b'\n'],
            scratch: None,
            noted: None,
            encodes: false,
            // The numbers below are those of the templates of tables, by depth.
            columns: 15,
            last_tag: 0,
            values: (raw_len * 8 + 4096).min(VALUES_MAX),
            letters: raw_len * 2 + 4096,
            // Columns are nested to a bounded depth, and at each depth no longer than the block.
            budget: raw_len * 8 + (1 << 20),
        }
    }

    /// Forgets everything.
    fn clear(&mut self) {
        let Self { ask, index, number, meta, text, span, .. } = self;
        [ask, index, number, meta, text, span].into_iter().for_each(BuiltIn::clear);
        self.memory.clear();
        self.memories.clear();
        self.spelled.clear();
        self.pool.truncate(1);
        (self.columns, self.last_tag) = (15, 0);
        (self.values, self.letters, self.budget) = (VALUES_MAX, u64::MAX, u64::MAX);
    }

    /// Holds values to what `limits` leave beside the memory of 2^`memory_bits` contexts. An encoder takes the default limits, so
    /// that it never writes what a decoder refuses.
    fn bound(
        &mut self,
        memory_bits: u8,
        hook: Option<&dyn PredictorSource>,
        limits: &Limits,
    ) -> Result<()> {
        let foreign = hook.map_or(0, PredictorSource::memory_bytes);
        limits::check("model memory", foreign, limits.model_bytes_max / 2)?;
        let taken = (CONTEXT_BYTES << memory_bits).saturating_add(foreign);
        let left = limits.model_bytes_max.saturating_sub(taken);
        self.values = self.values.min(left / VALUE_BYTES);
        self.budget = self.budget.min(left);
        Ok(())
    }

    /// As [`block`](Self::block), with somebody else's predictor between, if there is one.
    fn block_with<C: Coder>(
        &mut self,
        coder: &mut C,
        hook: Option<&dyn PredictorSource>,
        (parsed, repeats): (Option<&Parsed>, Option<&Repeats>),
        (given, lines): (&Given, LineCounts),
    ) -> Result<Table> {
        match hook {
            None => self.block(coder, (parsed, repeats), given, lines),
            Some(hook) => {
                self.block(&mut Hooked::new(coder, hook), (parsed, repeats), given, lines)
            }
        }
    }

    /// Codes templates, ids, and columns of a block of so many lines behind those that are given, and what they lack.
    fn block<C: Coder>(
        &mut self,
        coder: &mut C,
        (parsed, repeats): (Option<&Parsed>, Option<&Repeats>),
        given: &Given,
        lines: LineCounts,
    ) -> Result<Table> {
        let rows = lines.kept.unwrap_or(lines.all);
        self.start();
        let (texts, shape) = self.templates(coder, parsed, 0, given.templates)?;
        coder.note(Note::Table(&texts));
        let context = Context::empty(given.rows.saturating_add(rows), given.rows);
        let table = self.table(coder, parsed, &shape, (&context, 0), 0)?;
        if lines.kept.is_some() {
            return self.repeats(coder, (&table, &texts, &shape), repeats, lines.all);
        }
        Ok(given.strip(table))
    }
}

/// How many lines a block has, and how many its table, if that lacks some.
#[derive(Clone, Copy, Debug)]
struct LineCounts {
    all: usize,
    kept: Option<usize>,
}

/// Codes what the lines of a block of `raw_len` bytes were parsed into, those that are kept if some are repeated: behind the rows of a
/// model file, if there is one, which then repeats nothing.
pub(crate) fn encode(
    (parsed, repeats): (&Parsed, Option<&Repeats>),
    terminated: bool,
    raw_len: usize,
    level: u8,
    equipment: &Equipment,
) -> Result<Vec<u8>> {
    let (limits, hook) = (Limits::default(), equipment.predictor.as_deref());
    let given = Given::of(equipment.trained.as_ref());
    let len = raw_len + given.bytes;
    let built_in = if level == 8 { ID_FAST } else { ID_FULL };
    let id = hook.map_or(built_in, |hook| hook.base() as u8);
    let bits_max = [MEMORY_BITS_MIN, 20, MEMORY_BITS_MAX];
    let bits_max = bits_max.get(usize::from(id)).copied().unwrap_or(MEMORY_BITS_MAX);
    let bits = memory_bits(len + START_BYTES).min(bits_max);
    let mut model = Model::new(id, bits, len);
    model.bound(bits, hook, &limits)?;
    model.encodes = true;
    let mut scratch = Model::new(id, SCRATCH_BITS, 0);
    scratch.encodes = true;
    model.scratch = Some(Box::new(scratch));
    let kind = id
        | if hook.is_some() { HOOKED } else { 0 }
        | if equipment.trained.is_some() { PRIMED } else { 0 }
        | if repeats.is_some() { REPEATS } else { 0 };
    let rows = parsed.ids.len().saturating_sub(given.rows);
    let lines = LineCounts {
        all: repeats.map_or(rows, |repeats| repeats.rows),
        kept: repeats.is_some().then_some(rows),
    };
    let mut header = vec![kind, bits];
    varint::put(&mut header, (lines.all as u64) << 1 | u64::from(terminated));
    if let Some(kept) = lines.kept {
        varint::put(&mut header, kept as u64);
    }
    let mut coder = Encoder::new(header);
    model.block_with(&mut coder, hook, (Some(parsed), repeats), (&given, lines))?;
    Ok(coder.finish())
}

/// What stands in front of the columns of a block.
#[derive(Debug)]
pub(crate) struct Head {
    /// The templates, with a mark for each slot.
    pub(crate) templates: Strings,
    /// The column of each slot.
    pub(crate) slot_columns: Vec<u32>,
    /// Number of lines.
    pub(crate) rows: u64,
    /// Whether the last line has a terminator.
    pub(crate) terminated: bool,
}

/// Decodes the start of a code of [`encode`], of a block of `raw_len` bytes.
pub(crate) fn head(
    src: &[u8],
    raw_len: usize,
    (limits, equipment): (&Limits, &Equipment),
) -> Result<Head> {
    let Opened { mut model, mut coder, lines, terminated, hook, known } =
        Opened::new(src, raw_len, limits, equipment)?;
    let given = Given::of(known);
    let known = known.map(ModelFile::rows);
    model.start();
    let (templates, shape) = match hook {
        None => model.templates(&mut coder, known, 0, given.templates)?,
        Some(hook) => {
            let mut coder = Hooked::new(&mut coder, hook);
            model.templates(&mut coder, known, 0, given.templates)?
        }
    };
    limits::check("templates", templates.len() as u64, limits.templates_max)?;
    limits::check("columns", shape.columns() as u64, limits.columns_max)?;
    let slot_columns = shape.slot_columns().to_vec();
    Ok(Head { templates, slot_columns, rows: lines.all as u64, terminated })
}

/// Decodes a code of [`encode`]: the template of each line, and the columns.
pub(crate) fn decode(
    src: &[u8],
    raw_len: usize,
    (limits, equipment): (&Limits, &Equipment),
) -> Result<Table> {
    let Opened { mut model, mut coder, lines, hook, known, .. } =
        Opened::new(src, raw_len, limits, equipment)?;
    let given = Given::of(known);
    let known = known.map(ModelFile::rows);
    let table = model.block_with(&mut coder, hook, (known, None), (&given, lines))?;
    if !coder.is_finished() {
        return Err(broken("a code ends where its columns do"));
    }
    Ok(table)
}

struct Opened<'a> {
    model: Model,
    coder: Decoder<'a>,
    lines: LineCounts,
    terminated: bool,
    hook: Option<&'a dyn PredictorSource>,
    /// What both sides know.
    known: Option<&'a ModelFile>,
}

impl<'a> Opened<'a> {
    fn new(
        src: &'a [u8],
        raw_len: usize,
        limits: &Limits,
        equipment: &'a Equipment,
    ) -> Result<Self> {
        let mut cur = Cursor::new(src, Section::Columns, 0);
        let [kind, bits] = cur.array()?;
        let id = kind & !(HOOKED | PRIMED | REPEATS);
        let hooked = kind & HOOKED != 0;
        if id > ID_FULL || (id == ID_NONE && !hooked) {
            let model = kind.into();
            return Err(Error::new(ErrorKind::UnsupportedModel { model, parameters: 0 }));
        }
        let hook = equipment.predictor.as_deref().filter(|_| hooked);
        if hooked && hook.is_none() {
            return Err(broken("a stream names the predictor of its blocks"));
        }
        let known = equipment.trained.as_ref().filter(|_| kind & PRIMED != 0);
        if kind & PRIMED != 0 && known.is_none() {
            return Err(broken("a stream names the model file of its blocks"));
        }
        if !(MEMORY_BITS_MIN..=MEMORY_BITS_MAX).contains(&bits) || raw_len > BLOCK_BYTES_MAX {
            return Err(broken("the memory of a model and its block are within their bounds"));
        }
        limits::check("model memory", CONTEXT_BYTES << bits, limits.model_bytes_max)?;
        let (lines, terminated) = {
            let lines = cur.varint()?;
            let all = lines >> 1;
            if all > raw_len as u64 {
                return Err(cur.corrupt("a block has no more lines than bytes"));
            }
            let kept = if kind & REPEATS != 0 { Some(cur.varint()?) } else { None };
            if kept.is_some_and(|kept| kept > all || known.is_some()) {
                return Err(cur.corrupt("lines repeat lines of the same block"));
            }
            let number = |lines: u64| usize::try_from(lines).unwrap_or(usize::MAX);
            (LineCounts { all: number(all), kept: kept.map(number) }, lines & 1 == 1)
        };
        let mut model = Model::new(id, bits, raw_len + Given::of(known).bytes);
        model.bound(bits, hook, limits)?;
        let coder = Decoder::new(cur.rest());
        Ok(Self { model, coder, lines, terminated, hook, known })
    }
}

/// Memory in proportion to the block.
fn memory_bits(raw_len: usize) -> u8 {
    let contexts = (raw_len / BYTES_FOR_CONTEXT).max(1).next_power_of_two();
    let bits = u8::try_from(contexts.ilog2()).unwrap_or(MEMORY_BITS_MAX);
    bits.clamp(MEMORY_BITS_MIN, MEMORY_BITS_MAX)
}

#[cold]
fn broken(rule: &'static str) -> Error {
    Error::corrupt(Section::Columns, 0, rule)
}
