//! Sections → raw bytes.

use crate::block::node::{Class, DEPTH_MAX, LAYOUTS_MAX, Node, STREAM_LARGE};
use crate::block::render::Table;
use crate::block::report::{BlockReport, ColumnReport, Reporter, TemplateReport};
use crate::codec::Decompressor;
use crate::column::Strings;
use crate::column::timestamp::Layout;
use crate::encoding::digits::{Form, Width};
use crate::encoding::integer;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::format::{SectionEntry, SectionKind};
use crate::limits::{self, Limits};
use crate::wire::{Cursor, checksum};

/// Decodes blocks; keeps its memory from block to block.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: Limits,
    decompressor: Decompressor,
}

impl Decoder {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), decompressor: Decompressor::default() }
    }

    /// Replaces `raw` with the raw bytes of a block. The caller verifies their checksum before using them.
    pub(crate) fn decode(
        &mut self,
        sections: &[SectionEntry],
        payload: &[u8],
        raw_len: u32,
        raw: &mut Vec<u8>,
    ) -> Result<()> {
        let raw_len =
            limits::check("raw bytes of a block", raw_len.into(), self.limits.block_raw_bytes_max)?;
        raw.clear();
        if let [entry @ SectionEntry { kind: SectionKind::Literal, .. }] = sections {
            *raw = self.section(entry, payload)?;
        } else {
            let streams = self.streams(sections, payload)?;
            TableDecoder::new(&streams, &self.limits).block(raw_len, raw)?;
        }
        if raw.len() == raw_len {
            Ok(())
        } else {
            Err(Error::corrupt(Section::RawBytes, 0, "a block decodes to its declared length"))
        }
    }

    /// Says what takes the space in a block.
    pub(crate) fn report(
        &mut self,
        sections: &[SectionEntry],
        payload: &[u8],
        raw_len: u32,
    ) -> Result<BlockReport> {
        let stored = |entry: &SectionEntry| u64::from(entry.stored_len);
        if let [entry @ SectionEntry { kind: SectionKind::Literal, .. }] = sections {
            let column = ColumnReport {
                name: "block".into(),
                kind: "text",
                encoding: "literal".into(),
                codec: entry.codec.name(),
                values: 1,
                encoded_bytes: entry.decoded_len.into(),
                stored_bytes: stored(entry),
            };
            return Ok(BlockReport { columns: vec![column], ..BlockReport::default() });
        }
        let raw_len = usize::try_from(raw_len).unwrap_or(usize::MAX);
        let streams = self.streams(sections, payload)?;
        let mut decoder = TableDecoder::new(&streams, &self.limits);
        let templates = decoder.report(raw_len)?;
        let columns = decoder.reporter.finish(sections);
        let templates_stored_bytes = sections.first().map_or(0, stored);
        Ok(BlockReport { templates_stored_bytes, templates, columns })
    }

    fn streams(&mut self, sections: &[SectionEntry], payload: &[u8]) -> Result<Vec<Vec<u8>>> {
        let kinds = sections.iter().map(|entry| entry.kind);
        let expected =
            std::iter::once(SectionKind::Templates).chain(std::iter::repeat(SectionKind::Columns));
        if sections.len() < 1 + Class::COUNT || !kinds.zip(expected).all(|(a, b)| a == b) {
            let rule =
                "a block is one literal section, or templates, two groups, and large columns";
            return Err(Error::corrupt(Section::BlockHeader, 0, rule));
        }
        let total = sections.iter().map(|entry| u64::from(entry.decoded_len)).sum();
        limits::check("decoded bytes of sections", total, self.limits.columns_bytes_max)?;
        let mut rest = payload;
        let mut decoded = Vec::new();
        for entry in sections {
            let stored = rest.split_at_checked(entry.stored_len as usize);
            let (stored, after) = stored.ok_or_else(|| {
                Error::corrupt(Section::BlockHeader, 0, "sections fill the payload")
            })?;
            rest = after;
            decoded.push(self.section(entry, stored)?);
        }
        Ok(decoded)
    }

    fn section(&mut self, entry: &SectionEntry, stored: &[u8]) -> Result<Vec<u8>> {
        let len = limits::check(
            "decoded bytes of a section",
            entry.decoded_len.into(),
            self.limits.section_bytes_max,
        )?;
        let section = if entry.kind == SectionKind::Templates {
            Section::Templates
        } else {
            Section::Columns
        };
        verify(section, entry.stored_check, stored)?;
        let decoded = self.decompressor.decompress(entry.codec, stored, len)?;
        verify(section, entry.decoded_check, &decoded)?;
        Ok(decoded)
    }
}

fn verify(section: Section, stored: u32, bytes: &[u8]) -> Result<()> {
    let computed = checksum::section(bytes);
    if computed == stored {
        return Ok(());
    }
    let (stored, computed) = (stored.into(), computed.into());
    Err(Error::new(ErrorKind::ChecksumMismatch { section, offset: 0, stored, computed }))
}

