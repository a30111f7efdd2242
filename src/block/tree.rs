//! The templates section, taken apart: templates, the column tree, and where every stream lies.
//!
//! Nothing here decodes a stream. The tree is checked as far as it can be without them; what depends on a number of rows
//! is checked where the column is decoded.

use crate::block::node::{DEPTH_MAX, LAYOUTS_MAX, Node};
use crate::column::timestamp::Layout;
use crate::encoding::digits::{Form, Width};
use crate::encoding::integer;
use crate::encoding::packed::Alphabet;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::limits::Limits;
use crate::line::{MARK, MARK_TIME};
use crate::wire::Cursor;

/// A byte range of the templates section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Its bytes.
    pub(crate) fn of(self, section: &[u8]) -> &[u8] {
        section.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Where a stream lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    /// Number of its section in the directory; 0 for the empty stream, which lies nowhere.
    pub(crate) section: u32,
    /// Its first byte in the decoded section.
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// A column that another refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Its number in its table.
    pub(crate) column: u32,
    /// Whether that is the block's table; else it is the table of the column that refers.
    pub(crate) top: bool,
}

impl Reference {
    /// The reference as it is written, with a flag.
    pub(crate) fn code(self, flag: bool) -> u64 {
        u64::from(self.column) << 2 | u64::from(self.top) << 1 | u64::from(flag)
    }

    fn from_code(code: u64) -> Option<(Self, bool)> {
        let column = u32::try_from(code >> 2).ok()?;
        Some((Self { column, top: code & 2 != 0 }, code & 1 != 0))
    }
}

/// Integers: their parameters and their stream.
#[derive(Debug, Default)]
pub(crate) struct Integers {
    pub(crate) header: integer::Header,
    pub(crate) stream: Stream,
    /// What they are relative to: the column's last number, or, if the flag is set, the last of them for that number.
    pub(crate) reference: Option<(Reference, bool)>,
}

impl Integers {
    /// The least and the greatest that they can be, as far as their header tells.
    pub(crate) fn range(&self) -> Option<(i64, i64)> {
        if self.reference.is_some() { None } else { self.header.range() }
    }
}

/// A column node with its parameters.
#[derive(Debug)]
pub(crate) enum Column {
    Constant(Span),
    Text(Stream),
    Packed {
        width: u32,
        alphabet: Alphabet,
        stream: Stream,
    },
    Digits {
        form: Form,
        widths: Option<Integers>,
        numbers: Integers,
    },
    Time {
        layouts: Vec<Layout>,
        chosen: Option<Integers>,
        ticks: Integers,
    },
    Dictionary {
        distinct: usize,
        numbers: Integers,
        entries: Box<Column>,
    },
    Nested(Box<Table>),
    /// Values that another column tells, but for some: either by its own value, or by the one that was there last time it
    /// had that value.
    Predicted {
        reference: Reference,
        by_key: bool,
        misses: usize,
        gaps: Integers,
        column: Box<Column>,
    },
    /// In the code of the block's model.
    Modelled,
}

impl Column {
    /// Its tag.
    pub(crate) fn node(&self) -> Node {
        match self {
            Self::Constant(_) => Node::Constant,
            Self::Text(_) => Node::Text,
            Self::Packed { .. } => Node::Packed,
            Self::Digits { .. } => Node::Digits,
            Self::Time { .. } => Node::Time,
            Self::Dictionary { .. } => Node::Dictionary,
            Self::Nested(_) => Node::Nested,
            Self::Predicted { by_key: false, .. } => Node::Same,
            Self::Predicted { by_key: true, .. } => Node::ByKey,
            Self::Modelled => Node::Modelled,
        }
    }

    /// Its numbers, by which other columns may tell its values apart.
    pub(crate) fn numbers(&self) -> Option<&Integers> {
        match self {
            Self::Digits { numbers, .. }
            | Self::Time { ticks: numbers, .. }
            | Self::Dictionary { numbers, .. } => Some(numbers),
            _ => None,
        }
    }

