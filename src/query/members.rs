//! Scans of members of an archive.

use std::ops::ControlFlow;

use crate::archive::Archive;
use crate::error::Result;
use crate::format::Extent;
use crate::format::members::Member;
use crate::line::Severity;
use crate::predicate::Predicate;
use crate::query::lines::{Lines, ScanLine, ScanOptions};
use crate::query::scan::ScanStats;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

impl Archive {
    /// Looks for the selected lines of a member, in order, and calls `sink` for each and for its context, until that breaks.
    /// Lines are numbered as in the member. Blocks are not read that the member's times, or their severities and filters, rule
    /// out.
    ///
    /// A line that lies in two blocks has no template. Ranks of templates are those of the whole [archive](Self::templates).
    pub fn scan_member<F>(
        &mut self,
        member: &Member,
        predicate: &Predicate,
        options: &ScanOptions,
        sink: F,
    ) -> Result<ScanStats>
    where
        F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
    {
        let by_template = options.templates || predicate.needs_templates();
        let mut lines = Lines::new(predicate, options, sink);
        let mut stats = ScanStats { blocks: member.extents.len() as u64, ..ScanStats::default() };
        stats.bytes_raw = member.size;
        if !self.may_be_in_time(member, predicate) {
            stats.blocks_skipped = stats.blocks;
            return Ok(stats);
        }
        for (number, &extent) in member.extents.iter().enumerate() {
            let next = member.extents.get(number + 1);
            let apart = lines.is_between_lines()
                && !extent.starts_inside
                && next.is_none_or(|next| !next.starts_inside);
            // What is passed over is no context, and tells no time.
            let passable = apart
                && lines.after_left() == 0
                && options.before == 0
                && !options.times
                && !predicate.needs_times();
            if passable && self.rules_out(extent, predicate, &lines, &mut stats) {
                lines.pass(extent.lines.into(), extent.len.into());
                continue;
            }
            let part = self.extent(extent)?;
            if by_template {
                lines.set_rows(self.rows(extent.block)?.templates_of(extent));
            }
            stats.blocks_whole += 1;
            stats.bytes_decoded += u64::from(extent.len);
            if lines.push(part.bytes())?.is_break() {
                stats.selected = lines.selected;
                return Ok(stats);
            }
        }
        let _ended = lines.finish()?;
        stats.selected = lines.selected;
        Ok(stats)
    }

    /// Whether nothing of a part can be selected, as far as is known of its block.
    fn rules_out<F>(
        &self,
        extent: Extent,
        predicate: &Predicate,
        lines: &Lines<'_, F>,
        stats: &mut ScanStats,
    ) -> bool
    where
        F: FnMut(ScanLine<'_>) -> Result<ControlFlow<()>>,
    {
        let entry = usize::try_from(extent.block).ok().and_then(|block| self.index.get(block));
        let Some(entry) = entry else { return false };
        let grave = predicate.severities.is_none_or(|set| {
            entry.stats.severities.is_none_or(|counts| {
                Severity::ALL.into_iter().any(|severity| {
                    set.contains(severity) && counts.lines.get(severity as usize) != Some(&0)
                })
            })
        });
        let holds = lines.required().may_be_in(&entry.filter);
        stats.blocks_skipped += u64::from(!grave);
        stats.blocks_filtered += u64::from(grave && !holds);
        !(grave && holds)
    }

    /// Whether a line of a member may be of a time that is asked for. Lines without a time are of that of one before.
    fn may_be_in_time(&self, member: &Member, predicate: &Predicate) -> bool {
        let Some((first, last)) = member.times.filter(|_| predicate.is_timed()) else {
            return true;
        };
        // Where statistics were left out, the member's times are those of some of its lines.
        let is_known = |extent: &Extent| {
            let entry = usize::try_from(extent.block).ok().and_then(|block| self.index.get(block));
            !extent.starts_inside && entry.is_some_and(|entry| entry.stats.times.is_some())
        };
        let least = first.saturating_mul(SECOND);
        let greatest = last.saturating_mul(SECOND).saturating_add(SECOND - 1);
        predicate.is_between(least, greatest) || !member.extents.iter().all(is_known)
    }
}