/// Reads column nodes; the counterpart of `TableEncoder`.
struct TableDecoder<'a> {
    meta: Cursor<'a>,
    groups: Vec<&'a [u8]>,
    large: std::slice::Iter<'a, Vec<u8>>,
    /// Bytes that columns may still take.
    budget: u64,
    columns: u64,
    templates: u64,
    limits: &'a Limits,
    reporter: Reporter,
}

impl<'a> TableDecoder<'a> {
    fn new(streams: &'a [Vec<u8>], limits: &'a Limits) -> Self {
        let (meta, rest) =
            streams.split_first().map_or((&[][..], &[][..]), |(m, r)| (m.as_slice(), r));
        let (groups, large) = rest.split_at(Class::COUNT.min(rest.len()));
        Self {
            meta: Cursor::new(meta, Section::Templates, 0),
            groups: groups.iter().map(Vec::as_slice).collect(),
            large: large.iter(),
            budget: limits.columns_bytes_max,
            columns: limits.columns_max,
            templates: limits.templates_max,
            limits,
            reporter: Reporter::default(),
        }
    }

    /// Decodes the columns for what the reporter notes; returns the templates.
    fn report(&mut self, raw_len: usize) -> Result<Vec<TemplateReport>> {
        let (_, table) = self.lines(raw_len)?;
        Ok(table.report())
    }

    fn lines(&mut self, raw_len: usize) -> Result<(bool, Table<'a>)> {
        let terminated = self.meta.varint_max(1, "the terminator flag is 0 or 1")? == 1;
        let rule = "a block has no more lines than bytes";
        let rows = self.meta.varint_max(raw_len as u64, rule)?;
        let rows = usize::try_from(rows).map_err(|_| self.meta.corrupt(rule))?;
        Ok((terminated, self.table(rows, 0)?))
    }

    fn block(mut self, raw_len: usize, raw: &mut Vec<u8>) -> Result<()> {
        let (terminated, table) = self.lines(raw_len)?;
        if !self.meta.is_empty()
            || self.groups.iter().any(|group| !group.is_empty())
            || self.large.len() > 0
        {
            return Err(self.meta.corrupt("nothing is left over in a block"));
        }
        raw.try_reserve_exact(raw_len).map_err(|_| self.over("memory", raw_len as u64))?;
        table
            .lines(raw_len, terminated, raw)
            .ok_or_else(|| self.meta.corrupt("lines fit the block"))
    }

