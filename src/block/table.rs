//! Lines and values → column nodes.
//!
//! A column is written as the first of these that it is: one value, times, numbers, few distinct values, values of few
//! templates, text. Parts of a column are columns again.

use std::collections::HashSet;

use crate::block::above::{Above, Top};
use crate::block::node::{self, Class, Node};
use crate::block::relate::{Proof, Relation, Tables, places, relate};
use crate::block::sink::{Sink, TRIAL_LEVEL, length};
use crate::block::typed::Typed;
use crate::codec::{Codec, Compressor};
use crate::column::Strings;
use crate::encoding::digits::Width;
use crate::encoding::integer::{self, Choice, Transformed};
use crate::encoding::packed::Alphabet;
use crate::error::Result;
use crate::format::BlockStats;
use crate::line::Rows;
use crate::model::planes::Stream;
use crate::template::{Mode, Parsed, Sharing, nest, parse, parse_by_trial};
use crate::wire::varint;

/// Levels below this guess at encodings, others try them.
const LEVEL_TRIES: u8 = 3;
/// Values that a trial looks at, at thorough levels and below.
const TRIAL: usize = 1 << 15;
const TRIAL_QUICK: usize = 1 << 13;
/// Columns of fewer values are not tried.
const TRIAL_MIN: usize = 32;
/// Columns nested deeper are text, or what rules alone say.
pub(super) const DEPTH_MAX: u32 = 4;
/// Levels from this on look for relations across columns,
const LEVEL_RELATES: u8 = 2;
/// and from this on on more rows.
pub(super) const LEVEL_THOROUGH: u8 = 6;
/// Levels from this on look for relations of parts of columns to the columns of the block's table.
const LEVEL_LOOKS_UP: u8 = LEVEL_THOROUGH;
/// Bytes of lines on which ways to share columns are tried.
const SHARING_BYTES: usize = 1 << 20;
/// They tell all ways apart if they are this part of all lines.
const SHARING_PART: usize = 4;
/// Ways to share columns.
const SHARING: [Sharing; 3] = [Sharing::Tried, Sharing::All, Sharing::None];
/// Rows on which relations are looked for.
const ROWS_FEW: usize = 1 << 11;
const ROWS_MANY: usize = 1 << 14;
/// Text of fewer bytes is not packed; nor is what a codec writes with fewer bits than packing, by more than this part of them
/// (it would have to write terminators as well).
const PACKED_MIN: usize = 1 << 10;
const PACKED_PART: usize = 32;

/// Where a table or a column is written.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    /// How deep it is nested.
    pub(super) depth: u32,
    /// Where in the block's table it stands, unless it is that table, or part of no line.
    pub(super) above: Option<&'a Above<'a>>,
}

impl Place<'_> {
    /// So deep, and nothing known of what is above.
    #[cfg(test)]
    pub(super) fn deep(depth: u32) -> Self {
        Self { depth, above: None }
    }
}

/// Writes tables of lines or values to a sink.
pub(crate) struct TableEncoder<'a> {
    pub(super) level: u8,
    /// What is written is thrown away: it is not tried again which way is best.
    pub(super) trial: bool,
    pub(super) compressor: &'a mut Compressor,
    sink: &'a mut Sink,
}

impl<'a> TableEncoder<'a> {
    pub(crate) fn new(level: u8, compressor: &'a mut Compressor, sink: &'a mut Sink) -> Self {
        Self { level, trial: false, compressor, sink }
    }

    /// Writes the lines of a block.
    pub(crate) fn lines(&mut self, lines: &Rows<'_>) -> Result<BlockStats> {
        let parsed = if self.level < LEVEL_TRIES {
            parse(lines, Mode::Lines)
        } else {
            let sharing = self.sharing(lines)?;
            parse_by_trial(lines, Mode::Lines, sharing, self.compressor)
        };
        self.parsed(&parsed)
    }

    /// Writes the lines of a block that have been taken apart.
    fn parsed(&mut self, parsed: &Parsed) -> Result<BlockStats> {
        self.table(parsed, Place::default())?;
        Ok(BlockStats { templates: length(parsed.templates.len())?, ..BlockStats::default() })
    }

    /// How columns are shared: by what the first lines come to each way.
    fn sharing(&mut self, lines: &Rows<'_>) -> Result<Sharing> {
        if self.level < LEVEL_THOROUGH {
            return Ok(Sharing::Tried);
        }
        let head = lines.head(SHARING_BYTES);
        // What columns that share nothing lose shows late: of a long log the head does not tell.
        let whole = lines.bytes().len() <= SHARING_BYTES * SHARING_PART;
        let ways = SHARING.get(..if whole { 3 } else { 2 }).unwrap_or_default();
        let (_, sharing) =
            each_way((&head, &Sink::default()), ways, (LEVEL_TRIES, true), self.compressor)?;
        Ok(sharing)
    }

