//! Raw bytes, in any pieces → the lines that are selected, with their context.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};

use crate::error::{Error, ErrorKind, Result};
use crate::predicate::{LineTest, Predicate, Required, RowTemplates, TemplateId};

/// What is wanted of a scan besides the lines that are selected.
#[non_exhaustive]
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one thing whether it is wanted")]
pub struct ScanOptions {
    /// Lines before each selected one.
    pub before: usize,
    /// Lines behind each selected one.
    pub after: usize,
    /// Stop after this many selected lines; what follows is context of the last one, whatever it is.
    pub count_max: Option<u64>,
    /// Whether lines are wanted; else they are only counted.
    pub lines: bool,
    /// Whether the places of lines in bytes are wanted. It costs decoding all of a block that has a selected line.
    pub offsets: bool,
    /// Whether the times of lines are wanted.
    pub times: bool,
    /// Whether their templates are wanted.
    pub templates: bool,
    /// Threads that make blocks ready ahead of their turn; below 2: none.
    pub threads: usize,
    /// Blocks before this one are passed over.
    pub first_block: usize,
    /// The longest line that is looked at, in bytes. A longer one is an error: nothing wrong is said of it.
    pub line_bytes_max: u64,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            before: 0,
            after: 0,
            count_max: None,
            lines: true,
            offsets: false,
            times: false,
            templates: false,
            threads: 1,
            first_block: 0,
            line_bytes_max: 64 << 20,
        }
    }
}

/// A line that was selected, or one near it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLine<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// Place of its first byte in the raw bytes. It may be missing if it was not asked for.
    pub offset: Option<u64>,
    /// Its bytes without terminator.
    pub bytes: &'a [u8],
    /// Whether it has a terminator.
    pub terminated: bool,
    /// Whether it was selected; else it is context.
    pub selected: bool,
    /// Its time in nanoseconds since 1970-01-01, zone disregarded, or that of the line before if it has none. It may be
    /// missing if it was not asked for, and in lines of context.
    pub time: Option<i64>,
    /// The template it is stored by. Lines have none that are not stored by templates, or that lie in two blocks. It may be
    /// missing if it was not asked for, and in lines of context.
    pub template: Option<TemplateId>,
}

impl ScanLine<'_> {
    /// The same with other bytes, such as a copy of its own.
    pub fn with_bytes<'b>(&self, bytes: &'b [u8]) -> ScanLine<'b> {
        ScanLine { bytes, ..*self }
    }
}

/// A line kept for the context of one that may follow.
#[derive(Debug)]
struct Kept {
    number: u64,
    offset: u64,
    bytes: Vec<u8>,
}

/// Takes raw bytes piece by piece and calls `sink` for each selected line and its context.
pub(crate) struct Lines<'p, F> {
    pub(crate) test: LineTest<'p>,
    options: ScanOptions,
    sink: F,
    /// What stands in every selected line.
    required: Required,
    /// Whether times are noted.
    timed: bool,
    /// The templates of the lines of this block, and how many lines came before it. The first one has none if it began
    /// before the block.
    rows: Option<(RowTemplates, u64, bool)>,
    /// Lines before the next unread byte.
    number: u64,
    /// Place of that byte.
    offset: u64,
    /// The start of a line the end of which has not come.
    carry: Vec<u8>,
    /// The last lines that were not given out.
    kept: VecDeque<Kept>,
    /// The number of the last line that was given out.
    given: u64,
    after_left: usize,
    /// What comes next is the rest of a line that is lost.
    inside_lost: bool,
    pub(crate) selected: u64,
}

