//! A block's statistics, readable without its payload (`docs/FORMAT.md`, "Statistics").

use crate::error::Result;
use crate::line::{Clock, Form, Severity};
use crate::wire::{Cursor, varint};

/// The times of a block's lines, in nanoseconds since 1970-01-01 without regard to zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeRange {
    /// The least of them.
    pub(crate) least: i64,
    /// The greatest of them.
    pub(crate) greatest: i64,
    /// The time of the last line that has one: lines without a time go with the one before.
    pub(crate) last: i64,
}

impl TimeRange {
    /// The times of these lines and of those behind them.
    pub(crate) fn and(self, behind: Self) -> Self {
        Self {
            least: self.least.min(behind.least),
            greatest: self.greatest.max(behind.greatest),
            last: behind.last,
        }
    }
}

/// How the lines of a block print their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockClock {
    /// What is known of the log's clock before the first line that ends in the block.
    pub(crate) start: Clock,
    /// The form of all lines that have a time; `None`: it changes in the block, or no line has one.
    pub(crate) steady: Option<Form>,
}

impl BlockClock {
    /// Appends: 0 where nothing is known; else one more than twice the lead, and one more if it is steady; and its form.
    fn encode(clock: Option<Self>, dst: &mut Vec<u8>) {
        let Some(Self { start, steady }) = clock else { return varint::put(dst, 0) };
        varint::put(dst, 1 + u64::from(start.lead()) * 2 + u64::from(steady.is_some()));
        if let Some(form) = start.form().or(steady) {
            varint::put(dst, form.number());
        }
    }

    fn decode(cur: &mut Cursor<'_>) -> Result<Option<Self>> {
        const RULE: &str = "a clock is in its ranges";
        let most = u64::from(Clock::LEAD_MAX) * 2 + 2;
        let Some(number) = cur.varint_max(most, RULE)?.checked_sub(1) else { return Ok(None) };
        if number == 0 {
            return Ok(Some(Self { start: Clock::default(), steady: None }));
        }
        let form = Form::from_number(cur.varint()?).ok_or_else(|| cur.corrupt(RULE))?;
        let lead = u8::try_from(number / 2).unwrap_or(0);
        let start = Clock::new(form, lead).unwrap_or_default();
        Ok(Some(Self { start, steady: (number % 2 == 1).then_some(form) }))
    }
}

/// How many lines of a block have each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeverityCounts {
    /// By number of the severity; 0: none is known.
    pub(crate) lines: [u32; SeverityCounts::LEN],
}

impl SeverityCounts {
    const LEN: usize = Severity::ALL.len() + 1;

    /// Counts a line of this severity.
    pub(crate) fn add(&mut self, severity: Severity) {
        if let Some(lines) = self.lines.get_mut(severity as usize) {
            *lines += 1;
        }
    }

    /// Counts the lines that have none: what is left of all `lines`.
    pub(crate) fn add_rest(&mut self, lines: u32) {
        let [none, counted @ ..] = &mut self.lines;
        *none = lines.saturating_sub(counted.iter().sum());
    }

    /// Appends: a bit set of the severities that occur, and the number of lines of each.
    fn encode(&self, dst: &mut Vec<u8>) {
        let mut set = 0u64;
        for (bit, &lines) in self.lines.iter().enumerate() {
            set |= u64::from(lines > 0) << bit;
        }
        varint::put(dst, set);
        for &lines in self.lines.iter().filter(|&&lines| lines > 0) {
            varint::put(dst, lines.into());
        }
    }

    fn decode(cur: &mut Cursor<'_>) -> Result<Option<Self>> {
        let set = cur.varint_max((1 << Self::LEN) - 1, "severities are known")?;
        let mut counts = Self::default();
        for (bit, lines) in counts.lines.iter_mut().enumerate() {
            if set >> bit & 1 == 1 {
                const RULE: &str = "a severity that occurs has lines";
                let counted = u32::try_from(cur.varint()?).ok().filter(|&lines| lines > 0);
                *lines = counted.ok_or_else(|| cur.corrupt(RULE))?;
            }
        }
        Ok((set != 0).then_some(counts))
    }
}

