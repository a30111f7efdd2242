//! A scan of a file, block by block.

use std::io;
use std::ops::{ControlFlow, Range};

use crate::block::{BlockView, Decoder};
use crate::error::{Error, ErrorKind, Result, Section};
use crate::limits::Limits;
use crate::line::Severity;
use crate::predicate::{Known, LineTest, Predicate, SeveritySet, TemplateId};
use crate::query::lines::{Lines, RowTemplates, ScanLine, ScanOptions};
use crate::query::prune::{Candidates, candidates};
use crate::query::scan::ScanStats;
use crate::reader::{BlockInfo, IndexedReader, Loss, OnDamage, StoredBlock};

/// A block of which more than one line in this many may match is decoded wholly: rendering lines one by one is slower.
const DENSE: usize = 4;

/// The number of a selected line in its block, its time, and its template.
type Selected = (u32, Option<i64>, Option<TemplateId>);

/// The blocks of a file and what has been found in them.
pub(crate) struct Blocks<'a, R, F> {
    rdr: &'a mut IndexedReader<R>,
    predicate: &'a Predicate,
    options: &'a ScanOptions,
    lines: Lines<'a, F>,
    stats: ScanStats,
    limits: Limits,
    decoder: Decoder,
    /// Reused for every block that is decoded wholly.
    raw: Vec<u8>,
    /// The block before, if its last lines are not kept for context.
    before: Option<usize>,
    /// Takes blocks of which statistics tell enough.
    sum: Option<&'a mut Sum<'a>>,
}

/// Takes what statistics tell of a block; says whether that is enough.
pub(crate) type Sum<'s> = dyn FnMut(&BlockSum) -> Result<bool> + 's;

/// What statistics tell of the lines of a block that are selected.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockSum {
    /// How many of them have each severity; `None`: none.
    pub levels: Vec<(Option<Severity>, u64)>,
    /// The least and the greatest time of the lines of the block, in nanoseconds since 1970-01-01, zone disregarded;
    /// `None`: not all of them have one, or it is not known.
    pub times: Option<(i64, i64)>,
}