    /// Calls `visit` for every stream of the column.
    pub(crate) fn streams(&self, visit: &mut impl FnMut(Stream)) {
        let optional = |integers: &Option<Integers>, visit: &mut dyn FnMut(Stream)| {
            if let Some(integers) = integers {
                visit(integers.stream);
            }
        };
        match self {
            Self::Constant(_) | Self::Modelled => {}
            Self::Text(stream) | Self::Packed { stream, .. } => {
                visit(*stream);
            }
            Self::Digits { widths, numbers, .. } => {
                optional(widths, visit);
                visit(numbers.stream);
            }
            Self::Time { chosen, ticks, .. } => {
                optional(chosen, visit);
                visit(ticks.stream);
            }
            Self::Dictionary { numbers, entries, .. } => {
                visit(numbers.stream);
                entries.streams(visit);
            }
            Self::Nested(table) => {
                visit(table.ids.stream);
                for column in &table.columns {
                    column.streams(visit);
                }
            }
            Self::Predicted { gaps, column, .. } => {
                visit(gaps.stream);
                column.streams(visit);
            }
        }
    }

    /// Calls `visit` for every column of the block's table that this one, which is in it, refers to.
    pub(crate) fn references(&self, visit: &mut impl FnMut(u32)) {
        self.visit_references(true, visit);
    }

    /// Whether values of it, or of columns nested in it, are told by those of other columns.
    pub(crate) fn is_related(&self) -> bool {
        match self {
            Self::Constant(_) | Self::Text(_) | Self::Packed { .. } | Self::Modelled => false,
            Self::Digits { numbers, .. } | Self::Time { ticks: numbers, .. } => {
                numbers.reference.is_some()
            }
            Self::Dictionary { numbers, entries, .. } => {
                numbers.reference.is_some() || entries.is_related()
            }
            Self::Nested(table) => table.columns.iter().any(Self::is_related),
            Self::Predicted { .. } => true,
        }
    }

    fn visit_references(&self, in_top: bool, visit: &mut impl FnMut(u32)) {
        let mut see = |reference: Reference| {
            if in_top || reference.top {
                visit(reference.column);
            }
        };
        match self {
            Self::Constant(_) | Self::Text(_) | Self::Packed { .. } | Self::Modelled => {}
            Self::Digits { numbers, .. } | Self::Time { ticks: numbers, .. } => {
                numbers.reference.iter().for_each(|(reference, _)| see(*reference));
            }
            Self::Dictionary { numbers, entries, .. } => {
                numbers.reference.iter().for_each(|(reference, _)| see(*reference));
                entries.visit_references(in_top, visit);
            }
            Self::Nested(table) => {
                table.columns.iter().for_each(|column| column.visit_references(false, visit));
            }
            Self::Predicted { reference, column, .. } => {
                see(*reference);
                column.visit_references(in_top, visit);
            }
        }
    }
}

/// What the template of each row tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Rows of each template.
    pub(crate) templates: Vec<usize>,
    /// Values of each column.
    pub(crate) columns: Vec<usize>,
}

/// Templates, and the columns of their slots.
#[derive(Debug)]
pub(crate) struct Table {
    /// The literal pieces of all templates: each has one more than it has slots.
    pub(crate) pieces: Vec<Span>,
    /// Number of each template's first slot, and behind them the number of slots.
    first_slots: Vec<u32>,
    /// The column of each slot.
    slot_columns: Vec<u32>,
    pub(crate) ids: Integers,
    pub(crate) columns: Vec<Column>,
    /// Whether a column refers to each.
    pub(crate) referenced: Vec<bool>,
}

impl Table {
    /// Number of templates.
    pub(crate) fn templates(&self) -> usize {
        self.first_slots.len().saturating_sub(1)
    }

    /// The number of a template's first slot, and the columns of its slots; `None` if there is no such template.
    pub(crate) fn slots_of(&self, template: usize) -> Option<(usize, &[u32])> {
        match self.first_slots.get(template..template.checked_add(2)?)? {
            &[start, end] => {
                let (start, end) = (start as usize, end as usize);
                Some((start, self.slot_columns.get(start..end)?))
            }
            _ => None,
        }
    }

    /// The columns of a template's slots; empty if there is no such template.
    pub(crate) fn columns_of(&self, template: usize) -> &[u32] {
        self.slots_of(template).map_or(&[], |(_, columns)| columns)
    }

