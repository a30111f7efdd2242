//! Rows that come again as they came before (`docs/MODEL-FORMAT.md`, "Repeated rows").
//!
//! Boot messages and stack traces come again line by line. A run of such rows is left out of the table: behind a row that was
//! there before, a number says how many go on as they did then. It is coded when the table is known, since the next row
//! that is in it tells where a run must have ended.

use std::collections::HashMap;

use crate::column::Strings;
use crate::error::Result;
use crate::line::Rows as Lines;
use crate::model::coder::Coder;
use crate::model::memory::join;
use crate::model::rows::Shape;
use crate::model::table::{Table, render};
use crate::model::{Model, broken};

/// Shorter runs are cheaper as rows.
const RUN_MIN: usize = 2;
/// Runs are left out where they have this part of a block at least.
const PART: usize = 4;
/// Lines that are shorter on average are not looked at: so many of them would take more memory than all else.
const LINE_BYTES_MIN: usize = 8;
/// Of the rows that a run may go on with, so many are compared with the next row of the table.
const LOOK: usize = 64;
/// What `plain` is told that the numbers are.
const WHAT_RUN: u32 = 32;

const ROWS: &str = "runs of repeated rows make up the rows that a table lacks";

/// The rows of a block without those that repeat others.
#[derive(Debug)]
pub(crate) struct Repeats {
    /// Numbers of the rows that are left.
    kept: Vec<usize>,
    /// Rows in all.
    pub(crate) rows: usize,
    /// Behind each kept row that was there before, how many rows are as they were then.
    runs: Vec<usize>,
}

impl Repeats {
    /// Finds the runs in some lines; `None` if they are too few to be worth it.
    pub(crate) fn find(lines: &Lines<'_>) -> Option<Self> {
        if lines.len() * LINE_BYTES_MIN > lines.bytes().len() {
            return None;
        }
        let mut numbers: HashMap<&[u8], u32> = HashMap::new();
        let mut things = Vec::with_capacity(lines.len());
        for line in lines.iter() {
            let next = u32::try_from(numbers.len()).ok()?;
            things.push(*numbers.entry(line).or_insert(next));
        }
        let mut found = Self { kept: Vec::new(), rows: things.len(), runs: Vec::new() };
        let mut walk = Walk::default();
        let mut row = 0;
        while let Some(&thing) = things.get(row) {
            let before = walk.keep(thing);
            found.kept.push(row);
            row += 1;
            let Some(before) = before else { continue };
            let rest = things.get(row..).unwrap_or_default();
            let then = things.get(before..).unwrap_or_default();
            let len = rest.iter().zip(then).take_while(|(thing, then)| thing == then).count();
            let len = if len < RUN_MIN { 0 } else { len };
            found.runs.push(len);
            walk.repeat(before, len);
            row += len;
        }
        let kept: usize = found.kept(lines).map(|line| line.len() + 1).sum();
        (kept * PART <= lines.bytes().len() * (PART - 1)).then_some(found)
    }

    /// The lines that are left of those in which they were found.
    pub(crate) fn kept<'a>(&self, lines: &Lines<'a>) -> impl Iterator<Item = &'a [u8]> {
        let mut kept = self.kept.iter().copied().peekable();
        lines.iter().enumerate().filter_map(move |(row, line)| kept.next_if_eq(&row).map(|_| line))
    }
}

/// The rows so far, each by what stands in it: equal rows are one thing, numbered by first appearance.
#[derive(Debug, Default)]
struct Walk {
    things: Vec<u32>,
    /// The row of the table that each is.
    sources: Vec<u32>,
    kept: u32,
    /// Of each thing, the row behind its last.
    behind: Vec<usize>,
}

impl Walk {
    /// The next row of the table comes, and is `thing`. Returns the row behind the last one that was.
    fn keep(&mut self, thing: u32) -> Option<usize> {
        let before = self.push(thing, self.kept);
        self.kept += 1;
        before
    }

    fn push(&mut self, thing: u32, source: u32) -> Option<usize> {
        self.things.push(thing);
        self.sources.push(source);
        let at = thing as usize;
        if at >= self.behind.len() {
            self.behind.resize(at + 1, 0);
        }
        let behind = self.behind.get_mut(at)?;
        let before = std::mem::replace(behind, self.things.len());
        (before > 0).then_some(before)
    }

    /// `len` rows come as they came from row `before` on.
    fn repeat(&mut self, before: usize, len: usize) {
        for row in before..before + len {
            if let (Some(&thing), Some(&source)) = (self.things.get(row), self.sources.get(row)) {
                self.push(thing, source);
            }
        }
    }
}