impl<'a, R, F> Blocks<'a, R, F>
where
    R: io::Read + io::Seek,
    F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
{
    pub(crate) fn new(
        rdr: &'a mut IndexedReader<R>,
        predicate: &'a Predicate,
        options: &'a ScanOptions,
        lines: Lines<'a, F>,
    ) -> Self {
        let limits = rdr.limits().clone();
        let decoder = Decoder::new(&limits);
        let stats = ScanStats::default();
        Self {
            rdr,
            predicate,
            options,
            lines,
            stats,
            limits,
            decoder,
            raw: Vec::new(),
            before: None,
            sum: None,
        }
    }

    /// Calls `sum` for blocks of which statistics tell which lines are selected; they are passed over if it says so.
    pub(crate) fn with_sum(mut self, sum: &'a mut Sum<'a>) -> Self {
        self.sum = Some(sum);
        self
    }

    pub(crate) fn scan(mut self, on_damage: OnDamage) -> Result<ScanStats> {
        let blocks = self.rdr.blocks().to_vec();
        self.stats.blocks = blocks.len() as u64;
        self.stats.bytes_raw = blocks.iter().map(|block| block.raw_bytes).sum();
        let (mut lines, mut bytes) = (0, 0);
        for (index, block) in blocks.iter().enumerate() {
            (lines, bytes) = (lines + block.lines, bytes + block.raw_bytes);
            // Where streams meet, a line may go on from one to the other.
            let meets = blocks.get(index + 1).is_some_and(|next| next.stream != block.stream);
            match self.block(index, block, meets) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => {
                    self.stats.selected = self.lines.selected;
                    return Ok(self.stats);
                }
                Err(error) if on_damage == OnDamage::Skip && is_of_block(&error) => {
                    self.stats.losses.push(loss(block, error));
                    self.lines.gap(lines, bytes, block.ends_inside);
                    self.before = None;
                }
                Err(error) => return Err(error),
            }
        }
        let _ended = self.lines.finish()?;
        self.stats.selected = self.lines.selected;
        Ok(self.stats)
    }

    fn block(&mut self, index: usize, block: &BlockInfo, meets: bool) -> Result<ControlFlow<()>> {
        if self.lines.is_over() {
            return Ok(ControlFlow::Break(()));
        }
        let apart = !block.starts_inside
            && !block.ends_inside
            && !meets
            && self.lines.is_between_lines()
            && block.lines >= self.options.before as u64;
        let passed_over = index < self.options.first_block;
        if apart && self.lines.after_left() == 0 && self.rules_out(block, passed_over) {
            self.lines.pass(block.lines, block.raw_bytes);
            self.before = (self.options.before > 0).then_some(index);
            return Ok(ControlFlow::Continue(()));
        }
        if apart && self.lines.after_left() == 0 && self.is_summed(block)? {
            self.stats.blocks_skipped += 1;
            self.lines.pass(block.lines, block.raw_bytes);
            return Ok(ControlFlow::Continue(()));
        }
        let stored = self.rdr.block(index)?;
        if apart
            && !self.predicate.needs_times()
            // What is not known of the block's times could be that of lines behind it.
            && !(self.options.times && block.stats.times.is_none())
            && let Some(flow) = self.in_part(index, block, &stored)?
        {
            return Ok(flow);
        }
        self.whole(block, &stored)
    }

    /// Whether statistics tell that no line of a block is selected. If so, what comes behind is of the block's last time.
    fn rules_out(&mut self, block: &BlockInfo, passed_over: bool) -> bool {
        let predicate = self.predicate;
        let times = block.stats.times;
        // Lines before the first time of the block are of the time before it.
        let timely = !predicate.is_timed()
            || predicate.is_in_time(self.lines.test.time)
            || times.is_none_or(|times| predicate.is_between(times.least, times.greatest));
        let grave = predicate.severities.is_none_or(|set| {
            block.stats.severities.is_none_or(|counts| {
                Severity::ALL.into_iter().any(|severity| {
                    set.contains(severity) && counts.lines.get(severity as usize) != Some(&0)
                })
            })
        });
        let possible = predicate
            .condition
            .as_ref()
            .is_none_or(|condition| condition.verdict(&self.known(block)) != Some(false));
        let known = !(timely && grave && possible) || passed_over;
        let excluded = !known && !self.lines.required().may_be_in(&block.filter);
        if !known && !excluded {
            return false;
        }
        match times {
            Some(times) => self.lines.test.time = Some(times.last),
            // The time behind the block is not known.
            None if predicate.needs_times() || self.options.times => return false,
            None => {}
        }
        self.stats.blocks_filtered += u64::from(excluded);
        self.stats.blocks_skipped += u64::from(!excluded);
        true
    }

    /// Whether statistics tell enough of a block.
    fn is_summed(&mut self, block: &BlockInfo) -> Result<bool> {
        // The time behind the block has to be known.
        let (Some(times), Some(told)) = (block.stats.times, self.told(block)) else {
            return Ok(false);
        };
        let Some(sum) = &mut self.sum else { return Ok(false) };
        if !sum(&told)? {
            return Ok(false);
        }
        let lines: u64 = told.levels.iter().map(|level| level.1).sum();
        self.lines.count(usize::try_from(lines).unwrap_or(usize::MAX));
        self.lines.test.time = Some(times.last);
        Ok(true)
    }

    /// Which lines of a block are selected, if that is known.
    fn told(&self, block: &BlockInfo) -> Option<BlockSum> {
        let predicate = self.predicate;
        if self.sum.is_none() || predicate.pattern.is_some() || predicate.invert {
            return None;
        }
        let known = self.known(block);
        let is_within = |(least, greatest): (i64, i64)| {
            predicate.since.is_none_or(|since| since <= least)
                && predicate.until.is_none_or(|until| greatest < until)
        };
        if predicate.is_timed() && !known.times.is_some_and(is_within) {
            return None;
        }
        let mut levels = Vec::new();
        let counts = block.stats.severities?;
        let all = std::iter::once(None).chain(Severity::ALL.map(Some));
        for (severity, &lines) in all.zip(&counts.lines) {
            let mut only = SeveritySet::new();
            if let Some(severity) = severity {
                only.insert(severity);
            }
            let wanted = predicate
                .severities
                .is_none_or(|set| severity.is_some_and(|severity| set.contains(severity)));
            if lines == 0 || !wanted {
                continue;
            }
            let known = Known { severities: Some((only, severity.is_none())), ..known };
            let verdict = predicate.condition.as_ref().map_or(Some(true), |c| c.verdict(&known));
            if verdict? {
                levels.push((severity, lines.into()));
            }
        }
        // Without being asked for, the time before the block is not kept.
        let times = known.times.filter(|_| self.options.times || predicate.needs_times());
        Some(BlockSum { levels, times })
    }

    /// What statistics tell of all lines of a block.
    fn known(&self, block: &BlockInfo) -> Known<'_> {
        let predicate = self.predicate;
        // Lines before the first time of the block are of the time before it.
        let before = self.lines.test.time;
        let times = block.stats.times.zip(before).and_then(|(times, before)| {
            let least = predicate.with_year(times.least.min(before));
            let greatest = predicate.with_year(times.greatest.max(before));
            // Else the new year lies between them.
            (least <= greatest).then_some((least, greatest))
        });
        let severities = block.stats.severities.map(|counts| {
            let mut occur = SeveritySet::new();
            let some = |severity: usize| counts.lines.get(severity) != Some(&0);
            for severity in Severity::ALL.into_iter().filter(|&severity| some(severity as usize)) {
                occur.insert(severity);
            }
            (occur, some(0))
        });
        let first = self.lines.number() + 1;
        // A last line without a terminator is not counted.
        let numbers = Some((first, first + block.lines));
        Known { file: Some(&predicate.file), times, severities, numbers, template: None }
    }

    /// Decodes all of a block.
    fn whole(&mut self, block: &BlockInfo, stored: &StoredBlock) -> Result<ControlFlow<()>> {
        self.stats.blocks_whole += 1;
        self.stats.bytes_decoded += block.raw_bytes;
        let mut raw = std::mem::take(&mut self.raw);
        stored.decode(&mut self.decoder, &mut raw)?;
        let rows = if self.options.templates || self.predicate.needs_templates() {
            self.row_templates(stored)?
        } else {
            None
        };
        self.lines.set_rows(rows);
        if let Some(before) = self.before.take() {
            // A line near the start may be selected.
            self.keep_tail(before, self.lines.missing_before(self.lines.number() + 1))?;
        }
        let flow = self.lines.push(&raw);
        self.raw = raw;
        flow
    }

    /// The templates of the lines of a block; `None` if it has none.
    fn row_templates(&self, stored: &StoredBlock) -> Result<Option<RowTemplates>> {
        let mut view = stored.view(&self.limits)?;
        let names: Vec<_> = (0..view.templates())
            .map(|template| TemplateId::of(view.pieces_of(template)))
            .collect();
        let ids = view.ids()?.to_vec();
        Ok((!names.is_empty()).then_some(RowTemplates { ids, names }))
    }

    /// Looks at the lines that may match; `None` if that tells nothing, or not enough.
    fn in_part(
        &mut self,
        index: usize,
        block: &BlockInfo,
        stored: &StoredBlock,
    ) -> Result<Option<ControlFlow<()>>> {
        let mut view = stored.view(&self.limits)?;
        let known = self.known(block);
        let required = self.lines.required();
        let found = candidates(&mut view, self.predicate, required, &known)?;
        let Some(found) = found else { return Ok(None) };
        let counts = found.certain && !self.options.lines;
        if view.rows() == 0 || (!counts && found.rows.len() * DENSE > view.rows()) {
            return Ok(None);
        }
        let (rows, terminated) = (view.rows(), view.terminated());
        if !found.certain || self.options.times {
            self.stats.lines_matched += found.rows.len() as u64;
        }
        let Some(selected) = self.verify(&mut view, found)? else { return Ok(None) };
        let any = !selected.is_empty() || self.lines.after_left() > 0;
        if any && self.options.offsets {
            return Ok(None);
        }
        let flow = self.give(&mut view, &selected)?;
        let (sections, bytes) = view.decoded();
        self.stats.blocks_pruned += u64::from(sections <= 1);
        self.stats.blocks_in_part += u64::from(sections > 1);
        self.stats.bytes_decoded += bytes;
        if let Some(times) = block.stats.times {
            self.lines.test.time = Some(times.last);
        }
        if flow.is_continue() {
            self.lines.pass(rows as u64, block.raw_bytes);
            self.before = (self.options.before > 0 && terminated).then_some(index);
        }
        Ok(Some(flow))
    }

    /// The lines among the candidates that are selected, at most as many as are wanted, each with its time and its template
    /// as far as they are. `None`: a time that is wanted is that of a line before.
    fn verify(&self, view: &mut BlockView<'_>, found: Candidates) -> Result<Option<Vec<Selected>>> {
        let room = usize::try_from(self.lines.room()).unwrap_or(usize::MAX);
        let (times, before) = (self.options.times, self.lines.number() + 1);
        let names = self.options.templates || self.predicate.needs_templates();
        let ids = view.ids()?.to_vec();
        let template = |row: u32| ids.get(row as usize).map_or(usize::MAX, |&id| id as usize);
        let names: Vec<_> = (0..if names { view.templates() } else { 0 })
            .map(|template| TemplateId::of(view.pieces_of(template)))
            .collect();
        let name = |row: u32| names.get(template(row)).copied();
        if found.certain && !times {
            let rows = found.rows.into_iter().take(room);
            return Ok(Some(rows.map(|row| (row, None, name(row))).collect()));
        }
        let mut selected = Vec::new();
        let mut lacks_time = false;
        let mut test = LineTest::new(self.predicate);
        view.render_rows(&found.rows, |row, line| {
            test.time = None;
            if selected.len() < room && test.selects(line, before + u64::from(row), name(row)) {
                if times {
                    test.note_time(line);
                    lacks_time |= test.time.is_none();
                }
                selected.push((row, test.full_time(), name(row)));
            }
        })?;
        Ok((!lacks_time).then_some(selected))
    }

    /// Gives out selected lines of a block with their context.
    fn give(&mut self, view: &mut BlockView<'_>, selected: &[Selected]) -> Result<ControlFlow<()>> {
        if !self.options.lines {
            self.lines.count(selected.len());
            return Ok(ControlFlow::Continue(()));
        }
        let last = u32::try_from(view.rows()).unwrap_or(u32::MAX) - 1;
        let near = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (before, after) = (near(self.options.before), near(self.options.after));
        let mut wanted: Vec<u32> = (0..near(self.lines.after_left()).min(last + 1)).collect();
        for &(row, ..) in selected {
            let from = row.saturating_sub(before).max(wanted.last().map_or(0, |&last| last + 1));
            wanted.extend(from..=row.saturating_add(after).min(last));
        }
        if wanted.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(&(first, ..)) = selected.first() {
            let missing = self.lines.missing_before(self.lines.number() + u64::from(first) + 1);
            if let Some(before) = self.before.take() {
                self.keep_tail(before, missing.clone())?;
            }
            self.lines.give_kept(&missing)?;
        }
        let terminated = view.terminated();
        let mut result = Ok(ControlFlow::Continue(()));
        let mut selected = selected.iter().copied().peekable();
        let lines = &mut self.lines;
        view.render_rows(&wanted, |row, line| {
            if matches!(result, Ok(ControlFlow::Continue(()))) {
                let found = selected.next_if(|found| found.0 == row);
                let facts = found.map_or((None, None), |(_, time, template)| (time, template));
                let terminated = terminated || row < last;
                result = lines.give_row(row, line, terminated, found.is_some(), facts);
            }
        })?;
        if matches!(result, Ok(ControlFlow::Continue(()))) && self.lines.is_over() {
            return Ok(ControlFlow::Break(()));
        }
        result
    }

    /// Keeps the lines with these numbers, which are the last of block `index`, for context.
    fn keep_tail(&mut self, index: usize, numbers: Range<u64>) -> Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        let mut raw = Vec::new();
        self.rdr.block(index)?.decode(&mut self.decoder, &mut raw)?;
        self.stats.bytes_decoded += raw.len() as u64;
        let mut end = raw.len();
        let mut tail = Vec::new();
        for number in numbers.rev() {
            let Some(text) = end.checked_sub(1).and_then(|end| raw.get(..end)) else { break };
            let start = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
            tail.push((number, start, text.get(start..).unwrap_or_default()));
            end = start;
        }
        let first_byte = self.lines.offset() - raw.len() as u64;
        for (number, start, line) in tail.into_iter().rev() {
            self.lines.keep_line(number, first_byte + start as u64, line);
        }
        Ok(())
    }
}

/// Whether an error is of one block, so that others may still be read.
fn is_of_block(error: &Error) -> bool {
    let of_index = matches!(error.kind(), ErrorKind::Corrupt { section: Section::Index, .. });
    error.is_bad_input() && !of_index
}

/// A block that could not be read.
fn loss(block: &BlockInfo, error: Error) -> Loss {
    Loss {
        offset: block.offset,
        stream: block.stream as u64 + 1,
        first_block: block.sequence,
        first_line: block.first_line + 1,
        next_block: Some(block.sequence + 1),
        next_line: Some(block.first_line + block.lines + 1),
        error,
    }
}
