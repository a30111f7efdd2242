//! Conditions on lines: [`Pattern`], [`Condition`], and [`Predicate`], which joins them with time and severity.

mod condition;
mod fit;
mod literal;
mod pattern;
mod template_id;
mod test;

pub use condition::Condition;
pub(crate) use condition::{Known, LineSubject, Node, Subject, value};
pub(crate) use fit::{Fit, Part, Place, Reach};
pub(crate) use literal::{ANY, Clause, Literal, Required, Run};
pub use pattern::{Case, MatchExtent, Pattern, PatternBuilder};
pub(crate) use template_id::RowTemplates;
pub use template_id::{TemplateId, TemplateRef};
pub use test::FieldTest;
pub(crate) use test::Test;

use crate::column::timestamp;
use crate::line::{Clock, Severity, StampFinder};

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

    /// The severities in the set, least grave first.
    pub fn iter(self) -> impl Iterator<Item = Severity> {
        Severity::ALL.into_iter().filter(move |&severity| self.contains(severity))
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
    /// It meets this too, whether or not the match is inverted.
    pub condition: Option<Condition>,
    /// The name of what is searched, for conditions on it.
    pub file: Vec<u8>,
}

/// What is known of a line besides its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'a> {
    /// Its number, from 1.
    pub(crate) number: Option<u64>,
    /// Its time, the year filled in: nanoseconds since 1970-01-01, zone disregarded.
    pub(crate) time: Option<i64>,
    /// The template it was stored by.
    pub(crate) template: Option<TemplateId>,
    /// The name of what it was read from.
    pub(crate) file: &'a [u8],
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

    /// Whether times are bounded.
    pub(crate) fn is_timed(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether times matter, which lines may have from those before them.
    pub(crate) fn needs_times(&self) -> bool {
        self.is_timed() || self.condition.as_ref().is_some_and(Condition::needs_times)
    }

    /// Whether templates matter.
    pub(crate) fn needs_templates(&self) -> bool {
        self.condition.as_ref().is_some_and(Condition::needs_templates)
    }

    /// What stands in every line that is selected.
    /// Whether a line is selected if and only if it has one of the literals of what is [required](Self::required).
    pub(crate) fn is_of_literals(&self) -> bool {
        let is_only = !self.invert
            && self.condition.is_none()
            && self.severities.is_none()
            && !self.needs_times();
        let pattern = self.pattern.as_ref().filter(|_| is_only);
        pattern.is_some_and(|pattern| pattern.required().is_all())
    }

    pub(crate) fn required(&self) -> Required {
        let pattern = self.pattern.as_ref().filter(|_| !self.invert);
        condition::required(pattern, self.condition.as_ref(), self.severities)
    }

    /// Texts of which every line that is selected holds some: of each list one, in any case of letters where that is not
    /// minded; a question mark may be any character. By them blocks and lines are ruled out; there may be none.
    pub fn required_texts(&self) -> Vec<Vec<Vec<u8>>> {
        let text = |literal: &Literal| {
            let shown = |&byte: &u8| if byte == ANY { b'?' } else { byte };
            literal.bytes.iter().map(shown).collect()
        };
        let texts = |clause: &Clause| {
            let asked = clause.literals.iter().filter(|literal| !literal.is_beyond_ascii());
            asked.map(text).collect()
        };
        self.required().clauses().iter().map(texts).collect()
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
    pub(crate) fn with_year(&self, time: i64) -> i64 {
        self.now.map_or(time, |now| timestamp::with_year(time, now))
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

    /// Says what is known of the clock before the next line.
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.stamps.set_clock(clock);
    }

    /// Notes the time of the next line.
    pub(crate) fn note_time(&mut self, line: &[u8]) {
        self.time = self.stamps.find(line).or(self.time);
    }

    /// The time of the last line that has one, the year filled in.
    pub(crate) fn full_time(&self) -> Option<i64> {
        self.time.map(|time| self.predicate.with_year(time))
    }

    /// What is asked of lines.
    pub(crate) fn predicate(&self) -> &'p Predicate {
        self.predicate
    }

    /// Whether the next line, without its terminator, is selected: the line of this number, of this template if it is known.
    /// Its time has been noted, if times matter.
    pub(crate) fn selects(&self, line: &[u8], number: u64, template: Option<TemplateId>) -> bool {
        let predicate = self.predicate;
        if !predicate.is_in_time(self.time) {
            return false;
        }
        if let Some(set) = predicate.severities
            && !Severity::of_line(line).is_some_and(|severity| set.contains(severity))
        {
            return false;
        }
        if predicate.pattern.as_ref().is_none_or(|pattern| pattern.is_match(line))
            == predicate.invert
        {
            return false;
        }
        predicate.condition.as_ref().is_none_or(|condition| {
            let (number, time) = (Some(number), self.full_time());
            condition.holds(line, &Facts { number, time, template, file: &predicate.file })
        })
    }
}
