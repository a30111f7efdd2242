//! The severity of a line: the first word in its head that names one the way logs do (`docs/FORMAT.md`, "Statistics").

use aho_corasick::packed::{self, Searcher};

use crate::line::lines;

/// Severities are looked for in this many bytes of a line.
const REGION: usize = 128;
/// The longest word that names one.
const WORD_MAX: usize = 11;
/// What the words that name severities start with, in the ways they are written.
const STARTS: [&str; 14] = [
    "aler", "crit", "debu", "emer", "err", "fata", "fine", "info", "noti", "pani", "seve", "trac",
    "verb", "warn",
];

/// How grave a line says it is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// `TRACE`, `FINER`, `FINEST`, `VERBOSE`.
    Trace = 1,
    /// `DEBUG`, `FINE`.
    Debug,
    /// `INFO`, `INFORMATION`.
    Info,
    /// `NOTICE`.
    Notice,
    /// `WARN`, `WARNING`.
    Warning,
    /// `ERROR`, `ERR`, `SEVERE`.
    Error,
    /// `CRITICAL`, `CRIT`, `FATAL`.
    Critical,
    /// `ALERT`.
    Alert,
    /// `EMERG`, `EMERGENCY`, `PANIC`.
    Emergency,
}

impl Severity {
    /// All, least grave first.
    pub const ALL: [Self; 9] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// The name: lower case, no abbreviation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// The severity that a word names, in any case.
    pub fn from_name(word: &str) -> Option<Self> {
        of_word(word.as_bytes())
    }

    /// What the words that name it start with, in small letters: in the head of every line of this severity stands one of
    /// these, in some case of letters.
    pub(crate) fn starts(self) -> &'static [&'static str] {
        match self {
            Self::Trace => &["trac", "fine", "verb"],
            Self::Debug => &["debu", "fine"],
            Self::Info => &["info"],
            Self::Notice => &["noti"],
            Self::Warning => &["warn"],
            Self::Error => &["err", "seve"],
            Self::Critical => &["crit", "fata"],
            Self::Alert => &["aler"],
            Self::Emergency => &["emer", "pani"],
        }
    }

    /// The severity of a line, without its terminator.
    pub fn of_line(line: &[u8]) -> Option<Self> {
        let head = line.get(..REGION).unwrap_or(line);
        let mut at = 0;
        while at < head.len() {
            let rest = head.get(at..).unwrap_or_default();
            let len = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            if (3..=WORD_MAX).contains(&len)
                && let Some(severity) = named(head, at, at + len)
            {
                return Some(severity);
            }
            at += len.max(1);
        }
        None
    }
}

/// The words that name severities.
const WORDS: [(&[u8], Severity); 21] = [
    (b"alert", Severity::Alert),
    (b"crit", Severity::Critical),
    (b"critical", Severity::Critical),
    (b"debug", Severity::Debug),
    (b"emerg", Severity::Emergency),
    (b"emergency", Severity::Emergency),
    (b"err", Severity::Error),
    (b"error", Severity::Error),
    (b"fatal", Severity::Critical),
    (b"fine", Severity::Debug),
    (b"finer", Severity::Trace),
    (b"finest", Severity::Trace),
    (b"info", Severity::Info),
    (b"information", Severity::Info),
    (b"notice", Severity::Notice),
    (b"panic", Severity::Emergency),
    (b"severe", Severity::Error),
    (b"trace", Severity::Trace),
    (b"verbose", Severity::Trace),
    (b"warn", Severity::Warning),
    (b"warning", Severity::Warning),
];

fn of_word(word: &[u8]) -> Option<Severity> {
    let first = word.first()?.to_ascii_lowercase();
    let known = |&&(name, _): &&(&[u8], Severity)| {
        name.first() == Some(&first) && name.eq_ignore_ascii_case(word)
    };
    WORDS.iter().find(known).map(|&(_, severity)| severity)
}

/// The severity that the word from `start` to `end` names.
fn named(head: &[u8], start: usize, end: usize) -> Option<Severity> {
    let word = head.get(start..end)?;
    let small = word.get(1..)?.iter().all(u8::is_ascii_lowercase);
    let is_written_so = small || word.iter().all(u8::is_ascii_uppercase);
    if is_written_so && is_used(head, start, end) { of_word(word) } else { None }
}

/// Whether a word that could be a severity is used as one: in capitals by itself, in brackets, behind a key that asks
/// for it, or as the start of a message.
fn is_used(head: &[u8], start: usize, end: usize) -> bool {
    let word = head.get(start..end).unwrap_or_default();
    let before = start.checked_sub(1).and_then(|at| head.get(at)).copied().unwrap_or(b' ');
    let after = head.get(end).copied().unwrap_or(b' ');
    let open = matches!(
        before,
        b' ' | b'\t' | b'[' | b'<' | b'(' | b'{' | b'"' | b'\'' | b'|' | b':' | b'=' | b',' | b';'
    );
    let close = matches!(
        after,
        b' ' | b'\t' | b'\r' | b']' | b'>' | b')' | b'}' | b'"' | b'\'' | b'|' | b':' | b',' | b';'
    );
    if !open || !close {
        return false;
    }
    word.iter().all(u8::is_ascii_uppercase)
        || matches!((before, after), (b'[', b']') | (b'<', b'>') | (b'(', b')') | (b'|', b'|'))
        || (matches!(before, b' ' | b'\t') && after == b':')
        || asked_for(head.get(..start).unwrap_or_default())
}

