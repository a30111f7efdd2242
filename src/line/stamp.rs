//! The time of a line: the first one printed in it, if it is printed as the log's clock prints (`docs/FORMAT.md`, "The time of
//! a line").

use crate::column::timestamp::{self, Steady};
use crate::line::clock::{Clock, Form};

/// Times are looked for in this many bytes of a line; one that starts there is read to its end.
const REGION: usize = 64;
/// In a line that starts as a JSON object does, they are also looked for behind the quotes in this many.
const REGION_JSON: usize = 1024;
const NANOS: i64 = 1_000_000_000;

/// A letter or digit: a time does not start behind one.
const WORD: u8 = 1;
/// A byte that a time may start with.
const START: u8 = 2;

#[expect(clippy::indexing_slicing, reason = "a byte is an index of 256 places")]
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        classes[byte as usize] = if byte.is_ascii_alphanumeric() { WORD } else { 0 }
            | if timestamp::may_start(byte) { START } else { 0 };
        byte += 1;
    }
    classes
};

/// Finds the times of the lines of a log, in their order. Remembers the last layout too, which only makes it faster.
#[derive(Debug, Default)]
pub(crate) struct StampFinder {
    last: Option<Steady>,
    clock: Clock,
}

impl StampFinder {
    /// One for lines behind those that have made the clock what it is.
    pub(crate) fn behind(clock: Clock) -> Self {
        Self { last: None, clock }
    }

    /// What is known of the log's clock.
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Says what is known of it.
    pub(crate) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// The time of the next line, in nanoseconds since 1970-01-01, zone disregarded.
    pub(crate) fn find(&mut self, line: &[u8]) -> Option<i64> {
        let (time, form) = self.first(line)?;
        self.clock.takes(form).then_some(time)
    }

    /// The first time in a line, and its form, whatever the log's clock prints.
    pub(crate) fn first(&mut self, line: &[u8]) -> Option<(i64, Form)> {
        let mut before = 0;
        for (at, &byte) in line.get(..REGION).unwrap_or(line).iter().enumerate() {
            let class = CLASSES.get(usize::from(byte)).copied().unwrap_or(0);
            // Where the byte before is none of a word, and this one starts a time.
            if (class & START) > (before & WORD) << 1
                && let Some(found) = self.at(line, at)
            {
                return Some(found);
            }
            before = class;
        }
        if line.first() != Some(&b'{') {
            return None;
        }
        let region = line.get(..REGION_JSON).unwrap_or(line);
        memchr::memchr_iter(b'"', region).find_map(|quote| self.at(line, quote + 1))
    }

    /// The time that starts at byte `at`, and its form.
    fn at(&mut self, line: &[u8], at: usize) -> Option<(i64, Form)> {
        let (before, text) = line.split_at_checked(at)?;
        if !timestamp::may_be_time(text) {
            return None;
        }
        if let Some(last) = &mut self.last
            && let Some((time, after)) = text.split_at_checked(last.layout().width())
            && surely_ends(after)
            && let Some(nanos) = nanos(last, time)
        {
            return Some((nanos, form(last, before)));
        }
        let (len, layout) = timestamp::scan(text)?;
        let last = self.last.insert(Steady::new(layout));
        let nanos = nanos(last, text.get(..len)?)?;
        Some((nanos, form(last, before)))
    }
}

/// Whether no layout goes on with what is behind a time. Where it may, the scan decides.
fn surely_ends(after: &[u8]) -> bool {
    match after {
        [] => true,
        [b' ', next, ..] => !matches!(next, b'0'..=b'9' | b'+' | b'-'),
        [b'.' | b',' | b':' | b'+' | b'-' | b'_', ..] => false,
        [next, ..] => !next.is_ascii_alphanumeric(),
    }
}

fn form(times: &Steady, before: &[u8]) -> Form {
    let layout = times.layout();
    Form::new(layout.first_code(), layout.has_clock(), before)
}

fn nanos(times: &mut Steady, text: &[u8]) -> Option<i64> {
    let ticks = times.parse(text)?;
    ticks.checked_mul(NANOS / times.layout().ticks_per_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(line: &[u8]) -> Option<i64> {
        StampFinder::default().find(line)
    }

    #[test]
    fn the_first_time_of_a_line_counts() {
        assert_eq!(fresh(b"1970-01-01 00:00:01 x 1970-01-01 00:00:02"), Some(NANOS));
        assert_eq!(fresh(b"[1970-01-01T00:00:01.5Z] x"), Some(NANOS + NANOS / 2));
        assert_eq!(fresh(br#"{"a":"b","t":"1970-01-01T00:00:01,250"}"#), Some(1_250_000_000));
        let late = format!("\"a\":\"{}\",\"t\":\"1970-01-01 00:00:01\"", "b".repeat(900));
        assert_eq!(fresh(format!("{{{late}}}").as_bytes()), Some(NANOS));
        assert_eq!(fresh(late.as_bytes()), None);
        assert_eq!(fresh(b"no time here 12 13:5"), None);
        assert_eq!(fresh(b"a1970-01-01 is a word"), None);
        assert_eq!(fresh(b""), None);
    }

    #[test]
    fn a_finder_that_remembers_finds_the_same() {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let times = [
            "2026-11-24 10:00:01",
            "2026-11-24",
            "10:00:01",
            "Jun 17 20:55:07",
            "17/May/2015:10:05:47",
            "03-17 16:13:46",
            "17/06/09 20:10:52",
            "Sun Dec 04 05:04:03",
            "2005-06-09-14.54.30",
        ];
        let ends = [
            "",
            " ",
            " 2005",
            ".5",
            ",123456",
            " +0000",
            "+00:00",
            " -",
            "Z",
            "x",
            "] 7",
            ":",
            "_",
            " 10:00:00",
        ];
        for time in times {
            for end in ends {
                for start in ["", "[", "A 1 ", "{\"t\":\""] {
                    lines.push(format!("{start}{time}{end}").into_bytes());
                }
            }
        }
        let mut finder = StampFinder::default();
        for first in &lines {
            for second in &lines {
                finder.first(first);
                let expected = StampFinder::default().first(second);
                assert_eq!(finder.first(second), expected, "{}", second.escape_ascii());
            }
        }
    }
}
