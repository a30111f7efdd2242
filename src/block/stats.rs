//! Raw bytes → what is known of a block without its payload.

use crate::block::Encoded;
use crate::format::{BlockClock, SeverityCounts, TimeRange};
use crate::line::{Clock, Form, GramFilter, SeverityFinder, StampFinder, lines};

/// A filter has at most this part of the bytes that its block takes.
const FILTER_PART: usize = 56;
/// Of a line the end of which has not come, this much is kept: more than times are looked for in.
const LINE_START: usize = 2048;

/// Bytes, and the rest of a line, of which all is noted before the next are looked at: they need not be fetched again for each.
const PIECE: usize = 1 << 15;

/// Notes times and severities of the lines that start in a block, and, if there will be an index, what text is in it.
pub(crate) fn note(encoded: &mut Encoded, raw: &[u8], starts_inside: bool, in_index: bool) {
    let bytes_max = if in_index { encoded.payload.len() / FILTER_PART } else { 0 };
    let mut filter = GramFilter::builder(bytes_max as u64);
    let mut take = |text: &[u8]| filter.iter_mut().for_each(|filter| filter.take(text));
    let (begun, lines) = starting(raw, starts_inside);
    take(begun);
    let mut times = Noting::behind(Clock::default());
    let mut severities = SeverityCounts::default();
    let finder = SeverityFinder::default();
    let mut count = 0;
    for piece in pieces(lines) {
        take(piece);
        times.take(piece);
        finder.each(piece, |severity| severities.add(severity));
        count += memchr::memchr_iter(b'\n', piece).count() + usize::from(!piece.ends_with(b"\n"));
    }
    severities.add_rest(u32::try_from(count).unwrap_or(u32::MAX));
    encoded.noted = Some(times.finish());
    encoded.stats.severities = (count > 0).then_some(severities);
    encoded.filter = filter.map_or_else(GramFilter::default, |filter| filter.finish(raw));
}

/// The end of a line that began before, and what comes behind it.
fn starting(raw: &[u8], starts_inside: bool) -> (&[u8], &[u8]) {
    let first = memchr::memchr(b'\n', raw).map_or(raw.len(), |end| end + 1);
    raw.split_at_checked(if starts_inside { first } else { 0 }).unwrap_or_default()
}

/// Pieces of whole lines; the last one may lack its terminator.
fn pieces(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let tail = rest.get(PIECE..).unwrap_or_default();
        let end = memchr::memchr(b'\n', tail).map_or(rest.len(), |at| PIECE + at + 1);
        let (piece, behind) = rest.split_at_checked(end).filter(|_| end > 0)?;
        rest = behind;
        Some(piece)
    })
}

/// The times of lines that follow each other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Noted {
    pub(crate) times: Option<TimeRange>,
    /// The form of the lines that have a time, if it is the same of all.
    steady: Option<Form>,
    /// The log's clock behind the last line that ends.
    end: Clock,
}

impl Noted {
    /// Of lines behind those that have made the clock what it is.
    fn of(clock: Clock, raw: &[u8]) -> Self {
        let mut noting = Noting::behind(clock);
        noting.take(raw);
        noting.finish()
    }
}

/// Notes the times of lines, piece by piece.
struct Noting {
    finder: StampFinder,
    noted: Noted,
    is_steady: bool,
    is_terminated: bool,
}

impl Noting {
    fn behind(clock: Clock) -> Self {
        let noted = Noted { steady: clock.form(), end: clock, ..Noted::default() };
        let finder = StampFinder::behind(clock);
        Self { finder, noted, is_steady: true, is_terminated: false }
    }

    /// Takes whole lines; only the last one of all may lack its terminator.
    fn take(&mut self, raw: &[u8]) {
        let noted = &mut self.noted;
        for line in lines(raw) {
            noted.end = self.finder.clock();
            if let Some(time) = self.finder.find(line) {
                let form = self.finder.clock().form();
                self.is_steady &= noted.steady.is_none_or(|known| Some(known) == form);
                noted.steady = form;
                add(&mut noted.times, time);
            }
        }
        self.is_terminated = raw.ends_with(b"\n");
    }

