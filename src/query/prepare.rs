//! What a scan needs of one block: the lines that are selected, or all of its bytes. It depends on no other block, so that it can
//! be made ready ahead of its turn.

use std::collections::HashSet;

use crate::block::{BlockView, Decoder};
use crate::column::Strings;
use crate::error::Result;
use crate::limits::Limits;
use crate::line::{Clock, Form};
use crate::predicate::{Known, LineTest, Predicate, Required, RowTemplates, TemplateId};
use crate::query::lines::ScanOptions;
use crate::query::prune::{Candidates, Pruned, candidates};
use crate::reader::StoredBlock;

/// What is asked of every block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) predicate: &'a Predicate,
    pub(crate) options: &'a ScanOptions,
    pub(crate) required: &'a Required,
    pub(crate) limits: &'a Limits,
}

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Lines before it.
    pub(crate) number: u64,
    /// Lines at its start that are context of one before.
    pub(crate) after_left: usize,
    /// How many lines may still be selected.
    pub(crate) room: u64,
    /// Whether its lines can be looked at without those before and behind.
    pub(crate) apart: bool,
}

/// A line that is given out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    /// Its number in the block.
    pub(crate) row: u32,
    pub(crate) selected: bool,
    pub(crate) time: Option<i64>,
    pub(crate) template: Option<TemplateId>,
}

/// What a scan needs of a block.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// The lines that are given out, and how many are selected.
    Part(Part),
    /// All of its bytes, and the templates of its lines if they are wanted.
    Whole(Vec<u8>, Option<RowTemplates>),
}

/// Lines of a block.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) told: Vec<Told>,
    /// Their bytes, without terminators.
    pub(crate) bytes: Strings,
    pub(crate) selected: usize,
    /// Lines of the block, and whether the last one has a terminator.
    pub(crate) rows: usize,
    pub(crate) terminated: bool,
    /// Lines that were rendered to be matched.
    pub(crate) matched: usize,
    /// Sections and bytes that were decoded.
    pub(crate) decoded: (usize, u64),
    pub(crate) pruned: Pruned,
}