impl<'p, F> Lines<'p, F>
where
    F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
{
    pub(crate) fn new(predicate: &'p Predicate, options: &ScanOptions, sink: F) -> Self {
        Self {
            test: LineTest::new(predicate),
            options: options.clone(),
            sink,
            required: predicate.required(),
            timed: options.times || predicate.needs_times(),
            rows: None,
            number: 0,
            offset: 0,
            carry: Vec::new(),
            kept: VecDeque::new(),
            given: 0,
            after_left: 0,
            inside_lost: false,
            selected: 0,
        }
    }

    /// Says which templates the lines of the bytes have that come next, a block; `None`: they have none.
    pub(crate) fn set_rows(&mut self, rows: Option<RowTemplates>) {
        let starts_inside = !self.is_between_lines();
        self.rows = rows.map(|rows| (rows, self.number, starts_inside));
    }

    /// The template of the line after so many.
    fn template_of(&self, before: u64) -> Option<TemplateId> {
        let (rows, first, starts_inside) = self.rows.as_ref()?;
        let row = before.checked_sub(*first).filter(|&row| row > 0 || !starts_inside)?;
        let id = rows.ids.get(usize::try_from(row).ok()?)?;
        rows.names.get(*id as usize).copied()
    }

    /// What stands in every selected line.
    pub(crate) fn required(&self) -> &Required {
        &self.required
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, mut raw: &[u8]) -> Result<ControlFlow<()>> {
        if self.inside_lost {
            let end = memchr::memchr(b'\n', raw);
            let (lost, rest) = raw.split_at(end.map_or(raw.len(), |at| at + 1));
            self.inside_lost = end.is_none();
            self.number += u64::from(end.is_some());
            self.offset += lost.len() as u64;
            raw = rest;
        }
        if !self.carry.is_empty() {
            let end = memchr::memchr(b'\n', raw).map_or(raw.len(), |at| at + 1);
            let (rest, after) = raw.split_at(end);
            self.check_len(self.carry.len() + rest.len())?;
            self.carry.extend_from_slice(rest);
            raw = after;
            if !self.carry.ends_with(b"\n") {
                return Ok(ControlFlow::Continue(()));
            }
            let line = std::mem::take(&mut self.carry);
            if self.whole(&line)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let end = memchr::memrchr(b'\n', raw).map_or(0, |at| at + 1);
        let (lines, rest) = raw.split_at(end);
        if self.whole(lines)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.check_len(rest.len())?;
        self.carry.extend_from_slice(rest);
        Ok(ControlFlow::Continue(()))
    }

    /// Whether the next byte starts a line.
    pub(crate) fn is_between_lines(&self) -> bool {
        self.carry.is_empty() && !self.inside_lost
    }

    /// Lines of context that are still owed behind the last selected line.
    pub(crate) fn after_left(&self) -> usize {
        self.after_left
    }

    /// How many more lines may be selected.
    pub(crate) fn room(&self) -> u64 {
        self.options.count_max.map_or(u64::MAX, |max| max.saturating_sub(self.selected))
    }

    /// Passes over so many whole lines and bytes, none of which is wanted as far as it has not been given out.
    pub(crate) fn pass(&mut self, lines: u64, bytes: u64) {
        self.kept.clear();
        self.number += lines;
        self.offset += bytes;
    }

    /// Numbers of the lines before the next byte that the context before line `number` still lacks.
    pub(crate) fn missing_before(&self, number: u64) -> Range<u64> {
        let first = number.saturating_sub(self.options.before as u64).max(self.given + 1);
        first..number.min(self.number + 1)
    }

    /// Keeps a line for context, which comes behind those kept so far.
    pub(crate) fn keep_line(&mut self, number: u64, offset: u64, bytes: &[u8]) {
        self.kept.push_back(Kept { number, offset, bytes: bytes.to_vec() });
    }

    /// Gives out those of the lines kept that have these numbers.
    pub(crate) fn give_kept(&mut self, numbers: &Range<u64>) -> Result<()> {
        for line in std::mem::take(&mut self.kept) {
            if numbers.contains(&line.number) {
                self.context(line.number, line.offset, &line.bytes)?;
            }
        }
        Ok(())
    }

    /// Lines before the next byte.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Place of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Counts lines of the block that starts here.
    pub(crate) fn count(&mut self, selected: usize) {
        self.selected += selected as u64;
    }

    /// Gives out a line of the block that starts here: the one with this index.
    pub(crate) fn give_row(
        &mut self,
        row: u32,
        bytes: &[u8],
        terminated: bool,
        selected: bool,
        (time, template): (Option<i64>, Option<TemplateId>),
    ) -> Result<ControlFlow<()>> {
        self.check_len(bytes.len())?;
        let number = self.number + u64::from(row) + 1;
        self.selected += u64::from(selected);
        self.after_left =
            if selected { self.options.after } else { self.after_left.saturating_sub(1) };
        self.given = number;
        let offset = None;
        (self.sink)(ScanLine { number, offset, bytes, terminated, selected, time, template })
    }

    /// Ends the input: a last line may lack its terminator.
    pub(crate) fn finish(&mut self) -> Result<ControlFlow<()>> {
        let line = std::mem::take(&mut self.carry);
        self.whole(&line)
    }

    /// Lines and bytes are missing here. So many lines and bytes came before what follows; that may start inside a line.
    pub(crate) fn gap(&mut self, number: u64, offset: u64, inside: bool) {
        self.inside_lost = inside;
        self.carry.clear();
        self.kept.clear();
        self.after_left = 0;
        self.rows = None;
        (self.number, self.offset) = (number, offset);
    }

    fn check_len(&self, len: usize) -> Result<()> {
        let (requested, allowed) = (len as u64, self.options.line_bytes_max);
        if requested <= allowed {
            return Ok(());
        }
        let limit = "bytes of a line";
        Err(Error::new(ErrorKind::LimitExceeded { limit, requested, allowed }))
    }

    /// Takes whole lines; only the very last of the input may lack its terminator.
    fn whole(&mut self, raw: &[u8]) -> Result<ControlFlow<()>> {
        let mut at = 0;
        // Everything before this has been given out.
        let mut given = 0;
        while at < raw.len() {
            if self.is_over() {
                return Ok(ControlFlow::Break(()));
            }
            let start = self.next_start(raw, at);
            self.number += count(raw, at, start);
            if start >= raw.len() {
                break;
            }
            let end = memchr::memchr(b'\n', raw.get(start..).unwrap_or_default());
            let end = end.map_or(raw.len(), |len| start + len);
            let line = raw.get(start..end).unwrap_or_default();
            self.check_len(line.len())?;
            let full = self.options.count_max == Some(self.selected);
            if self.timed {
                self.test.note_time(line);
            }
            let template = self.template_of(self.number);
            let selected = !full && self.test.selects(line, self.number + 1, template);
            self.number += 1;
            at = end + 1;
            if selected {
                self.before(raw, given, start)?;
                self.selected += 1;
                self.after_left = self.options.after;
            } else if self.after_left > 0 {
                self.after_left -= 1;
            } else {
                continue;
            }
            given = at.min(raw.len());
            let terminated = end < raw.len();
            let line = ScanLine {
                number: self.number,
                offset: Some(self.offset + start as u64),
                bytes: line,
                terminated,
                selected,
                time: self.test.full_time(),
                template,
            };
            if self.give(line)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        self.keep(raw, given);
        self.offset += raw.len() as u64;
        Ok(if self.is_over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Whether all that is wanted has been given out.
    pub(crate) fn is_over(&self) -> bool {
        self.options.count_max == Some(self.selected) && self.after_left == 0
    }

    /// Where the next line starts that has to be looked at.
    fn next_start(&self, raw: &[u8], at: usize) -> usize {
        if self.after_left > 0 || self.timed {
            return at;
        }
        let [clause, ..] = self.required.clauses() else { return at };
        let rest = raw.get(at..).unwrap_or_default();
        let pattern = self.test.predicate().pattern.as_ref();
        let pattern = pattern.filter(|pattern| pattern.required().is_within_line());
        let hit = match pattern.filter(|_| !self.test.predicate().invert) {
            Some(pattern) => pattern.find_at(rest, 0).map(|found| found.start),
            None => clause.find(rest),
        };
        match hit {
            None => raw.len(),
            Some(hit) => {
                let line = memchr::memrchr(b'\n', rest.get(..hit).unwrap_or_default());
                line.map_or(at, |end| at + end + 1)
            }
        }
    }

    /// Gives out the context before the line that starts at `start`, as far as that has not been given out.
    fn before(&mut self, raw: &[u8], given: usize, start: usize) -> Result<()> {
        let mut starts = Vec::new();
        let mut at = start;
        while at > given && starts.len() < self.options.before {
            let text = raw.get(given..at - 1).unwrap_or_default();
            at = memchr::memrchr(b'\n', text).map_or(given, |end| given + end + 1);
            starts.push(at);
        }
        if given == 0 {
            let missing = self.options.before - starts.len();
            let kept = std::mem::take(&mut self.kept);
            let skip = kept.len().saturating_sub(missing);
            for line in kept.into_iter().skip(skip) {
                self.context(line.number, line.offset, &line.bytes)?;
            }
        }
        self.kept.clear();
        let first = self.number - starts.len() as u64;
        let mut end = start;
        let ends: Vec<_> = starts.iter().map(|&start| std::mem::replace(&mut end, start)).collect();
        for (number, (&start, &end)) in (first..).zip(starts.iter().zip(&ends).rev()) {
            let line = raw.get(start..end - 1).unwrap_or_default();
            self.context(number, self.offset + start as u64, line)?;
        }
        Ok(())
    }

    fn context(&mut self, number: u64, offset: u64, line: &[u8]) -> Result<()> {
        // The selected line behind it is given out whatever the sink says.
        let (offset, bytes, terminated, selected) = (Some(offset), line, true, false);
        let (time, template) = (None, None);
        let line = ScanLine { number, offset, bytes, terminated, selected, time, template };
        self.give(line).map(|_| ())
    }

    fn give(&mut self, line: ScanLine<'_>) -> Result<ControlFlow<()>> {
        self.given = line.number;
        if !self.options.lines {
            return Ok(ControlFlow::Continue(()));
        }
        (self.sink)(line)
    }

    /// Keeps the last lines of `raw` for context, from byte `given` on.
    fn keep(&mut self, raw: &[u8], given: usize) {
        if self.options.before == 0 {
            return;
        }
        if given > 0 {
            self.kept.clear();
        }
        let mut lines = Vec::new();
        let mut end = raw.len();
        while end > given && lines.len() < self.options.before {
            let text = raw.get(given..end - 1).unwrap_or_default();
            let start = memchr::memrchr(b'\n', text).map_or(given, |at| given + at + 1);
            lines.push((start, raw.get(start..end - 1).unwrap_or_default()));
            end = start;
        }
        let first = self.number + 1 - lines.len() as u64;
        for (number, &(start, bytes)) in (first..).zip(lines.iter().rev()) {
            let offset = self.offset + start as u64;
            self.kept.push_back(Kept { number, offset, bytes: bytes.to_vec() });
        }
        let excess = self.kept.len().saturating_sub(self.options.before);
        self.kept.drain(..excess);
    }
}

/// Lines that start in `raw[from..to]`.
fn count(raw: &[u8], from: usize, to: usize) -> u64 {
    let part = raw.get(from..to).unwrap_or_default();
    memchr::memchr_iter(b'\n', part).count() as u64
}
