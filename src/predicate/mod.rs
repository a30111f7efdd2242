//! Conditions on lines: [`Pattern`], and [`Predicate`], which joins one with time and severity.

mod fit;
mod literal;
mod pattern;

pub(crate) use fit::{Fit, SlotFit};
pub(crate) use literal::{Clause, Literal};
pub use pattern::{Case, MatchExtent, Pattern, PatternBuilder};

use crate::column::timestamp;
use crate::line::{Severity, StampFinder};

/// Severities of interest. A line without one is in no set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeveritySet(u16);

impl SeveritySet {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a severity.
    pub fn insert(&mut self, severity: Severity) -> &mut Self {
        self.0 |= 1 << severity as u16;
        self
    }

    /// Whether a severity is in the set.
    pub fn contains(self, severity: Severity) -> bool {
        self.0 >> severity as u16 & 1 == 1
    }
}

/// What a line must be to be selected: all conditions that are set hold.
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Predicate {
    /// The line matches; `None`: every line does.
    pub pattern: Option<Pattern>,
    /// The line does not match instead.
    pub invert: bool,
    /// Its time is not before this: nanoseconds since 1970-01-01, zone disregarded. A line without a time is of the
    /// time of the line before; before the first time of all, lines have none and are not selected.
    pub since: Option<i64>,
    /// Its time is before this.
    pub until: Option<i64>,
    /// Its severity is one of these.
    pub severities: Option<SeveritySet>,
    /// What the clock of the log shows now, in the same way. Times that a log prints without a year are of the last year
    /// in which they are not later than a day from now; without this, they are of the year 1972.
    pub now: Option<i64>,
}

impl Predicate {
    /// Every line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lines that match.
    pub fn matching(pattern: Pattern) -> Self {
        Self { pattern: Some(pattern), ..Self::default() }
    }

    /// Whether times matter.
    pub(crate) fn is_timed(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether a line at `time` may be selected.
    pub(crate) fn is_in_time(&self, time: Option<i64>) -> bool {
        if !self.is_timed() {
            return true;
        }
        time.is_some_and(|time| self.is_between(time, time))
    }

    /// Whether a line from `least` to `greatest` may be selected.
    pub(crate) fn is_between(&self, least: i64, greatest: i64) -> bool {
        let (from, to) = (self.with_year(least), self.with_year(greatest));
        if from > to {
            // The new year lies between them.
            return true;
        }
        self.since.is_none_or(|since| since <= to) && self.until.is_none_or(|until| from < until)
    }

    /// A time with the year it is taken to be of.
    fn with_year(&self, time: i64) -> i64 {
        self.now.map_or(time, |now| timestamp::with_year(time, now))
    }

    /// Whether nothing but the pattern decides, and only lines that match it are selected.
    pub(crate) fn is_pattern_only(&self) -> bool {
        !self.invert && !self.is_timed() && self.severities.is_none()
    }
}

/// Tests lines in their order.
#[derive(Debug)]
pub(crate) struct LineTest<'p> {
    predicate: &'p Predicate,
    stamps: StampFinder,
    /// The time of the last line that has one.
    pub(crate) time: Option<i64>,
}

impl<'p> LineTest<'p> {
    pub(crate) fn new(predicate: &'p Predicate) -> Self {
        Self { predicate, stamps: StampFinder::default(), time: None }
    }

    /// Whether the next line, without its terminator, is selected.
    pub(crate) fn selects(&mut self, line: &[u8]) -> bool {
        let predicate = self.predicate;
        if predicate.is_timed() {
            self.time = self.stamps.find(line).or(self.time);
            if !predicate.is_in_time(self.time) {
                return false;
            }
        }
        if let Some(set) = predicate.severities
            && !Severity::of_line(line).is_some_and(|severity| set.contains(severity))
        {
            return false;
        }
        predicate.pattern.as_ref().is_none_or(|pattern| pattern.is_match(line)) != predicate.invert
    }
}
