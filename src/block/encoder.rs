//! Raw bytes → sections.

use crate::block::Encoded;
use crate::block::modelled::{self, LEVEL_MODEL};
use crate::block::node::{Class, SMALL_BLOCK};
use crate::block::sink::{Part, Sink, length, section};
use crate::block::table::{TableEncoder, smallest};
use crate::codec::{Codec, Compressor};
use crate::error::Result;
use crate::format::{BlockStats, SectionKind};
use crate::line::{GramFilter, Rows};
use crate::model::{Equipment, ModelFile};
use crate::wire::varint;

/// zstd's level for estimates.
const QUICK: i32 = 6;
/// A small block may be smaller without templates if it is larger with them than this part of what a quick codec makes of it, in
/// percent: of text without structure, a slow one leaves no less.
const QUICK_PERCENT: usize = 75;
/// So may one that templates made no smaller than this part,
const POOR: usize = 8;
/// and, at levels from this on, one of which a quick codec makes less without templates than this part of what it makes with
/// them, in percent; the levels above that try both ways up to the second part:
const LEVEL_ESTIMATES: u8 = 6;
/// Levels from this on write the whole block with columns shared each way, where others try that on the first lines.
const LEVEL_EACH_WAY: u8 = 7;
const LONG_LITERAL: usize = 100;
const LONG_EITHER: usize = 130;
/// where this part of that at least is templates, since lines that each are their own template gain nothing from being one.
const TEXT_PART: usize = 8;
/// A small block, or one that is mostly text of templates, goes without them if a quick codec leaves more of it with them
/// than this part of what it leaves without, in percent.
const LITERAL_PERCENT: usize = 97;

/// Blocks that a model coded are encoded without one too if they have at most this many bytes, or little is left of them: one part in
/// so many. The full model's always are.
const PLAIN_SMALL: usize = 1 << 20;
const PLAIN_PART: usize = 128;
/// Above so many bytes a quick level tells whether that is worth its time: the slow one leaves hardly less than this part of what that leaves, in percent.
const PLAIN_SURE: usize = 1 << 16;
const LEVEL_PLAIN_QUICK: u8 = 3;
const PLAIN_PERCENT: usize = 70;

/// How a block is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// With templates.
    Structured,
    /// Without.
    Literal,
    /// The smaller one of both.
    Either,
}

/// Encodes blocks; keeps its memory from block to block, which never shows in the output.
#[derive(Debug)]
pub(crate) struct Encoder {
    level: u8,
    equipment: Equipment,
    compressor: Compressor,
}

impl Encoder {
    /// An encoder of built-in means.
    #[cfg(any(test, feature = "unstable-internals"))]
    pub(crate) fn new(level: u8) -> Self {
        Self::with(level, Equipment::default())
    }

    /// An encoder that uses what its stream's header names.
    pub(crate) fn with(level: u8, equipment: Equipment) -> Self {
        let mut compressor = Compressor::default();
        compressor.refer_to(equipment.trained.as_ref().map(ModelFile::dictionary));
        Self { level, equipment, compressor }
    }

    /// Encodes the raw bytes of one block.
    pub(crate) fn encode(&mut self, raw: &[u8]) -> Result<Encoded> {
        let encoded = self.encode_once(raw)?;
        let is_own = self.equipment.predictor.is_some();
        let len = encoded.stored_len();
        let may_be_plain =
            self.level > LEVEL_MODEL || raw.len() <= PLAIN_SMALL || raw.len() / PLAIN_PART >= len;
        if self.level < LEVEL_MODEL || is_own || !may_be_plain {
            return Ok(encoded);
        }
        // A relation between columns says at once what a model learns from many rows.
        if raw.len() > PLAIN_SURE {
            let quick = self.encode_plain(raw, LEVEL_PLAIN_QUICK)?;
            if quick.stored_len() * PLAIN_PERCENT / 100 >= len {
                return Ok(encoded);
            }
        }
        let plain = self.encode_plain(raw, LEVEL_MODEL - 1)?;
        Ok(if plain.stored_len() < len { plain } else { encoded })
    }

    /// The same at a level without model.
    fn encode_plain(&mut self, raw: &[u8], level: u8) -> Result<Encoded> {
        let own = std::mem::replace(&mut self.level, level);
        let plain = self.encode_once(raw);
        self.level = own;
        plain
    }