/// Whether text ends in a key whose value is a severity: `level=`, `"severity": "`, and their like.
fn asked_for(before: &[u8]) -> bool {
    const KEYS: [&[u8]; 4] = [b"level", b"lvl", b"severity", b"priority"];
    let is_mark = |byte: &u8| matches!(byte, b' ' | b'"' | b'\'' | b'=' | b':');
    let marks = before.iter().rev().take_while(|byte| is_mark(byte)).count();
    let (key, marks) = before.split_at(before.len() - marks);
    let assigns = marks.iter().any(|byte| matches!(byte, b'=' | b':'));
    assigns
        && KEYS.iter().any(|known| {
            let tail = key.len().checked_sub(known.len()).and_then(|at| key.get(at..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(known))
        })
}

/// Finds the severities of all lines of a block, faster than line by line.
#[derive(Debug)]
pub(crate) struct SeverityFinder {
    /// `None` on machines without the vector instructions for it.
    starts: Option<Searcher>,
}

impl Default for SeverityFinder {
    fn default() -> Self {
        let mut starts = packed::Config::new().builder();
        for start in STARTS {
            let (first, rest) = start.split_at(1);
            starts.extend([
                start.to_owned(),
                start.to_ascii_uppercase(),
                first.to_ascii_uppercase() + rest,
            ]);
        }
        Self { starts: starts.build() }
    }
}

impl SeverityFinder {
    /// Calls `found` for each line of `raw` that has a severity, in order.
    pub(crate) fn each(&self, raw: &[u8], mut found: impl FnMut(Severity)) {
        let Some(starts) = &self.starts else {
            return lines(raw).filter_map(Severity::of_line).for_each(found);
        };
        // Where the first line starts that nothing is known of.
        let mut open = 0;
        for hit in starts.find_iter(raw) {
            if hit.start() < open {
                continue;
            }
            let region = raw.get(hit.start().saturating_sub(REGION).max(open)..hit.start());
            let line = memchr::memrchr(b'\n', region.unwrap_or_default());
            let within = region.map_or(0, <[u8]>::len);
            let start = match line {
                Some(at) => hit.start() - within + at + 1,
                None if hit.start() - within == open => open,
                // The line starts too far before.
                None => continue,
            };
            let end = memchr::memchr(b'\n', raw.get(hit.start()..).unwrap_or_default());
            let end = end.map_or(raw.len(), |len| hit.start() + len);
            if let Some(severity) =
                raw.get(start..end).and_then(|line| at(line, hit.start() - start))
            {
                found(severity);
                open = end + 1;
            }
        }
    }
}

/// The severity that the word which starts at `at` names, if one does.
fn at(line: &[u8], at: usize) -> Option<Severity> {
    let head = line.get(..REGION).unwrap_or(line);
    let rest = head.get(at..)?;
    let len = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    named(head, at, at + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_starts_as_its_severity_says() {
        for (word, severity) in WORDS {
            assert!(severity.starts().iter().any(|start| word.starts_with(start.as_bytes())));
        }
    }

    #[test]
    fn severities_are_found_where_logs_name_them() {
        for (line, expected) in [
            ("2026-11-24 10:00:00,123 INFO [main] started", Some(Severity::Info)),
            ("[Sun Dec 04 05:04:03 2005] [error] mod_jk child", Some(Severity::Error)),
            ("ts=1 level=warn msg=\"an ERROR in it\"", Some(Severity::Warning)),
            (r#"{"time":"x","level": "Debug","msg":"y"}"#, Some(Severity::Debug)),
            (r#"{"logLevel":"fatal"}"#, Some(Severity::Critical)),
            ("x.c:1: warning: unused", Some(Severity::Warning)),
            ("<NOTICE> hello", Some(Severity::Notice)),
            ("no error here, nothing fatal", None),
            ("GET /var/log/ERROR.log", None),
            ("INFORMATIVE", None),
            ("a_ERROR b-ERROR ERROR_c", None),
            ("eRROR: Error", None),
            ("", None),
        ] {
            assert_eq!(Severity::of_line(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn every_severity_is_known_by_its_name() {
        for severity in Severity::ALL {
            assert_eq!(Severity::from_name(severity.name()), Some(severity));
        }
    }

    #[test]
    fn a_block_has_the_severities_of_its_lines() {
        let words = [
            "INFO",
            "error",
            "[Warn]",
            "level=",
            "\"debug\"",
            "server",
            "x",
            " ",
            ":",
            "\n",
            "\n\n",
            "FATAL",
        ];
        let mut state = 1u64;
        let mut raw = String::new();
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            raw.push_str(words[usize::try_from(state >> 33).unwrap() % words.len()]);
            if (state >> 40).is_multiple_of(32) {
                raw.push_str(&"y ".repeat(70));
            }
        }
        let expected: Vec<_> = lines(raw.as_bytes()).filter_map(Severity::of_line).collect();
        assert!(expected.len() > 1000);
        let mut found = Vec::new();
        SeverityFinder::default().each(raw.as_bytes(), |severity| found.push(severity));
        assert_eq!(found, expected);
    }
}
