//! What statistics tell of a block, without a byte of it being read.

use std::io;
use std::ops::ControlFlow;

use crate::error::Result;
use crate::line::Severity;
use crate::predicate::{Known, SeveritySet};
use crate::query::blocks::Blocks;
use crate::query::lines::ScanLine;
use crate::reader::BlockInfo;

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
    /// Whether statistics tell that no line of a block is selected. If so, what comes behind is of the block's last time.
    pub(super) fn rules_out(&mut self, block: &BlockInfo, passed_over: bool) -> bool {
        let predicate = self.asked.predicate;
        let times = block.stats.times;
        // Lines before the first time of the block are of the time before it.
        let timely = !predicate.is_timed()
            || predicate.is_in_time(self.lines.test.time)
            || times.is_none_or(|times| predicate.is_between(times.least, times.greatest));
        let grave = self.may_be_grave(block);
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
            None if predicate.needs_times() || self.asked.options.times => return false,
            None => {}
        }
        self.stats.blocks_filtered += u64::from(excluded);
        self.stats.blocks_skipped += u64::from(!excluded);
        true
    }

    /// Whether statistics seem to tell that nothing of a block is selected, whatever came before it.
    pub(super) fn may_pass(&self, block: &BlockInfo, index: usize) -> bool {
        let predicate = self.asked.predicate;
        let timely = !predicate.is_timed()
            || block
                .time_range()
                .is_none_or(|(least, greatest)| predicate.is_between(least, greatest));
        let holds = self.asked.required.may_be_in(&block.filter);
        index < self.asked.options.first_block || !(timely && self.may_be_grave(block) && holds)
    }

    /// Whether a line of a block may be of a severity that is asked for.
    fn may_be_grave(&self, block: &BlockInfo) -> bool {
        self.asked.predicate.severities.is_none_or(|set| {
            block.stats.severities.is_none_or(|counts| {
                Severity::ALL.into_iter().any(|severity| {
                    set.contains(severity) && counts.lines.get(severity as usize) != Some(&0)
                })
            })
        })
    }

    /// Whether statistics tell enough of a block.
    pub(super) fn is_summed(&mut self, block: &BlockInfo) -> Result<bool> {
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
        let predicate = self.asked.predicate;
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
        let times = known.times.filter(|_| self.asked.options.times || predicate.needs_times());
        Some(BlockSum { levels, times })
    }

    /// What statistics tell of all lines of a block whose turn it is.
    pub(super) fn known(&self, block: &BlockInfo) -> Known<'a> {
        let predicate = self.asked.predicate;
        // Lines before the first time of the block are of the time before it.
        let before = self.lines.test.time;
        let times = block.stats.times.zip(before).and_then(|(times, before)| {
            let least = predicate.with_year(times.least.min(before));
            let greatest = predicate.with_year(times.greatest.max(before));
            // Else the new year lies between them.
            (least <= greatest).then_some((least, greatest))
        });
        Known { times, ..self.known_alone(block, self.lines.number()) }
    }

    /// The same without what came before it, but for how many lines that was.
    pub(super) fn known_alone(&self, block: &BlockInfo, number: u64) -> Known<'a> {
        let severities = block.stats.severities.map(|counts| {
            let mut occur = SeveritySet::new();
            let some = |severity: usize| counts.lines.get(severity) != Some(&0);
            for severity in Severity::ALL.into_iter().filter(|&severity| some(severity as usize)) {
                occur.insert(severity);
            }
            (occur, some(0))
        });
        // A last line without a terminator is not counted.
        let numbers = Some((number + 1, number + 1 + block.lines));
        let file = Some(self.asked.predicate.file.as_slice());
        Known { file, times: None, severities, numbers, template: None }
    }
}