    /// The literal pieces of a template, one more than it has slots; empty if there is no such template.
    pub(crate) fn pieces_of(&self, template: usize) -> &[Span] {
        let place = self.slots_of(template).map(|(start, slots)| (start + template, slots.len()));
        place.and_then(|(start, slots)| self.pieces.get(start..=start + slots)).unwrap_or_default()
    }

    /// The columns of each template's slots, of those that are `needed` only.
    pub(crate) fn columns_among(&self, needed: impl Fn(u32) -> bool) -> Among {
        let mut among = Among { ends: Vec::with_capacity(self.templates()), columns: Vec::new() };
        for template in 0..self.templates() {
            let columns = self.columns_of(template).iter().copied();
            among.columns.extend(columns.filter(|&column| needed(column)));
            among.ends.push(among.columns.len());
        }
        among
    }

    /// How many rows have each template, and how many values each column has, given the template of each row.
    /// `None` if a row has a template that is not there.
    pub(crate) fn counts(&self, ids: impl Iterator<Item = i64>) -> Option<Counts> {
        let mut templates = vec![0usize; self.templates()];
        for id in ids {
            *templates.get_mut(usize::try_from(id).ok()?)? += 1;
        }
        let mut columns = vec![0usize; self.columns.len()];
        for (template, &rows) in templates.iter().enumerate() {
            for &column in self.columns_of(template) {
                let count = columns.get_mut(column as usize)?;
                *count = count.checked_add(rows)?;
            }
        }
        Some(Counts { templates, columns })
    }
}

/// Some of the columns of each template.
#[derive(Debug)]
pub(crate) struct Among {
    ends: Vec<usize>,
    columns: Vec<u32>,
}

impl Among {
    /// Those of a template; none if there is no such template.
    #[inline]
    pub(crate) fn of(&self, template: usize) -> &[u32] {
        let start = template.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before));
        let range = start.zip(self.ends.get(template));
        range.and_then(|(&start, &end)| self.columns.get(start..end)).unwrap_or_default()
    }
}

/// A block's templates section.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Whether the last line has a terminator.
    pub(crate) terminated: bool,
    /// Lines of the block.
    pub(crate) rows: usize,
    pub(crate) table: Table,
    /// Whether a model coded the ids and the columns, of which the tree then tells no more.
    pub(crate) modelled: bool,
}

impl Tree {
    /// Takes `section` apart. `lens` are the decoded lengths of the block's sections, which the streams must fill.
    pub(crate) fn parse(
        section: &[u8],
        (lens, modelled): (&[u32], bool),
        raw_len: usize,
        limits: &Limits,
    ) -> Result<Self> {
        let mut cur = Cursor::new(section, Section::Templates, 0);
        let text = cur.prefixed()?;
        let text_start = cur.offset() - text.len() as u64;
        let mut walk = Walk {
            tree: cur,
            text,
            // A section is shorter than 2^32 bytes.
            text_at: u32::try_from(text_start).unwrap_or(u32::MAX),
            used: vec![0; lens.len()],
            lens,
            columns: limits.columns_max,
            templates: limits.templates_max,
            top_references: Vec::new(),
            own_references: Vec::new(),
            limits,
        };
        let terminated = walk.tree.varint_max(1, "the terminator flag is 0 or 1")? == 1;
        let rule = "a block has no more lines than bytes";
        let rows = walk.tree.varint_max(raw_len as u64, rule)?;
        let rows = usize::try_from(rows).map_err(|_| walk.tree.corrupt(rule))?;
        let mut table = if modelled { walk.shape()? } else { walk.table(0)? };
        for column in &walk.top_references {
            let known = table.referenced.get_mut(*column as usize);
            *known.ok_or_else(|| walk.tree.corrupt("a column that is referred to exists"))? = true;
        }
        let filled = modelled || walk.used.iter().zip(lens).skip(1).all(|(used, len)| used == len);
        if walk.tree.is_empty() && walk.text.is_empty() && filled {
            Ok(Self { terminated, rows, table, modelled })
        } else {
            Err(walk.tree.corrupt("nothing is left over in a block"))
        }
    }
}