/// What is known of a block without decoding it. A missing statistic never rules a block out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockStats {
    /// Number of templates, those of nested columns left out.
    pub(crate) templates: u32,
    /// Over the lines that start in the block; `None`: no line has a time, or nothing is known.
    pub(crate) times: Option<TimeRange>,
    /// `None`: nothing is known.
    pub(crate) clock: Option<BlockClock>,
    /// Over the lines that start in the block; `None`: nothing is known.
    pub(crate) severities: Option<SeverityCounts>,
}

impl BlockStats {
    /// Appends the statistics.
    pub(crate) fn encode(&self, dst: &mut Vec<u8>) {
        varint::put(dst, self.templates.into());
        match &self.severities {
            Some(counts) => counts.encode(dst),
            None => varint::put(dst, 0),
        }
        dst.push(u8::from(self.times.is_some()));
        if let Some(times) = self.times {
            varint::put(dst, varint::zigzag(times.least));
            varint::put(dst, times.greatest.wrapping_sub(times.least).cast_unsigned());
            varint::put(dst, times.greatest.wrapping_sub(times.last).cast_unsigned());
        }
        BlockClock::encode(self.clock, dst);
    }

    /// Reads the statistics.
    pub(crate) fn decode(cur: &mut Cursor<'_>) -> Result<Self> {
        let rule = "statistics are in their ranges";
        let templates = u32::try_from(cur.varint()?).map_err(|_| cur.corrupt(rule))?;
        let severities = SeverityCounts::decode(cur)?;
        let times = match cur.u8()? {
            0 => None,
            1 => {
                let least = varint::unzigzag(cur.varint()?);
                let greatest = least.checked_add_unsigned(cur.varint()?);
                let greatest = greatest.ok_or_else(|| cur.corrupt(rule))?;
                let last = greatest.checked_sub_unsigned(cur.varint()?);
                let last = last.filter(|&last| last >= least).ok_or_else(|| cur.corrupt(rule))?;
                Some(TimeRange { least, greatest, last })
            }
            _ => return Err(cur.corrupt(rule)),
        };
        Ok(Self { templates, times, clock: BlockClock::decode(cur)?, severities })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Section;

    fn decode(bytes: &[u8]) -> Result<BlockStats> {
        BlockStats::decode(&mut Cursor::new(bytes, Section::Index, 0))
    }

    fn clocks() -> Vec<Option<BlockClock>> {
        let form = Form::new(1, true, b"[");
        let mut clocks = vec![None];
        for start in [None, Clock::new(form, 1), Clock::new(form, Clock::LEAD_MAX)] {
            for steady in [None, Some(form)] {
                clocks.push(Some(BlockClock { start: start.unwrap_or_default(), steady }));
            }
        }
        clocks
    }

    #[test]
    fn statistics_round_trip() {
        let mut counts = SeverityCounts::default();
        counts.add(Severity::Emergency);
        counts.add_rest(7);
        assert_eq!(counts.lines[0], 6);
        let far = TimeRange { least: i64::MIN, greatest: i64::MAX, last: 0 };
        for times in [None, Some(far), Some(TimeRange { least: 5, greatest: 9, last: 7 })] {
            for severities in [None, Some(counts)] {
                for clock in clocks() {
                    let stats = BlockStats { templates: 7, times, clock, severities };
                    let mut bytes = Vec::new();
                    stats.encode(&mut bytes);
                    assert_eq!(decode(&bytes).unwrap(), stats);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        // An unknown severity; one without lines; a last time before the least; times beyond what can be counted; a lead that
        // is too long; a form that is none.
        for bytes in [
            &[0, 0x80, 0x10, 0][..],
            &[0, 1, 0, 0],
            &[0, 0, 1, 0, 1, 2],
            &[0, 0, 1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0],
            &[0, 0, 2],
            &[0, 0, 0, 67, 0],
            &[0, 0, 0, 3, 0x80, 0x80, 1],
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
