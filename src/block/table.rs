//! Lines and values → column nodes.
//!
//! A column is written as the first of these that it is: one value, times, numbers, few distinct values, values of few
//! templates, text. Parts of a column are columns again.

use crate::block::node::{Class, LAYOUTS_MAX, Node};
use crate::block::sink::{Sink, length};
use crate::codec::{Codec, Compressor};
use crate::column::timestamp::{self, Layout};
use crate::column::{Interner, Strings};
use crate::encoding::digits::{Form, Width};
use crate::encoding::integer::{self, Choice};
use crate::error::Result;
use crate::format::BlockStats;
use crate::line::Rows;
use crate::template::{Mode, Parsed, parse, parse_by_trial};
use crate::wire::varint;

/// Levels below this guess at encodings, others try them.
const LEVEL_TRIES: u8 = 3;
/// Values that a trial looks at.
const TRIAL: usize = 1 << 15;
/// Columns nested deeper are text.
const DEPTH_MAX: u32 = 4;
/// A dictionary pays if values come this often on average.
const DICTIONARY_ROWS: usize = 2;
/// Nested templates pay if values come this often for each.
const NESTED_ROWS: usize = 3;
/// Values this long on average are cut as lines.
const LONG: usize = 28;

/// Writes tables of lines or values to a sink.
pub(crate) struct TableEncoder<'a> {
    level: u8,
    compressor: &'a mut Compressor,
    sink: &'a mut Sink,
}

impl<'a> TableEncoder<'a> {
    pub(crate) fn new(level: u8, compressor: &'a mut Compressor, sink: &'a mut Sink) -> Self {
        Self { level, compressor, sink }
    }

    /// Writes the lines of a block.
    pub(crate) fn lines(&mut self, lines: &Rows<'_>) -> Result<BlockStats> {
        let parsed = self.parse(lines, Mode::Lines);
        let stats =
            BlockStats { templates: length(parsed.templates.len())?, ..BlockStats::default() };
        self.table(&parsed, 0)?;
        Ok(stats)
    }

    fn parse(&mut self, rows: &Rows<'_>, mode: Mode) -> Parsed {
        if self.level < LEVEL_TRIES {
            parse(rows, mode)
        } else {
            parse_by_trial(rows, mode, self.compressor)
        }
    }

    fn table(&mut self, parsed: &Parsed, depth: u32) -> Result<()> {
        varint::put(&mut self.sink.tree, u64::from(length(parsed.templates.len())?));
        parsed.templates.iter().for_each(|template| self.sink.string(template));
        let mut columns = 0;
        for &column in &parsed.slot_columns {
            let new = column == columns;
            varint::put(&mut self.sink.tree, if new { 0 } else { u64::from(column) + 1 });
            columns += u32::from(new);
        }
        self.integers(&parsed.ids.iter().map(|&id| i64::from(id)).collect::<Vec<_>>());
        for (column, number) in parsed.columns.iter().zip(0..) {
            if depth == 0 {
                self.sink.column(number);
            }
            self.column(column, depth)?;
        }
        Ok(())
    }

    fn column(&mut self, values: &Strings, depth: u32) -> Result<()> {
        let first = values.get(0);
        if values.iter().all(|value| value == first) {
            self.node(Node::Constant);
            self.sink.string(first);
            return Ok(());
        }
        if self.times(values)? || self.digits(values) || self.dictionary(values, depth)? {
            return Ok(());
        }
        if depth < DEPTH_MAX && self.nested(values, depth)? {
            return Ok(());
        }
        self.node(Node::Text);
        self.text(values);
        Ok(())
    }

    fn node(&mut self, node: Node) {
        self.sink.tree.push(node.tag());
    }