    fn table(&mut self, parsed: &Parsed, at: Place<'_>) -> Result<()> {
        let values = parsed.columns.iter().map(Strings::len).sum();
        self.sink.table(parsed.columns.len(), values);
        varint::put(&mut self.sink.tree, u64::from(length(parsed.templates.len())?));
        parsed.templates.iter().for_each(|template| self.sink.string(template));
        let mut columns = 0;
        for &column in &parsed.slot_columns {
            let new = column == columns;
            varint::put(&mut self.sink.tree, if new { 0 } else { u64::from(column) + 1 });
            columns += u32::from(new);
        }
        self.integers(&parsed.ids.iter().map(|&id| i64::from(id)).collect::<Vec<_>>());
        if self.level < LEVEL_RELATES {
            // One after the other: memory that has been used is quicker than new.
            for (column, values) in (0..).zip(&parsed.columns) {
                if at.depth == 0 {
                    self.sink.column(column);
                }
                self.column(values, at)?;
            }
            return Ok(());
        }
        self.related_columns(parsed, at)
    }

    /// Writes the columns of a table, each as others tell it where that is smaller.
    fn related_columns(&mut self, parsed: &Parsed, at: Place<'_>) -> Result<()> {
        let typed: Vec<Typed> = parsed.columns.iter().map(Typed::of).collect();
        let tables = Tables { parsed, typed: &typed, above: at.above };
        let many = self.level >= LEVEL_THOROUGH;
        let relations = relate(tables, if many { ROWS_MANY } else { ROWS_FEW });
        let places = places(tables, &relations);
        let told_by_number: HashSet<u32> =
            relations.iter().flatten().filter_map(|relation| relation.by_number()).collect();
        let mut known = vec![false; typed.len()];
        let columns = parsed.columns.iter().zip(&typed).zip(relations.iter().zip(&places));
        for (column, ((values, own), (relation, places))) in (0..).zip(columns) {
            let top = Top::new(parsed, &typed, &known, column);
            let above = match at.above {
                Some(above) => Some(above.column(parsed, column)),
                None if at.depth == 0 && self.level >= LEVEL_LOOKS_UP => Some(Above::all(&top)),
                None => None,
            };
            if at.depth == 0 {
                self.sink.column(column);
            }
            let at = Place { above: above.as_ref(), ..at };
            let as_typed = match *relation {
                Some(relation) => {
                    self.related(tables, (column, relation), places, at)?;
                    !relation.hides()
                }
                None if told_by_number.contains(&column) => {
                    self.column_of(values, own, None, at)?;
                    true
                }
                None => self.column_chosen(values, own, at)?,
            };
            if let Some(known) = known.get_mut(column as usize) {
                *known = as_typed;
            }
        }
        Ok(())
    }

    fn column(&mut self, values: &Strings, at: Place<'_>) -> Result<()> {
        self.column_chosen(values, &Typed::of(values), at).map(drop)
    }

    /// Writes a column, the numbers of which no other refers to, as it gets smallest. Returns whether that is as `typed` says.
    fn column_chosen(&mut self, values: &Strings, typed: &Typed, at: Place<'_>) -> Result<bool> {
        let chosen = if self.trial || self.level < LEVEL_TRIES {
            None
        } else {
            self.choose(values, typed, at)?
        };
        self.column_of(values, chosen.as_ref().unwrap_or(typed), None, at)?;
        Ok(chosen.is_none())
    }

    /// Writes a column that has a relation to another.
    fn related(
        &mut self,
        tables: Tables<'_>,
        (column, relation): (u32, Relation),
        places: &[u32],
        at: Place<'_>,
    ) -> Result<()> {
        let other = relation.other();
        if at.depth == 0 || other.top {
            self.sink.depends(other.column);
        }
        let others = tables.numbers(other).unwrap_or_default();
        let own = tables.typed.get(column as usize);
        let (Some(own), Some(values), Some(text)) =
            (own, tables.parsed.columns.get(column as usize), tables.text(other))
        else {
            return Ok(());
        };
        let proof = Proof { own: values, other: text, places };
        let numbers = own.numbers().unwrap_or_default();
        let missed = match relation {
            Relation::Same(_) => proof.same(),
            Relation::ByKey(_) => proof.by_key(others),
            Relation::Difference(_) => {
                let numbers = proof.differences(numbers, others);
                return self.column_of(values, own, Some((other.code(false), &numbers)), at);
            }
            Relation::KeyedDifference(_) => {
                let numbers = proof.keyed_differences(numbers, others);
                return self.column_of(values, own, Some((other.code(true), &numbers)), at);
            }
        };
        let by_key = matches!(relation, Relation::ByKey(_));
        self.node(if by_key { Node::ByKey } else { Node::Same });
        varint::put(&mut self.sink.tree, other.code(false));
        varint::put(&mut self.sink.tree, missed.gaps.len() as u64);
        self.integers(&missed.gaps);
        let above = at.above.map(|above| above.some(missed.numbers()));
        self.column(&missed.values, Place { depth: at.depth + 1, above: above.as_ref() })
    }

