//! Predictors of other people's making (`docs/MODEL.md`): what they are told, and how they stand in the way of each bit.
//!
//! A [`Hooked`] coder sits between the model and the coder proper. The model notes what it is about to code; those notes
//! cost nothing where nobody listens.

use std::fmt;

use crate::column::Strings;
use crate::model::coder::Coder;
use crate::model::rows::{Known, PARENTS};

/// What a symbol is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// One bit: whether a candidate is the value (or the template of the line).
    Candidate,
    /// Half a byte of the number of a value (or a template) that was seen before.
    Index,
    /// A part of an integer: its sign and length, or up to four of its bits.
    Number,
    /// Something outside columns: counts, kinds of columns, layouts of times.
    Structure,
    /// One bit: whether a text goes on as foretold, for some bytes.
    Part,
    /// A byte of text, from its highest bit.
    Byte,
}

/// What a column holds.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnKind {
    /// The texts of templates.
    #[default]
    Templates,
    /// Which template each row has.
    Ids,
    /// One value for all rows.
    Constant,
    /// Values that are spelled.
    Text,
    /// Integers.
    Digits,
    /// Times, as integers.
    Time,
    /// Which of a few distinct values; these stand in a column of their own behind it.
    Dictionary,
    /// Values that have templates and columns themselves; those follow.
    Nested,
}

/// What is known when a bit is to be predicted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What the symbol is that the bit belongs to.
    pub symbol: SymbolKind,
    /// What the column holds.
    pub column_kind: ColumnKind,
    /// A number that the column keeps.
    pub column: u32,
    /// The text of the row's template; bytes 0 and 1 are its slots. Empty if there is none.
    pub template: &'a [u8],
    /// Number of the slot in the template.
    pub slot: u32,
    /// Values of other slots of the row that are known already: the nearest three, and the first. Empty if there are none.
    pub row: [&'a [u8]; PARENTS],
    /// All that was spelled so far in the block: each value is followed by a newline (0A).
    pub history: &'a [u8],
    /// The integers of the column so far, or the numbers of its things (templates, entries of a dictionary).
    pub numbers: &'a [i64],
    /// What has been coded of the value: its bytes, or its symbols, a byte each.
    pub prefix: &'a [u8],
    /// The bits of the symbol that have been coded, behind a one: 1 before the first.
    pub bits: u32,
    /// What the built-in model takes for the probability of a one, of 65,536.
    pub built_in: u16,
}

/// Predicts bits. One is made for each block; encoder and decoder ask it the same questions in the same order.
///
/// Its answers may depend on what it has been told, and on nothing else: no clock, no random numbers, no floating point
/// that differs from machine to machine. Otherwise blocks do not decode (their checksums tell).
pub trait Predictor {
    /// The probability of a one, of 65,536. 0 counts as 1.
    fn predict(&mut self, situation: &Situation<'_>) -> u16;

    /// The bit that was predicted last has become known.
    fn update(&mut self, bit: bool);
}

/// What of the built-in model runs below a predictor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// Nothing: [`Situation::built_in`] knows little more than how often bits are ones.
    None,
    /// The model of level 8.
    Fast,
    /// The model of level 9.
    #[default]
    Full,
}

/// Makes a predictor for each block, and says which one it is.
pub trait PredictorSource: fmt::Debug + Send + Sync {
    /// A number of your choice that no other predictor has, 256 or more.
    fn id(&self) -> u32;

    /// A hash of whatever else decides about predictions, such as weights: a file that was written with others is refused.
    fn parameters(&self) -> u64;

    /// What runs below.
    fn base(&self) -> Base {
        Base::default()
    }

    /// Memory that a predictor takes, in bytes: refused if [`Limits::model_bytes_max`](crate::Limits::model_bytes_max) does
    /// not allow it.
    fn memory_bytes(&self) -> u64 {
        0
    }

    /// A predictor that knows nothing of a block yet.
    fn start(&self) -> Box<dyn Predictor>;
}