    /// The block as its level makes it: with a model at each level that has one.
    pub(crate) fn encode_once(&mut self, raw: &[u8]) -> Result<Encoded> {
        let (sink, stats) = self.structure(raw)?;
        if !sink.is_taken(raw.len()) {
            return self.literal(raw, stats);
        }
        let form = self.form(raw, &sink)?;
        if form == Form::Literal {
            drop(sink);
            return self.literal(raw, stats);
        }
        let structured = self.structured(sink, stats)?;
        if !(form == Form::Either && self.may_be_literal(raw, &structured)?) {
            return Ok(structured);
        }
        let literal = self.literal(raw, structured.stats.clone())?;
        let is_smaller = structured.stored_len() < literal.stored_len();
        Ok(if is_smaller { structured } else { literal })
    }

    /// The block with templates.
    fn structured(&mut self, sink: Sink, stats: BlockStats) -> Result<Encoded> {
        let (sections, payload) = sink.finish(self.level, &mut self.compressor)?;
        Ok(Encoded { sections, payload, stats, noted: None, filter: GramFilter::default() })
    }

    /// The block without templates.
    fn literal(&mut self, raw: &[u8], stats: BlockStats) -> Result<Encoded> {
        let part = Part::of(SectionKind::Literal, Class::Text, raw);
        let mut payload = Vec::new();
        let whole = section(part, self.level, &mut self.compressor, &mut payload)?;
        Ok(Encoded {
            sections: vec![whole],
            payload,
            stats,
            noted: None,
            filter: GramFilter::default(),
        })
    }

    /// What is known of a block's best form before it is compressed. Quick codecs tell, from the level on at which others are slow.
    fn form(&mut self, raw: &[u8], sink: &Sink) -> Result<Form> {
        let is_small = raw.len() <= SMALL_BLOCK;
        if self.level < LEVEL_ESTIMATES {
            return Ok(Form::Either);
        }
        let (with, templates) = sink.sizes(&mut self.compressor)?;
        if is_small || sink.is_mostly_text(raw.len()) {
            let without = self.compressor.compress(Codec::Zstd(QUICK), raw)?.1.len();
            if with * 100 > without * LITERAL_PERCENT {
                return Ok(Form::Literal);
            }
        }
        let is_poor = with * POOR >= raw.len();
        if !is_small && !is_poor && templates * TEXT_PART < with {
            return Ok(Form::Structured);
        }
        if is_small {
            return Ok(Form::Either);
        }
        // What a slow codec makes of lines, a quick one shows best over a long window.
        let without = self.compressor.compress(Codec::ZstdLong(9), raw)?.1.len();
        Ok(match without * 100 / with.max(1) {
            ..LONG_LITERAL => Form::Literal,
            LONG_LITERAL..LONG_EITHER if self.level > LEVEL_ESTIMATES => Form::Either,
            _ => Form::Structured,
        })
    }

    /// Whether the block may be smaller without templates.
    fn may_be_literal(&mut self, raw: &[u8], encoded: &Encoded) -> Result<bool> {
        let structured = encoded.payload.len();
        if raw.len() <= SMALL_BLOCK {
            let quick = self.compressor.compress(Codec::Zstd(1), raw)?.1.len();
            return Ok(quick * QUICK_PERCENT / 100 < structured);
        }
        Ok(self.level >= LEVEL_ESTIMATES || structured * POOR >= raw.len())
    }

    /// What codecs may refer to in blocks like this one.
    pub(crate) fn dictionary(&mut self, raw: &[u8]) -> Result<Vec<u8>> {
        Ok(self.structure(raw)?.0.into_dictionary())
    }

    /// What comes before the codecs, on its own. Returns the number of templates.
    #[cfg(feature = "unstable-internals")]
    pub(crate) fn structure_only(&mut self, raw: &[u8]) -> Result<u32> {
        Ok(self.structure(raw)?.1.templates)
    }

    fn structure(&mut self, raw: &[u8]) -> Result<(Sink, BlockStats)> {
        let terminated = raw.last() == Some(&b'\n');
        let body = if terminated { raw.get(..raw.len() - 1).unwrap_or_default() } else { raw };
        let mut sink = Sink::default();
        let lines = Rows::lines((!raw.is_empty()).then_some(body));
        if self.level >= LEVEL_MODEL
            && let Some(done) = modelled::encode(
                body,
                &lines,
                (terminated, raw.len()),
                (self.level, &self.equipment),
            )?
        {
            return Ok(done);
        }
        varint::put(&mut sink.tree, u64::from(terminated));
        varint::put(&mut sink.tree, u64::from(length(lines.len())?));
        if self.level >= LEVEL_EACH_WAY {
            return smallest(&lines, &sink, self.level, &mut self.compressor);
        }
        let mut table = TableEncoder::new(self.level, &mut self.compressor, &mut sink);
        let stats = table.lines(&lines)?;
        Ok((sink, stats))
    }
}