    fn finish(self) -> Noted {
        let mut noted = self.noted;
        if self.is_terminated {
            noted.end = self.finder.clock();
        }
        noted.steady = noted.steady.filter(|_| self.is_steady && noted.times.is_some());
        noted
    }
}

fn add(times: &mut Option<TimeRange>, time: i64) {
    let range = times.get_or_insert(TimeRange { least: time, greatest: time, last: time });
    range.least = range.least.min(time);
    range.greatest = range.greatest.max(time);
    range.last = time;
}

/// Follows a log from part to part of it, so that its lines have the same times however it is cut.
#[derive(Debug, Default)]
pub(crate) struct LogClock {
    clock: Clock,
    /// The start of a line the end of which has not come.
    open: Vec<u8>,
    /// What came before is not known: any time in a line may be its own.
    is_unknown: bool,
}

impl LogClock {
    /// One for the rest of a log of which the start is not known.
    pub(crate) fn unknown() -> Self {
        Self { is_unknown: true, ..Self::default() }
    }

    /// Adds the next part of the log. `noted` is what is known of it as a log of its own, which most often is the same. Returns
    /// its times, and how they are printed.
    pub(crate) fn next(
        &mut self,
        raw: &[u8],
        noted: Option<Noted>,
    ) -> (Option<TimeRange>, Option<BlockClock>) {
        if self.is_unknown {
            let mut finder = StampFinder::default();
            let mut times = None;
            let all = lines(raw).filter_map(|line| finder.first(line));
            all.for_each(|(time, _)| add(&mut times, time));
            return (times, None);
        }
        let start = self.clock;
        let raw = self.close(raw);
        let told = match noted.and_then(|noted| self.agrees(raw, &noted)) {
            Some(told) => told,
            None => Noted::of(self.clock, raw),
        };
        self.clock = told.end;
        let unfinished = raw.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        self.open.extend_from_slice(unfinished.get(..LINE_START).unwrap_or(unfinished));
        let steady = told.steady.filter(|&form| start.form().is_none_or(|start| start == form));
        (told.times, Some(BlockClock { start, steady }))
    }

    /// Ends the line that is open; what comes behind it.
    fn close<'r>(&mut self, raw: &'r [u8]) -> &'r [u8] {
        if self.open.is_empty() {
            return raw;
        }
        let end = memchr::memchr(b'\n', raw);
        let (rest, behind) = raw.split_at(end.map_or(raw.len(), |end| end + 1));
        let room = LINE_START.saturating_sub(self.open.len()).min(rest.len());
        self.open.extend_from_slice(rest.get(..room).unwrap_or_default());
        if end.is_some() {
            let line = std::mem::take(&mut self.open);
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let mut finder = StampFinder::behind(self.clock);
            finder.find(line);
            self.clock = finder.clock();
        }
        behind
    }

    /// What is known of lines, if what came before them changes none of it; looks only at as many lines as that takes.
    fn agrees(&self, raw: &[u8], noted: &Noted) -> Option<Noted> {
        let (mut here, mut alone) = (self.clock, Clock::default());
        let mut finder = StampFinder::default();
        let mut at = 0;
        for line in lines(raw) {
            if here == alone || noted.times.is_none() {
                return Some(Noted { end: if here == alone { noted.end } else { here }, ..*noted });
            }
            at += line.len() + 1;
            let before = here;
            if let Some((_, form)) = finder.first(line)
                && here.takes(form) != alone.takes(form)
            {
                return None;
            }
            if at > raw.len() {
                // Its end has not come.
                here = before;
            }
        }
        Some(Noted { end: here, ..*noted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_lines_and_all_there_is() {
        for (line, lines) in [(1, 100_000), (70, 2_000), (PIECE * 2, 3), (PIECE - 1, 3), (0, 0)] {
            for end in ["", "x"] {
                let raw = format!("{}\n", "y".repeat(line)).repeat(lines) + end;
                let found: Vec<_> = pieces(raw.as_bytes()).collect();
                assert_eq!(found.concat(), raw.as_bytes());
                assert!(found.iter().rev().skip(1).all(|piece| piece.ends_with(b"\n")));
                assert!(found.iter().all(|piece| (1..=PIECE + line + 1).contains(&piece.len())));
            }
        }
    }
}
