//! Raw bytes → what is known of a block without its payload.

use crate::block::Encoded;
use crate::format::{SeverityCounts, TimeRange};
use crate::line::{GramFilter, SeverityFinder, StampFinder, lines};

/// A filter has at most this part of the bytes that its block takes.
const FILTER_PART: usize = 64;

/// Notes times and severities of the lines that start in a block, and what text is in it.
pub(crate) fn note(encoded: &mut Encoded, raw: &[u8], starts_inside: bool) {
    encoded.filter = GramFilter::of(raw, (encoded.payload.len() / FILTER_PART) as u64);
    let stats = &mut encoded.stats;
    let raw = starting(raw, starts_inside);
    stats.times = times(raw);
    let mut severities = SeverityCounts::default();
    SeverityFinder::default().each(raw, |severity| severities.add(severity));
    let terminated = raw.is_empty() || raw.ends_with(b"\n");
    let lines = memchr::memchr_iter(b'\n', raw).count() + usize::from(!terminated);
    severities.add_rest(u32::try_from(lines).unwrap_or(u32::MAX));
    stats.severities = (lines > 0).then_some(severities);
}

/// The times of the lines that start in a part of a block.
pub(crate) fn part_times(raw: &[u8], starts_inside: bool) -> Option<TimeRange> {
    times(starting(raw, starts_inside))
}

/// What comes behind the end of a line that began before.
fn starting(raw: &[u8], starts_inside: bool) -> &[u8] {
    let first = memchr::memchr(b'\n', raw).map_or(raw.len(), |end| end + 1);
    raw.get(if starts_inside { first } else { 0 }..).unwrap_or_default()
}

fn times(raw: &[u8]) -> Option<TimeRange> {
    let mut finder = StampFinder::default();
    let mut times: Option<TimeRange> = None;
    for time in lines(raw).filter_map(|line| finder.find(line)) {
        let range = times.get_or_insert(TimeRange { least: time, greatest: time, last: time });
        range.least = range.least.min(time);
        range.greatest = range.greatest.max(time);
        range.last = time;
    }
    times
}