    /// Writes a column; its numbers as `relative`, if they are given relative to another column's.
    pub(super) fn column_of(
        &mut self,
        values: &Strings,
        typed: &Typed,
        relative: Option<(u64, &[i64])>,
        at: Place<'_>,
    ) -> Result<()> {
        match typed {
            // What readers do not follow is not written, whatever led here.
            _ if at.depth >= node::DEPTH_MAX => self.text(values),
            Typed::Constant => {
                self.node(Node::Constant);
                self.sink.string(values.get(0));
            }
            Typed::Time { layouts, chosen, ticks } => {
                self.node(Node::Time);
                varint::put(&mut self.sink.tree, layouts.len() as u64);
                for layout in layouts {
                    let codes = layout.to_codes();
                    varint::put(&mut self.sink.tree, codes.len() as u64);
                    self.sink.tree.extend_from_slice(&codes);
                }
                if layouts.len() > 1 {
                    self.integers(
                        &chosen.iter().map(|&layout| i64::from(layout)).collect::<Vec<_>>(),
                    );
                }
                self.numbers(ticks, relative);
            }
            Typed::Digits { form, numbers } => {
                self.node(Node::Digits);
                self.sink.tree.extend_from_slice(&form.to_bytes());
                if form.width == Width::Own {
                    let width = |value: &[u8]| i64::try_from(value.len()).unwrap_or(0);
                    self.integers(&values.iter().map(width).collect::<Vec<_>>());
                }
                self.numbers(numbers, relative);
            }
            Typed::Dictionary { distinct, numbers } => {
                self.node(Node::Dictionary);
                varint::put(&mut self.sink.tree, distinct.len() as u64);
                self.numbers(numbers, relative);
                // Entries stand in no line.
                self.column(distinct.strings(), Place { depth: at.depth + 1, above: None })?;
            }
            Typed::Text if at.depth < DEPTH_MAX && self.nested(values, at)? => {}
            Typed::Text | Typed::Plain => self.text(values),
        }
        Ok(())
    }

    fn node(&mut self, node: Node) {
        self.sink.tree.push(node.tag());
    }

    fn text(&mut self, values: &Strings) {
        if let Some(alphabet) = self.few_symbols(values) {
            self.node(Node::Packed);
            varint::put(&mut self.sink.tree, values.get(0).len() as u64);
            varint::put(&mut self.sink.tree, alphabet.symbols().len() as u64);
            self.sink.tree.extend_from_slice(alphabet.symbols());
            self.sink.stream(Class::Packed, &alphabet.pack(values.bytes()));
            return;
        }
        self.node(Node::Text);
        self.text_stream(&values.each_followed_by(b'\n'));
    }

    /// Writes text beside what it is like.
    fn text_stream(&mut self, bytes: &[u8]) {
        let beside = if self.trial || self.level < LEVEL_TRIES {
            None
        } else {
            self.sink.like(bytes, self.compressor).unwrap_or(None)
        };
        self.sink.text_beside(bytes, beside);
    }

    /// The alphabet of values of one length, if a quick codec needs as many bits for each symbol as packing does.
    fn few_symbols(&mut self, values: &Strings) -> Option<Alphabet> {
        let (bytes, width) = (values.bytes(), values.get(0).len());
        if bytes.len() < PACKED_MIN || values.iter().any(|value| value.len() != width) {
            return None;
        }
        let alphabet = Alphabet::of(bytes)?;
        let sample = bytes.get(..bytes.len().min(TRIAL))?;
        let (_, stored) = self.compressor.compress(Codec::Zstd(1), sample).ok()?;
        let packed = alphabet.packed_len(sample.len())?;
        (packed <= stored.len() + stored.len() / PACKED_PART).then_some(alphabet)
    }

    fn numbers(&mut self, values: &[i64], relative: Option<(u64, &[i64])>) {
        match relative {
            Some((reference, relative)) => self.put_integers(relative, Some(reference)),
            None => self.integers(values),
        }
    }

    fn integers(&mut self, values: &[i64]) {
        self.put_integers(values, None);
    }