/// What the model tells of what it codes.
pub(crate) enum Note<'a> {
    /// The rows of a table with these templates follow,
    Table(&'a Strings),
    /// and have ended.
    TableEnd,
    /// A column follows.
    Column(ColumnKind, u32),
    /// A value follows; parents lie in the pool.
    Value(&'a Known, &'a [u8]),
    /// A symbol of so many bits follows.
    Symbol(SymbolKind, u32),
    /// An integer or thing has become known.
    Number(i64),
    /// Bytes of a text have become known together.
    Bytes(&'a [u8]),
}

/// A coder whose probabilities come from a predictor.
pub(crate) struct Hooked<'a> {
    inner: &'a mut dyn Coder,
    predictor: Box<dyn Predictor>,
    /// Templates of the tables that are open.
    tables: Vec<Strings>,
    column: (ColumnKind, u32),
    /// Template and slot of the value.
    place: (u32, u32),
    row: [Vec<u8>; PARENTS],
    history: Vec<u8>,
    numbers: Vec<i64>,
    prefix: Vec<u8>,
    symbol: SymbolKind,
    /// Bits that are left of what the model calls a symbol.
    left: u32,
    /// Bits so far behind a one; of a byte, for its second half, too.
    bits: u32,
}

impl<'a> Hooked<'a> {
    pub(crate) fn new(inner: &'a mut dyn Coder, source: &dyn PredictorSource) -> Self {
        Self {
            inner,
            predictor: source.start(),
            tables: Vec::new(),
            column: (ColumnKind::default(), 0),
            place: (0, 0),
            row: Default::default(),
            history: Vec::new(),
            numbers: Vec::new(),
            prefix: Vec::new(),
            symbol: SymbolKind::Structure,
            left: 0,
            bits: 1,
        }
    }

    fn value(&mut self, around: &Known, pool: &[u8]) {
        self.prefix.clear();
        self.bits = 1;
        self.place = around.place;
        for (value, &start) in self.row.iter_mut().zip(&around.texts) {
            value.clear();
            if start > 0 {
                let rest = pool.get(start as usize..).unwrap_or_default();
                let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                value.extend_from_slice(rest.get(..len).unwrap_or_default());
            }
        }
    }

    /// What the predictor says instead of `p`.
    fn ask(&mut self, p: u32) -> u32 {
        let template = self.tables.last().map(|texts| texts.get(self.place.0 as usize));
        let p = self.predictor.predict(&Situation {
            symbol: self.symbol,
            column_kind: self.column.0,
            column: self.column.1,
            template: template.unwrap_or_default(),
            slot: self.place.1,
            row: self.row.each_ref().map(Vec::as_slice),
            history: &self.history,
            numbers: &self.numbers,
            prefix: &self.prefix,
            bits: self.bits,
            built_in: u16::try_from(p).unwrap_or(u16::MAX),
        });
        u32::from(p.max(1))
    }

    fn learn(&mut self, bit: u32) {
        self.predictor.update(bit == 1);
        self.bits = self.bits << 1 | bit;
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.end_symbol();
        }
    }

    /// A symbol has been coded.
    fn end_symbol(&mut self) {
        if self.symbol == SymbolKind::Part {
            self.bits = 1;
        } else if self.symbol != SymbolKind::Byte {
            let len = self.bits.max(1).ilog2();
            self.prefix.push(u8::try_from(self.bits - (1 << len)).unwrap_or(0));
            self.bits = 1;
        } else if self.bits >= 256 {
            let byte = u8::try_from(self.bits & 255).unwrap_or(0);
            self.byte(byte);
            self.bits = 1;
        }
    }

    fn byte(&mut self, byte: u8) {
        self.history.push(byte);
        // A newline ends the value.
        if byte == b'\n' {
            self.prefix.clear();
        } else {
            self.prefix.push(byte);
        }
    }
}

impl Coder for Hooked<'_> {
    fn bit(&mut self, bit: u32, p: u32) -> u32 {
        let p = self.ask(p);
        let bit = self.inner.bit(bit, p);
        self.learn(bit);
        bit
    }

    fn told(&mut self, bit: u32, p: u32) {
        self.ask(p);
        self.learn(bit);
    }

    fn spent(&self) -> u64 {
        self.inner.spent()
    }

    fn is_exhausted(&self) -> bool {
        self.inner.is_exhausted()
    }

    fn note(&mut self, note: Note<'_>) {
        match note {
            Note::Table(texts) => self.tables.push(texts.clone()),
            Note::TableEnd => drop(self.tables.pop()),
            Note::Column(kind, number) => {
                self.column = (kind, number);
                self.numbers.clear();
                self.value(&Known::default(), &[]);
            }
            Note::Value(around, pool) => self.value(around, pool),
            Note::Symbol(kind, bits) => {
                if kind != SymbolKind::Byte || self.symbol != kind {
                    self.bits = 1;
                }
                (self.symbol, self.left) = (kind, bits);
            }
            Note::Number(number) => self.numbers.push(number),
            Note::Bytes(bytes) => bytes.iter().for_each(|&byte| self.byte(byte)),
        }
    }
}
