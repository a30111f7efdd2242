//! Lines by time and severity.

use std::collections::BTreeMap;

use lignite::{BlockSum, Severity};

const SECOND: i64 = 1_000_000_000;
/// Spans of time that rows may have, each a multiple of the one before.
const STEPS: [i64; 15] = [
    SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    60 * SECOND,
    300 * SECOND,
    600 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    10_800 * SECOND,
    21_600 * SECOND,
    43_200 * SECOND,
    86_400 * SECOND,
    604_800 * SECOND,
    2_419_200 * SECOND,
];
/// Rows that are kept before the span of time is made longer.
const KEPT_MAX: usize = 4_000;

/// Lines of each severity; the first has those without.
pub(super) type Row = [u64; 10];

/// Lines by time and severity.
#[derive(Debug)]
pub(super) struct Counts {
    step: i64,
    /// The span of time was not asked for: it grows.
    grows: bool,
    rows: BTreeMap<i64, Row>,
    /// Lines before the first time.
    pub(super) timeless: u64,
}

impl Counts {
    pub(super) fn new(step: Option<i64>) -> Self {
        let rows = BTreeMap::new();
        Self { step: step.unwrap_or(SECOND), grows: step.is_none(), rows, timeless: 0 }
    }

    /// Adds lines of a time.
    pub(super) fn add(&mut self, time: Option<i64>, severity: Option<Severity>, lines: u64) {
        let Some(time) = time else {
            self.timeless += lines;
            return;
        };
        let start = time - time.rem_euclid(self.step);
        let row = self.rows.entry(start).or_default();
        if let Some(count) = row.get_mut(severity.map_or(0, |severity| severity as usize)) {
            *count += lines;
        }
        if self.grows && self.rows.len() > KEPT_MAX {
            self.grow();
        }
    }

    /// Adds the lines of a block, if all are of one span of time.
    pub(super) fn add_block(&mut self, sum: &BlockSum) -> bool {
        let Some((least, greatest)) = sum.times else { return false };
        if least.div_euclid(self.step) != greatest.div_euclid(self.step) {
            return false;
        }
        for &(severity, lines) in &sum.levels {
            self.add(Some(least), severity, lines);
        }
        true
    }

    /// Is told that lines lie between two times: rows need not be finer than that asks for.
    pub(super) fn reach(&mut self, (least, greatest): (i64, i64)) {
        let rows = i64::try_from(super::ROWS).unwrap_or(1);
        while self.grows && greatest.saturating_sub(least) / self.step > rows && self.grow() {}
    }

    /// Makes the span of time longer until there are few rows; returns it.
    pub(super) fn settle(&mut self, rows: usize) -> i64 {
        while self.grows && self.rows() > rows && self.grow() {}
        self.step
    }

    fn grow(&mut self) -> bool {
        let Some(&step) = STEPS.iter().find(|&&step| step > self.step) else { return false };
        self.step = step;
        for (start, old) in std::mem::take(&mut self.rows) {
            let row = self.rows.entry(start - start.rem_euclid(step)).or_default();
            row.iter_mut().zip(old).for_each(|(count, lines)| *count += lines);
        }
        true
    }

    /// Number of rows, those without lines between others included.
    pub(super) fn rows(&self) -> usize {
        let ends = self.rows.keys().next().zip(self.rows.keys().next_back());
        let Some((first, last)) = ends else { return 0 };
        usize::try_from(last.saturating_sub(*first) / self.step)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    }

    pub(super) fn total(&self) -> u64 {
        self.rows.values().flatten().sum()
    }

    /// The lines of the row that has the most.
    pub(super) fn most(&self) -> u64 {
        self.rows.values().map(|row| row.iter().sum()).max().unwrap_or(0)
    }

    /// All rows, those without lines between others included.
    pub(super) fn filled(&self, step: i64) -> impl Iterator<Item = (i64, Row)> {
        let first = self.rows.keys().next().copied().unwrap_or(0);
        (0..self.rows()).map(move |number| {
            let start = first + step * i64::try_from(number).unwrap_or(0);
            (start, self.rows.get(&start).copied().unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_nested() {
        assert!(STEPS.windows(2).all(|pair| pair[1] > pair[0] && pair[1] % pair[0] == 0));
    }

    #[test]
    fn rows_are_made_fewer_and_none_is_lost() {
        let mut counts = Counts::new(None);
        for second in 0..100_000 {
            counts.add(Some(second * SECOND), Some(Severity::Info), 1);
        }
        counts.add(None, None, 3);
        assert_eq!((counts.total(), counts.timeless), (100_000, 3));
        let step = counts.settle(40);
        assert_eq!((step, counts.rows()), (3_600 * SECOND, 28));
        assert_eq!(counts.filled(step).count(), 28);
        assert_eq!(counts.total(), 100_000);
    }
}
