//! A scan of a file, block by block.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Mutex;
use std::thread;

use crate::block::Decoder;
use crate::error::{Error, ErrorKind, Result, Section};
use crate::line::Clock;
use crate::query::ahead::{Ahead, Job};
use crate::query::lines::{Lines, ScanLine};
use crate::query::prepare::{Asked, Part, Prepared, Turn};
use crate::query::scan::ScanStats;
use crate::query::sums::Sum;
use crate::reader::{BlockInfo, IndexedReader, Loss, OnDamage};

/// The blocks of a file and what has been found in them.
pub(crate) struct Blocks<'a, R, F> {
    rdr: &'a mut IndexedReader<R>,
    pub(super) asked: Asked<'a>,
    pub(super) lines: Lines<'a, F>,
    pub(super) stats: ScanStats,
    decoder: Decoder,
    /// Reused for every block that is decoded wholly.
    raw: Vec<u8>,
    /// The block before, if its last lines are not kept for context.
    before: Option<usize>,
    /// Takes blocks of which statistics tell enough.
    pub(super) sum: Option<&'a mut Sum<'a>>,
}

impl<'a, R, F> Blocks<'a, R, F>
where
    R: io::Read + io::Seek,
    F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
{
    pub(crate) fn new(
        rdr: &'a mut IndexedReader<R>,
        asked: Asked<'a>,
        lines: Lines<'a, F>,
    ) -> Self {
        let decoder = Decoder::new(asked.limits);
        let stats = ScanStats::default();
        Self { rdr, asked, lines, stats, decoder, raw: Vec::new(), before: None, sum: None }
    }

    /// Calls `sum` for blocks of which statistics tell which lines are selected; they are passed over if it says so.
    pub(crate) fn with_sum(mut self, sum: &'a mut Sum<'a>) -> Self {
        self.sum = Some(sum);
        self
    }

    pub(crate) fn scan(self, on_damage: OnDamage) -> Result<ScanStats> {
        let (asked, threads) = (self.asked, self.asked.options.threads);
        // A search that ends early has no use for what is made ready ahead.
        if threads < 2 || asked.options.count_max.is_some() || self.rdr.blocks().len() < 2 {
            return self.scan_with(on_damage, None);
        }
        let queue = Mutex::new(None);
        thread::scope(|scope| {
            let ahead = Ahead::start(scope, asked, threads, &queue);
            self.scan_with(on_damage, Some(ahead))
        })
    }

    fn scan_with(mut self, on_damage: OnDamage, mut ahead: Option<Ahead<'a>>) -> Result<ScanStats> {
        let blocks = self.rdr.blocks().to_vec();
        self.stats.blocks = blocks.len() as u64;
        self.stats.bytes_raw = blocks.iter().map(|block| block.raw_bytes).sum();
        let (mut lines, mut bytes) = (0, 0);
        // The first block that was not handed over, and the number of lines before it.
        let mut next_ahead = (0, 0);
        for (index, block) in blocks.iter().enumerate() {
            if let Some(ahead) = &mut ahead {
                ahead.pass(index);
                next_ahead = self.hand_over(&blocks, next_ahead.max((index, lines)), ahead);
            }
            (lines, bytes) = (lines + block.lines, bytes + block.raw_bytes);
            // Where streams meet, a line may go on from one to the other.
            let meets = blocks.get(index + 1).is_some_and(|next| next.stream != block.stream);
            match self.block(index, block, meets, ahead.as_mut()) {
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

    /// Hands blocks over that other threads make ready, from block `next` with `number` lines before it on; returns the same
    /// of the first one that was not looked at.
    fn hand_over(
        &mut self,
        blocks: &[BlockInfo],
        (mut next, mut number): (usize, u64),
        ahead: &mut Ahead<'a>,
    ) -> (usize, u64) {
        while ahead.has_room()
            && let Some(block) = blocks.get(next)
        {
            if !self.may_pass(block, next) {
                // Damage is told of when its turn comes.
                if let Ok(stored) = self.rdr.block(next) {
                    let meets =
                        blocks.get(next + 1).is_some_and(|next| next.stream != block.stream);
                    let apart = self.is_apart(block, meets);
                    let turn = Turn { number, after_left: 0, room: u64::MAX, apart };
                    let known = self.known_alone(block, number);
                    ahead.submit(Job { index: next, stored, known, turn });
                }
            }
            number += block.lines;
            next += 1;
        }
        (next, number)
    }

    /// Says what is known of the log's clock before a block. A stream is a log of its own; within one, blocks without statistics
    /// are never passed over where times matter.
    fn set_clock(&mut self, block: &BlockInfo) {
        let first = || (block.sequence == 0).then(Clock::default);
        if let Some(clock) = block.stats.clock.map(|clock| clock.start).or_else(first) {
            self.lines.test.set_clock(clock);
        }
    }

    /// Whether the lines of a block are whole, and none of them is context of one before it.
    fn is_apart(&self, block: &BlockInfo, meets: bool) -> bool {
        !block.starts_inside
            && !block.ends_inside
            && !meets
            && block.lines >= self.asked.options.before as u64
    }

    fn block(
        &mut self,
        index: usize,
        block: &BlockInfo,
        meets: bool,
        ahead: Option<&mut Ahead<'a>>,
    ) -> Result<ControlFlow<()>> {
        if self.lines.is_over() {
            return Ok(ControlFlow::Break(()));
        }
        self.set_clock(block);
        let options = self.asked.options;
        let apart = self.is_apart(block, meets) && self.lines.is_between_lines();
        let after_left = self.lines.after_left();
        if apart && after_left == 0 && self.rules_out(block, index < options.first_block) {
            self.lines.pass(block.lines, block.raw_bytes);
            self.before = (options.before > 0).then_some(index);
            return Ok(ControlFlow::Continue(()));
        }
        if apart && after_left == 0 && self.is_summed(block)? {
            self.stats.blocks_skipped += 1;
            self.lines.pass(block.lines, block.raw_bytes);
            return Ok(ControlFlow::Continue(()));
        }
        let (number, room) = (self.lines.number(), self.lines.room());
        let turn = Turn { number, after_left, room, apart };
        let ready = ahead.and_then(|ahead| ahead.take(index));
        let ready =
            ready.filter(|(made, ready)| *made == turn || matches!(ready, Ok(Prepared::Whole(..))));
        let prepared = if let Some((_, ready)) = ready {
            ready?
        } else {
            let stored = self.rdr.block(index)?;
            let raw = std::mem::take(&mut self.raw);
            let known = self.known(block);
            self.asked.prepare(&stored, &known, &turn, (&mut self.decoder, raw))?
        };
        match prepared {
            Prepared::Part(part) => self.part(index, block, &part),
            Prepared::Whole(raw, rows) => {
                self.stats.blocks_whole += 1;
                self.stats.bytes_decoded += block.raw_bytes;
                self.lines.set_rows(rows);
                if let Some(before) = self.before.take() {
                    // A line near the start may be selected.
                    self.keep_tail(before, self.lines.missing_before(self.lines.number() + 1))?;
                }
                let flow = self.lines.push(&raw);
                self.raw = raw;
                flow
            }
        }
    }

    /// Gives out lines of a block.
    fn part(&mut self, index: usize, block: &BlockInfo, part: &Part) -> Result<ControlFlow<()>> {
        let (sections, bytes) = part.decoded;
        self.stats.lines_matched += part.matched as u64;
        self.stats.lines_possible += part.pruned.lines;
        self.stats.templates += part.pruned.templates;
        self.stats.templates_possible += part.pruned.possible;
        self.stats.blocks_pruned += u64::from(sections <= 1);
        self.stats.blocks_in_part += u64::from(sections > 1);
        self.stats.bytes_decoded += bytes;
        let flow = if self.asked.options.lines {
            self.give(part)?
        } else {
            self.lines.count(part.selected);
            ControlFlow::Continue(())
        };
        if let Some(times) = block.stats.times {
            self.lines.test.time = Some(times.last);
        }
        if flow.is_continue() {
            self.lines.pass(part.rows as u64, block.raw_bytes);
            let keeps = self.asked.options.before > 0 && part.terminated;
            self.before = keeps.then_some(index);
        }
        Ok(flow)
    }

    fn give(&mut self, part: &Part) -> Result<ControlFlow<()>> {
        if let Some(first) = part.told.iter().find(|told| told.selected) {
            let first = self.lines.number() + u64::from(first.row) + 1;
            let missing = self.lines.missing_before(first);
            if let Some(before) = self.before.take() {
                self.keep_tail(before, missing.clone())?;
            }
            self.lines.give_kept(&missing)?;
        }
        for (told, line) in part.told.iter().zip(part.bytes.iter()) {
            let terminated = part.terminated || (told.row as usize) + 1 < part.rows;
            let facts = (told.time, told.template);
            if self.lines.give_row(told.row, line, terminated, told.selected, facts)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(if self.lines.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
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