    fn table(&mut self, rows: usize, depth: u32) -> Result<Table<'a>> {
        let templates = self.meta.varint()?;
        self.templates = self
            .templates
            .checked_sub(templates)
            .ok_or_else(|| self.over("templates", templates))?;
        let text = self.meta.prefixed()?;
        let mut table = Table::of(text, templates)
            .ok_or_else(|| self.meta.corrupt("a table has its number of templates"))?;
        let mut columns = 0u32;
        for _ in 0..table.slots() {
            let code = self.meta.varint_max(columns.into(), "a slot's column is new or known")?;
            let known = u32::try_from(code).unwrap_or(0).checked_sub(1);
            let column = known.unwrap_or(columns);
            columns += u32::from(known.is_none());
            table.slot_columns.push(column);
        }
        self.columns = self
            .columns
            .checked_sub(columns.into())
            .ok_or_else(|| self.over("columns", columns.into()))?;
        let ids = self.integers(rows)?;
        let counts = table
            .set_ids(&ids, columns)
            .ok_or_else(|| self.meta.corrupt("a template id is known"))?;
        for count in counts {
            self.reporter.enter(count);
            let column = self.column(count, depth)?;
            self.reporter.leave();
            table.columns.push(column);
        }
        Ok(table)
    }

    fn column(&mut self, rows: usize, depth: u32) -> Result<Strings> {
        if depth > DEPTH_MAX {
            return Err(self.meta.corrupt("columns are nested to a bounded depth"));
        }
        let tag = self.meta.u8()?;
        let node =
            Node::from_tag(tag).ok_or_else(|| self.meta.corrupt("a column node is known"))?;
        self.reporter.node(node);
        match node {
            Node::Constant => self.constant(rows),
            Node::Text => self.text(rows),
            Node::Digits => self.digits(rows),
            Node::Time => self.times(rows),
            Node::Dictionary => self.dictionary(rows, depth),
            Node::Nested => {
                let table = self.table(rows, depth + 1)?;
                let (values, budget) =
                    table.values(self.budget).ok_or_else(|| self.over("columns", self.budget))?;
                self.budget = budget;
                Ok(values)
            }
        }
    }

    fn constant(&mut self, rows: usize) -> Result<Strings> {
        let value = self.meta.prefixed()?;
        self.spend(rows, value.len())?;
        let mut values = Strings::default();
        for _ in 0..rows {
            values.push(value);
        }
        Ok(values)
    }

    fn text(&mut self, rows: usize) -> Result<Strings> {
        let len = self.meta.varint()?;
        let bytes = self.stream(Class::Text, len)?;
        self.spend(rows, 0)?;
        self.spend(1, bytes.len())?;
        let mut values = Strings::default();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            values.push(bytes.get(start..end).unwrap_or_default());
            start = end + 1;
            if values.len() > rows {
                break;
            }
        }
        if values.len() == rows && start == bytes.len() {
            Ok(values)
        } else {
            Err(self.meta.corrupt("a text column has its number of values"))
        }
    }

    fn digits(&mut self, rows: usize) -> Result<Strings> {
        let form = Form::from_bytes(self.meta.array()?);
        let form = form.ok_or_else(|| self.meta.corrupt("a form of digits is known"))?;
        let widths = if form.width == Width::Own { self.integers(rows)? } else { Vec::new() };
        let numbers = self.integers(rows)?;
        self.spend(rows, 20)?;
        let fixed = if let Width::Fixed(width) = form.width { usize::from(width) } else { 0 };
        let mut widths = widths.into_iter().map(|width| usize::try_from(width).unwrap_or(0));
        let mut values = Strings::default();
        for number in numbers {
            let width = widths.next().unwrap_or(fixed);
            values.push_with(|dst| form.print(number, width, dst));
        }
        Ok(values)
    }

    fn times(&mut self, rows: usize) -> Result<Strings> {
        let count = self.meta.varint_max(LAYOUTS_MAX as u64, "a time column has few layouts")?;
        let mut layouts = Vec::new();
        for _ in 0..count {
            let layout = Layout::from_codes(self.meta.prefixed()?);
            layouts.push(layout.ok_or_else(|| self.meta.corrupt("a time layout is well formed"))?);
        }
        let chosen = if count > 1 { self.integers(rows)? } else { Vec::new() };
        let ticks = self.integers(rows)?;
        self.spend(rows, 100)?;
        let finest = layouts.iter().map(Layout::ticks_per_second).max().unwrap_or(1);
        let mut chosen =
            chosen.into_iter().map(|layout| usize::try_from(layout).unwrap_or(usize::MAX));
        let mut values = Strings::default();
        for tick in ticks {
            let layout = layouts.get(chosen.next().unwrap_or(0));
            let layout = layout.ok_or_else(|| self.meta.corrupt("a time's layout is known"))?;
            values.push_with(|dst| layout.print(tick / (finest / layout.ticks_per_second()), dst));
        }
        Ok(values)
    }

    fn dictionary(&mut self, rows: usize, depth: u32) -> Result<Strings> {
        let distinct =
            self.meta.varint_max(rows as u64, "a dictionary is no longer than its column")?;
        let distinct = usize::try_from(distinct).unwrap_or(0);
        let numbers = self.integers(rows)?;
        let entries = self.column(distinct, depth + 1)?;
        let mut values = Strings::default();
        for number in numbers {
            let entry = usize::try_from(number).ok().filter(|&number| number < distinct);
            let entry = entry.ok_or_else(|| self.meta.corrupt("a dictionary entry exists"))?;
            let value = entries.get(entry);
            self.spend(1, value.len())?;
            values.push(value);
        }
        Ok(values)
    }

    fn integers(&mut self, rows: usize) -> Result<Vec<i64>> {
        let header = integer::Header::take(&mut self.meta)?;
        let src = self.stream(Class::Numbers, header.encoded_len(rows) as u64)?;
        limits::check("columns", rows as u64 * 8, self.limits.columns_bytes_max)?;
        Ok(header.decode(src, rows))
    }

    /// Takes a stream from its group, or the next large one.
    fn stream(&mut self, class: Class, len: u64) -> Result<&'a [u8]> {
        const RULE: &str = "a stream has its length";
        let len = usize::try_from(len).map_err(|_| self.meta.corrupt(RULE))?;
        self.reporter.stream(class, len);
        if len >= STREAM_LARGE {
            let stream = self.large.next().filter(|stream| stream.len() == len);
            return stream.map(Vec::as_slice).ok_or_else(|| self.meta.corrupt(RULE));
        }
        let group = self.groups.get_mut(class.index());
        let (stream, rest) = group
            .as_ref()
            .and_then(|group| group.split_at_checked(len))
            .ok_or_else(|| self.meta.corrupt(RULE))?;
        if let Some(group) = group {
            *group = rest;
        }
        Ok(stream)
    }

    /// Takes memory for `rows` values of `bytes` each from the budget.
    fn spend(&mut self, rows: usize, bytes: usize) -> Result<()> {
        let cost = (bytes as u64 + 4).saturating_mul(rows as u64);
        self.budget = self.budget.checked_sub(cost).ok_or_else(|| self.over("columns", cost))?;
        Ok(())
    }

    #[cold]
    fn over(&self, limit: &'static str, requested: u64) -> Error {
        let allowed = match limit {
            "templates" => self.limits.templates_max,
            "columns" => self.limits.columns_max,
            _ => self.limits.columns_bytes_max,
        };
        Error::new(ErrorKind::LimitExceeded { limit, requested, allowed })
    }
}