impl Asked<'_> {
    /// Makes a block ready. `raw` is a buffer for its bytes.
    pub(crate) fn prepare(
        &self,
        stored: &StoredBlock,
        known: &Known<'_>,
        turn: &Turn,
        (decoder, mut raw): (&mut Decoder, Vec<u8>),
    ) -> Result<Prepared> {
        let (predicate, options) = (self.predicate, self.options);
        let with_templates = options.templates || predicate.needs_templates();
        // What is not known of the block's times could be that of lines behind it; and where its clock changes, a line alone does
        // not tell its time.
        let stats = &stored.header.stats;
        let form = stats.clock.and_then(|clock| clock.steady).filter(|_| stats.times.is_some());
        let lacks_times = options.times && form.is_none();
        let in_part = turn.apart && !predicate.needs_times() && !lacks_times;
        if !(with_templates || in_part && self.may_prune()) {
            stored.decode(decoder, &mut raw)?;
            return Ok(Prepared::Whole(raw, None));
        }
        let mut view = stored.view(self.limits)?;
        if in_part && let Some(part) = self.part(&mut view, known, turn, form)? {
            return Ok(Prepared::Part(part));
        }
        let rows = if with_templates { view.row_templates()? } else { None };
        stored.decode_rest(view, decoder, &mut raw)?;
        Ok(Prepared::Whole(raw, rows))
    }

    /// Whether anything is known that could rule lines out.
    fn may_prune(&self) -> bool {
        !self.required.clauses().is_empty() || self.predicate.needs_templates()
    }

    /// The lines that may match; `None` if that tells nothing, or not enough.
    fn part(
        &self,
        view: &mut BlockView<'_>,
        known: &Known<'_>,
        turn: &Turn,
        form: Option<Form>,
    ) -> Result<Option<Part>> {
        let found = candidates(view, self.predicate, self.required, known)?;
        let Some((found, pruned)) = found.filter(|_| view.rows() > 0) else { return Ok(None) };
        if !self.is_worth_telling(view, &found) {
            return Ok(None);
        }
        let mut part =
            Part { rows: view.rows(), terminated: view.terminated(), pruned, ..Part::default() };
        if !self.select(view, &found, (turn, form), &mut part)? {
            return Ok(None);
        }
        let any = part.selected > 0 || turn.after_left > 0;
        if any && self.options.offsets {
            return Ok(None);
        }
        if self.options.lines {
            self.add_context(view, turn, &mut part)?;
        }
        part.decoded = view.decoded();
        Ok(Some(part))
    }

    /// Whether it takes less to tell the candidates than to decode all lines.
    fn is_worth_telling(&self, view: &BlockView<'_>, found: &Candidates) -> bool {
        let ids = view.loaded_ids();
        let mut has = vec![false; view.templates()];
        let mut told = 0usize;
        for (&row, &certain) in found.rows.iter().zip(&found.certain) {
            // Lines that match for certain need not be told to be counted.
            let counted = !self.options.lines && certain;
            let template = ids.get(row as usize).and_then(|&id| has.get_mut(id as usize));
            if let Some(has) = template.filter(|_| !counted) {
                *has = true;
                told += 1;
            }
        }
        let templates: Vec<usize> =
            (0..has.len()).filter(|&id| has.get(id) == Some(&true)).collect();
        let context = 1 + self.options.before + self.options.after;
        told == 0
            || view.cost_of_telling(told.saturating_mul(context), &templates) < view.cost_of_all()
    }

    /// Selects among the candidates; false if a time that is wanted is that of a line before. `form` is that of all times of the
    /// block.
    fn select(
        &self,
        view: &mut BlockView<'_>,
        found: &Candidates,
        (turn, form): (&Turn, Option<Form>),
        part: &mut Part,
    ) -> Result<bool> {
        let room = usize::try_from(turn.room).unwrap_or(usize::MAX);
        let (times, before) = (self.options.times, turn.number + 1);
        let names = if self.options.templates || self.predicate.needs_templates() {
            view.template_names()
        } else {
            Vec::new()
        };
        let ids = view.ids()?.to_vec();
        let name = |row: u32| names.get(*ids.get(row as usize)? as usize).copied();
        let mut test = LineTest::new(self.predicate);
        let unsure: Vec<u32> = found.unsure().collect();
        if !times && (unsure.is_empty() || !self.options.lines) {
            let mut selected = HashSet::new();
            part.matched = unsure.len();
            view.render_rows(&unsure, |row, line| {
                if test.selects(line, before + u64::from(row), name(row)) {
                    selected.insert(row);
                }
            })?;
            let rows = found.rows.iter().zip(&found.certain);
            let is_selected = |(row, certain): &(&u32, &bool)| **certain || selected.contains(*row);
            for (&row, _) in rows.filter(is_selected).take(room) {
                part.told.push(Told { row, selected: true, time: None, template: name(row) });
            }
            part.selected = part.told.len();
            return Ok(true);
        }
        part.matched = found.rows.len();
        let mut lacks_time = false;
        view.render_rows(&found.rows, |row, line| {
            test.time = None;
            let number = before + u64::from(row);
            if part.told.len() < room && test.selects(line, number, name(row)) {
                if times {
                    test.set_clock(form.map(Clock::steady).unwrap_or_default());
                    test.note_time(line);
                    lacks_time |= test.time.is_none();
                }
                let (time, template) = (test.full_time(), name(row));
                part.told.push(Told { row, selected: true, time, template });
                part.bytes.push(line);
            }
        })?;
        part.selected = part.told.len();
        Ok(!lacks_time)
    }

    /// Adds the lines around those that are selected, and the bytes of all.
    fn add_context(&self, view: &mut BlockView<'_>, turn: &Turn, part: &mut Part) -> Result<()> {
        let (before, after) = (self.options.before, self.options.after);
        let told = part.bytes.len() == part.told.len();
        if told && before == 0 && after == 0 && turn.after_left == 0 {
            return Ok(());
        }
        let last = u32::try_from(view.rows()).unwrap_or(u32::MAX).saturating_sub(1);
        let near = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let mut wanted: Vec<u32> = (0..near(turn.after_left).min(last + 1)).collect();
        for &Told { row, .. } in &part.told {
            let from =
                row.saturating_sub(near(before)).max(wanted.last().map_or(0, |&last| last + 1));
            wanted.extend(from..=row.saturating_add(near(after)).min(last));
        }
        let mut selected = std::mem::take(&mut part.told).into_iter().peekable();
        part.bytes = Strings::default();
        view.render_rows(&wanted, |row, line| {
            let found = selected.next_if(|found| found.row == row);
            part.told.push(found.unwrap_or_else(|| Told { row, ..Told::default() }));
            part.bytes.push(line);
        })
    }
}