    fn put_integers(&mut self, values: &[i64], reference: Option<u64>) {
        let choice = if self.level < LEVEL_TRIES {
            Choice::guess(values)
        } else {
            self.try_integers(values)
        };
        let mut planes = Vec::new();
        let width = integer::encode(values, choice, reference, &mut self.sink.tree, &mut planes);
        if let Some(values) = planes.len().checked_div(width).filter(|&values| values > 0) {
            let planes_first = choice.planes || width == 1;
            self.sink.numbers(&planes, Stream { values, width, planes: planes_first });
        }
    }

    /// The choice that a quick codec makes smallest.
    fn try_integers(&mut self, values: &[i64]) -> Choice {
        if values.len() < TRIAL_MIN {
            return Choice::guess(values);
        }
        let most = if self.level >= LEVEL_THOROUGH { TRIAL } else { TRIAL_QUICK };
        let sample = values.get(..values.len().min(most)).unwrap_or_default();
        let (transforms, guess) = Choice::worth_trying(sample);
        let mut best = (usize::MAX, guess);
        let (mut meta, mut bytes) = (Vec::new(), Vec::new());
        for transform in transforms {
            let transformed = Transformed::of(sample, transform);
            for choice in transformed.choices() {
                meta.clear();
                bytes.clear();
                transformed.encode(choice.planes, None, &mut meta, &mut bytes);
                let stored = self.compressor.compress(Codec::Zstd(1), &bytes);
                let size = stored.map_or(usize::MAX, |(_, stored)| stored.len() + meta.len());
                if size < best.0 || (size == best.0 && choice == guess) {
                    best = (size, choice);
                }
            }
        }
        best.1
    }

    fn nested(&mut self, values: &Strings, at: Place<'_>) -> Result<bool> {
        let compressor = (self.level >= LEVEL_TRIES).then_some(&mut *self.compressor);
        let Some(parsed) = nest(values, compressor) else { return Ok(false) };
        self.node(Node::Nested);
        self.table(&parsed, Place { depth: at.depth + 1, ..at })?;
        Ok(true)
    }
}

/// Writes the lines of a block with columns shared each way, as far as that makes a difference. Returns what came to least.
pub(super) fn smallest(
    lines: &Rows<'_>,
    start: &Sink,
    level: u8,
    compressor: &mut Compressor,
) -> Result<(Sink, BlockStats)> {
    Ok(each_way((lines, start), &SHARING, (level, false), compressor)?.0)
}

/// Writes lines each way. Returns what a quick codec makes least of, and which way it was.
fn each_way(
    (lines, start): (&Rows<'_>, &Sink),
    ways: &[Sharing],
    (level, trial): (u8, bool),
    compressor: &mut Compressor,
) -> Result<((Sink, BlockStats), Sharing)> {
    let mut best = (usize::MAX, (Sink::default(), BlockStats::default()), Sharing::Tried);
    let mut done: Vec<Vec<u32>> = Vec::new();
    for &sharing in ways {
        let parsed = parse_by_trial(lines, Mode::Lines, sharing, compressor);
        if done.contains(&parsed.slot_columns) {
            continue;
        }
        let mut sink = start.clone();
        let mut encoder = TableEncoder::new(level, compressor, &mut sink);
        encoder.trial = trial;
        let stats = encoder.parsed(&parsed)?;
        done.push(parsed.slot_columns);
        let size = sink.size(TRIAL_LEVEL, compressor)?;
        // Where lines are their own templates, there are no columns to share.
        let is_text = sink.is_mostly_text(lines.bytes().len());
        if size < best.0 {
            best = (size, (sink, stats), sharing);
        }
        if is_text {
            break;
        }
    }
    Ok((best.1, best.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first node that a column is written as at a depth.
    fn node_at(depth: u32, typed: impl Fn(&Strings) -> Typed) -> Node {
        let mut values = Strings::default();
        (0..900).for_each(|i| values.push(format!("10.0.{}.{}:x", i % 7, i / 9).as_bytes()));
        let (mut sink, mut compressor) = (Sink::default(), Compressor::default());
        let mut encoder = TableEncoder::new(9, &mut compressor, &mut sink);
        encoder.column_of(&values, &typed(&values), None, Place::deep(depth)).unwrap();
        Node::from_tag(sink.tree[0]).unwrap()
    }

    #[test]
    fn nothing_is_nested_deeper_than_readers_follow() {
        assert_eq!(node_at(0, Typed::dictionary), Node::Dictionary);
        assert_eq!(node_at(node::DEPTH_MAX - 1, Typed::dictionary), Node::Dictionary);
        assert_eq!(node_at(node::DEPTH_MAX, Typed::dictionary), Node::Text);
        assert_eq!(node_at(0, |_| Typed::Text), Node::Nested);
        assert_eq!(node_at(DEPTH_MAX, |_| Typed::Text), Node::Text);
    }
}