impl Model {
    /// Codes the runs that a table lacks to have `rows` rows, and puts them in. `known` has them when encoding.
    pub(crate) fn repeats<C: Coder>(
        &mut self,
        coder: &mut C,
        (table, templates, shape): (&Table, &Strings, &Shape),
        known: Option<&Repeats>,
        rows: usize,
    ) -> Result<Table> {
        let things = things((table, templates, shape), self.budget)?;
        let mut known = known.map(|known| known.runs.iter());
        let mut walk = Walk::default();
        // How long the run was behind each thing the last time, plus one, and the run before.
        let (mut then, mut last) = (vec![0; things.len()], 0);
        for (kept, &thing) in things.iter().enumerate() {
            let Some(before) = walk.keep(thing) else { continue };
            let next = table.ids.get(kept + 1);
            let rest = walk.sources.get(before..).unwrap_or_default().iter().take(LOOK);
            let hint = rest.take_while(|&&source| table.ids.get(source as usize) != next).count();
            let hint = u32::try_from(hint).unwrap_or(u32::MAX);
            let run = known.as_mut().and_then(Iterator::next).map_or(0, |&run| run as u64);
            let place = then.get_mut(thing as usize).ok_or_else(|| broken(ROWS))?;
            let contexts = [join(hint, *place), hint, join(*place, last)];
            let run = self.plain(coder, run, WHAT_RUN, contexts);
            let len = usize::try_from(run).unwrap_or(usize::MAX);
            // What is left of the table comes behind it.
            let most = rows.saturating_sub(walk.things.len() + (things.len() - kept - 1));
            if len > most {
                return Err(broken(ROWS));
            }
            last = u32::try_from(run).unwrap_or(u32::MAX);
            *place = last.saturating_add(1);
            walk.repeat(before, len);
        }
        if walk.things.len() != rows {
            return Err(broken(ROWS));
        }
        self.spread(table, shape, &walk.sources)
    }

    /// The table whose rows are those of `table` that `sources` names, one after the other.
    fn spread(&mut self, table: &Table, shape: &Shape, sources: &[u32]) -> Result<Table> {
        const VALUES: &str = "values fit the block";
        // Where the values of each row of the table lie in their columns.
        let mut ends = vec![0u32; table.columns.len()];
        let mut starts = Vec::with_capacity(table.ids.len());
        let mut places = Vec::new();
        for &id in &table.ids {
            starts.push(places.len());
            for &column in shape.columns_of(id) {
                let end = ends.get_mut(column as usize).ok_or_else(|| broken(VALUES))?;
                places.push(*end);
                *end += 1;
            }
        }
        let mut spread =
            Table { ids: Vec::new(), columns: vec![Strings::default(); table.columns.len()] };
        for &source in sources {
            let row = source as usize;
            let (Some(&id), Some(&start)) = (table.ids.get(row), starts.get(row)) else {
                return Err(broken(ROWS));
            };
            spread.ids.push(id);
            let places = places.get(start..).unwrap_or_default();
            for (&column, &place) in shape.columns_of(id).iter().zip(places) {
                let column = column as usize;
                let value =
                    table.columns.get(column).map_or(&[][..], |from| from.get(place as usize));
                let taken =
                    self.values.checked_sub(1).zip(self.budget.checked_sub(value.len() as u64));
                (self.values, self.budget) = taken.ok_or_else(|| broken(VALUES))?;
                if let Some(column) = spread.columns.get_mut(column) {
                    column.push(value);
                }
            }
        }
        Ok(spread)
    }
}

/// The things that the rows of a table are, which have at most `budget` bytes.
fn things(
    (table, templates, shape): (&Table, &Strings, &Shape),
    mut budget: u64,
) -> Result<Vec<u32>> {
    let mut numbers: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut things = Vec::with_capacity(table.ids.len());
    let templates: Vec<&[u8]> = templates.iter().collect();
    render(&templates, shape, (&table.ids, &table.columns), |row| {
        budget = budget.checked_sub(row.len() as u64)?;
        let next = u32::try_from(numbers.len()).ok()?;
        let known = numbers.get(row).copied();
        things.push(known.unwrap_or(next));
        if known.is_none() {
            numbers.insert(row.to_vec(), next);
        }
        Some(())
    })
    .ok_or_else(|| broken(ROWS))?;
    Ok(things)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &[u8]) -> Option<(Vec<usize>, Vec<usize>)> {
        Repeats::find(&Lines::lines(Some(text))).map(|found| (found.kept, found.runs))
    }

    /// A line for each letter.
    fn long(letters: &[u8]) -> Vec<u8> {
        let lines: Vec<Vec<u8>> = letters.iter().map(|&letter| vec![letter; 9]).collect();
        lines.join(&b'\n')
    }

    #[test]
    fn runs_are_rows_as_they_came_behind_the_same_row() {
        assert_eq!(find(&long(b"abcdabcxabc")), Some((vec![0, 1, 2, 3, 4, 7, 8], vec![2, 2])));
        // Behind `a` comes `b` once, and is kept: one row is no run. `b` was there too.
        assert_eq!(find(&long(b"abab")), None);
        // A run may go on from rows of its own.
        assert_eq!(find(&long(b"aaaaa")), Some((vec![0, 1], vec![3])));
        assert_eq!(find(&long(b"abc")), None);
        assert_eq!(find(b""), None);
    }

    #[test]
    fn few_repeated_rows_are_not_worth_it() {
        assert!(find(&long(b"abcabc")).is_some());
        assert_eq!(find(&long(b"abcabcdefgh")), None);
        assert_eq!(find(&b"a\n".repeat(99)), None, "nor are those of short rows");
    }

    #[test]
    fn a_walk_goes_where_the_finder_went() {
        let things = [0, 1, 2, 0, 1, 2, 3, 0, 1, 2, 3];
        let letters = things.map(|thing| b'a' + thing);
        let found = Repeats::find(&Lines::lines(Some(&long(&letters)))).unwrap();
        let (mut walk, mut runs) = (Walk::default(), found.runs.iter());
        for &row in &found.kept {
            if let Some(before) = walk.keep(things[row].into()) {
                walk.repeat(before, *runs.next().unwrap());
            }
        }
        assert_eq!(walk.things, things.map(u32::from));
        assert_eq!(walk.sources, [0, 1, 2, 3, 1, 2, 4, 5, 1, 2, 4]);
    }
}