    fn text(&mut self, values: &Strings) {
        let mut bytes = Vec::with_capacity(values.bytes().len() + values.len());
        for value in values.iter() {
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        self.sink.stream(Class::Text, &bytes);
    }

    fn integers(&mut self, values: &[i64]) {
        let choice = if self.level < LEVEL_TRIES {
            Choice::guess(values)
        } else {
            self.try_integers(values)
        };
        let mut planes = Vec::new();
        integer::encode(values, choice, &mut self.sink.tree, &mut planes);
        self.sink.stream(Class::Numbers, &planes);
    }

    /// The choice that a quick codec makes smallest.
    fn try_integers(&mut self, values: &[i64]) -> Choice {
        let sample = values.get(..values.len().min(TRIAL)).unwrap_or_default();
        let mut size = |choice| {
            let (mut meta, mut planes) = (Vec::new(), Vec::new());
            integer::encode(sample, choice, &mut meta, &mut planes);
            let stored = self.compressor.compress(Codec::Zstd(1), &planes);
            stored.map_or(usize::MAX, |(_, stored)| stored.len() + meta.len())
        };
        let guess = Choice::guess(values);
        if values.len() < 32 {
            return guess;
        }
        Choice::all().min_by_key(|&choice| (size(choice), choice != guess)).unwrap_or(guess)
    }

    fn times(&mut self, values: &Strings) -> Result<bool> {
        let mut layouts: Vec<Layout> = Vec::new();
        let mut chosen = Vec::with_capacity(values.len());
        let mut ticks = Vec::with_capacity(values.len());
        for value in values.iter() {
            let known =
                layouts.iter().enumerate().find_map(|(n, layout)| Some((n, layout.parse(value)?)));
            let (layout, tick) = match known {
                Some(known) => known,
                None => match timestamp::scan(value) {
                    Some((len, layout)) if len == value.len() && layouts.len() < LAYOUTS_MAX => {
                        let tick = layout.parse(value).unwrap_or(0);
                        layouts.push(layout);
                        (layouts.len() - 1, tick)
                    }
                    _ => return Ok(false),
                },
            };
            chosen.push(layout);
            ticks.push(tick);
        }
        let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
        for (tick, &layout) in ticks.iter_mut().zip(&chosen) {
            let own = layouts.get(layout).map_or(1, Layout::ticks_per_second);
            let Some(scaled) = tick.checked_mul(finest / own) else { return Ok(false) };
            *tick = scaled;
        }
        self.node(Node::Time);
        varint::put(&mut self.sink.tree, layouts.len() as u64);
        for layout in &layouts {
            let codes = layout.to_codes();
            varint::put(&mut self.sink.tree, codes.len() as u64);
            self.sink.tree.extend_from_slice(&codes);
        }
        if layouts.len() > 1 {
            let chosen = chosen.into_iter().map(length).collect::<Result<Vec<_>>>()?;
            self.integers(&chosen.into_iter().map(i64::from).collect::<Vec<_>>());
        }
        self.integers(&ticks);
        Ok(true)
    }

    fn digits(&mut self, values: &Strings) -> bool {
        let Some(form) = Form::of(&values.iter()) else { return false };
        self.node(Node::Digits);
        self.sink.tree.extend_from_slice(&form.to_bytes());
        if form.width == Width::Own {
            let lengths = values.iter().map(|value| i64::try_from(value.len()).unwrap_or(0));
            self.integers(&lengths.collect::<Vec<_>>());
        }
        self.integers(&values.iter().map(|value| form.parse(value)).collect::<Vec<_>>());
        true
    }

    fn dictionary(&mut self, values: &Strings, depth: u32) -> Result<bool> {
        let mut distinct = Interner::default();
        let mut numbers = Vec::with_capacity(values.len());
        for value in values.iter() {
            numbers.push(i64::from(distinct.intern(value).0));
            if distinct.len() * DICTIONARY_ROWS > values.len() {
                return Ok(false);
            }
        }
        self.node(Node::Dictionary);
        varint::put(&mut self.sink.tree, distinct.len() as u64);
        self.integers(&numbers);
        self.column(distinct.strings(), depth + 1)?;
        Ok(true)
    }

    fn nested(&mut self, values: &Strings, depth: u32) -> Result<bool> {
        let long = values.bytes().len() >= LONG * values.len();
        let spaced = || values.iter().take(200).filter(|value| value.contains(&b' ')).count();
        let mode =
            if long && spaced() * 2 >= values.len().min(200) { Mode::Text } else { Mode::Values };
        let parsed = self.parse(&Rows::values(values), mode);
        let bare = parsed
            .templates
            .iter()
            .position(|template| template.len() == 1 && template.iter().all(|&b| b < 2));
        let mostly_bare = bare.is_some_and(|bare| {
            let rows = parsed.ids.iter().filter(|&&id| id as usize == bare).count();
            rows * 2 > values.len()
        });
        if mostly_bare
            || parsed.columns.is_empty()
            || parsed.templates.len() * NESTED_ROWS > values.len()
        {
            return Ok(false);
        }
        self.node(Node::Nested);
        self.table(&parsed, depth + 1)?;
        Ok(true)
    }
}