struct Walk<'a> {
    tree: Cursor<'a>,
    /// What is left of the text, and where that starts in the section.
    text: &'a [u8],
    text_at: u32,
    /// Bytes of each section that streams have taken so far.
    used: Vec<u32>,
    lens: &'a [u32],
    /// Columns and templates that may still come.
    columns: u64,
    templates: u64,
    /// Columns of the block's table that others refer to.
    top_references: Vec<u32>,
    /// Columns of the innermost table that others of it refer to.
    own_references: Vec<u32>,
    limits: &'a Limits,
}

impl Walk<'_> {
    /// Takes the next string of the text, without its terminator.
    fn string(&mut self) -> Result<Span> {
        let end = memchr::memchr(b'\n', self.text);
        let cut = end.and_then(|end| self.text.split_at_checked(end + 1));
        let (string, rest) =
            cut.ok_or_else(|| self.tree.corrupt("the text has all strings that the tree names"))?;
        let start = self.text_at;
        self.text_at += u32::try_from(string.len()).unwrap_or(u32::MAX);
        self.text = rest;
        Ok(Span { start, end: self.text_at - 1 })
    }

    fn stream(&mut self) -> Result<Stream> {
        const RULE: &str = "a stream lies in a section";
        let len = self.tree.varint_max(u32::MAX.into(), RULE)?;
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        if len == 0 {
            return Ok(Stream::default());
        }
        let number = self.tree.varint_max(self.lens.len() as u64, RULE)?;
        let section = u32::try_from(number).unwrap_or(u32::MAX);
        let place = self.used.get_mut(section as usize).zip(self.lens.get(section as usize));
        let (used, &all) = place.filter(|_| section > 0).ok_or_else(|| self.tree.corrupt(RULE))?;
        let start = *used;
        match used.checked_add(len).filter(|&end| end <= all) {
            Some(end) => *used = end,
            None => return Err(self.tree.corrupt(RULE)),
        }
        Ok(Stream { section, start, len })
    }

    fn integers(&mut self) -> Result<Integers> {
        let numbers = self.numbers()?;
        match numbers.reference {
            None => Ok(numbers),
            Some(_) => Err(self.tree.corrupt("only numbers, times and entries are relative")),
        }
    }

    /// Integers that may be relative to a column.
    fn numbers(&mut self) -> Result<Integers> {
        let header = integer::Header::take(&mut self.tree)?;
        let reference = header.reference.map(|code| self.reference(code)).transpose()?;
        let stream = if header.has_stream() { self.stream()? } else { Stream::default() };
        Ok(Integers { header, stream, reference })
    }

    fn reference(&mut self, code: u64) -> Result<(Reference, bool)> {
        let known = Reference::from_code(code);
        let (reference, flag) =
            known.ok_or_else(|| self.tree.corrupt("a reference names a column"))?;
        if reference.top {
            self.top_references.push(reference.column);
        } else {
            self.own_references.push(reference.column);
        }
        Ok((reference, flag))
    }

    fn table(&mut self, depth: u32) -> Result<Table> {
        let mut table = self.shape()?;
        table.ids = self.integers()?;
        let outer = std::mem::take(&mut self.own_references);
        for column in &mut table.columns {
            *column = self.column(depth)?;
        }
        table.referenced = vec![false; table.columns.len()];
        for column in std::mem::replace(&mut self.own_references, outer) {
            let known = table.referenced.get_mut(column as usize);
            *known.ok_or_else(|| self.tree.corrupt("a column that is referred to exists"))? = true;
        }
        Ok(table)
    }

    /// The templates and the columns of their slots, as if a model had coded the rest.
    fn shape(&mut self) -> Result<Table> {
        let templates = self.tree.varint()?;
        self.templates = self
            .templates
            .checked_sub(templates)
            .ok_or_else(|| over("templates", templates, self.limits.templates_max))?;
        let mut pieces = Vec::new();
        let mut first_slots = vec![0];
        let mut slots = 0u32;
        let start = self.text_at;
        let whole = self.text;
        for _ in 0..templates {
            let template = self.string()?;
            let from = (template.start - start) as usize;
            let text = whole.get(from..(template.end - start) as usize).unwrap_or_default();
            let mut piece = template.start;
            for (&byte, at) in text.iter().zip(template.start..) {
                if byte == MARK || byte == MARK_TIME {
                    pieces.push(Span { start: piece, end: at });
                    piece = at + 1;
                    slots += 1;
                }
            }
            pieces.push(Span { start: piece, end: template.end });
            first_slots.push(slots);
        }
        let mut count = 0u32;
        let mut slot_columns = Vec::new();
        for _ in 0..slots {
            let code = self.tree.varint_max(count.into(), "a slot's column is new or known")?;
            let known = u32::try_from(code).unwrap_or(0).checked_sub(1);
            slot_columns.push(known.unwrap_or(count));
            count += u32::from(known.is_none());
        }
        self.columns = self
            .columns
            .checked_sub(count.into())
            .ok_or_else(|| over("columns", count.into(), self.limits.columns_max))?;
        let ids = Integers::default();
        let columns = (0..count).map(|_| Column::Modelled).collect();
        Ok(Table { pieces, first_slots, slot_columns, ids, columns, referenced: Vec::new() })
    }

    fn column(&mut self, depth: u32) -> Result<Column> {
        if depth > DEPTH_MAX {
            return Err(self.tree.corrupt("columns are nested to a bounded depth"));
        }
        let tag = self.tree.u8()?;
        let node =
            Node::from_tag(tag).ok_or_else(|| self.tree.corrupt("a column node is known"))?;
        Ok(match node {
            Node::Constant => Column::Constant(self.string()?),
            Node::Text => Column::Text(self.stream()?),
            Node::Packed => {
                let rule = "a width is below 2^32";
                let width = self.tree.varint_max(u32::MAX.into(), rule)?;
                let width = u32::try_from(width).unwrap_or(u32::MAX);
                let alphabet = Alphabet::from_symbols(self.tree.prefixed()?);
                let alphabet = alphabet.ok_or_else(|| self.tree.corrupt("an alphabet ascends"))?;
                Column::Packed { width, alphabet, stream: self.stream()? }
            }
            Node::Digits => {
                let form = Form::from_bytes(self.tree.array()?);
                let form = form.ok_or_else(|| self.tree.corrupt("a form of digits is known"))?;
                let own = form.width == Width::Own;
                let widths = if own { Some(self.integers()?) } else { None };
                Column::Digits { form, widths, numbers: self.numbers()? }
            }
            Node::Time => self.time()?,
            Node::Dictionary => {
                let rule = "a dictionary is shorter than 2^32";
                let distinct = self.tree.varint_max(u32::MAX.into(), rule)?;
                let distinct = usize::try_from(distinct).unwrap_or(0);
                let numbers = self.numbers()?;
                let entries = Box::new(self.column(depth + 1)?);
                Column::Dictionary { distinct, numbers, entries }
            }
            Node::Nested => Column::Nested(Box::new(self.table(depth + 1)?)),
            Node::Same | Node::ByKey => {
                let code = self.tree.varint()?;
                let (reference, _) = self.reference(code)?;
                let by_key = node == Node::ByKey;
                let rule = "a block has fewer than 2^32 values";
                let misses = self.tree.varint_max(u32::MAX.into(), rule)?;
                let misses = usize::try_from(misses).unwrap_or(usize::MAX);
                let gaps = self.integers()?;
                let column = Box::new(self.column(depth + 1)?);
                Column::Predicted { reference, by_key, misses, gaps, column }
            }
            Node::Modelled => Column::Modelled,
        })
    }

    fn time(&mut self) -> Result<Column> {
        let count = self.tree.varint_max(LAYOUTS_MAX as u64, "a time column has few layouts")?;
        let mut layouts = Vec::new();
        for _ in 0..count {
            let layout = Layout::from_codes(self.tree.prefixed()?);
            layouts.push(layout.ok_or_else(|| self.tree.corrupt("a time layout is well formed"))?);
        }
        let chosen = if count > 1 { Some(self.integers()?) } else { None };
        Ok(Column::Time { layouts, chosen, ticks: self.numbers()? })
    }
}

/// An error that says a limit does not allow what the file asks for.
#[cold]
pub(crate) fn over(limit: &'static str, requested: u64, allowed: u64) -> Error {
    Error::new(ErrorKind::LimitExceeded { limit, requested, allowed })
}
